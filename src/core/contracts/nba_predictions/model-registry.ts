import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const modelRegistry = defineTable({
  dataset: 'nba_predictions',
  name: 'model_registry',
  description: 'One row per trained model. Artefacts are immutable; promotion moves the status, a rollback moves it back.',
  columns: {
    model_id: required.string('Model'),
    family: required.string('ridge'),
    status: required.string('candidate, shadow, champion or retired', { writer: 'models promote' }),
    status_changed_at: required.timestamp('When the status was last set', { writer: 'models promote' }),
    status_changed_by: required.string('By whom', { writer: 'models promote' }),
    parent_model_id: nullable.string('Champion at the time of training'),
    artefact_path: required.string('Path in the object store'),
    artefact_hash: required.string('SHA-256 of the stored bytes'),
    code_version: required.string('Version of the code'),
    feature_contract_hash: required.string('Hash of the feature contract'),
    data_cutoff: required.date('Only rows of slates before this date were used'),
    training_from: required.date('Oldest row used'),
    training_rows: required.int('Rows of the fit'),
    calibration_rows: required.int('Out-of-fold rows behind spread and shape'),
    config: required.string('JSON: the training configuration'),
    metrics: required.string('JSON: out-of-fold errors per system, each with its number of rows'),
    created_at: required.timestamp('When it was trained'),
  },
  key: ['model_id'],
  writer: 'train',
});
export type ModelRegistryRow = RowOf<typeof modelRegistry>;

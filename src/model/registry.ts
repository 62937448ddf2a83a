import { columnNames } from '#core/contracts/define.ts';
import { type ModelRegistryRow, modelRegistry } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { statement } from '#core/statement.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Artefact, artefactBytes, artefactHash, type MarketModel, parseArtefact } from './artefact.ts';
import { canonicalJson } from './canonical-json.ts';
import { featureContractHash } from './features.ts';

export interface RegistryDeps {
  readonly warehouse: Warehouse;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

export interface Registration {
  /** Only a promotion makes a champion. */
  readonly status: 'candidate' | 'shadow';
  /** Who: a command, a service or a person. */
  readonly by: string;
}

const MODEL_ID = /^[a-z0-9][a-z0-9._-]{0,120}$/i;
const REGISTRY = 'nba_predictions.model_registry';
/** A model forecasts every market, so one champion is enough. */
const EVERY_MARKET = 'all';

/** The path of a model in the object store. Throws TIPOFF_BAD_INPUT for an invalid id. */
export function artefactPath(modelId: string): string {
  if (!MODEL_ID.test(modelId) || modelId.includes('..')) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a model id of letters, digits, dots and hyphens, saw "${modelId}"`,
      {
        hint: 'Copy the id from `tipoff models list`.',
        details: { model_id: modelId },
      },
    );
  }
  return `models/${modelId}.json`;
}

/**
 * Stores an artefact and enters it in the registry. The bytes come first, so that every registered model can be loaded.
 * Idempotent: the same artefact again changes nothing and returns the existing row; a status is only ever raised from
 * shadow to candidate. Other bytes under an existing id are refused with TIPOFF_INTEGRITY: artefacts are immutable.
 */
export async function registerModel(
  deps: RegistryDeps,
  artefact: Artefact,
  { status, by }: Registration,
): Promise<ModelRegistryRow> {
  const path = artefactPath(artefact.model_id);
  const hash = artefactHash(artefact);
  await storeOnce(deps.objects, path, artefactBytes(artefact));
  const now = deps.clock.now().toISOString();
  const champion = (await listModels(deps.warehouse)).find(({ status }) => status === 'champion');
  const entered: ModelRegistryRow = {
    market: EVERY_MARKET,
    model_id: artefact.model_id,
    family: artefact.family,
    status,
    status_changed_at: now,
    status_changed_by: by,
    parent_model_id: champion?.model_id ?? null,
    artefact_path: path,
    artefact_hash: hash,
    code_version: artefact.code_version,
    feature_contract_hash: artefact.feature_contract_hash,
    data_cutoff: artefact.data_cutoff,
    training_from: artefact.training_from,
    training_rows: artefact.training_rows,
    calibration_rows: artefact.calibration_rows,
    config: canonicalJson(artefact.config),
    metrics: canonicalJson(metricsOf(artefact)),
    created_at: new Date(artefact.created_at).toISOString(),
  };
  if ((await deps.warehouse.appendNew(modelRegistry, [entered])) === 1) return entered;
  const row = await modelRow(deps.warehouse, artefact.model_id);
  if (row.artefact_hash !== hash) throw otherBytes(path, row.artefact_hash, hash);
  if (row.status !== 'shadow' || status !== 'candidate') return row;
  await deps.warehouse.execute(
    `UPDATE ${REGISTRY} SET status = 'candidate', status_changed_at = CAST(@now AS TIMESTAMP), status_changed_by = @by
     WHERE model_id = @model_id AND status = 'shadow'`,
    { now, by, model_id: row.model_id },
  );
  return modelRow(deps.warehouse, artefact.model_id);
}

/** Out-of-fold errors by market and system. */
function metricsOf({ markets }: Artefact): Readonly<Record<string, MarketModel['metrics']>> {
  return Object.fromEntries(Object.entries(markets).map(([id, { metrics }]) => [id, metrics]));
}

const ALL_COLUMNS = columnNames(modelRegistry).join(', ');
export const REGISTERED_MODELS = statement({
  owner: 'model/registry',
  sql: `SELECT ${ALL_COLUMNS} FROM ${REGISTRY} WHERE market = '${EVERY_MARKET}' ORDER BY data_cutoff DESC, created_at DESC, model_id`,
});
/** One model; parameter `model_id`. */
export const REGISTERED_MODEL = statement({
  owner: 'model/registry',
  sql: `SELECT ${ALL_COLUMNS} FROM ${REGISTRY} WHERE market = '${EVERY_MARKET}' AND model_id = @model_id`,
});

/** All registered models of all markets, the newest data cut-off first. */
export async function listModels(warehouse: Warehouse): Promise<ModelRegistryRow[]> {
  return warehouse.query<ModelRegistryRow>(REGISTERED_MODELS.sql);
}

/** The registry row of a model. Throws TIPOFF_NOT_FOUND for an unregistered id. */
async function modelRow(warehouse: Warehouse, modelId: string): Promise<ModelRegistryRow> {
  const [row] = await warehouse.query<ModelRegistryRow>(REGISTERED_MODEL.sql, { model_id: modelId });
  if (row !== undefined) return row;
  throw new TipoffError('TIPOFF_NOT_FOUND', `expected a registered model, saw the unknown id "${modelId}"`, {
    hint: 'See `tipoff models list` for the ids.',
    details: { model_id: modelId },
  });
}

/** Loads a registered model. Bytes that are gone or differ from the registered hash give TIPOFF_INTEGRITY. */
export async function loadModel(
  deps: Pick<RegistryDeps, 'warehouse' | 'objects'>,
  modelId: string,
): Promise<Artefact> {
  const row = await modelRow(deps.warehouse, modelId);
  const stored = await deps.objects.get(row.artefact_path);
  if (stored === undefined) {
    throw new TipoffError(
      'TIPOFF_INTEGRITY',
      `expected the artefact of ${modelId} at ${deps.objects.locate(row.artefact_path)}, saw none`,
      {
        hint: 'Restore the object, or retire this model and promote another.',
        details: { model_id: modelId, path: row.artefact_path, expected: row.artefact_hash },
      },
    );
  }
  return parseArtefact(stored.bytes, row.artefact_hash);
}

/**
 * Makes a model the champion and retires the previous one, in one atomic statement, so there are never two.
 * Promoting a retired model is the rollback. The model must be loadable (else TIPOFF_INTEGRITY) and use the
 * current feature contract (else TIPOFF_NO_MODEL); an unknown id gives TIPOFF_NOT_FOUND. Promoting the
 * champion changes nothing.
 */
export async function promoteModel(
  deps: RegistryDeps,
  modelId: string,
  by: string,
): Promise<ModelRegistryRow> {
  const artefact = await loadModel(deps, modelId);
  if (artefact.feature_contract_hash !== featureContractHash()) {
    throw new TipoffError(
      'TIPOFF_NO_MODEL',
      `expected a model of today's feature contract, ${modelId} was trained on another one`,
      {
        hint: 'Train a new model with `tipoff train` and promote that.',
        details: { model_id: modelId, expected: featureContractHash(), seen: artefact.feature_contract_hash },
      },
    );
  }
  await deps.warehouse.execute(
    `UPDATE ${REGISTRY}
     SET status = CASE WHEN model_id = @model_id THEN 'champion' ELSE 'retired' END,
       status_changed_at = CAST(@now AS TIMESTAMP), status_changed_by = @by
     WHERE market = '${EVERY_MARKET}' AND ((model_id = @model_id AND status <> 'champion') OR (model_id <> @model_id AND status = 'champion'))`,
    { model_id: modelId, now: deps.clock.now().toISOString(), by },
  );
  return modelRow(deps.warehouse, modelId);
}

/** Retires a model, even the champion: it serves no daily run until it is promoted again. */
export async function retireModel(
  deps: Pick<RegistryDeps, 'warehouse' | 'clock'>,
  modelId: string,
  by: string,
): Promise<ModelRegistryRow> {
  await modelRow(deps.warehouse, modelId);
  await deps.warehouse.execute(
    `UPDATE ${REGISTRY} SET status = 'retired', status_changed_at = CAST(@now AS TIMESTAMP), status_changed_by = @by
     WHERE model_id = @model_id AND status <> 'retired'`,
    { model_id: modelId, now: deps.clock.now().toISOString(), by },
  );
  return modelRow(deps.warehouse, modelId);
}

/**
 * Writes bytes to a free path. Equal bytes already there are fine, whoever wrote them; different ones throw
 * TIPOFF_INTEGRITY.
 */
async function storeOnce(objects: ObjectStore, path: string, bytes: Uint8Array): Promise<void> {
  if ((await objects.get(path)) === undefined) {
    try {
      await objects.put(path, bytes, {
        contentType: 'application/json',
        cacheControl: 'public, max-age=31536000, immutable',
        ifMatch: '',
      });
      return;
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_CONFLICT') throw error;
    }
  }
  const stored = await objects.get(path);
  if (stored === undefined || Buffer.compare(stored.bytes, bytes) !== 0) {
    throw otherBytes(
      path,
      stored === undefined ? 'nothing' : `${stored.bytes.length} other bytes`,
      `${bytes.length} bytes`,
    );
  }
}

function otherBytes(path: string, seen: string, given: string): TipoffError {
  return new TipoffError(
    'TIPOFF_INTEGRITY',
    `expected ${path} to hold the artefact given (${given}), saw ${seen}`,
    {
      hint: 'Artefacts are immutable: give the new model an id of its own.',
      details: { path, seen, given },
    },
  );
}

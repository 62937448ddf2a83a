import { createHash } from 'node:crypto';
import { parseSlate } from '#core/calendar.ts';
import type { ModelRegistryRow } from '#core/contracts/nba_predictions.ts';
import { type Market, PUBLISHED_MARKETS } from '#core/markets.ts';
import { type Artefact, parseArtefact } from './artefact.ts';
import { canonicalJson } from './canonical-json.ts';
import { featureContractHash } from './features.ts';
import {
  artefactPath,
  promoteModel,
  type Registration,
  type RegistryDeps,
  registerModel,
} from './registry.ts';
import { artefactSteps, type SeriesOptions } from './train.ts';
import { inTurns } from './train-config.ts';
import { readTrainingSets, type TrainingRange } from './training-set.ts';

export interface TrainDeps extends RegistryDeps {
  /** Version of the running code, as every artefact carries it. */
  readonly codeVersion: string;
  /** Asked before a model is registered: throws when the rows of the range may not be learnt from. */
  readonly admit: (rows: TrainingRange) => Promise<unknown>;
  /** What a model forecasts; every published market when absent. */
  readonly markets?: readonly Market[];
}

export interface TrainRequest {
  /** Slate; only rows before it are used. */
  readonly cutoff: string;
  readonly by: string;
  /** Makes the model the champion at once. */
  readonly promote?: boolean;
}

export interface TrainedModel {
  readonly artefact: Artefact;
  readonly row: ModelRegistryRow;
}

/** Id until the content is known; never stored. */
export const UNNAMED = 'unnamed';

/**
 * Trains a model of all markets on the feature store before a cut-off and registers it as candidate. The id is `ridge-<cutoff>-<hash>`
 * with the first eight hex digits of the content hash: training again on the same rows finds the same model and changes
 * nothing. Throws TIPOFF_NO_MODEL with too little history, TIPOFF_BAD_INPUT for a cut-off that is no date, and what `admit`
 * throws.
 */
export async function train(deps: TrainDeps, request: TrainRequest): Promise<TrainedModel> {
  const cutoff = parseSlate(request.cutoff);
  await deps.admit({ before: cutoff });
  const sets = await readTrainingSets(deps.warehouse, { before: cutoff }, deps.markets ?? PUBLISHED_MARKETS);
  const artefact = await inTurns(artefactSteps(sets, { ...identityOf(deps), modelId: UNNAMED, cutoff }));
  const trained = await registerTrained(deps, artefact, { status: 'candidate', by: request.by });
  if (request.promote !== true) return trained;
  return { ...trained, row: await promoteModel(deps, trained.row.model_id, request.by) };
}

/** The identity shared by every artefact of a run, so that one cut-off gives one content whoever trains. */
export function identityOf(deps: Pick<TrainDeps, 'clock' | 'codeVersion'>): Omit<SeriesOptions, 'modelId'> {
  return {
    createdAt: deps.clock.now().toISOString(),
    codeVersion: deps.codeVersion,
    featureContractHash: featureContractHash(),
  };
}

/** SHA-256 (hex) of what was learnt: the artefact without its id and its time of birth. */
export function contentHash(artefact: Artefact): string {
  const { model_id: _id, created_at: _at, ...content } = artefact;
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** An artefact under the id that its content gives it. */
function named(artefact: Artefact): Artefact {
  return {
    ...artefact,
    model_id: `${artefact.family}-${artefact.data_cutoff}-${contentHash(artefact).slice(0, 8)}`,
  };
}

/**
 * Registers a trained artefact under its content's id. When the store holds the same content already, made at another
 * time, that one is used: it is also how a run that died between bytes and row is completed.
 */
export async function registerTrained(
  deps: RegistryDeps,
  trained: Artefact,
  registration: Registration,
): Promise<TrainedModel> {
  const artefact = named(trained);
  const stored = await deps.objects.get(artefactPath(artefact.model_id));
  const known = stored === undefined ? artefact : parseArtefact(stored.bytes);
  const same = contentHash(known) === contentHash(artefact) && known.model_id === artefact.model_id;
  const kept = same ? known : artefact;
  return { artefact: kept, row: await registerModel(deps, kept, registration) };
}

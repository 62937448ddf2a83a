import { createHash } from 'node:crypto';
import { addDays, parseSlate, slateOf } from '#core/calendar.ts';
import type { Outcome } from '#core/check.ts';
import type { ModelRegistryRow } from '#core/contracts/nba_predictions.ts';
import { type Market, PUBLISHED_MARKETS } from '#core/markets.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { type Artefact, parseArtefact } from './artefact.ts';
import { canonicalJson } from './canonical-json.ts';
import { beforeCutoff } from './dataset.ts';
import { featureContractHash } from './features.ts';
import { championOutcome, type Despite, requireGates, trainingOutcomes } from './gates.ts';
import {
  artefactPath,
  listModels,
  loadModel,
  promoteModel,
  type Registration,
  type RegistryDeps,
  registerModel,
} from './registry.ts';
import { artefactSteps, type SeriesOptions } from './train.ts';
import { type GiveWay, runStepsYielding } from './train-config.ts';
import type { TrainingRange } from './training-set.ts';
import { readHistory } from './week-sums.ts';

export interface TrainDeps extends RegistryDeps {
  /** Version of the running code, as every artefact carries it. */
  readonly codeVersion: string;
  /** Called before training: throws when the rows of the range must not be learnt from. */
  readonly admit: (rows: TrainingRange) => Promise<unknown>;
  /** The markets to train; every published one when absent. */
  readonly markets?: readonly Market[];
  /** How much history is read as rows; the default of `readHistory` when absent. */
  readonly history?: { readonly maxRows: number };
  /** Called between the steps of the training; a turn of the event loop when absent. */
  readonly giveWay?: GiveWay;
}

export interface TrainRequest {
  /** Slate; only rows before it are used. */
  readonly cutoff: string;
  readonly by: string;
  /** Makes the model the champion at once. */
  readonly promote?: boolean;
  /** Gates that may fail. */
  readonly despite?: Despite | undefined;
}

export interface TrainedModel {
  readonly artefact: Artefact;
  readonly row: ModelRegistryRow;
}

/** Placeholder id until the content is known; never stored. */
export const UNNAMED = 'unnamed';

/**
 * Trains a model of all markets on the feature store before a cut-off and registers it as a candidate. Its id is
 * `ridge-<cutoff>-<hash>`, with the first eight hex digits of the content hash, so training again on the same rows finds the same
 * model and changes nothing. Throws TIPOFF_NO_MODEL with too little history, TIPOFF_BAD_INPUT for an invalid cut-off, whatever
 * `admit` throws, and TIPOFF_AUDIT_FAILED when a gate fails: a leak, a stale history, or a worse forecast than the champion's.
 */
export async function train(deps: TrainDeps, request: TrainRequest): Promise<TrainedModel> {
  const cutoff = parseSlate(request.cutoff);
  await deps.admit({ before: cutoff });
  const sets = await readHistory(deps.warehouse, cutoff, deps.markets ?? PUBLISHED_MARKETS, {
    ...deps.history,
    ...omitUndefined({ giveWay: deps.giveWay }),
  });
  requireGates(await trainingOutcomes(deps.warehouse, sets, cutoff), request.despite);
  const artefact = await runStepsYielding(
    artefactSteps(sets, { ...identityOf(deps), modelId: UNNAMED, cutoff }),
    deps.giveWay,
  );
  const trained = await registerTrained(deps, artefact, { status: 'candidate', by: request.by });
  if (request.promote !== true) return trained;
  const champion = await championOf(deps);
  if (champion !== undefined && champion.model_id !== trained.row.model_id)
    requireGates([await championOutcome(sets, trained.artefact, champion, deps.giveWay)], request.despite);
  return { ...trained, row: await promoteModel(deps, trained.row.model_id, byDespite(request)) };
}

/**
 * Makes a registered model the champion once it has passed the gates: no leak, a fresh history, and no worse forecast than the
 * champion's on rows that neither has seen. A retired model has passed them before: bringing it back is a rollback and checks
 * nothing. Throws what `promoteModel` and `requireGates` throw.
 */
export async function promoteJudged(
  deps: TrainDeps,
  modelId: string,
  request: { readonly by: string; readonly despite?: Despite | undefined },
): Promise<{ readonly row: ModelRegistryRow; readonly outcomes: readonly Outcome[] }> {
  const candidate = await loadModel(deps, modelId);
  const row = (await listModels(deps.warehouse)).find(({ model_id }) => model_id === modelId);
  const outcomes =
    row?.status === 'retired' || row?.status === 'champion' ? [] : await promotionOutcomes(deps, candidate);
  requireGates(outcomes, request.despite);
  return { row: await promoteModel(deps, modelId, byDespite(request)), outcomes };
}

async function promotionOutcomes(deps: TrainDeps, candidate: Artefact): Promise<readonly Outcome[]> {
  const champion = await championOf(deps);
  const before = addDays(slateOf(deps.clock.now()), 1);
  const sets = await readHistory(deps.warehouse, before, deps.markets ?? PUBLISHED_MARKETS, {
    ...deps.history,
    ...omitUndefined({ giveWay: deps.giveWay }),
  });
  const cutoff = parseSlate(candidate.data_cutoff);
  const seen = sets.map((set) => beforeCutoff(set, cutoff));
  return [
    ...(await trainingOutcomes(deps.warehouse, seen, cutoff)),
    ...(champion === undefined ? [] : [await championOutcome(sets, candidate, champion, deps.giveWay)]),
  ];
}

async function championOf(deps: RegistryDeps): Promise<Artefact | undefined> {
  const row = (await listModels(deps.warehouse)).find(({ status }) => status === 'champion');
  if (row === undefined || row.feature_contract_hash !== featureContractHash()) return undefined;
  return loadModel(deps, row.model_id);
}

/** Who promotes a model, with the gates that were overridden and why; it is recorded with the model. */
function byDespite({ by, despite }: { readonly by: string; readonly despite?: Despite | undefined }): string {
  return despite === undefined ? by : `${by}, despite ${despite.gates.join(', ')}: ${despite.reason}`;
}

/** The options shared by every artefact of a run, so that one cut-off gives the same content wherever it is trained. */
export function identityOf(deps: Pick<TrainDeps, 'clock' | 'codeVersion'>): Omit<SeriesOptions, 'modelId'> {
  return {
    createdAt: deps.clock.now().toISOString(),
    codeVersion: deps.codeVersion,
    featureContractHash: featureContractHash(),
  };
}

/** SHA-256 (hex) of what was learnt: the artefact without its id and its creation time. */
export function contentHash(artefact: Artefact): string {
  const { model_id: _id, created_at: _at, ...content } = artefact;
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** An artefact with the id derived from its content. */
function named(artefact: Artefact): Artefact {
  return {
    ...artefact,
    model_id: `${artefact.family}-${artefact.data_cutoff}-${contentHash(artefact).slice(0, 8)}`,
  };
}

/**
 * Registers a trained artefact under the id of its content. When the store already holds the same content, that artefact is
 * used, which also completes a run that died between storing the bytes and writing the row.
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

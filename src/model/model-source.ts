import { addDays, daysBetween, mondayBefore, type Slate } from '#core/calendar.ts';
import type { ModelRegistryRow } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { type Artefact, artefactHash, artefactSystems } from './artefact.ts';
import { featureContractHash } from './features.ts';
import { listModels, loadModel } from './registry.ts';
import type { ModelSource, ServingModel } from './systems.ts';
import { eachSteps } from './train.ts';
import { runStepsYielding } from './train-config.ts';
import { identityOf, registerTrained, type TrainDeps, train, UNNAMED } from './train-run.ts';
import { readTrainingSets } from './training-set.ts';

/** Age limit of the champion in days; it replaces that of candidates. */
const CHAMPION_MAX_AGE_DAYS = 60;

export interface ModelSourceOptions {
  /** Oldest data cut-off of a candidate, in days before the slate; 7 when absent. */
  readonly maxAgeDays?: number;
  /** Train for the slate when no registered model may serve it. */
  readonly trainWhenMissing: boolean;
  /** Recorded in the registry as the creator of models trained here. */
  readonly by: string;
}

/**
 * Serves a slate, in this order:
 * 1. the champion, when its cut-off is not after the slate and at most 60 days before it: promotion is explicit and beats
 *    recency, so that a candidate never takes over by being newer;
 * 2. the candidate with the newest cut-off not after the slate, at most `maxAgeDays` before it;
 * 3. with `trainWhenMissing`, a new candidate trained for the slate;
 * 4. TIPOFF_NO_MODEL with what was passed over and why.
 * Shadows and retired models never serve here, nor does a model of another feature contract. Statuses are read anew at
 * every call; parsed artefacts are kept by id.
 */
export function modelSource(deps: TrainDeps, options: ModelSourceOptions): ModelSource {
  const maxAgeDays = options.maxAgeDays ?? 7;
  const loaded = new Map<string, Promise<ServingModel>>();
  const training = new Map<Slate, Promise<ServingModel>>();
  const load = (modelId: string): Promise<ServingModel> =>
    memoise(loaded, modelId, async () => servingModel(await loadModel(deps, modelId)));
  const trainFor = (slate: Slate): Promise<ServingModel> =>
    memoise(training, slate, async () => {
      const { row } = await train(deps, { cutoff: slate, by: options.by });
      if (row.status === 'retired') {
        throw new TipoffError(
          'TIPOFF_NO_MODEL',
          `training for ${slate} gives ${row.model_id}, which is retired`,
          {
            hint: `Promote a model: \`tipoff models promote ${row.model_id}\` brings this one back.`,
            details: { slate, model_id: row.model_id },
          },
        );
      }
      return load(row.model_id);
    });
  return {
    forSlate: async (slate) => {
      const models = await listModels(deps.warehouse);
      const judged = models.map((row) => ({ row, objection: objection(row, slate, maxAgeDays) }));
      const fit = judged.filter(({ objection: reason }) => reason === undefined).map(({ row }) => row);
      const chosen = fit.find((row) => row.status === 'champion') ?? fit[0];
      if (chosen !== undefined) return load(chosen.model_id);
      if (options.trainWhenMissing) return trainFor(slate);
      throw noModel(slate, judged);
    },
  };
}

/** Builds the forecast systems of an artefact. */
function servingModel(artefact: Artefact): ServingModel {
  return {
    modelId: artefact.model_id,
    modelHash: artefactHash(artefact),
    dataCutoff: artefact.data_cutoff,
    markets: PUBLISHED_MARKETS.filter(({ id }) => artefact.markets[id] !== undefined).map((market) => ({
      market,
      systems: artefactSystems(artefact, market),
    })),
  };
}

/** Memoises one promise per key, shared by concurrent and later callers; a failure is not kept. */
function memoise<K, V>(store: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = store.get(key);
  if (known !== undefined) return known;
  const made = make().catch((error: unknown) => {
    store.delete(key);
    throw error;
  });
  store.set(key, made);
  return made;
}

/** Why a model may not serve a slate; undefined when it may. */
function objection(row: ModelRegistryRow, slate: Slate, maxAgeDays: number): string | undefined {
  if (row.status !== 'champion' && row.status !== 'candidate') return row.status;
  if (row.feature_contract_hash !== featureContractHash()) return 'other feature contract';
  const age = daysBetween(row.data_cutoff as Slate, slate);
  if (age < 0) return 'cut-off after the slate';
  const limit = row.status === 'champion' ? Math.max(CHAMPION_MAX_AGE_DAYS, maxAgeDays) : maxAgeDays;
  return age > limit ? 'too old' : undefined;
}

function noModel(slate: Slate, judged: readonly { readonly objection: string | undefined }[]): TipoffError {
  const counts = new Map<string, number>();
  for (const { objection: reason = 'none' } of judged) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const seen = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ') || 'no registered model';
  return new TipoffError(
    'TIPOFF_NO_MODEL',
    `expected a champion or a recent candidate for ${slate}, saw ${seen}`,
    {
      hint: `Run \`tipoff train --cutoff ${slate}\`, or promote one of those that \`tipoff models list\` shows.`,
      details: { slate, passed_over: Object.fromEntries(counts) },
    },
  );
}

export interface SeasonModelOptions {
  /** First and last slate that may be requested, both included. */
  readonly from: Slate;
  readonly to: Slate;
  /** Recorded in the registry as the creator of the models used. */
  readonly by: string;
}

/**
 * Models for a backfill: the weekly refits production would have made, in one pass. The training set is read
 * once, at the first request, and every Monday's model comes from the same walk over it; each equals `train` for
 * that cut-off. A slate gets the model of its week's Monday, which is registered as shadow once; weeks that are
 * never requested are not registered. Throws TIPOFF_NO_MODEL for a week with too little history, TIPOFF_BAD_INPUT
 * for a slate outside the range, and what `admit` throws for a week whose history is contaminated.
 */
export function seasonModelSource(deps: TrainDeps, { from, to, by }: SeasonModelOptions): ModelSource {
  const trained = new Map<'all', Promise<ReadonlyMap<Slate, Artefact | TipoffError>>>();
  const serving = new Map<Slate, Promise<ServingModel>>();
  const trainAll = async (): Promise<ReadonlyMap<Slate, Artefact | TipoffError>> => {
    const cutoffs: Slate[] = [];
    for (let monday = mondayBefore(from); monday <= to; monday = addDays(monday, 7)) cutoffs.push(monday);
    const sets = await readTrainingSets(
      deps.warehouse,
      { before: mondayBefore(to) },
      deps.markets ?? PUBLISHED_MARKETS,
      deps.giveWay,
    );
    const models = await runStepsYielding(
      eachSteps(sets, cutoffs, { ...identityOf(deps), modelId: () => UNNAMED }),
      deps.giveWay,
    );
    return new Map(cutoffs.map((cutoff, i) => [cutoff, models[i] ?? unknownWeek(cutoff, from, to)]));
  };
  const serve = async (cutoff: Slate): Promise<ServingModel> => {
    const model = (await memoise(trained, 'all', trainAll)).get(cutoff) ?? unknownWeek(cutoff, from, to);
    if (model instanceof TipoffError) throw model;
    await deps.admit({ before: cutoff });
    const { artefact } = await registerTrained(deps, model, { status: 'shadow', by });
    return servingModel(artefact);
  };
  return {
    forSlate: async (slate) => {
      if (slate < from || slate > to) throw unknownWeek(slate, from, to);
      const cutoff = mondayBefore(slate);
      return memoise(serving, cutoff, () => serve(cutoff));
    },
  };
}

function unknownWeek(slate: Slate, from: Slate, to: Slate): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `expected a slate from ${from} to ${to}, saw ${slate}`, {
    hint: 'Open the model source for the whole range of the backfill.',
    details: { slate, from, to },
  });
}

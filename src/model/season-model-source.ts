import { addDays, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Artefact } from './artefact.ts';
import { dayNumber, mondayOf, weekOf } from './days.ts';
import { remember, servingModel } from './model-source.ts';
import type { ModelSource, ServingModel } from './serving.ts';
import { eachSteps } from './train.ts';
import { identityOf, registerTrained, type TrainDeps, UNNAMED } from './train-run.ts';
import { readTrainingSet } from './training-set.ts';
import { inTurns } from './turns.ts';

export interface SeasonModelOptions {
  /** First and last slate that may be asked for. */
  readonly from: Slate;
  readonly to: Slate;
  /** Who is named in the registry for the models used. */
  readonly by: string;
}

/**
 * Models for a backfill: a weekly refit as production would have made it, in one pass. The training set is read once, at
 * the first slate asked for, and every Monday's model comes from the same walk over it; each equals `train` for that
 * cut-off. A slate gets the model of the Monday of its week and registers it as shadow, once; weeks that nobody asks for
 * leave no trace. Throws TIPOFF_NO_MODEL for a week with too little history, TIPOFF_BAD_INPUT for a slate outside the range,
 * and what `admit` throws for a week whose history is contaminated.
 */
export function seasonModelSource(deps: TrainDeps, { from, to, by }: SeasonModelOptions): ModelSource {
  const trained = new Map<'all', Promise<ReadonlyMap<Slate, Artefact | TipoffError>>>();
  const serving = new Map<Slate, Promise<ServingModel>>();
  const trainAll = async (): Promise<ReadonlyMap<Slate, Artefact | TipoffError>> => {
    const cutoffs: Slate[] = [];
    for (let monday = mondayBefore(from); monday <= to; monday = addDays(monday, 7)) cutoffs.push(monday);
    const set = await readTrainingSet(deps.warehouse, { before: mondayBefore(to) });
    const models = await inTurns(eachSteps(set, cutoffs, { ...identityOf(deps), modelId: () => UNNAMED }));
    return new Map(cutoffs.map((cutoff, i) => [cutoff, models[i] ?? unknownWeek(cutoff, from, to)]));
  };
  const serve = async (cutoff: Slate): Promise<ServingModel> => {
    const model = (await remember(trained, 'all', trainAll)).get(cutoff) ?? unknownWeek(cutoff, from, to);
    if (model instanceof TipoffError) throw model;
    await deps.admit({ before: cutoff });
    const { artefact } = await registerTrained(deps, model, { status: 'shadow', by });
    return servingModel(artefact);
  };
  return {
    forSlate: async (slate) => {
      if (slate < from || slate > to) throw unknownWeek(slate, from, to);
      const cutoff = mondayBefore(slate);
      return remember(serving, cutoff, () => serve(cutoff));
    },
  };
}

/** The Monday of a slate's week: the slate itself when it is one. */
export function mondayBefore(slate: Slate): Slate {
  const day = dayNumber(slate);
  return addDays(slate, mondayOf(weekOf(day)) - day);
}

function unknownWeek(slate: Slate, from: Slate, to: Slate): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `expected a slate from ${from} to ${to}, saw ${slate}`, {
    hint: 'Open the model source for the whole range of the backfill.',
    details: { slate, from, to },
  });
}

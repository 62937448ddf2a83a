import { addDays, parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { MARKETS } from '#core/markets.ts';
import type { Advise, LineOpinion } from '#model/bet-record.ts';
import { type EvaluateOptions, evaluationSteps } from '#model/evaluate.ts';
import { readPresence, readSurroundings } from '#model/evaluation-rows.ts';
import { type LeakAlarm, leakAlarms, readKnowledge } from '#model/leak-alarms.ts';
import type { EvaluationReport } from '#model/report.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { runStepsYielding } from '#model/train-config.ts';
import { identityOf } from '#model/train-run.ts';
import { readTrainingSets } from '#model/training-set.ts';
import { DEFAULT_RULES, recommend } from '#pipeline/batch/prediction-rows.ts';
import { surplusPicks } from '#pipeline/batch/published-rows.ts';
import type { App } from './compose.ts';
import { givingWay, readDataSource, trainDeps } from './day.ts';

export interface EvaluationRange {
  readonly from: Slate;
  readonly to: Slate;
}

/** The slates of an evaluation: a season, or from and to. Throws TIPOFF_BAD_INPUT for anything else. */
export function evaluationRange(options: {
  readonly season?: string;
  readonly from?: string;
  readonly to?: string;
}): EvaluationRange {
  if (options.season !== undefined && options.from === undefined && options.to === undefined)
    return seasonSpan(options.season);
  if (options.season === undefined && options.from !== undefined && options.to !== undefined) {
    return { from: parseSlate(options.from), to: parseSlate(options.to) };
  }
  throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --season, or --from and --to', {
    hint: 'For example --season 2024-25.',
  });
}

export interface Evaluation extends EvaluationReport {
  readonly alarms: readonly LeakAlarm[];
  /** False where players are invented: then errors below the bounds of real games raise no alarm. */
  readonly areGamesReal: boolean;
}

/**
 * Walk-forward evaluation over the feature store, with alarms for results that are too good to be true. Bets are those that
 * would have been published: a side where it has positive expected value, and the best of a slate as picks. `rows` narrows or
 * widens which rows count.
 */
export async function runEvaluation(
  app: App,
  { from, to }: EvaluationRange,
  rows: Pick<EvaluateOptions, 'minSeasonGames' | 'minMinutes'> = {},
): Promise<Evaluation> {
  const { warehouse } = app;
  const giveWay = givingWay(app);
  const sets = await readTrainingSets(warehouse, { before: addDays(to, 1) }, MARKETS, giveWay);
  const surroundings = await readSurroundings(warehouse, { from, to });
  const presence = await readPresence(warehouse, { from, to });
  const identity = identityOf(trainDeps(app));
  const steps = evaluationSteps(sets, {
    ...rows,
    from,
    to,
    surroundings,
    presence,
    advise: adviseAsPublished,
    codeVersion: identity.codeVersion,
    featureContractHash: identity.featureContractHash,
  });
  const report = await runStepsYielding(steps, giveWay);
  const areGamesReal = (await readDataSource(warehouse)) === 'real';
  const knowledge = await readKnowledge(warehouse, { from, to });
  return { ...report, areGamesReal, alarms: leakAlarms(sets, knowledge, report, { areGamesReal }) };
}

/** Sides and picks by the rules of publication. */
const adviseAsPublished: Advise = (opinions) => {
  const rows = opinions.map((opinion, i) => ({
    ...adviceOn(opinion),
    slate: opinion.slate,
    prediction_id: String(i),
  }));
  const slates = Map.groupBy(rows, ({ slate }) => slate);
  const beyond = new Set([...slates.values()].flatMap((own) => surplusPicks(own, DEFAULT_RULES.maxPicks)));
  return rows.map(({ recommendation, is_actionable, prediction_id }) => {
    if (recommendation !== 'OVER' && recommendation !== 'UNDER') return undefined;
    return {
      side: recommendation === 'OVER' ? 'over' : 'under',
      isPick: is_actionable && !beyond.has(prediction_id),
    };
  });
};

function adviceOn({ player, line, median, over, push, overPrice, underPrice, quality }: LineOpinion) {
  return {
    player_id: player,
    ...recommend({
      system_id: CHAMPION_SYSTEM,
      predicted: median,
      line_role: 'main',
      line,
      p_over: (1 - push) * over,
      p_under: (1 - push) * (1 - over),
      over_price: overPrice,
      under_price: underPrice,
      feature_quality_score: quality,
    }),
  };
}

import { addDays, parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { MARKETS } from '#core/markets.ts';
import { evaluateMarkets } from '#model/evaluate.ts';
import { type LeakAlarm, leakAlarms } from '#model/leak-alarms.ts';
import type { EvaluationReport } from '#model/report.ts';
import { identityOf } from '#model/train-run.ts';
import { readTrainingSets } from '#model/training-set.ts';
import type { App } from './compose.ts';
import { trainDeps } from './day.ts';

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
}

/** Walk-forward evaluation over the feature store, with the alarms of results that are too good to be true. */
export async function runEvaluation(app: App, { from, to }: EvaluationRange): Promise<Evaluation> {
  const sets = await readTrainingSets(app.warehouse, { before: addDays(to, 1) }, MARKETS);
  const { codeVersion, featureContractHash } = identityOf(trainDeps(app));
  const report = evaluateMarkets(sets, { from, to, codeVersion, featureContractHash });
  return { ...report, alarms: leakAlarms(sets, report) };
}

import { marketOfSet, type TrainingSet } from './dataset.ts';
import { correlation } from './metrics.ts';
import type { EvaluationReport, MarketScores } from './report.ts';

/** A feature known before the game never agrees this well with what happened in it. */
const MAX_CORRELATION = 0.8;
/** Rows below which errors say nothing about leaks. */
const MIN_ROWS = 2000;
/** RMSE over RMSE of the eight-game average on the same rows: honest forecasts of three seasons lie at .95 and above. */
const MIN_RMSE_RATIO = 0.945;
/** Sums of points, rebounds and assists gain more from knowing who is out. */
const MIN_RMSE_RATIO_PRA = 0.935;
/** MAE of the whole-number median that no honest forecast goes below: 1.5 % under what tonight's box score would allow. */
const MIN_MAE: Readonly<Record<string, number>> = {
  points: 4.57,
  rebounds: 1.873,
  assists: 1.328,
  threes: 0.874,
  pra: 5.91,
};
/** Brier score at points lines below which somebody knows the result. */
const MIN_BRIER = 0.24;
const MIN_LINES = 1000;
const MAX_HIT_RATE = 0.57;
const MAX_BIAS = 0.25;

/** A result too good, or too far off, to be honest. */
export interface LeakAlarm {
  readonly kind: 'correlation' | 'rmse_ratio' | 'mae' | 'brier' | 'hit_rate' | 'bias';
  readonly market: string;
  /** Feature or system. */
  readonly of: string;
  readonly seen: number;
  readonly limit: number;
  readonly rows: number;
}

/**
 * What points to a leak on real games: a feature that correlates above .80 with what was counted in the same game, errors below the
 * declared bounds, probabilities or hit rates at lines that nobody has. On a simulated league only the correlation means something.
 */
export function leakAlarms(sets: readonly TrainingSet[], report: EvaluationReport): readonly LeakAlarm[] {
  return [
    ...sets.flatMap(correlationAlarms),
    ...report.markets.flatMap((scores) => errorAlarms(scores, report.markets)),
  ];
}

/** Features of a set that agree with the outcome more than anything known beforehand does. */
export function correlationAlarms(set: TrainingSet): readonly LeakAlarm[] {
  return set.features.flatMap((name, j) => {
    const r = correlation(set.columns[j] ?? new Float64Array(0), set.target);
    if (!(Math.abs(r) > MAX_CORRELATION)) return [];
    return [
      {
        kind: 'correlation',
        market: marketOfSet(set).id,
        of: name,
        seen: r,
        limit: MAX_CORRELATION,
        rows: set.rows,
      } as const,
    ];
  });
}

function errorAlarms(scores: MarketScores, all: readonly MarketScores[]): LeakAlarm[] {
  const { market, system, n, line } = scores;
  const base = all.find((other) => other.market === market && other.system === 'ewma8');
  const ratio = base === undefined ? Number.NaN : scores.rmse / base.rmse;
  const minRatio = market === 'pra' ? MIN_RMSE_RATIO_PRA : MIN_RMSE_RATIO;
  const minMae = MIN_MAE[market] ?? 0;
  const alarms: LeakAlarm[] = [];
  const raise = (kind: LeakAlarm['kind'], seen: number, limit: number, rows: number): void => {
    alarms.push({ kind, market, of: system, seen, limit, rows });
  };
  if (n >= MIN_ROWS && ratio < minRatio) raise('rmse_ratio', ratio, minRatio, n);
  if (n >= MIN_ROWS && scores.mae_median < minMae) raise('mae', scores.mae_median, minMae, n);
  if (market === 'points' && system === 'ridge' && n >= MIN_ROWS && Math.abs(scores.bias) > MAX_BIAS) {
    raise('bias', scores.bias, MAX_BIAS, n);
  }
  if (line !== null && line.n >= MIN_LINES) {
    const wins = line.bins.reduce((sum, bin) => sum + bin.won * bin.n, 0);
    if (market === 'points' && line.brier < MIN_BRIER) raise('brier', line.brier, MIN_BRIER, line.n);
    if (line.market_brier === null && wins / line.n > MAX_HIT_RATE)
      raise('hit_rate', wins / line.n, MAX_HIT_RATE, line.n);
  }
  return alarms;
}

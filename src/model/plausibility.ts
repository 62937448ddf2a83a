import type { TrainingSet } from './dataset.ts';
import { correlation } from './metrics.ts';
import type { EvaluationReport } from './report.ts';

/** No honest forecast of NBA points is known below this (modelling notes, practical limit), in points of MAE. */
const LEAST_MAE = 4.6;
const ENOUGH_ROWS = 3000;
/** A feature known before the game never agrees this well with what happened in it. */
const MOST_CORRELATION = 0.8;
const MOST_HIT_RATE = 0.6;
const ENOUGH_BETS = 300;

/** A result too good to be honest. */
export interface LeakAlarm {
  readonly kind: 'correlation' | 'mae' | 'hit_rate';
  /** Feature or system. */
  readonly of: string;
  readonly seen: number;
  readonly limit: number;
  readonly rows: number;
}

/**
 * What points to a leak on real games: a feature that correlates above .80 with points of the same game, a MAE of the
 * median under 4.60 on at least 3,000 rows, more than 60 % right at an edge above 3 with at least 300 decided. On a
 * simulated league only the correlation means something.
 */
export function leakAlarms(set: TrainingSet, report: EvaluationReport): readonly LeakAlarm[] {
  const alarms: LeakAlarm[] = [];
  set.features.forEach((name, j) => {
    const r = correlation(set.columns[j] ?? new Float64Array(0), set.target);
    if (Math.abs(r) > MOST_CORRELATION) alarms.push({ kind: 'correlation', of: name, seen: r, limit: MOST_CORRELATION, rows: set.rows });
  });
  for (const { system, overall } of report.systems) {
    if (overall.n >= ENOUGH_ROWS && overall.mae_median < LEAST_MAE) {
      alarms.push({ kind: 'mae', of: system, seen: overall.mae_median, limit: LEAST_MAE, rows: overall.n });
    }
    const edge = overall.at_line?.edge3;
    if (edge !== undefined && edge.decided >= ENOUGH_BETS && edge.wins / edge.decided > MOST_HIT_RATE) {
      alarms.push({ kind: 'hit_rate', of: system, seen: edge.wins / edge.decided, limit: MOST_HIT_RATE, rows: edge.decided });
    }
  }
  return alarms;
}

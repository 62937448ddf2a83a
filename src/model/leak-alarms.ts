import { MARKETS, type MarketId } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { baseline } from './calibrate.ts';
import { marketOfSet, type TrainingSet } from './dataset.ts';
import { type EvaluatedSpan, PRESENCE_SQL } from './evaluation-rows.ts';
import { correlation } from './metrics.ts';
import type { EvaluationReport, MarketScores } from './report.ts';

/** A feature known before the game never agrees this well with what happened in it. */
const MAX_CORRELATION = 0.8;
/**
 * Nor does its step since the player's last game point this often to where he ends up against his average: an average that has
 * seen the game always steps towards it.
 */
const MAX_STEP_CORRELATION = 0.35;
/** Games of teams below which the recovery says nothing. */
const MIN_TEAM_GAMES = 300;
/**
 * Share of what absences change that statuses before tip-off may foretell: .60 to .83 in three real seasons, because coach's
 * decisions are in nobody's report, up to .97 in a simulated league; 1 for who has seen the box score.
 */
const MAX_RECOVERY = 0.985;
/** Brier score of P(plays) below which somebody knows who played, and rows from which on it counts. */
const MIN_PRESENCE_BRIER = 0.03;
const MIN_PRESENCE_ROWS = 2500;
/** Rows below which a correlation says nothing. */
const MIN_LEAK_ROWS = 500;
/** Rows below which errors say nothing about leaks. */
const MIN_ROWS = 2000;
/** RMSE over RMSE of the eight-game average on the same rows: honest forecasts of three seasons lie at .95 and above. */
const MIN_RMSE_RATIO = 0.945;
/** Sums of points, rebounds and assists gain more from knowing who is out. */
const MIN_RMSE_RATIO_PRA = 0.935;
/** Rows below which a stretch of the season may be easier than the season: the bounds of MAE are those of a season. */
const MIN_MAE_ROWS = 10_000;
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
  readonly kind:
    | 'correlation'
    | 'step'
    | 'recovery'
    | 'late_line'
    | 'presence'
    | 'rmse_ratio'
    | 'mae'
    | 'brier'
    | 'hit_rate'
    | 'bias';
  readonly market: string;
  /** Feature or system. */
  readonly of: string;
  readonly seen: number;
  readonly limit: number;
  readonly rows: number;
}

/** What the warehouse knows of a market beside the training set. */
export interface MarketKnowledge {
  readonly market: MarketId;
  /** Games of teams that played. */
  readonly games: number;
  /** Share of the change by absences and returns, as box scores tell it afterwards, that statuses had foretold. */
  readonly recovery: number;
  /** Lines that are used, and those among them that were quoted after their cut-off or after tip-off. */
  readonly lines: number;
  readonly lateLines: number;
}

const changeOf = (presence: string, counts: readonly string[]): string =>
  `SUM((a.share - ${presence}) * (${counts.map((stat) => `COALESCE(a.${stat}_ewma8, 0)`).join(' + ')}))`;

/** What statuses had foretold of absences, market by market, beside what box scores tell; parameters `from` and `to`. */
export const FORETOLD = statement({
  owner: 'model/leak-alarms',
  sql: `
WITH ${PRESENCE_SQL},
changes AS (
  SELECT a.slate, a.team_abbr,
    ${MARKETS.flatMap(({ id, features }) => {
      const stats = features.map(({ stat }) => stat);
      return [
        `${changeOf('a.p_plays', stats)} AS told_${id}`,
        `${changeOf('a.has_played', stats)} AS true_${id}`,
      ];
    }).join(',\n    ')}
  FROM presence a
  GROUP BY a.slate, a.team_abbr
)
SELECT COUNT(*) AS games,
  ${MARKETS.map(({ id }) => `1 - fn.safe_div(SUM((told_${id} - true_${id}) * (told_${id} - true_${id})), SUM(true_${id} * true_${id})) AS recovery_${id}`).join(',\n  ')}
FROM changes`,
});

/** Lines of every market and those that were not known at their cut-off; parameters `from` and `to`. */
export const LATE_LINES = statement({
  owner: 'model/leak-alarms',
  sql: `
SELECT l.market, COUNT(*) AS line_count, COUNTIF(l.snapshot_quality = 'exact' AND (l.snapshot_at > l.cutoff_at OR l.snapshot_at > s.tipoff_at)) AS late
FROM nba_analytics.player_prop_lines l
LEFT JOIN nba_reference.schedule s ON s.game_id = l.game_id
WHERE l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND l.resolution = 'resolved'
  AND l.snapshot_quality IN ('exact', 'file_date')
GROUP BY l.market`,
});

/** Reads what the warehouse knows of every market in some slates. */
export async function readKnowledge(
  warehouse: Warehouse,
  span: EvaluatedSpan,
): Promise<readonly MarketKnowledge[]> {
  const [foretold] = await warehouse.query<Record<string, number | null>>(FORETOLD.sql, { ...span });
  const late = await warehouse.query<{ market: string; line_count: number; late: number }>(LATE_LINES.sql, {
    ...span,
  });
  return MARKETS.map(({ id }) => {
    const own = late.find(({ market }) => market === id);
    return {
      market: id,
      games: foretold?.['games'] ?? 0,
      recovery: foretold?.[`recovery_${id}`] ?? Number.NaN,
      lines: own?.line_count ?? 0,
      lateLines: own?.late ?? 0,
    };
  });
}

/**
 * What points to a leak on real games: what the rows themselves give away (`trainingAlarms`), errors below the declared bounds,
 * probabilities or hit rates at lines that nobody has. On a simulated league the bounds of errors mean nothing.
 */
export function leakAlarms(
  sets: readonly TrainingSet[],
  knowledge: readonly MarketKnowledge[],
  report: EvaluationReport,
  { areGamesReal = true }: { readonly areGamesReal?: boolean } = {},
): readonly LeakAlarm[] {
  return [
    ...trainingAlarms(sets, knowledge),
    ...(areGamesReal
      ? [
          ...presenceAlarms(report),
          ...report.markets.flatMap((scores) => errorAlarms(scores, report.markets)),
        ]
      : []),
  ];
}

/** What the rows to learn from give away: features that know the outcome, statuses that know who played, lines of after the cut-off. */
export function trainingAlarms(
  sets: readonly TrainingSet[],
  knowledge: readonly MarketKnowledge[],
): readonly LeakAlarm[] {
  const own = sets.filter(({ rows }) => rows >= MIN_LEAK_ROWS);
  return [...own.flatMap(correlationAlarms), ...stepAlarms(own), ...knowledge.flatMap(knowledgeAlarms)];
}

function knowledgeAlarms({ market, games, recovery, lines, lateLines }: MarketKnowledge): LeakAlarm[] {
  const alarms: LeakAlarm[] = [];
  if (games >= MIN_TEAM_GAMES && recovery > MAX_RECOVERY)
    alarms.push({
      kind: 'recovery',
      market,
      of: 'statuses',
      seen: recovery,
      limit: MAX_RECOVERY,
      rows: games,
    });
  if (lateLines > 0)
    alarms.push({ kind: 'late_line', market, of: 'lines', seen: lateLines, limit: 0, rows: lines });
  return alarms;
}

function presenceAlarms({ plays }: EvaluationReport): LeakAlarm[] {
  if (plays === null || plays.n < MIN_PRESENCE_ROWS || plays.brier >= MIN_PRESENCE_BRIER) return [];
  return [
    {
      kind: 'presence',
      market: 'all',
      of: 'p_plays',
      seen: plays.brier,
      limit: MIN_PRESENCE_BRIER,
      rows: plays.n,
    },
  ];
}

/** Features of a set that agree with the outcome more than anything known beforehand does. */
function correlationAlarms(set: TrainingSet): readonly LeakAlarm[] {
  return set.features.flatMap((name, j) => {
    const r = correlation(set.columns[j] ?? new Float64Array(0), set.target);
    return Math.abs(r) > MAX_CORRELATION ? [alarmOf('correlation', set, name, r, MAX_CORRELATION)] : [];
  });
}

/**
 * Features whose step since the player's last row tells on which side of his average before it he ends up. Markets share their
 * columns: the steps of a column are taken once.
 */
function stepAlarms(sets: readonly TrainingSet[]): readonly LeakAlarm[] {
  const taken = new Map<Float64Array, Int8Array>();
  const stepsOf = (column: Float64Array, before: Int32Array): Int8Array => {
    const steps = taken.get(column) ?? signs(column, column, before);
    taken.set(column, steps);
    return steps;
  };
  return sets.flatMap((set) => {
    const before = previousRows(set);
    const surprise = signs(set.target, baseline(set, 'ewma8'), before);
    return set.columns.flatMap((column, j) => {
      const r = signCorrelation(stepsOf(column, before), surprise);
      const isKnown = Math.abs(r) > MAX_STEP_CORRELATION;
      return isKnown ? [alarmOf('step', set, set.features[j] ?? '', r, MAX_STEP_CORRELATION)] : [];
    });
  });
}

/** Sign of each value minus what a column said in the row before; 0 where there is no difference or no such row. */
function signs(values: Float64Array, earlier: Float64Array, before: Int32Array): Int8Array {
  return Int8Array.from(
    values,
    (value, row) => Math.sign(value - (earlier[before[row] ?? -1] ?? Number.NaN)) || 0,
  );
}

/** Pearson correlation of signs over the rows where neither is 0; NaN when either is constant there. */
function signCorrelation(a: Int8Array, b: Int8Array): number {
  let [n, sumA, sumB, ab] = [0, 0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [a[row] ?? 0, b[row] ?? 0];
    if (x === 0 || y === 0) continue;
    n++;
    sumA += x;
    sumB += y;
    ab += x * y;
  }
  return (n * ab - sumA * sumB) / Math.sqrt((n * n - sumA * sumA) * (n * n - sumB * sumB));
}

/** The player's last row before each; -1 where there is none. */
function previousRows({ rows, players }: TrainingSet): Int32Array {
  const last = new Map<number, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    const player = players?.[row];
    if (player === undefined) return -1;
    const before = last.get(player) ?? -1;
    last.set(player, row);
    return before;
  });
}

function alarmOf(
  kind: LeakAlarm['kind'],
  set: TrainingSet,
  of: string,
  seen: number,
  limit: number,
): LeakAlarm {
  return { kind, market: marketOfSet(set).id, of, seen, limit, rows: set.rows };
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
  if (n >= MIN_MAE_ROWS && scores.mae_median < minMae) raise('mae', scores.mae_median, minMae, n);
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

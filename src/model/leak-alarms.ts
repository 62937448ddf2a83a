import { MARKETS, type MarketId } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { baseline } from './calibrate.ts';
import { marketOfSet, type TrainingSet } from './dataset.ts';
import { type EvaluatedSpan, PRESENCE_SQL } from './evaluation-rows.ts';
import { correlation } from './metrics.ts';
import type { EvaluationReport, MarketScores } from './report.ts';

/** Maximum correlation of an honest feature (known before the game) with the outcome: up to .80 among invented players. */
const MAX_CORRELATION = 0.83;
/**
 * Maximum correlation of the sign of a feature's step since the player's last game with the side of his
 * average on which he ends up: an average that has seen the game always steps towards it.
 */
const MAX_STEP_CORRELATION = 0.35;
/** Minimum team games for the recovery to mean anything. */
const MIN_TEAM_GAMES = 300;
/**
 * Maximum share of the effect of absences that statuses before tip-off may foretell; 1 with knowledge of the box score. In three real
 * seasons .60 to .85, because no report has coach's decisions; in the first weeks of a home without an earlier season up to
 * .98; in simulated leagues up to .988.
 */
const MAX_RECOVERY = 0.992;
/** Brier score of P(plays) below which who played must have leaked, and minimum rows to tell. */
const MIN_PRESENCE_BRIER = 0.03;
const MIN_PRESENCE_ROWS = 2500;
/** Minimum rows for a correlation to mean anything. */
const MIN_LEAK_ROWS = 500;
/** Minimum rows for errors to say anything about leaks. */
const MIN_ROWS = 2000;
/**
 * Minimum RMSE relative to that of the eight-game average on the same rows: honest forecasts of three seasons
 * reach .95 and above.
 */
const MIN_RMSE_RATIO = 0.945;
/** The same for points + rebounds + assists, which gain more from knowing who is out. */
const MIN_RMSE_RATIO_PRA = 0.935;
/** Minimum rows to apply the MAE bounds, which are those of a season: a part of one may be easier to forecast. */
const MIN_MAE_ROWS = 10_000;
/** Minimum MAE of an honest whole-number median, by market: 1.5 % below what tonight's box score would allow. */
const MIN_MAE: Readonly<Record<string, number>> = {
  points: 4.57,
  rebounds: 1.873,
  assists: 1.328,
  threes: 0.874,
  pra: 5.91,
};
/** Brier score at points lines below which the result must have leaked. */
const MIN_BRIER = 0.24;
const MIN_LINES = 1000;
const MAX_HIT_RATE = 0.57;
const MAX_BIAS = 0.25;

/** A result too good, or too biased, to be honest. */
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

/** What the warehouse knows about a market beyond the training set. */
export interface MarketKnowledge {
  readonly market: MarketId;
  /** Team games played. */
  readonly games: number;
  /** Share of the effect of absences and returns, as box scores show it afterwards, that statuses had foretold. */
  readonly recovery: number;
  /** Lines in use, and how many of them were quoted after their cut-off or tip-off. */
  readonly lines: number;
  readonly lateLines: number;
}

const changeOf = (presence: string, counts: readonly string[]): string =>
  `SUM((a.share - ${presence}) * (${counts.map((stat) => `COALESCE(a.${stat}_ewma8, 0)`).join(' + ')}))`;

/**
 * The effect of absences per market, as statuses had foretold it and as box scores show it; parameters `from` and `to`.
 */
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

/** Lines per market, and those not yet known at their cut-off; parameters `from` and `to`. */
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

/** Reads what the warehouse knows about every market in a range of slates. */
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
 * Signs of a leak on real games: those in the rows themselves (`trainingAlarms`), errors below the declared
 * bounds, and impossible probabilities or hit rates at lines. The error bounds do not apply to a simulated league.
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

/** Signs of a leak in training rows: features that know the outcome, statuses that know who played, lines quoted after the cut-off. */
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

/** Features that correlate with the outcome more than anything known beforehand can. */
function correlationAlarms(set: TrainingSet): readonly LeakAlarm[] {
  return set.features.flatMap((name, j) => {
    const r = correlation(set.columns[j] ?? new Float64Array(0), set.target);
    return Math.abs(r) > MAX_CORRELATION ? [alarmOf('correlation', set, name, r, MAX_CORRELATION)] : [];
  });
}

/**
 * Features whose step since the player's last row reveals on which side of his earlier average he ends up.
 * Markets share their columns, so the steps of each column are computed once.
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

/** Sign of each value minus the column's value in the player's previous row; 0 without a difference or such a row. */
function signs(values: Float64Array, earlier: Float64Array, before: Int32Array): Int8Array {
  const signs = new Int8Array(values.length);
  for (let row = 0; row < signs.length; row++) {
    const at = before[row] ?? -1;
    if (at >= 0) signs[row] = Math.sign((values[row] ?? Number.NaN) - (earlier[at] ?? Number.NaN)) || 0;
  }
  return signs;
}

/** Pearson correlation of signs over the rows where neither is 0; NaN when either is constant there. */
function signCorrelation(a: Int8Array, b: Int8Array): number {
  let [n, sumA, sumB, ab] = [0, 0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    const x = a[row] ?? 0;
    const y = b[row] ?? 0;
    if (x === 0 || y === 0) continue;
    n++;
    sumA += x;
    sumB += y;
    ab += x * y;
  }
  return (n * ab - sumA * sumB) / Math.sqrt((n * n - sumA * sumA) * (n * n - sumB * sumB));
}

/** Index of the player's previous row for each row; -1 where there is none. */
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

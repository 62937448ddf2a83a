import { parseSlate, seasonOf } from '#core/calendar.ts';
import {
  calibrationError,
  calibrationSlope,
  type LineCalibration,
  lineCalibration,
} from './calibration-scores.ts';
import {
  type BootstrapMean,
  brier,
  clusterBootstrap,
  coverage,
  type Interval,
  logLoss,
  mean,
  pitDistance,
  pointErrors,
  wilson,
} from './metrics.ts';
import { CHAMPION_SYSTEM, SYSTEM_IDS, type SystemId } from './systems.ts';

/** What one system made of one row. */
export interface SystemScore {
  readonly mean: number;
  readonly median: number;
  /** Whole-number median: what the absolute error is taken of. */
  readonly whole: number;
  readonly crps: number;
  readonly pit: number;
  /** The system's own P(over) at a line that no bookmaker set: half a point above the whole part of `level`. */
  readonly free: number;
  /** P(over | decided) at the line: the system's own, and the one to be believed; NaN without a line. */
  readonly own: number;
  readonly over: number;
}

/** One graded row of a walk-forward evaluation. */
export interface ScoredRow {
  readonly slate: string;
  readonly actual: number;
  /** `pts_ewma8`, which decides the tier: the same for every system, and known beforehand. */
  readonly level: number;
  readonly line: number;
  /** De-vigged P(over); NaN = none. */
  readonly marketOver: number;
  readonly scores: ReadonlyMap<SystemId, SystemScore>;
  /** Why the other systems gave no forecast. */
  readonly cannot: ReadonlyMap<SystemId, string>;
}

/** Scores of one system on a group of rows. Points unless said otherwise. */
interface Scores {
  readonly n: number;
  readonly mae_median: number;
  readonly mae_mean: number;
  readonly rmse_mean: number;
  /** Mean of forecast (mean) − actual. */
  readonly bias: number;
  readonly crps: number;
  /** Shares of outcomes inside the central intervals. */
  readonly coverage50: number;
  readonly coverage80: number;
  readonly coverage95: number;
  readonly pit_distance: number;
  /** Present when rows had a line; pushes are left out. */
  readonly at_line?: LineScores;
}

interface LineScores {
  readonly decided: number;
  readonly pushes: number;
  readonly brier: number;
  /** Brier score of always giving the share of overs in these rows. */
  readonly brier_base: number;
  readonly log_loss: number;
  readonly slope: number;
  /** MAE of the line and of the system's median on the rows with a line. */
  readonly mae_line: number;
  readonly mae_median: number;
  /** Sides taken where median and line are more than three points apart: wins of decided, with Wilson's interval. */
  readonly edge3: { readonly wins: number; readonly decided: number } & Interval;
}

export interface SystemReport {
  readonly system: SystemId;
  readonly overall: Scores;
  readonly by_season: Readonly<Record<string, Scores>>;
  readonly by_month: Readonly<Record<string, Scores>>;
  readonly by_tier: Readonly<Record<string, Scores>>;
  /** System minus `ewma8` on the same rows, with 95 % intervals by dates; negative is better. */
  readonly against_ewma8: { readonly absolute_error: BootstrapMean; readonly crps: BootstrapMean };
}

/** The measures that are published, of one market and one system. */
export interface MarketScores {
  readonly market: string;
  readonly system: SystemId;
  /** The system whose picks are published. */
  readonly champion: boolean;
  readonly n: number;
  /** Of the whole-number median. */
  readonly mae_median: number;
  readonly mae_mean: number;
  readonly rmse: number;
  readonly bias: number;
  readonly crps: number;
  readonly coverage80: number;
  readonly pit_ks: number;
  /** Calibration of the system's own distribution at lines that no bookmaker set. */
  readonly slope_free: number;
  readonly ece_free: number;
  /** Calibration of what is published at bookmakers' lines, pushes left out; null without lines. */
  readonly line: LineCalibration | null;
}

export interface EvaluationReport {
  readonly from: string;
  readonly to: string;
  readonly refits: number;
  /** Rows forecast and graded. */
  readonly rows: number;
  /** Rows that count but had too little history before them. */
  readonly rows_without_model: number;
  /** One entry per market and system. */
  readonly markets: readonly MarketScores[];
  /** The champion at bookmakers' lines without prices, of all markets together; null without lines. */
  readonly pooled: LineCalibration | null;
  /** Details of the first market. */
  readonly systems: readonly SystemReport[];
  /** Rows without a forecast, by system and reason. */
  readonly cannot: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Tiers by `pts_ewma8`, in points. */
const TIERS = [
  { name: 'under 8', below: 8 },
  { name: '8 to 12', below: 12 },
  { name: '12 to 18', below: 18 },
  { name: '18 to 25', below: 25 },
  { name: '25 and more', below: Number.POSITIVE_INFINITY },
] as const;

/** The graded rows of one market. */
export interface ScoredMarket {
  readonly market: string;
  readonly rows: readonly ScoredRow[];
  /** Rows that count but had too little history before them. */
  readonly rowsWithoutModel: number;
}

/** Scores every market and system that forecast at least one row, and the first market by season, month and tier as well. */
export function reportOf(
  markets: readonly ScoredMarket[],
  about: {
    readonly from: string;
    readonly to: string;
    readonly refits: number;
    readonly random: () => number;
  },
): EvaluationReport {
  const { from, to, refits, random } = about;
  const [main] = markets;
  const rows = main?.rows ?? [];
  return {
    from,
    to,
    refits,
    rows: rows.length,
    rows_without_model: main?.rowsWithoutModel ?? 0,
    markets: markets.flatMap((one) =>
      SYSTEM_IDS.flatMap((system) => {
        const own = one.rows.filter((row) => row.scores.has(system));
        return own.length === 0 ? [] : [marketScores(own, one.market, system, random)];
      }),
    ),
    pooled: pooledAtLines(markets, random),
    systems: SYSTEM_IDS.flatMap((system) => {
      const own = rows.filter((row) => row.scores.has(system));
      return own.length === 0 ? [] : [systemReport(own, system, random)];
    }),
    cannot: reasonsOf(rows),
  };
}

function systemReport(own: readonly ScoredRow[], system: SystemId, random: () => number): SystemReport {
  return {
    system,
    overall: scoresOf(own, system),
    by_season: grouped(own, system, (row) => seasonOf(parseSlate(row.slate))),
    by_month: grouped(own, system, (row) => row.slate.slice(0, 7)),
    by_tier: grouped(own, system, (row) => TIERS.find((tier) => row.level < tier.below)?.name ?? 'unknown'),
    against_ewma8: {
      absolute_error: paired(own, system, (score, row) => Math.abs(score.median - row.actual), random),
      crps: paired(own, system, (score) => score.crps, random),
    },
  };
}

function pooledAtLines(markets: readonly ScoredMarket[], random: () => number): LineCalibration | null {
  const rows = markets.flatMap(({ rows: all }) =>
    all.filter(
      (row) => row.scores.has(CHAMPION_SYSTEM) && isDecided(row) && !Number.isFinite(row.marketOver),
    ),
  );
  return rows.length === 0 ? null : atLines(rows, CHAMPION_SYSTEM, random);
}

function isDecided(row: ScoredRow): boolean {
  return Number.isFinite(row.line) && row.actual !== row.line;
}

function atLines(decided: readonly ScoredRow[], system: SystemId, random: () => number): LineCalibration {
  return lineCalibration(
    column(decided, system, (score) => score.over),
    outcomeOf(decided),
    Float64Array.from(decided, (row) => row.marketOver),
    random,
  );
}

function reasonsOf(rows: readonly ScoredRow[]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const row of rows) {
    for (const [system, reason] of row.cannot) {
      const reasons = counts[system] ?? {};
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      counts[system] = reasons;
    }
  }
  return counts;
}

function grouped(
  rows: readonly ScoredRow[],
  system: SystemId,
  keyOf: (row: ScoredRow) => string,
): Record<string, Scores> {
  const groups = Map.groupBy(rows, keyOf);
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, group]) => [key, scoresOf(group, system)]),
  );
}

function column(
  rows: readonly ScoredRow[],
  system: SystemId,
  value: (score: SystemScore, row: ScoredRow) => number,
): Float64Array {
  return Float64Array.from(rows, (row) => {
    const score = row.scores.get(system);
    return score === undefined ? Number.NaN : value(score, row);
  });
}

function marketScores(
  own: readonly ScoredRow[],
  market: string,
  system: SystemId,
  random: () => number,
): MarketScores {
  const overall = scoresOf(own, system);
  const free = own.filter((row) => Number.isFinite(row.level));
  const freeOver = column(free, system, (score) => score.free);
  const freeOutcome = Float64Array.from(free, (row) => (row.actual > Math.floor(row.level) ? 1 : 0));
  const decided = own.filter(isDecided);
  return {
    market,
    system,
    champion: system === CHAMPION_SYSTEM,
    n: overall.n,
    mae_median: overall.mae_median,
    mae_mean: overall.mae_mean,
    rmse: overall.rmse_mean,
    bias: overall.bias,
    crps: overall.crps,
    coverage80: overall.coverage80,
    pit_ks: overall.pit_distance,
    slope_free: calibrationSlope(freeOver, freeOutcome).slope,
    ece_free: calibrationError(freeOver, freeOutcome),
    line: decided.length === 0 ? null : atLines(decided, system, random),
  };
}

function outcomeOf(decided: readonly ScoredRow[]): Float64Array {
  return Float64Array.from(decided, (row) => (row.actual > row.line ? 1 : 0));
}

function scoresOf(rows: readonly ScoredRow[], system: SystemId): Scores {
  const actual = Float64Array.from(rows, (row) => row.actual);
  const ofMean = pointErrors(
    column(rows, system, (score) => score.mean),
    actual,
  );
  const ofMedian = pointErrors(
    column(rows, system, (score) => score.whole),
    actual,
  );
  const pit = column(rows, system, (score) => score.pit);
  const lined = rows.filter((row) => Number.isFinite(row.line));
  return {
    n: rows.length,
    mae_median: ofMedian.mae,
    mae_mean: ofMean.mae,
    rmse_mean: ofMean.rmse,
    bias: ofMean.bias,
    crps: mean(column(rows, system, (score) => score.crps)),
    coverage50: coverage(pit, 0.5),
    coverage80: coverage(pit, 0.8),
    coverage95: coverage(pit, 0.95),
    pit_distance: pitDistance(pit),
    ...(lined.length === 0 ? {} : { at_line: lineScores(lined, system) }),
  };
}

function lineScores(rows: readonly ScoredRow[], system: SystemId): LineScores {
  const decided = rows.filter((row) => row.actual !== row.line);
  const outcome = outcomeOf(decided);
  const over = column(decided, system, (score) => score.over);
  const share = mean(outcome);
  const errorOf = (forecast: Float64Array): number =>
    pointErrors(
      forecast,
      Float64Array.from(rows, (row) => row.actual),
    ).mae;
  return {
    decided: decided.length,
    pushes: rows.length - decided.length,
    brier: brier(over, outcome),
    brier_base: share * (1 - share),
    log_loss: logLoss(over, outcome),
    slope: calibrationSlope(over, outcome).slope,
    mae_line: errorOf(Float64Array.from(rows, (row) => row.line)),
    mae_median: errorOf(column(rows, system, (score) => score.median)),
    edge3: edgeRecord(decided, system),
  };
}

function edgeRecord(decided: readonly ScoredRow[], system: SystemId): LineScores['edge3'] {
  const edge = column(decided, system, (score, row) => score.median - row.line);
  let [wins, bets] = [0, 0];
  decided.forEach((row, i) => {
    const side = edge[i] ?? 0;
    if (Math.abs(side) <= 3) return;
    bets++;
    if (side > 0 === row.actual > row.line) wins++;
  });
  return { wins, decided: bets, ...wilson(wins, bets) };
}

function paired(
  rows: readonly ScoredRow[],
  system: SystemId,
  loss: (score: SystemScore, row: ScoredRow) => number,
  random: () => number,
): BootstrapMean {
  const both = rows.filter((row) => row.scores.has('ewma8'));
  const base = column(both, 'ewma8', loss);
  const difference = column(both, system, loss).map((value, i) => value - (base[i] ?? Number.NaN));
  return clusterBootstrap(
    difference,
    both.map((row) => row.slate),
    random,
  );
}

import { parseSlate, seasonOf } from '#core/calendar.ts';
import {
  type Advise,
  type BetRecord,
  betRecord,
  type EndedBet,
  endedBet,
  type LineOpinion,
} from './bet-record.ts';
import {
  calibrationError,
  calibrationSlope,
  type LineCalibration,
  lineCalibration,
} from './calibration-scores.ts';
import type { Quote } from './evaluation-rows.ts';
import {
  type BootstrapMean,
  brier,
  clusterBootstrap,
  coverage,
  mean,
  pitDistance,
  pointErrors,
} from './metrics.ts';
import type { PresenceScores } from './presence-scores.ts';
import {
  DIMENSIONS,
  type Dimension,
  ERROR_DIMENSIONS,
  type ErrorScores,
  type EvaluationReport,
  type GroupScores,
  type Groups,
  type LineGroup,
  type LineReport,
  type MarketScores,
  type PairedForecasts,
  type PairedLines,
} from './report.ts';
import { CHAMPION_SYSTEM, SYSTEM_IDS, type SystemId } from './systems.ts';
import type { Steps } from './train-config.ts';

/** Scores of one system on one row. */
export interface SystemScore {
  readonly mean: number;
  readonly median: number;
  /** Whole-number median, from which the absolute error is computed. */
  readonly whole: number;
  readonly crps: number;
  /** Negative log likelihood of the outcome, in nats. */
  readonly logScore: number;
  readonly pit: number;
  /** The system's own P(over) at a synthetic line: half a point above the whole part of `level`. */
  readonly free: number;
  /** P(over | decided) as published, and P(push), at the line; NaN without a line. */
  readonly over: number;
  readonly push: number;
}

/** One graded row of a walk-forward evaluation. */
export interface ScoredRow {
  readonly slate: string;
  readonly player: number;
  readonly actual: number;
  /** Eight-game average of the market, known beforehand and the same for every system. */
  readonly level: number;
  /** Eight-game average of points, which decides the tier in every market. */
  readonly tierLevel: number;
  /** Status at the cut-off. */
  readonly status: string;
  /** Quality of the feature row, 0 to 100. */
  readonly quality: number;
  /** Exact decimal; null = none. */
  readonly line: string | null;
  /** De-vigged P(over); NaN = none. */
  readonly marketOver: number;
  readonly quote: Quote | undefined;
  readonly scores: ReadonlyMap<SystemId, SystemScore>;
  /** The other systems, each with the reason why it gave no forecast. */
  readonly cannot: ReadonlyMap<SystemId, string>;
}

/** Tiers by the eight-game average of points. */
const TIERS = [
  { name: 'under 8', below: 8 },
  { name: '8 to 12', below: 12 },
  { name: '12 to 18', below: 18 },
  { name: '18 to 25', below: 25 },
  { name: '25 and more', below: Number.POSITIVE_INFINITY },
] as const;

/** Classes of lead time from quote to tip-off, in hours. */
const LEADS = [
  { name: 'under 1 h', below: 1 },
  { name: '1 to 3 h', below: 3 },
  { name: '3 to 8 h', below: 8 },
  { name: '8 h and more', below: Number.POSITIVE_INFINITY },
] as const;
const NO_TIME = 'no time';

/** The graded rows of one market. */
export interface ScoredMarket {
  readonly market: string;
  readonly rows: readonly ScoredRow[];
  /** Rows that count but had too little history before them. */
  readonly rowsWithoutModel: number;
}

/** A row with a line: the champion's opinion, and the bet on it. */
interface LinedRow {
  readonly row: ScoredRow;
  readonly score: SystemScore;
  readonly bet: EndedBet | undefined;
  readonly isPick: boolean;
}

/** Scores every market and system that forecast at least one row. One step per system and market. */
export function* reportSteps(
  markets: readonly ScoredMarket[],
  about: {
    readonly from: string;
    readonly to: string;
    readonly refits: number;
    readonly random: () => number;
    readonly advise: Advise;
    readonly plays: PresenceScores | null;
  },
): Steps<EvaluationReport> {
  const { from, to, refits, random, plays } = about;
  const [main] = markets;
  const rows = main?.rows ?? [];
  const lined = linedRows(markets, about.advise);
  const all = [...lined.values()].flat();
  const scores: MarketScores[] = [];
  for (const one of markets) {
    for (const system of SYSTEM_IDS) {
      yield `sums up ${one.market}, ${system}`;
      const own = one.rows.filter((row) => row.scores.has(system));
      if (own.length > 0)
        scores.push(marketScores(own, one.market, system, lined.get(one.market) ?? [], random));
    }
  }
  yield;
  return {
    from,
    to,
    refits,
    rows: rows.length,
    rows_without_model: main?.rowsWithoutModel ?? 0,
    markets: scores,
    pooled: pooledAtLines(markets, random),
    at_lines: lineReport(all, random),
    plays,
    cannot: reasonsOf(rows),
  };
}

/** The rows with a line, by market, with the bets on them. */
function linedRows(
  markets: readonly ScoredMarket[],
  advise: Advise,
): ReadonlyMap<string, readonly LinedRow[]> {
  const all = markets.flatMap(({ market, rows }) =>
    rows.flatMap((row) => {
      const score = row.scores.get(CHAMPION_SYSTEM);
      if (row.line === null || score === undefined) return [];
      const opinion: LineOpinion = {
        market,
        slate: row.slate,
        player: row.player,
        line: row.line,
        median: score.median,
        over: score.over,
        push: score.push,
        overPrice: row.quote?.overPrice ?? null,
        underPrice: row.quote?.underPrice ?? null,
        quality: row.quality,
      };
      return [{ row, score, opinion }];
    }),
  );
  const advice = advise(all.map(({ opinion }) => opinion));
  return Map.groupBy(
    all.map(({ row, score, opinion }, i) => {
      const own = advice[i];
      return {
        market: opinion.market,
        row,
        score,
        bet: own === undefined ? undefined : endedBet(opinion, own.side, row.actual),
        isPick: own?.isPick ?? false,
      };
    }),
    ({ market }) => market,
  );
}

function lineReport(rows: readonly LinedRow[], random: () => number): LineReport | null {
  if (rows.length === 0) return null;
  return {
    ...lineGroup(rows, random),
    by: groupsBy(
      DIMENSIONS,
      rows,
      ({ row }) => row,
      (group) => lineGroup(group, random),
    ),
  };
}

function lineGroup(rows: readonly LinedRow[], random: () => number): LineGroup {
  const decided = rows.filter(({ row }) => isDecided(row));
  const priced = decided.filter(({ row }) => Number.isFinite(row.marketOver));
  const brierOf = (own: readonly LinedRow[], forecast: (one: LinedRow) => number): number =>
    brier(Float64Array.from(own, forecast), outcomeOf(own.map(({ row }) => row)));
  const share = mean(outcomeOf(decided.map(({ row }) => row)));
  const bets = (wanted: (one: LinedRow) => boolean): BetRecord =>
    betRecord(
      rows.flatMap((one) => (one.bet !== undefined && wanted(one) ? [one.bet] : [])),
      random,
    );
  return {
    n: decided.length,
    pushes: rows.length - decided.length,
    brier: brierOf(decided, ({ score }) => score.over),
    climatology: share * (1 - share),
    market_n: priced.length,
    market_brier: priced.length === 0 ? null : brierOf(priced, ({ row }) => row.marketOver),
    priced_brier: priced.length === 0 ? null : brierOf(priced, ({ score }) => score.over),
    sides: bets(() => true),
    picks: bets(({ isPick }) => isPick),
  };
}

function errorGroups(own: readonly ScoredRow[]): Groups<(typeof ERROR_DIMENSIONS)[number], GroupScores> {
  return groupsBy(
    ERROR_DIMENSIONS,
    own,
    (row) => row,
    (rows) => {
      const both = rows.filter((row) => row.scores.has('ewma8'));
      const [mine, base] = [CHAMPION_SYSTEM, 'ewma8' as const].map((system) =>
        mean(column(both, system, (score) => score.crps)),
      );
      return {
        ...errorScores(rows, CHAMPION_SYSTEM),
        crps_to_ewma8: (mine ?? Number.NaN) / (base ?? Number.NaN) - 1,
      };
    },
  );
}

/** Groups rows by every dimension and scores each group, in the order of the group names. */
function groupsBy<D extends Dimension, R, G>(
  dimensions: readonly D[],
  rows: readonly R[],
  rowOf: (one: R) => ScoredRow,
  made: (group: readonly R[]) => G,
): Groups<D, G> {
  const entries = dimensions.map((dimension) => {
    const names = ORDER[dimension];
    const groups = [...Map.groupBy(rows, (one) => KEYS[dimension](rowOf(one)))].sort(
      ([a], [b]) => names.indexOf(a) - names.indexOf(b) || (a < b ? -1 : 1),
    );
    return [dimension, Object.fromEntries(groups.map(([key, group]) => [key, made(group)]))] as const;
  });
  return Object.fromEntries(entries) as Groups<D, G>;
}

const KEYS: Readonly<Record<Dimension, (row: ScoredRow) => string>> = {
  season: ({ slate }) => seasonOf(parseSlate(slate)),
  month: ({ slate }) => slate.slice(0, 7),
  tier: ({ tierLevel }) => TIERS.find(({ below }) => tierLevel < below)?.name ?? 'unknown',
  status: ({ status }) => status,
  book: ({ quote }) => quote?.bookmaker ?? 'unknown',
  lead: ({ quote }) => LEADS.find(({ below }) => (quote?.leadHours ?? Number.NaN) < below)?.name ?? NO_TIME,
};

/** Group names with a fixed order; others are sorted. */
const ORDER: Readonly<Record<Dimension, readonly string[]>> = {
  season: [],
  month: [],
  tier: TIERS.map(({ name }) => name),
  status: [],
  book: [],
  lead: [...LEADS.map(({ name }) => name), NO_TIME],
};

function pooledAtLines(markets: readonly ScoredMarket[], random: () => number): LineCalibration | null {
  const rows = markets.flatMap(({ rows: all }) =>
    all.filter(
      (row) => row.scores.has(CHAMPION_SYSTEM) && isDecided(row) && !Number.isFinite(row.marketOver),
    ),
  );
  return rows.length === 0 ? null : atLines(rows, CHAMPION_SYSTEM, random);
}

function isDecided(row: ScoredRow): boolean {
  return row.line !== null && row.actual !== Number(row.line);
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
  lined: readonly LinedRow[],
  random: () => number,
): MarketScores {
  const free = own.filter((row) => Number.isFinite(row.level));
  const freeOver = column(free, system, (score) => score.free);
  const freeOutcome = Float64Array.from(free, (row) => (row.actual > Math.floor(row.level) ? 1 : 0));
  const decided = own.filter(isDecided);
  const champion = system === CHAMPION_SYSTEM;
  return {
    market,
    system,
    champion,
    ...errorScores(own, system),
    slope_free: calibrationSlope(freeOver, freeOutcome).slope,
    ece_free: calibrationError(freeOver, freeOutcome),
    line: decided.length === 0 ? null : atLines(decided, system, random),
    against: { ewma8: againstBaseline(own, system, random), line: againstLine(own, system, random) },
    by: champion ? errorGroups(own) : null,
    at_lines: champion ? lineReport(lined, random) : null,
  };
}

function outcomeOf(decided: readonly ScoredRow[]): Float64Array {
  return Float64Array.from(decided, (row) => (row.actual > Number(row.line) ? 1 : 0));
}

function errorScores(rows: readonly ScoredRow[], system: SystemId): ErrorScores {
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
  return {
    n: rows.length,
    mae_median: ofMedian.mae,
    mae_mean: ofMean.mae,
    rmse: ofMean.rmse,
    bias: ofMean.bias,
    crps: mean(column(rows, system, (score) => score.crps)),
    log_score: mean(column(rows, system, (score) => score.logScore)),
    coverage50: coverage(pit, 0.5),
    coverage80: coverage(pit, 0.8),
    coverage95: coverage(pit, 0.95),
    pit_ks: pitDistance(pit),
  };
}

function againstBaseline(own: readonly ScoredRow[], system: SystemId, random: () => number): PairedForecasts {
  const both = own.filter((row) => row.scores.has('ewma8'));
  const difference = (loss: (score: SystemScore, row: ScoredRow) => number): BootstrapMean => {
    const base = column(both, 'ewma8', loss);
    return byDates(
      both,
      column(both, system, loss).map((value, i) => value - (base[i] ?? Number.NaN)),
      random,
    );
  };
  return {
    n: both.length,
    absolute_error: difference((score, row) => Math.abs(score.median - row.actual)),
    crps: difference((score) => score.crps),
  };
}

function againstLine(own: readonly ScoredRow[], system: SystemId, random: () => number): PairedLines | null {
  const lined = own.filter(({ line }) => line !== null);
  const decided = lined.filter(isDecided);
  if (decided.length === 0) return null;
  const outcome = outcomeOf(decided);
  return {
    n: lined.length,
    absolute_error: byDates(
      lined,
      column(
        lined,
        system,
        (score, { actual, line }) => Math.abs(score.median - actual) - Math.abs(Number(line) - actual),
      ),
      random,
    ),
    brier: byDates(
      decided,
      column(decided, system, (score) => score.over).map((over, i) => {
        const price = decided[i]?.marketOver ?? Number.NaN;
        const y = outcome[i] ?? Number.NaN;
        return (over - y) ** 2 - ((Number.isFinite(price) ? price : 0.5) - y) ** 2;
      }),
      random,
    ),
  };
}

function byDates(rows: readonly ScoredRow[], values: Float64Array, random: () => number): BootstrapMean {
  return clusterBootstrap(
    values,
    rows.map(({ slate }) => slate),
    random,
  );
}

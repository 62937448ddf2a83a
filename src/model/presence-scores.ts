import type { PresenceRow } from './evaluation-rows.ts';
import { brier, type Interval, mean, wilson } from './metrics.ts';

/** Players of similar probability of playing, or of one status: mean forecast and share that played, with Wilson's 95 % interval. */
interface PresenceBin extends Interval {
  readonly n: number;
  readonly claimed: number;
  readonly played: number;
}

/** Accuracy and calibration of probabilities of playing. */
export interface PresenceScores {
  readonly n: number;
  readonly brier: number;
  /** Brier score of a constant forecast: the share that played. */
  readonly climatology: number;
  /** Bins of ten percentage points in ascending order, without empty ones. */
  readonly bins: readonly PresenceBin[];
  readonly by_status: Readonly<Record<string, PresenceBin>>;
}

const BINS = 10;

/** Scores probabilities of playing; null without rows. */
export function presenceScores(rows: readonly PresenceRow[]): PresenceScores | null {
  if (rows.length === 0) return null;
  const played = playedOf(rows);
  const share = mean(played);
  const groups = (keyOf: (row: PresenceRow) => string): (readonly [string, PresenceBin])[] =>
    [...Map.groupBy(rows, keyOf)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, group]) => [key, binOf(group)]);
  return {
    n: rows.length,
    brier: brier(chancesOf(rows), played),
    climatology: share * (1 - share),
    bins: groups(({ pPlays }) => String(Math.min(BINS - 1, Math.floor(pPlays * BINS)))).map(([, bin]) => bin),
    by_status: Object.fromEntries(groups(({ status }) => status)),
  };
}

function binOf(rows: readonly PresenceRow[]): PresenceBin {
  const played = playedOf(rows);
  const wins = played.reduce((sum, one) => sum + one, 0);
  return {
    n: rows.length,
    claimed: mean(chancesOf(rows)),
    played: wins / rows.length,
    ...wilson(wins, rows.length),
  };
}

function chancesOf(rows: readonly PresenceRow[]): Float64Array {
  return Float64Array.from(rows, ({ pPlays }) => pPlays);
}

function playedOf(rows: readonly PresenceRow[]): Float64Array {
  return Float64Array.from(rows, ({ played }) => (played ? 1 : 0));
}

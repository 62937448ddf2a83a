import type { PresenceRow } from './evaluation-rows.ts';
import { brier, type Interval, mean, wilson } from './metrics.ts';

/** Players of about one probability of playing, or of one status: what was claimed (mean) and the share that played, with Wilson's interval. */
interface PresenceBin extends Interval {
  readonly n: number;
  readonly claimed: number;
  readonly played: number;
}

/** How well probabilities of playing came true. */
export interface PresenceScores {
  readonly n: number;
  readonly brier: number;
  /** Brier score of always giving the share that played. */
  readonly climatology: number;
  /** Bins of ten points, from the least likely up; empty ones are left out. */
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

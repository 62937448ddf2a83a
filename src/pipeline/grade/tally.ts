import { type Interval, wilson } from '#model/metrics.ts';

/** Bets by how they ended, with their profit in units at the stored prices. */
export interface BetCounts {
  readonly wins: number;
  readonly losses: number;
  readonly pushes: number;
  readonly voids: number;
  readonly profit: number;
}

export interface Tally extends BetCounts {
  /** Wins and losses: what a rate is made of. */
  readonly decided: number;
  /** wins / decided; null when nothing was decided. */
  readonly hit_rate: number | null;
  /** Wilson's 95 % interval of the hit rate; null when nothing was decided. */
  readonly interval: Interval | null;
}

export const NO_BETS: BetCounts = { wins: 0, losses: 0, pushes: 0, voids: 0, profit: 0 };

/** Adds two counts of the same record class; records of different classes are never added. */
export function addBets(a: BetCounts, b: BetCounts): BetCounts {
  return {
    wins: a.wins + b.wins,
    losses: a.losses + b.losses,
    pushes: a.pushes + b.pushes,
    voids: a.voids + b.voids,
    profit: a.profit + b.profit,
  };
}

/** Completes counts to a record. Pushes and voids are in no rate. Profit is kept at six decimals. */
export function tally(counts: BetCounts): Tally {
  const decided = counts.wins + counts.losses;
  return {
    ...counts,
    profit: rounded(counts.profit, 6),
    decided,
    hit_rate: decided === 0 ? null : rounded(counts.wins / decided, 6),
    interval: decided === 0 ? null : roundedInterval(wilson(counts.wins, decided)),
  };
}

/** A number at some decimals, so that sums in another order print the same; never minus zero. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0;
}

function roundedInterval({ low, high }: Interval): Interval {
  return { low: rounded(low, 6), high: rounded(high, 6) };
}

import { impliedProbability, isAmericanOdds, STANDARD_PRICE, winProfit } from '#core/odds.ts';
import { type BootstrapMean, clusterBootstrap, type Interval, wilson } from './metrics.ts';

/** The champion's view of one main line, from which bets are decided. */
export interface LineOpinion {
  readonly market: string;
  readonly slate: string;
  readonly player: number;
  readonly line: string;
  /** Point forecast. */
  readonly median: number;
  /** P(over | decided) as published, and P(push). */
  readonly over: number;
  readonly push: number;
  readonly overPrice: number | null;
  readonly underPrice: number | null;
  /** Quality of the feature row, 0 to 100. */
  readonly quality: number;
}

export type Side = 'over' | 'under';

/** The advice on an opinion: a side, and whether it is a pick. */
interface Advice {
  readonly side: Side;
  readonly isPick: boolean;
}

/** Decides the bets on opinions of all slates and markets, one answer per opinion; undefined is a pass. */
export type Advise = (opinions: readonly LineOpinion[]) => readonly (Advice | undefined)[];

/** A settled bet of one unit. */
export interface EndedBet {
  readonly slate: string;
  readonly outcome: 'win' | 'loss' | 'push';
  /** American price paid; the standard price where the source has none. */
  readonly price: number;
  readonly isPriced: boolean;
}

/**
 * Bets of one unit: hit rate of decided bets with Wilson's 95 % interval, and profit at the prices with an
 * interval clustered by date.
 */
export interface BetRecord extends Interval {
  readonly bets: number;
  readonly wins: number;
  readonly losses: number;
  readonly pushes: number;
  /** wins / (wins + losses); null when nothing was decided. */
  readonly hit_rate: number | null;
  /** Hit rate at which the prices of the decided bets break even; null when nothing was decided. */
  readonly break_even: number | null;
  /** Number of bets whose source had a price; the others count at the standard price. */
  readonly priced: number;
  /** In units. */
  readonly profit: number;
  /** Units per bet; null without bets. */
  readonly per_bet: BootstrapMean | null;
}

/** Settles a bet. `actual` and line are compared exactly, without rounding. */
export function endedBet(
  { slate, line, overPrice, underPrice }: LineOpinion,
  side: Side,
  actual: number,
): EndedBet {
  const own = side === 'over' ? overPrice : underPrice;
  const isPriced = own !== null && isAmericanOdds(own);
  const margin = actual - Number(line);
  const outcome = margin === 0 ? 'push' : margin > 0 === (side === 'over') ? 'win' : 'loss';
  return { slate, outcome, price: isPriced ? own : STANDARD_PRICE, isPriced };
}

/** Profit in units of a bet of one unit. */
function profitOf({ outcome, price }: EndedBet): number {
  if (outcome === 'push') return 0;
  return outcome === 'win' ? winProfit(price) : -1;
}

/** The record of some bets. `random` is seeded by the caller. */
export function betRecord(bets: readonly EndedBet[], random: () => number): BetRecord {
  const decided = bets.filter(({ outcome }) => outcome !== 'push');
  const wins = decided.filter(({ outcome }) => outcome === 'win').length;
  const profits = Float64Array.from(bets, profitOf);
  return {
    bets: bets.length,
    wins,
    losses: decided.length - wins,
    pushes: bets.length - decided.length,
    hit_rate: decided.length === 0 ? null : wins / decided.length,
    ...wilson(wins, decided.length),
    break_even:
      decided.length === 0
        ? null
        : decided.reduce((sum, { price }) => sum + impliedProbability(price), 0) / decided.length,
    priced: bets.filter(({ isPriced }) => isPriced).length,
    profit: profits.reduce((sum, profit) => sum + profit, 0),
    per_bet:
      bets.length === 0
        ? null
        : clusterBootstrap(
            profits,
            bets.map(({ slate }) => slate),
            random,
          ),
  };
}

import type { Expectation, SideExpectation } from './expectation.ts';
import { playWeight } from './possessions.ts';

/** What a quote of a side market rests on: the median a bookmaker expects and the spread around it. */
export interface SideMarket {
  readonly market: 'rebounds' | 'assists';
  readonly median: number;
  readonly sd: number;
}

/** What a side collects in a usual game: credited rebounds, and made shots that somebody passed to (measured on simulated games). */
const TEAM = { offensiveRebounds: 10.9, defensiveRebounds: 33.8, passes: 30.2 };
/** The mean lies above the median of a skewed count. */
const MEDIAN_SHIFT = { rebounds: 0.25, assists: 0.25 };

/** Rebounds and assists of one player: his share of what his side can be expected to collect, given who is there. */
export function sideMarkets(side: SideExpectation, { player, minutes }: Expectation): SideMarket[] {
  const total = { offensive: 0, defensive: 0, assist: 0, plays: 0 };
  for (const mate of side.players) {
    const time = mate.minutes * mate.presence;
    const { tendencies } = mate.player;
    total.offensive += time * tendencies.offensiveRebound;
    total.defensive += time * tendencies.defensiveRebound;
    total.assist += time * tendencies.assist * mate.player.usage;
    total.plays += time * playWeight(mate.player);
  }
  const { tendencies, usage } = player;
  const share = (weight: number, sum: number): number => (sum > 0 ? (minutes * weight) / sum : 0);
  const rebounds =
    TEAM.offensiveRebounds * share(tendencies.offensiveRebound, total.offensive) +
    TEAM.defensiveRebounds * share(tendencies.defensiveRebound, total.defensive);
  // Nobody passes to himself: his own shots are no chance for an assist.
  const assists = TEAM.passes * share(tendencies.assist * usage, total.assist) * (1 - share(playWeight(player), total.plays));
  return [
    { market: 'rebounds', median: rebounds - MEDIAN_SHIFT.rebounds, sd: spread(rebounds) },
    { market: 'assists', median: assists - MEDIAN_SHIFT.assists, sd: spread(assists) },
  ];
}

/** A count with uncertain minutes scatters somewhat more than a Poisson count of the same mean. */
function spread(mean: number): number {
  return Math.sqrt(Math.max(0.5, mean) + (0.2 * mean) ** 2);
}

import { MATURE_ROWS } from './calibrate.ts';
import type { TrainingSet } from './dataset.ts';
import type { PlayerRatios } from './linear.ts';
import type { Walk } from './out-of-fold.ts';
import { weekOf } from './training-set.ts';

/** Weights of the prior among which earlier weeks choose, in counts; the last makes every ratio 1. */
const PRIORS: readonly number[] = [
  ...Array.from({ length: 12 }, (_, i) => 2 ** (i + 3)),
  Number.POSITIVE_INFINITY,
];
/** Floor of a row's expected variance, as a share of the mean outcome: tiny forecasts prove no ratio. */
const VARIANCE_FLOOR = 0.1;

/** A player's outcomes so far, and his out-of-fold forecasts for the same games. */
interface Tally {
  counted: number;
  forecast: number;
}

/**
 * Random effects of players (a gamma prior on Poisson rates): a linear model of averages keeps underrating some players and
 * overrating others. Empirical Bayes: the prior's weight is the one with which the ratios of earlier weeks would have forecast
 * best so far, so a market in which players do not differ gets none. One pass over the out-of-fold forecasts of the first `rows`
 * positions of the walk: each week is corrected by the ratios from the weeks before it, as a weekly refit in production would. The
 * forecasts of the first weeks of a history are left out; of a long one, only the rows that the set holds count.
 *
 * `means` has a mean per position. Without ids of players, and where no prior beats none, there are no ratios.
 */
export function fitPlayerRatios(
  { players, history }: Pick<TrainingSet, 'players' | 'history'>,
  walk: Pick<Walk, 'days' | 'target' | 'source' | 'level' | 'outOfFold'>,
  rows: number,
): { readonly means: Float64Array; readonly ratios: PlayerRatios | undefined } {
  const means = walk.outOfFold.slice(0, rows);
  if (players === undefined) return { means, ratios: undefined };
  const playerAt = (at: number): number => players[walk.source[at] ?? 0] ?? Number.NaN;
  const tallies = new Map<number, Tally>();
  const losses = new Float64Array(PRIORS.length);
  const start = Math.max(0, MATURE_ROWS - (history?.rows ?? 0));
  let learnt = start;
  const learnUpTo = (end: number): void => {
    for (; learnt < end; learnt++) {
      const forecast = walk.outOfFold[learnt] ?? Number.NaN;
      if (Number.isNaN(forecast)) continue;
      const own = tallies.get(playerAt(learnt)) ?? { counted: 0, forecast: 0 };
      own.counted += walk.target[learnt] ?? 0;
      own.forecast += forecast;
      tallies.set(playerAt(learnt), own);
    }
  };
  let [week, prior] = [Number.NaN, Number.POSITIVE_INFINITY];
  for (let at = start; at < rows; at++) {
    const itsWeek = weekOf(walk.days[at] ?? 0);
    if (itsWeek !== week) {
      week = itsWeek;
      learnUpTo(at);
      prior = bestPrior(losses);
    }
    const own = tallies.get(playerAt(at));
    if (own === undefined) continue;
    const [mean, actual] = [means[at] ?? 0, walk.target[at] ?? 0];
    const variance = Math.max(mean, VARIANCE_FLOOR * (walk.level[at] ?? 0));
    for (let j = 0; j < PRIORS.length; j++)
      losses[j] = (losses[j] ?? 0) + (actual - mean * shrunk(own, PRIORS[j] ?? 0)) ** 2 / variance;
    means[at] = mean * shrunk(own, prior);
  }
  learnUpTo(rows);
  prior = bestPrior(losses);
  if (prior === Number.POSITIVE_INFINITY) return { means, ratios: undefined };
  const ratio = [...tallies].map(([player, own]) => [
    String(player),
    Math.round(1e6 * shrunk(own, prior)) / 1e6,
  ]);
  return { means, ratios: { prior, ratio: Object.fromEntries(ratio) } };
}

function shrunk({ counted, forecast }: Tally, prior: number): number {
  return prior === Number.POSITIVE_INFINITY ? 1 : (counted + prior) / (forecast + prior);
}

/** The prior with the smallest loss so far; none at all in a tie. */
function bestPrior(losses: Float64Array): number {
  let best = PRIORS.length - 1;
  for (let j = best - 1; j >= 0; j--) if ((losses[j] ?? 0) < (losses[best] ?? 0)) best = j;
  return PRIORS[best] ?? Number.POSITIVE_INFINITY;
}

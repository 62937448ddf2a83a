import { columnOf, firstRowAt, type TrainingSet } from './dataset.ts';
import { type Career, type CareerRates, careerDistance } from './linear.ts';
import type { CutoffFit, Walk } from './out-of-fold.ts';
import { realShare } from './real-share.ts';
import { dateOf, mondayOf, weekOf } from './training-set.ts';

/** Mean outcome a game below which the averages of a season hold too few counts to know a player by. */
const RARE = 1;
/** Minutes with which a career is half credible: three full games. From 30 to 1000 forecasts are nearly the same. */
const PRIOR_MINUTES = 100;

/**
 * Combines the forecasts of a rare count with what players counted per minute over their careers: a linear model of averages
 * follows their last games further than such counts deserve. How much of the distance between the two is real is learnt from the
 * calibration positions, with a prior of nothing. Until then a career is known as of the Monday of a week, as a weekly refit knows
 * it; it is served as of the cut-off. Of a long history, it is as long as the rows that the set holds.
 *
 * `forecasts` has a mean per position of the walk up to the cut-off, and so has the result. Without ids of players, for a count of
 * one a game or more, and where careers say nothing more, the forecasts stay as they are.
 */
export function fitCareerRates(
  set: TrainingSet,
  walk: Pick<Walk, 'days' | 'target' | 'source'>,
  fit: CutoffFit,
  positions: Int32Array,
  forecasts: Float64Array,
): { readonly means: Float64Array; readonly rates: CareerRates | undefined } {
  const none = { means: forecasts, rates: undefined };
  const { players } = set;
  if (players === undefined || !(fit.model.intercept < RARE)) return none;
  const expected = columnOf(set, 'min_ewma4');
  const careers = new Map<number, Career>();
  let learnt = 0;
  const learnBefore = (slate: string): void => {
    for (const end = firstRowAt(set, slate); learnt < end; learnt++) {
      const minutes = set.minutes[learnt] ?? 0;
      if (!(minutes > 0)) continue;
      const player = players[learnt] ?? Number.NaN;
      const [counted, before] = careers.get(player) ?? [0, 0];
      careers.set(player, [counted + (set.target[learnt] ?? 0), before + minutes]);
    }
  };
  let week = Number.NaN;
  const distances = forecasts.map((mean, at) => {
    const itsWeek = weekOf(walk.days[at] ?? 0);
    if (itsWeek !== week) learnBefore(dateOf(mondayOf(itsWeek)));
    week = itsWeek;
    const row = walk.source[at] ?? 0;
    const own = careers.get(players[row] ?? Number.NaN);
    return own === undefined ? 0 : careerDistance(own, PRIOR_MINUTES, mean, expected?.[row] ?? Number.NaN);
  });
  learnBefore(fit.cutoff);
  const errorAt = (at: number): number => (walk.target[at] ?? 0) - (forecasts[at] ?? 0);
  const share = Math.min(
    1,
    realShare(positions, (at) => distances[at] ?? 0, errorAt, 0),
  );
  if (share <= 0) return none;
  const listed = [...careers].map(([player, [counted, minutes]]) => [
    String(player),
    [counted, Math.round(1e6 * minutes) / 1e6] as const,
  ]);
  return {
    means: forecasts.map((mean, at) => mean + share * (distances[at] ?? 0)),
    rates: { share, prior: PRIOR_MINUTES, careers: Object.fromEntries(listed) },
  };
}

import type { Market } from '#core/markets.ts';
import type { LinearModel, ModelColumn } from './linear.ts';
import { meansOf, type Walk } from './out-of-fold.ts';

/** Weight, in rows, of the prior that the forecasts need no shrinkage. */
const PRIOR_ROWS = 1000;

type Forecasts = Pick<Walk, 'linear' | 'own' | 'level' | 'target'>;

/**
 * How much of a sum's distance from the player's own averages is real: the slope of the outcomes on out-of-fold forecasts, both
 * relative to those averages, by least squares with a prior of 1. Each part of a sum is fitted to its own outcome and the sum to
 * none, so what is exaggerated in all parts adds up in it. A single count is fitted to its own outcome: its share is 1.
 */
export function sumShare({ parts }: Market, walk: Forecasts, positions: Int32Array): number {
  if (parts.length === 0 || positions.length === 0) return 1;
  let [along, square] = [0, 0];
  for (const at of positions) {
    const own = walk.own[at] ?? 0;
    const distance = (walk.linear[at] ?? 0) - own;
    along += distance * ((walk.target[at] ?? 0) - own);
    square += distance ** 2;
  }
  if (square === 0) return 1;
  const prior = (PRIOR_ROWS * square) / positions.length;
  return Math.round((1e6 * (along + prior)) / (square + prior)) / 1e6;
}

/** The walk of the shrunk forecasts. */
export function shrunkWalk(walk: Walk, share: number): Walk {
  if (share === 1) return walk;
  const shrunk = walk.linear.map((value, i) => {
    const own = walk.own[i] ?? Number.NaN;
    return own + share * (value - own);
  });
  return { ...walk, ...meansOf(shrunk, walk.level) };
}

/** The linear model that makes shrunk forecasts: it has the same columns, so it is explained like any other. */
export function shrunkModel(
  model: LinearModel,
  columns: readonly ModelColumn[],
  { features }: Market,
  share: number,
): LinearModel {
  if (share === 1) return model;
  const averages = new Set(features.map(({ ewma8 }) => ewma8));
  const coefficients = model.coefficients.map(
    (coefficient, j) => share * coefficient + (averages.has(columns[j]?.name ?? '') ? 1 - share : 0),
  );
  return { ...model, coefficients };
}

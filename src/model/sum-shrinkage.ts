import type { Market } from '#core/markets.ts';
import type { LinearModel, ModelColumn } from './linear.ts';
import { meansOf, type Walk } from './out-of-fold.ts';
import { realShare } from './real-share.ts';

type Forecasts = Pick<Walk, 'linear' | 'own' | 'level' | 'target'>;

/**
 * How much of a sum's distance from the player's own averages is real: the slope of the outcomes on out-of-fold forecasts, both
 * relative to those averages, by least squares with a prior of 1. Each part of a sum is fitted to its own outcome and the sum to
 * none, so what is exaggerated in all parts adds up in it. A single count is fitted to its own outcome: its share is 1.
 */
export function sumShare({ parts }: Market, walk: Forecasts, positions: Int32Array): number {
  if (parts.length === 0) return 1;
  const beyondOwn = (values: Float64Array, at: number): number => (values[at] ?? 0) - (walk.own[at] ?? 0);
  return realShare(
    positions,
    (at) => beyondOwn(walk.linear, at),
    (at) => beyondOwn(walk.target, at),
    1,
  );
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

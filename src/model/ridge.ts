import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { TipoffError } from '#core/errors.ts';
import type { Design } from './design.ts';
import { type CentredMoments, GramAccumulator } from './gram.ts';

/** A linear forecast: intercept + Σ coefficient·(x − centre), in the units of the columns; a missing x adds nothing. */
export interface LinearModel {
  readonly intercept: number;
  readonly centres: readonly number[];
  readonly coefficients: readonly number[];
}

export interface RidgeOptions {
  /** Penalty on standardised coefficients, in (weighted) rows. */
  readonly lambda: number;
  /** Smallest divisor per column in standardising; absent = the standard deviation alone. */
  readonly floors?: readonly (number | undefined)[];
}

/**
 * Weighted ridge by normal equations: minimises Σw(y − ŷ)² + λ·Σ(sⱼβⱼ)², sⱼ the weighted standard deviation of column j
 * on the training rows. Missing values count as the training mean of their column (in the fit and in the forecast).
 * Constant and never-present columns get coefficient 0. The intercept is not penalised.
 * Throws TIPOFF_NO_MODEL without rows, or when the equations cannot be solved (λ = 0 with dependent columns).
 */
export function solveRidge(moments: CentredMoments, options: RidgeOptions): LinearModel {
  if (!(moments.weight > 0)) {
    throw new TipoffError('TIPOFF_NO_MODEL', 'expected rows to fit on, saw none', { hint: 'Load more history before training.' });
  }
  const width = moments.means.length;
  const active: number[] = [];
  const scales: number[] = [];
  moments.deviations.forEach((deviation, j) => {
    if (deviation === 0) return;
    active.push(j);
    scales.push(Math.max(deviation, options.floors?.[j] ?? 0));
  });
  const coefficients = new Array<number>(width).fill(0);
  if (active.length > 0) {
    const left = new Matrix(active.length, active.length);
    const right = new Matrix(active.length, 1);
    active.forEach((i, row) => {
      const si = scales[row] ?? 1;
      right.set(row, 0, (moments.crossTarget[i] ?? 0) / si);
      active.forEach((j, column) => {
        left.set(row, column, (moments.cross[i * width + j] ?? 0) / (si * (scales[column] ?? 1)) + (row === column ? options.lambda : 0));
      });
    });
    const factor = new CholeskyDecomposition(left);
    if (!factor.isPositiveDefinite()) {
      throw new TipoffError('TIPOFF_NO_MODEL', 'expected independent columns or a positive penalty, saw a singular system', {
        hint: 'Train with a positive lambda.',
        details: { lambda: options.lambda, columns: active.length },
      });
    }
    const solution = factor.solve(right);
    active.forEach((j, row) => {
      coefficients[j] = solution.get(row, 0) / (scales[row] ?? 1);
    });
  }
  return { intercept: moments.targetMean, centres: Array.from(moments.means), coefficients };
}

/** Fits all rows of a design at once: one accumulator, one solve. `cutoffDay` is the day at which a row would weigh 1. */
export function fitRidge(
  design: Design,
  options: RidgeOptions & { readonly halfLifeDays: number; readonly cutoffDay: number },
): LinearModel {
  const gram = new GramAccumulator(design, options.halfLifeDays);
  gram.addUpTo(design.rows);
  return solveRidge(gram.momentsAt(options.cutoffDay), options);
}

/** The forecast for `width` values that start at `offset`. */
export function predictLinear(model: LinearModel, values: Float64Array, offset = 0): number {
  const { centres, coefficients } = model;
  let sum = model.intercept;
  for (let j = 0; j < coefficients.length; j++) {
    const x = values[offset + j] ?? Number.NaN;
    if (!Number.isNaN(x)) sum += (coefficients[j] ?? 0) * (x - (centres[j] ?? 0));
  }
  return sum;
}

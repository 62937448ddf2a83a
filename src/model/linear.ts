/** One factor of a model column: a feature, divided by `over`, or 1/0 for "at least" a threshold. */
export interface Factor {
  readonly feature: string;
  /** Divisor, for readable units; 1 when absent. */
  readonly over?: number | undefined;
  /** Turns the feature into an indicator: 1 when it is at least this. */
  readonly from?: number | undefined;
}

/** A column of the linear model: the product of its factors, missing when any of them is missing. */
export interface ModelColumn {
  readonly name: string;
  readonly factors: readonly Factor[];
  /**
   * Smallest divisor in standardising. A ridge penalty on a standardised column does not shrink a rare indicator at all
   * (its standard deviation is as small as its share), so that a handful of rows would set its coefficient; with a floor
   * of 1 the penalty counts as that many rows without the effect.
   */
  readonly floor?: number | undefined;
}

/** Value of a column for features looked up by name; NaN when any factor is missing. */
export function columnValue(column: ModelColumn, feature: (name: string) => number): number {
  let value = 1;
  for (const factor of column.factors) value *= factorValue(factor, feature(factor.feature));
  return value;
}

export function factorValue(factor: Factor, x: number): number {
  if (factor.from !== undefined) return Number.isNaN(x) ? x : x >= factor.from ? 1 : 0;
  return factor.over === undefined ? x : x / factor.over;
}

/** A linear forecast: intercept + Σ coefficient·(x − centre), in the units of the columns; a missing x adds nothing. */
export interface LinearModel {
  readonly intercept: number;
  readonly centres: readonly number[];
  readonly coefficients: readonly number[];
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

/** Share of the mean outcome over which a linear forecast bends into zero. */
const BEND = 0.1;

/**
 * The mean of a count from a linear forecast, never negative: softplus, s·ln(1 + exp(x/s)), with s a tenth of the mean
 * outcome. A plain cut at zero would give everybody at the far end of the bench the same forecast, and one below what such
 * players reach. From half of the mean outcome on it changes a forecast by less than 0.2 %.
 */
export function countMean(model: LinearModel, linear: number): number {
  const scale = BEND * model.intercept;
  if (!(scale > 0)) return Math.max(0, linear);
  return linear > 30 * scale ? linear : scale * Math.log1p(Math.exp(linear / scale));
}

/** Steps of forecast means, from small to large, and what was counted over what was forecast at each. */
export interface MeanCorrection {
  readonly at: readonly number[];
  readonly ratio: readonly number[];
}

/**
 * A forecast mean as its step has counted: between two steps in proportion between what they counted, so that it is never
 * beyond them; outside of all steps by the ratio of the last.
 */
export function correctedMean({ at, ratio }: MeanCorrection, mean: number): number {
  const next = at.findIndex((centre) => centre > mean);
  if (next <= 0) return mean * (ratio[next === 0 ? 0 : ratio.length - 1] ?? 1);
  const [low = 0, high = 1] = [at[next - 1], at[next]];
  const [below, above] = [low * (ratio[next - 1] ?? 1), high * (ratio[next] ?? 1)];
  return below + ((above - below) * (mean - low)) / (high - low);
}

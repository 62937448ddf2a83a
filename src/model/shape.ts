import type { Design } from './design.ts';
import { fitRidge, type LinearModel, predictLinear } from './ridge.ts';

/** √(π/2): the standard deviation of a normal variable over its mean absolute deviation. */
const SD_PER_ABSOLUTE = 1.2533;
const SMALLEST = 1.5;
const LARGEST = 14;
const WIDTH = 5;

/** Standard deviation of the error as a linear function of (μ, μ²/20, SD10 of minutes, SD10 of points, vacated minutes/50). */
export type ScaleModel = LinearModel;

/** What the spread of a forecast depends on; NaN = missing, which counts as the mean of the rows the model was fitted on. */
export interface ScaleInputs {
  readonly mean: number;
  readonly minutesSd: number;
  readonly pointsSd: number;
  readonly vacatedMinutes: number;
}

/** Graded forecasts to fit on: row i of every array belongs together; residual = points − mean. */
export interface ScaleRows {
  readonly mean: Float64Array;
  readonly residual: Float64Array;
  readonly minutesSd: Float64Array;
  readonly pointsSd: Float64Array;
  readonly vacatedMinutes: Float64Array;
}

/** Fits the scale to 1.2533·|residual| of out-of-fold rows by least squares (with a penalty of one row, for rows that hardly vary). */
export function fitScale(rows: ScaleRows): ScaleModel {
  const n = rows.mean.length;
  const values = new Float64Array(n * WIDTH);
  const target = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    fill(values, i * WIDTH, {
      mean: rows.mean[i] ?? Number.NaN,
      minutesSd: rows.minutesSd[i] ?? Number.NaN,
      pointsSd: rows.pointsSd[i] ?? Number.NaN,
      vacatedMinutes: rows.vacatedMinutes[i] ?? Number.NaN,
    });
    target[i] = SD_PER_ABSOLUTE * Math.abs(rows.residual[i] ?? Number.NaN);
  }
  const design: Design = { rows: n, width: WIDTH, values, target, days: new Int32Array(n) };
  return fitRidge(design, { lambda: 1, halfLifeDays: Number.POSITIVE_INFINITY, cutoffDay: 0 });
}

/** A function that gives the standard deviation in points, between 1.5 and 14. It reuses one buffer and is not re-entrant. */
export function scaleFunction(model: ScaleModel): (inputs: ScaleInputs) => number {
  const buffer = new Float64Array(WIDTH);
  return (inputs) => {
    fill(buffer, 0, inputs);
    return Math.min(LARGEST, Math.max(SMALLEST, predictLinear(model, buffer)));
  };
}

function fill(values: Float64Array, offset: number, inputs: ScaleInputs): void {
  values[offset] = inputs.mean;
  values[offset + 1] = (inputs.mean * inputs.mean) / 20;
  values[offset + 2] = inputs.minutesSd;
  values[offset + 3] = inputs.pointsSd;
  values[offset + 4] = inputs.vacatedMinutes / 50;
}

/** Probability levels of the quantile tables: 0.005, 0.010 … 0.995. */
export const LEVELS: Float64Array = Float64Array.from({ length: 199 }, (_, i) => (i + 1) / 200);
/** Forecast means (points) that separate the bins. */
export const BIN_CUTS: readonly number[] = [6, 9, 12, 16, 20, 25];
/** Where an empty bin would have its centre. */
const NOMINAL_CENTRES: readonly number[] = [4, 7.5, 10.5, 14, 18, 22.5, 28];
/** A bin of this many rows is believed half, the rest comes from all rows together. */
const POOLING_ROWS = 200;
const GOLDEN = 0.618_033_988_749_894_9;

/** Quantiles of the standardised error (points − mean)/sd for forecasts around `centre`, at LEVELS, never decreasing. */
export interface ShapeBin {
  readonly centre: number;
  readonly rows: number;
  readonly quantiles: readonly number[];
}
export type Shape = readonly ShapeBin[];

/** Graded forecasts: row i of every array belongs together; `key` is a number that identifies the row, for the jitter. */
export interface ShapeRows {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  readonly actual: Float64Array;
  readonly key: Int32Array;
}

/**
 * Empirical shape of the error in seven bins of the mean (modelling notes, shape by quantiles). Points are whole numbers:
 * each is spread evenly over ±½ (by the golden-ratio sequence, no randomness), so that the mass of k points is later read
 * from k−½ to k+½. Small bins are mixed with all rows. Quantiles of one sample, and mixtures of them, are monotone in the
 * level by construction, so no isotonic correction is needed. Six decimals are kept.
 */
export function fitShape(rows: ShapeRows): Shape {
  const n = rows.mean.length;
  const standardised = new Float64Array(n);
  const bin = new Uint8Array(n);
  const counts = new Int32Array(BIN_CUTS.length + 1);
  const sums = new Float64Array(BIN_CUTS.length + 1);
  for (let i = 0; i < n; i++) {
    const mean = rows.mean[i] ?? 0;
    const jitter = (((rows.key[i] ?? 0) * GOLDEN) % 1) - 0.5;
    standardised[i] = ((rows.actual[i] ?? 0) + jitter - mean) / (rows.sd[i] ?? 1);
    const b = binOf(mean);
    bin[i] = b;
    counts[b] = (counts[b] ?? 0) + 1;
    sums[b] = (sums[b] ?? 0) + mean;
  }
  const samples = Array.from(counts, (count) => new Float64Array(count));
  const filled = new Int32Array(counts.length);
  for (let i = 0; i < n; i++) {
    const b = bin[i] ?? 0;
    const at = filled[b] ?? 0;
    const sample = samples[b];
    if (sample !== undefined) sample[at] = standardised[i] ?? 0;
    filled[b] = at + 1;
  }
  const pooled = quantilesOf(standardised);
  return NOMINAL_CENTRES.map((nominal, b) => {
    const count = counts[b] ?? 0;
    const own = quantilesOf(samples[b] ?? new Float64Array(0));
    const share = count / (count + POOLING_ROWS);
    return {
      centre: round(count > 0 ? (sums[b] ?? 0) / count : nominal),
      rows: count,
      quantiles: pooled.map((q, level) => round(share * (own[level] ?? 0) + (1 - share) * q)),
    };
  });
}

function binOf(mean: number): number {
  let b = 0;
  while (b < BIN_CUTS.length && mean >= (BIN_CUTS[b] ?? 0)) b++;
  return b;
}

/** Quantiles at LEVELS by linear interpolation between order statistics; sorts the sample in place. Zeros for an empty sample. */
function quantilesOf(sample: Float64Array): number[] {
  sample.sort();
  const n = sample.length;
  return Array.from(LEVELS, (level) => {
    if (n === 0) return 0;
    const position = Math.min(n - 1, Math.max(0, level * n - 0.5));
    const below = Math.floor(position);
    const low = sample[below] ?? 0;
    return low + (position - below) * ((sample[below + 1] ?? low) - low);
  });
}

function round(x: number): number {
  return Math.round(x * 1e6) / 1e6;
}

/**
 * A function from a forecast mean to its quantile curve: between the centres of two bins the curves are mixed linearly, so
 * that the distribution has no jumps where a mean crosses a cut. It fills and returns one buffer, and is not re-entrant.
 */
export function curveFunction(shape: Shape): (mean: number) => Float64Array {
  const curves = shape.map((bin) => Float64Array.from(bin.quantiles));
  const buffer = new Float64Array(LEVELS.length);
  return (mean) => {
    const { lower, upper, share } = between(shape, mean);
    const low = curves[lower] ?? buffer;
    const high = curves[upper] ?? buffer;
    for (let i = 0; i < buffer.length; i++) {
      const q = low[i] ?? 0;
      buffer[i] = q + share * ((high[i] ?? 0) - q);
    }
    return buffer;
  };
}

/** Median of the standardised error for a forecast mean: the middle of its curve. */
export function middleOf(shape: Shape, mean: number): number {
  const middle = (LEVELS.length - 1) / 2;
  const { lower, upper, share } = between(shape, mean);
  const q = shape[lower]?.quantiles[middle] ?? 0;
  return q + share * ((shape[upper]?.quantiles[middle] ?? 0) - q);
}

/** The bins on both sides of a mean, and how far it is from the lower to the upper centre. */
function between(shape: Shape, mean: number): { lower: number; upper: number; share: number } {
  let upper = 0;
  while (upper < shape.length && (shape[upper]?.centre ?? 0) <= mean) upper++;
  if (upper === 0) return { lower: 0, upper: 0, share: 0 };
  if (upper === shape.length) return { lower: upper - 1, upper: upper - 1, share: 0 };
  const from = shape[upper - 1]?.centre ?? 0;
  return { lower: upper - 1, upper, share: (mean - from) / ((shape[upper]?.centre ?? 0) - from) };
}

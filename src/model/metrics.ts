import type { CountDistribution } from './distribution.ts';

/** 97.5 % quantile of the normal distribution, for 95 % intervals. */
export const Z95 = 1.959_963_984_540_054;

export interface PointErrors {
  readonly n: number;
  readonly mae: number;
  readonly rmse: number;
  /** Mean of forecast − actual. */
  readonly bias: number;
}

/** Errors of point forecasts; NaN throughout when there are none. */
export function pointErrors(forecast: Float64Array, actual: Float64Array): PointErrors {
  const n = forecast.length;
  let [absolute, squared, signed] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const error = (forecast[i] ?? Number.NaN) - (actual[i] ?? Number.NaN);
    absolute += Math.abs(error);
    squared += error * error;
    signed += error;
  }
  return { n, mae: absolute / n, rmse: Math.sqrt(squared / n), bias: signed / n };
}

/**
 * Continuous ranked probability score of a whole-number outcome: Σₖ (P(count ≤ k) − 1[actual ≤ k])². In units
 * of the market; lower is better.
 */
export function crps(distribution: CountDistribution, actual: number): number {
  let sum = 0;
  const { cumulative } = distribution;
  for (let k = 0; k < cumulative.length; k++) sum += ((cumulative[k] ?? 1) - (actual <= k ? 1 : 0)) ** 2;
  return sum;
}

/** Negative log likelihood of a whole-number outcome in nats, with its probability floored at 1e-9; lower is better. */
export function logScore({ mass }: CountDistribution, actual: number): number {
  return -Math.log(Math.max(1e-9, mass[Math.min(actual, mass.length - 1)] ?? 0));
}

/**
 * Randomised probability integral transform: uniform on [0, 1] when the distributions are right, although
 * counts are whole numbers. `u` is uniform on [0, 1], seeded by the caller.
 */
export function randomisedPit(distribution: CountDistribution, actual: number, u: number): number {
  const k = Math.min(actual, distribution.cumulative.length - 1);
  const below = k > 0 ? (distribution.cumulative[k - 1] ?? 0) : 0;
  return below + u * (distribution.mass[k] ?? 0);
}

/**
 * Share of outcomes inside the central interval of a probability, from randomised PIT values: an interval of whole
 * numbers cannot have exactly 80 %, the randomised one can.
 */
export function coverage(pit: Float64Array, probability: number): number {
  const edge = (1 - probability) / 2;
  let inside = 0;
  for (const value of pit) if (value >= edge && value <= 1 - edge) inside++;
  return inside / pit.length;
}

/** Kolmogorov-Smirnov distance of PIT values from the uniform distribution. */
export function pitDistance(pit: Float64Array): number {
  const sorted = pit.toSorted();
  let largest = 0;
  sorted.forEach((value, i) => {
    largest = Math.max(largest, value - i / sorted.length, (i + 1) / sorted.length - value);
  });
  return largest;
}

/** Mean squared error of probabilities for outcomes 0 or 1. */
export function brier(probability: Float64Array, outcome: Float64Array): number {
  return mean(probability.map((p, i) => (p - (outcome[i] ?? 0)) ** 2));
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson's 95 % interval for a rate (Wilson 1927); 0 to 1 when nothing was decided. */
export function wilson(wins: number, decided: number): Interval {
  if (decided === 0) return { low: 0, high: 1 };
  const p = wins / decided;
  const z2 = (Z95 * Z95) / decided;
  const centre = (p + z2 / 2) / (1 + z2);
  const half = (Z95 * Math.sqrt((p * (1 - p)) / decided + z2 / (4 * decided))) / (1 + z2);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Arithmetic mean; NaN when there are no values. */
export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Pearson correlation over the indices where both values are finite; NaN when either is constant there. */
export function correlation(x: Float64Array, y: Float64Array): number {
  let [n, meanA, meanB, ab, aa, bb] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    // One by one: taking pairs apart in this loop costs ten times as much as the arithmetic.
    const a = x[i] ?? Number.NaN;
    const b = y[i] ?? Number.NaN;
    if (!Number.isFinite(a) || !Number.isFinite(b)) continue;
    n++;
    // Welford's update: no precision is lost to large means.
    const da = a - meanA;
    const db = b - meanB;
    meanA += da / n;
    meanB += db / n;
    ab += da * (b - meanB);
    aa += da * (a - meanA);
    bb += db * (b - meanB);
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : Number.NaN;
}

export interface BootstrapMean extends Interval {
  readonly mean: number;
  readonly clusters: number;
}

/**
 * Mean with a 95 % cluster bootstrap interval: rows of one date are correlated, so dates are drawn with
 * replacement, not rows. `cluster` labels each value; `random` is seeded by the caller.
 */
export function clusterBootstrap(
  values: Float64Array,
  cluster: readonly string[],
  random: () => number,
  repeats = 500,
): BootstrapMean {
  const index = new Map<string, number>();
  const sums: number[] = [];
  const counts: number[] = [];
  values.forEach((value, i) => {
    const label = cluster[i] ?? '';
    const at = index.get(label) ?? index.size;
    index.set(label, at);
    sums[at] = (sums[at] ?? 0) + value;
    counts[at] = (counts[at] ?? 0) + 1;
  });
  const drawn = new Float64Array(repeats);
  for (let r = 0; r < repeats; r++) {
    let [sum, count] = [0, 0];
    for (let c = 0; c < sums.length; c++) {
      const at = Math.floor(random() * sums.length);
      sum += sums[at] ?? 0;
      count += counts[at] ?? 0;
    }
    drawn[r] = sum / count;
  }
  drawn.sort();
  const at = (level: number): number =>
    drawn[Math.min(repeats - 1, Math.floor(level * repeats))] ?? Number.NaN;
  return { mean: mean(values), low: at(0.025), high: at(0.975), clusters: sums.length };
}

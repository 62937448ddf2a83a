import { TipoffError } from '#core/errors.ts';
import { curveFunction, LEVELS, type Shape } from './shape.ts';

/** Largest number of points with its own mass; what lies above is counted there. */
export const MOST_POINTS = 80;
/** Position in LEVELS of 2.5 %: the tails beyond the table fall off as fast as from there to its end. */
const TAIL_INDEX = 4;
const FIRST_LEVEL = 1 / (LEVELS.length + 1);
const TAIL_DECAY = Math.log(TAIL_INDEX + 1);
const DECIMAL_LINE = /^\d{1,3}(\.\d{1,9})?$/;

/** Predictive distribution of points: whole numbers 0 to 80, mass summing to 1. */
export interface PointsDistribution {
  /** P(points = k), k = 0…80. */
  readonly mass: Float64Array;
  /** P(points ≤ k), k = 0…80; the last is 1. */
  readonly cumulative: Float64Array;
}

/** A function (mean, sd) → distribution for one shape. About 2 µs a call. */
export function distributionFunction(shape: Shape): (mean: number, sd: number) => PointsDistribution {
  const curveAt = curveFunction(shape);
  return (mean, sd) => distributionFrom(curveAt(mean), mean, sd);
}

/**
 * Reads the continuous distribution mean + sd·quantile(level) at k+½ for every k. Mass below 0 counts as 0 points, mass
 * above 80 as 80.
 */
export function distributionFrom(quantiles: Float64Array, mean: number, sd: number): PointsDistribution {
  const mass = new Float64Array(MOST_POINTS + 1);
  const cumulative = new Float64Array(MOST_POINTS + 1);
  let previous = 0;
  for (let k = 0; k <= MOST_POINTS; k++) {
    const below = k === MOST_POINTS ? 1 : Math.max(previous, curveBelow(quantiles, (k + 0.5 - mean) / sd));
    cumulative[k] = below;
    mass[k] = below - previous;
    previous = below;
  }
  return { mass, cumulative };
}

/** P(standardised error ≤ z) for a quantile curve at LEVELS: linear between levels, exponential beyond the first and the last. */
export function curveBelow(quantiles: Float64Array, z: number): number {
  const last = LEVELS.length - 1;
  const [first, end] = [quantiles[0] ?? 0, quantiles[last] ?? 0];
  if (z < first)
    return (
      FIRST_LEVEL *
      Math.exp((z - first) / Math.max(1e-6, ((quantiles[TAIL_INDEX] ?? 0) - first) / TAIL_DECAY))
    );
  if (z >= end)
    return (
      1 -
      FIRST_LEVEL *
        Math.exp((end - z) / Math.max(1e-6, (end - (quantiles[last - TAIL_INDEX] ?? 0)) / TAIL_DECAY))
    );
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((quantiles[middle] ?? 0) <= z) low = middle;
    else high = middle;
  }
  const [from, to] = [quantiles[low] ?? 0, quantiles[high] ?? 0];
  return FIRST_LEVEL * (low + 1 + (z - from) / (to - from));
}

/** P(points > line) for an exact decimal line ("24.5", "25"). Throws TIPOFF_BAD_INPUT for anything else. */
export function pOver(distribution: PointsDistribution, line: string): number {
  return 1 - upTo(distribution, readLine(line).whole);
}

/** P(points < line). */
export function pUnder(distribution: PointsDistribution, line: string): number {
  const { whole, isWhole } = readLine(line);
  return upTo(distribution, isWhole ? whole - 1 : whole);
}

/** P(points = line): 0 unless the line is a whole number. */
export function pPush(distribution: PointsDistribution, line: string): number {
  const { whole, isWhole } = readLine(line);
  return isWhole ? (distribution.mass[whole] ?? 0) : 0;
}

/** P(over) among decided bets, P(over)/(1 − P(push)). */
export function pOverDecided(distribution: PointsDistribution, line: string): number {
  const decided = 1 - pPush(distribution, line);
  return decided > 0 ? pOver(distribution, line) / decided : 0.5;
}

function upTo(distribution: PointsDistribution, k: number): number {
  return k < 0 ? 0 : (distribution.cumulative[Math.min(k, MOST_POINTS)] ?? 1);
}

/** P(over | decided) at a line of mean + sd·error, without building the whole distribution. */
export function overDecidedAt(quantiles: Float64Array, mean: number, sd: number, line: string): number {
  const { whole, isWhole } = readLine(line);
  const over = 1 - curveBelow(quantiles, (whole + 0.5 - mean) / sd);
  if (!isWhole) return over;
  const under = whole === 0 ? 0 : curveBelow(quantiles, (whole - 0.5 - mean) / sd);
  return over + under > 0 ? over / (over + under) : 0.5;
}

/** A line is text: "24.50" is the whole number 24 and a remainder, "25.0" is whole. No rounding takes place. */
function readLine(line: string): { whole: number; isWhole: boolean } {
  if (!DECIMAL_LINE.test(line)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a points line as a decimal, saw "${line}"`, {
      hint: 'Write lines as exact decimals, for example "24.5" or "25".',
      details: { line },
    });
  }
  const [whole = '', fraction = ''] = line.split('.');
  return { whole: Number(whole), isWhole: /^0*$/.test(fraction) };
}

/**
 * The quantile at a level between 0 and 1, on the continuous scale on which k points cover k−½ to k+½, never below 0.
 * Not decreasing in the level.
 */
export function quantile(distribution: PointsDistribution, level: number): number {
  let [low, high] = [0, MOST_POINTS];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((distribution.cumulative[middle] ?? 1) >= level) high = middle;
    else low = middle + 1;
  }
  const before = low === 0 ? 0 : (distribution.cumulative[low - 1] ?? 0);
  const mass = (distribution.cumulative[low] ?? 1) - before;
  return Math.max(0, low - 0.5 + (mass > 0 ? Math.max(0, level - before) / mass : 1));
}

/** The median on the continuous scale: what the point forecast, sides and edges use. */
export function median(distribution: PointsDistribution): number {
  return quantile(distribution, 0.5);
}

/** The mean of the distribution (it may differ a little from the mean it was made from: that one may be biased). */
export function distributionMean(distribution: PointsDistribution): number {
  let sum = 0;
  for (let k = 0; k <= MOST_POINTS; k++) sum += k * (distribution.mass[k] ?? 0);
  return sum;
}

/** The half-point line whose OVER is closest to even, as text ("24.5"). */
export function fairLine(distribution: PointsDistribution): string {
  let best = 0;
  for (let k = 1; k < MOST_POINTS; k++) {
    if (
      Math.abs((distribution.cumulative[k] ?? 1) - 0.5) < Math.abs((distribution.cumulative[best] ?? 1) - 0.5)
    )
      best = k;
  }
  return `${best}.5`;
}

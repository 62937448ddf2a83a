import { TipoffError } from '#core/errors.ts';

const DECIMAL_LINE = /^\d{1,3}(\.\d{1,9})?$/;
const HALVINGS = 60;
/** Maximum shift of a distribution, in log odds: beyond any price. */
const MAX_SHIFT = 40;

/** Largest number of points with a mass of its own; higher outcomes are added to it. */
export const MAX_POINTS = 80;

/** Predictive distribution of a count: whole numbers from 0 to the last index, which holds everything above; mass sums to 1. */
export interface CountDistribution {
  /** P(count = k). */
  readonly mass: Float64Array;
  /** P(count ≤ k), never decreasing; the last is 1. */
  readonly cumulative: Float64Array;
}

/** The distribution with these cumulative probabilities, which must never decrease and end at 1. */
export function fromCumulative(cumulative: Float64Array): CountDistribution {
  return { mass: cumulative.map((value, k) => value - (k > 0 ? (cumulative[k - 1] ?? 0) : 0)), cumulative };
}

/** P(count > line) for an exact decimal line ("24.5", "25"). Throws TIPOFF_BAD_INPUT for anything else. */
export function pOver(distribution: CountDistribution, line: string): number {
  return 1 - upTo(distribution, readLine(line).whole);
}

/** P(count < line). */
export function pUnder(distribution: CountDistribution, line: string): number {
  const { whole, isWhole } = readLine(line);
  return upTo(distribution, isWhole ? whole - 1 : whole);
}

/** P(count = line): 0 unless the line is a whole number. */
export function pPush(distribution: CountDistribution, line: string): number {
  const { whole, isWhole } = readLine(line);
  return isWhole ? (distribution.mass[whole] ?? 0) : 0;
}

/** P(over) among decided bets, P(over)/(1 − P(push)). */
export function pOverDecided(distribution: CountDistribution, line: string): number {
  return overDecided(upTo(distribution, readLine(line).whole), pPush(distribution, line));
}

/** P(over | decided) from P(not over) and P(push); even when every bet is a push. */
function overDecided(below: number, push: number): number {
  return push < 1 ? (1 - below) / (1 - push) : 0.5;
}

function upTo(distribution: CountDistribution, k: number): number {
  return k < 0 ? 0 : (distribution.cumulative[Math.min(k, distribution.cumulative.length - 1)] ?? 1);
}

/** Parses a line without rounding: "24.50" is 24 and a remainder, "25.0" is whole. */
function readLine(line: string): { whole: number; isWhole: boolean } {
  if (!DECIMAL_LINE.test(line)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a line as a decimal, saw "${line}"`, {
      hint: 'Write lines as exact decimals, for example "24.5" or "25".',
      details: { line },
    });
  }
  const [whole = '', fraction = ''] = line.split('.');
  return { whole: Number(whole), isWhole: /^0*$/.test(fraction) };
}

/**
 * The quantile at a level between 0 and 1, on the continuous scale on which a count of k covers k−½ to k+½;
 * never below 0, non-decreasing in the level.
 */
export function quantile(distribution: CountDistribution, level: number): number {
  let [low, high] = [0, distribution.cumulative.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((distribution.cumulative[middle] ?? 1) >= level) high = middle;
    else low = middle + 1;
  }
  const before = low === 0 ? 0 : (distribution.cumulative[low - 1] ?? 0);
  const mass = (distribution.cumulative[low] ?? 1) - before;
  return Math.max(0, low - 0.5 + (mass > 0 ? Math.max(0, level - before) / mass : 1));
}

/** The median on the continuous scale, used for the point forecast and edges. */
export function median(distribution: CountDistribution): number {
  return quantile(distribution, 0.5);
}

/** The smallest whole number k with P(count ≤ k) ≥ ½: the forecast with the least expected absolute error. */
export function wholeMedian({ cumulative }: CountDistribution): number {
  return cumulative.findIndex((below) => below >= 0.5);
}

/** Mean and standard deviation of the distribution. */
export function moments({ mass }: CountDistribution): { readonly mean: number; readonly sd: number } {
  let [mean, square] = [0, 0];
  for (let k = 0; k < mass.length; k++) {
    const p = mass[k] ?? 0;
    mean += k * p;
    square += k * k * p;
  }
  return { mean, sd: Math.sqrt(Math.max(0, square - mean * mean)) };
}

/**
 * The distribution shifted so that P(over | decided) at a line equals `over`. All odds of exceeding a number are
 * multiplied by one factor (proportional odds), so probability, quantiles and median stay one consistent forecast.
 */
export function shiftedTo(distribution: CountDistribution, line: string, over: number): CountDistribution {
  const overAt = shiftedOver(distribution, line);
  let [low, high, shift] = [-MAX_SHIFT, MAX_SHIFT, 0];
  for (let i = 0; i < HALVINGS; i++) {
    shift = (low + high) / 2;
    if (overAt(shift) < over) low = shift;
    else high = shift;
  }
  return shiftedBy(distribution, shift);
}

function shiftedBy({ cumulative }: CountDistribution, shift: number): CountDistribution {
  const last = cumulative.length - 1;
  const factor = Math.exp(shift);
  return fromCumulative(cumulative.map((below, k) => (k === last ? 1 : oddsTimes(below, factor))));
}

/** P(over | decided) at a line as a function of the shift: what `pOverDecided` gives of `shiftedBy`, from the two probabilities that it needs. */
function shiftedOver({ cumulative }: CountDistribution, line: string): (shift: number) => number {
  const { whole, isWhole } = readLine(line);
  const last = cumulative.length - 1;
  const cumulativeAt = (k: number, factor: number): number =>
    k < 0 ? 0 : k >= last ? 1 : oddsTimes(cumulative[k] ?? 1, factor);
  return (shift) => {
    const factor = Math.exp(shift);
    const below = cumulativeAt(whole, factor);
    const push = isWhole && whole <= last ? below - cumulativeAt(whole - 1, factor) : 0;
    return overDecided(below, push);
  };
}

/** Written to keep precision for probabilities near 0 and 1. */
function oddsTimes(below: number, factor: number): number {
  if (below <= 0 || below >= 1) return below;
  return 1 / (1 + ((1 - below) / below) * factor);
}

/** The half-point line whose P(over) is closest to even, as text ("24.5"). */
export function fairLine(distribution: CountDistribution): string {
  let best = 0;
  for (let k = 1; k < distribution.cumulative.length - 1; k++) {
    if (
      Math.abs((distribution.cumulative[k] ?? 1) - 0.5) < Math.abs((distribution.cumulative[best] ?? 1) - 0.5)
    )
      best = k;
  }
  return `${best}.5`;
}

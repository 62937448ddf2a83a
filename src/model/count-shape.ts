import type { CountDistribution } from './distribution.ts';
import { fitLevelSteps, fitLevels, type Intervals, type LevelSteps, levelFunctions } from './levels.ts';
import { minimise, type Objective } from './minimise.ts';

/** Regressors of dispersion and of excess zeros: 1, ln(mean), relative spread of minutes, expected minutes over 36. */
const WIDTH = 4;
/** Floor of means, for the logarithm: even centres who never shoot make a three in fifty games. */
const MIN_MEAN = 0.01;
const MIN_EXPECTED_MINUTES = 5;
const FULL_MINUTES = 36;
/** Standard deviation of minutes assumed for a player with too few games. */
const UNKNOWN_MINUTES_SD = 5;
const DISPERSION_BOUNDS = [-9, 4] as const;
const ZERO_BOUNDS = [-12, 2] as const;
/** Start of a first fit: slightly more dispersion than Poisson, almost no excess zeros. */
const START = { dispersion: [-0.7, 0, 0, 0], zeros: [-4, 0, 0, 0] } as const;
/** Weight of the prior at START, in rows: it matters only where the data says nothing. */
const PRIOR_ROWS = 2;
const THINNING = 8;
/** The logarithm of a running product is taken at this size, before it overflows. */
const LARGE = 1e200;

/**
 * Zero-inflated negative binomial of a count with a given mean. With probability π = logistic(zeros·x) the
 * count is 0 (the player hardly gets on court); otherwise it is negative binomial with mean m = mean/(1 − π)
 * and variance m + m·exp(dispersion·x), so the overall mean is the given one.
 */
export interface CountShape {
  readonly dispersion: readonly number[];
  readonly zeros: readonly number[];
  /**
   * Corrects what the family cannot fit: share of earlier outcomes below the levels 1/20 … 19/20 of their
   * forecasts (recalibration of the cumulative distribution, Kuleshov et al. 2018). A sum such as points +
   * rebounds + assists is less skewed than a negative binomial.
   */
  readonly levels: readonly number[];
  /** The same by forecast mean; absent in older models. */
  readonly steps?: LevelSteps | undefined;
}

/** The inputs that the shape of one forecast depends on. */
export interface CountInputs {
  readonly mean: number;
  /** SD10 of minutes; NaN = not known yet. */
  readonly minutesSd: number;
  /** E4 of minutes. */
  readonly expectedMinutes: number;
}

/** Graded out-of-fold forecasts: row i of every array belongs together. */
export interface CountRows {
  readonly mean: Float64Array;
  readonly minutesSd: Float64Array;
  readonly expectedMinutes: Float64Array;
  /** Non-negative integers. */
  readonly actual: Float64Array;
}

/** The two parts of the mixture for one row: π, the negative binomial's size r and its scale β (mean rβ). */
export interface CountParameters {
  readonly zero: number;
  readonly size: number;
  readonly scale: number;
}

/** The parametric part of a shape. */
type Family = Pick<CountShape, 'dispersion' | 'zeros'>;

/**
 * Maximum likelihood on graded rows, then the levels, always from all rows. A fit to every eighth row comes first: it is cheap and
 * leaves the main fit a few steps. With `maxRows`, it is a fit to an even subsample of more rows: that costs less but depends on
 * which rows those are, and so does every probability. Deterministic in the rows.
 */
export function fitCountShape(
  all: CountRows,
  maxCount: number,
  maxRows = Number.POSITIVE_INFINITY,
): CountShape {
  const rows = everyNth(all, Math.max(1, Math.ceil(all.mean.length / maxRows)));
  const start = Float64Array.of(...START.dispersion, ...START.zeros);
  const coarse = minimise(lossOf(everyNth(rows, THINNING)), start);
  const { point } = minimise(lossOf(rows), coarse.point, coarse.inverse);
  const rounded = Array.from(point, (value) => Math.round(value * 1e6) / 1e6);
  const family = { dispersion: rounded.slice(0, WIDTH), zeros: rounded.slice(WIDTH) };
  const intervals = intervalsOf(all, family, maxCount);
  const levels = fitLevels(intervals);
  return { ...family, levels, steps: fitLevelSteps(all.mean, intervals, levels) };
}

function everyNth(rows: CountRows, step: number): CountRows {
  const thin = (values: Float64Array): Float64Array => {
    if (step === 1) return values;
    const some = new Float64Array(Math.ceil(values.length / step));
    for (let i = 0; i < some.length; i++) some[i] = values[i * step] ?? Number.NaN;
    return some;
  };
  return {
    mean: thin(rows.mean),
    minutesSd: thin(rows.minutesSd),
    expectedMinutes: thin(rows.expectedMinutes),
    actual: thin(rows.actual),
  };
}

/** Mean negative log likelihood of the eight coefficients, with a weak prior at their start. */
function lossOf(rows: CountRows): Objective {
  const n = rows.mean.length;
  const x = new Float64Array(n * WIDTH);
  for (let i = 0; i < n; i++) {
    fillRegressors(x, i * WIDTH, {
      mean: rows.mean[i] ?? 0,
      minutesSd: rows.minutesSd[i] ?? Number.NaN,
      expectedMinutes: rows.expectedMinutes[i] ?? 0,
    });
  }
  const belief = [...START.dispersion, ...START.zeros];
  return (theta, gradient) => {
    let value = 0;
    for (let j = 0; j < theta.length; j++) {
      const away = (theta[j] ?? 0) - (belief[j] ?? 0);
      value += (PRIOR_ROWS * away * away) / 2;
      gradient[j] = PRIOR_ROWS * away;
    }
    for (let i = 0; i < n; i++) {
      value += addRow(theta, gradient, x, i * WIDTH, rows.mean[i] ?? 0, rows.actual[i] ?? 0);
    }
    for (let j = 0; j < gradient.length; j++) gradient[j] = (gradient[j] ?? 0) / (n + PRIOR_ROWS);
    return value / (n + PRIOR_ROWS);
  };
}

/** The interval of levels that each outcome covers in its own forecast: P(count < actual) to P(count ≤ actual). */
function intervalsOf(rows: CountRows, family: Family, maxCount: number): Intervals {
  const parametersAt = countParametersFunction(family);
  const low = new Float64Array(rows.mean.length);
  const high = new Float64Array(rows.mean.length);
  for (let i = 0; i < low.length; i++) {
    const parameters = parametersAt({
      mean: rows.mean[i] ?? 0,
      minutesSd: rows.minutesSd[i] ?? Number.NaN,
      expectedMinutes: rows.expectedMinutes[i] ?? 0,
    });
    const actual = Math.min(maxCount, rows.actual[i] ?? 0);
    // One entry beyond the outcome, so that its mass does not include everything above.
    const mass = countMass(parameters, Math.min(maxCount, actual + 1));
    let below = 0;
    for (let k = 0; k < actual; k++) below += mass[k] ?? 0;
    low[i] = below;
    high[i] = Math.min(1, below + (mass[actual] ?? 0));
  }
  return { low, high };
}

/**
 * Returns a function from the inputs of a forecast to its distribution over 0 … maxCount. It reuses buffers and
 * is not re-entrant.
 */
export function countDistributionFunction(
  shape: CountShape,
  maxCount: number,
): (inputs: CountInputs) => CountDistribution {
  const parametersAt = countParametersFunction(shape);
  const levelsAt = levelFunctions(shape);
  return (inputs) => {
    const mass = countMass(parametersAt(inputs), maxCount);
    const levelOf = levelsAt(inputs.mean);
    const cumulative = new Float64Array(maxCount + 1).fill(1);
    let [sum, before] = [0, 0];
    for (let k = 0; k < maxCount; k++) {
      sum += mass[k] ?? 0;
      const below = sum < 1 ? levelOf(sum) : 1;
      cumulative[k] = below;
      mass[k] = below - before;
      before = below;
    }
    mass[maxCount] = 1 - before;
    return { mass, cumulative };
  };
}

/** Returns a function for the whole-number median alone of what `countDistributionFunction` gives. */
export function countMedianFunction(shape: CountShape, maxCount: number): (inputs: CountInputs) => number {
  const parametersAt = countParametersFunction(shape);
  const levelsAt = levelFunctions(shape);
  return (inputs) => {
    const { zero, size, scale } = parametersAt(inputs);
    const levelOf = levelsAt(inputs.mean);
    const odds = scale / (1 + scale);
    let term = (1 - zero) * Math.exp(-size * Math.log1p(scale));
    let sum = 0;
    for (let k = 0; k < maxCount; k++) {
      sum += k === 0 ? term + zero : term;
      if (sum >= 1 || levelOf(sum) >= 0.5) return k;
      term *= ((size + k) / (k + 1)) * odds;
    }
    return maxCount;
  };
}

/** Returns a function for π, size and scale of a forecast. It reuses one buffer and is not re-entrant. */
export function countParametersFunction({
  dispersion,
  zeros,
}: Family): (inputs: CountInputs) => CountParameters {
  const x = new Float64Array(WIDTH);
  const theta = Float64Array.of(...dispersion, ...zeros);
  return (inputs) => {
    fillRegressors(x, 0, inputs);
    const scale = Math.exp(bounded(linear(theta, 0, x, 0), DISPERSION_BOUNDS));
    const zero = 1 / (1 + Math.exp(-bounded(linear(theta, WIDTH, x, 0), ZERO_BOUNDS)));
    return { zero, scale, size: Math.max(MIN_MEAN, inputs.mean) / (1 - zero) / scale };
  };
}

/** P(count = 0 … maxCount); the mass above is added to `maxCount`. */
export function countMass({ zero, size, scale }: CountParameters, maxCount: number): Float64Array {
  const mass = new Float64Array(maxCount + 1);
  const odds = scale / (1 + scale);
  let term = (1 - zero) * Math.exp(-size * Math.log1p(scale));
  let left = 1;
  for (let k = 0; k < maxCount; k++) {
    const here = k === 0 ? term + zero : term;
    mass[k] = here;
    left -= here;
    term *= ((size + k) / (k + 1)) * odds;
  }
  mass[maxCount] = Math.max(0, left);
  return mass;
}

/** Standard deviation of the count. */
export function countDeviation({ zero, size, scale }: CountParameters): number {
  const m = size * scale;
  return Math.sqrt((1 - zero) * m * (1 + scale) + zero * (1 - zero) * m * m);
}

/** Adds one row's gradient of the negative log likelihood and returns its value. */
function addRow(
  theta: Float64Array,
  gradient: Float64Array,
  x: Float64Array,
  at: number,
  mean: number,
  y: number,
): number {
  const a = linear(theta, 0, x, at);
  const b = linear(theta, WIDTH, x, at);
  const scale = Math.exp(bounded(a, DISPERSION_BOUNDS));
  const zero = 1 / (1 + Math.exp(-bounded(b, ZERO_BOUNDS)));
  const size = Math.max(MIN_MEAN, mean) / (1 - zero) / scale;
  // ln NB(y) = Σ_{k<y} ln((r + k)/(k + 1)) + y·ln(β/(1 + β)) − r·ln(1 + β); its derivatives by r and by ln β.
  const logOnePlus = Math.log1p(scale);
  let [log, bySize] = [-size * logOnePlus, -logOnePlus];
  let product = 1;
  for (let k = 0; k < y; k++) {
    product *= (size + k) / (k + 1);
    bySize += 1 / (size + k);
    if (product > LARGE) {
      log += Math.log(product);
      product = 1;
    }
  }
  log += Math.log(product);
  log += y * (Math.log(scale) - logOnePlus);
  const byLogScale = (y - size * scale) / (1 + scale);
  // A zero is either an excess zero or one of the negative binomial; `share` is the probability of the latter.
  const likelihood = y === 0 ? zero + (1 - zero) * Math.exp(log) : 1 - zero;
  const share = y === 0 ? ((1 - zero) * Math.exp(log)) / likelihood : 1;
  const byZero = y === 0 ? (1 - Math.exp(log)) / likelihood : -1 / (1 - zero);
  // r = mean/((1 − π)β): ∂r/∂ln β = −r, ∂r/∂π = r/(1 − π), ∂π/∂b = π(1 − π).
  const byA = inside(a, DISPERSION_BOUNDS) ? share * (byLogScale - size * bySize) : 0;
  const byB = inside(b, ZERO_BOUNDS)
    ? (byZero + (share * bySize * size) / (1 - zero)) * zero * (1 - zero)
    : 0;
  for (let j = 0; j < WIDTH; j++) {
    const value = x[at + j] ?? 0;
    gradient[j] = (gradient[j] ?? 0) - byA * value;
    gradient[WIDTH + j] = (gradient[WIDTH + j] ?? 0) - byB * value;
  }
  return -(y === 0 ? Math.log(likelihood) : Math.log(likelihood) + log);
}

function fillRegressors(
  x: Float64Array,
  at: number,
  { mean, minutesSd, expectedMinutes }: CountInputs,
): void {
  x[at] = 1;
  x[at + 1] = Math.log(Math.max(MIN_MEAN, mean));
  x[at + 2] =
    (Number.isNaN(minutesSd) ? UNKNOWN_MINUTES_SD : minutesSd) /
    Math.max(MIN_EXPECTED_MINUTES, expectedMinutes);
  x[at + 3] = Math.min(FULL_MINUTES, expectedMinutes) / FULL_MINUTES;
}

function linear(theta: Float64Array, from: number, x: Float64Array, at: number): number {
  let sum = 0;
  for (let j = 0; j < WIDTH; j++) sum += (theta[from + j] ?? 0) * (x[at + j] ?? 0);
  return sum;
}

function bounded(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}

function inside(value: number, [low, high]: readonly [number, number]): boolean {
  return value > low && value < high;
}

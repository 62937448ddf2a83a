import { fitLogistic, logistic, logit } from './logistic.ts';
import { brier, type Interval, mean, wilson, Z95 } from './metrics.ts';

/** Bins of equal count for the calibration error. */
const BINS = 10;
/** Random draws that estimate the calibration error expected by chance alone. */
const FLOOR_DRAWS = 20;
/** Width of the confidence bins in the report. */
const CONFIDENCE_STEP = 0.02;

/**
 * Slope of the outcome's log odds on the log odds of the probability, with a 95 % interval: 1 = calibrated,
 * below 1 = overconfident.
 */
export interface Slope extends Interval {
  readonly slope: number;
}

/** Sides of similar confidence: mean claimed probability and observed share, with Wilson's 95 % interval. */
export interface ConfidenceBin extends Interval {
  readonly n: number;
  readonly claimed: number;
  readonly won: number;
}

/** Calibration and accuracy of probabilities at lines. */
export interface LineCalibration {
  readonly n: number;
  readonly brier: number;
  /** Brier score of a constant forecast: the share of overs in these rows. */
  readonly climatology: number;
  /**
   * Brier score of the de-vigged prices on the rows that have them (`market_n`), and of the forecast on the
   * same rows. Null without prices.
   */
  readonly market_brier: number | null;
  readonly market_n: number;
  readonly priced_brier: number | null;
  /** Expected calibration error in ten bins of equal count, and the value a perfect forecast would show by chance. */
  readonly ece: number;
  readonly floor: number;
  readonly slope: number;
  readonly slope_low: number;
  readonly slope_high: number;
  readonly bins: readonly ConfidenceBin[];
}

/**
 * Scores probabilities of OVER against outcomes 0 or 1. `market` holds de-vigged probabilities, NaN where there are none.
 * `random` is seeded by the caller.
 */
export function lineCalibration(
  over: Float64Array,
  outcome: Float64Array,
  market: Float64Array,
  random: () => number,
): LineCalibration {
  const share = mean(outcome);
  const priced = Array.from(market.keys()).filter((i) => Number.isFinite(market[i]));
  const at = (values: Float64Array): Float64Array =>
    Float64Array.from(priced, (i) => values[i] ?? Number.NaN);
  const { slope, low, high } = calibrationSlope(over, outcome);
  return {
    n: over.length,
    brier: brier(over, outcome),
    climatology: share * (1 - share),
    market_brier: priced.length === 0 ? null : brier(at(market), at(outcome)),
    market_n: priced.length,
    priced_brier: priced.length === 0 ? null : brier(at(over), at(outcome)),
    ece: calibrationError(over, outcome),
    floor: calibrationFloor(over, random),
    slope,
    slope_low: low,
    slope_high: high,
    bins: confidenceBins(over, outcome),
  };
}

/**
 * The slope by logistic regression. A vague prior (intercept 0, slope 1, standard deviation 10) keeps it
 * finite when the outcomes are separable or all the same.
 */
export function calibrationSlope(probability: Float64Array, outcome: Float64Array): Slope {
  const x = probability.map(logit);
  const prior = { centre: [0, 1], precision: [0.01, 0.01] };
  const [intercept = 0, slope = Number.NaN] = fitLogistic([x.map(() => 1), x], outcome, prior);
  let [ones, cross, squares] = [prior.precision[0] ?? 0, 0, prior.precision[1] ?? 0];
  for (const value of x) {
    const p = logistic(intercept + slope * value);
    const spread = p * (1 - p);
    ones += spread;
    cross += spread * value;
    squares += spread * value * value;
  }
  const half = Z95 * Math.sqrt(ones / (ones * squares - cross * cross));
  return { slope, low: slope - half, high: slope + half };
}

/**
 * Mean absolute difference between mean probability and observed share, over bins of equal count sorted by probability.
 */
export function calibrationError(probability: Float64Array, outcome: Float64Array): number {
  const order = Uint32Array.from(probability.keys()).sort(
    (a, b) => (probability[a] ?? 0) - (probability[b] ?? 0),
  );
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    let difference = 0;
    for (const i of order.subarray(
      Math.floor((bin * order.length) / BINS),
      Math.floor(((bin + 1) * order.length) / BINS),
    )) {
      difference += (probability[i] ?? 0) - (outcome[i] ?? 0);
    }
    error += Math.abs(difference);
  }
  return error / order.length;
}

/** The calibration error that the probabilities would show by chance if they were exactly right. */
export function calibrationFloor(probability: Float64Array, random: () => number): number {
  let sum = 0;
  for (let draw = 0; draw < FLOOR_DRAWS; draw++) {
    sum += calibrationError(
      probability,
      probability.map((p) => (random() < p ? 1 : 0)),
    );
  }
  return sum / FLOOR_DRAWS;
}

/**
 * The likelier side of every row, binned by its probability from 50 % in steps of two percentage points,
 * without empty bins.
 */
export function confidenceBins(over: Float64Array, outcome: Float64Array): readonly ConfidenceBin[] {
  const bins = new Map<number, { n: number; claimed: number; wins: number }>();
  over.forEach((p, i) => {
    const confidence = Math.max(p, 1 - p);
    const key = Math.floor((confidence - 0.5) / CONFIDENCE_STEP + 1e-9);
    const bin = bins.get(key) ?? { n: 0, claimed: 0, wins: 0 };
    bin.n++;
    bin.claimed += confidence;
    bin.wins += p >= 0.5 === (outcome[i] === 1) ? 1 : 0;
    bins.set(key, bin);
  });
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([, { n, claimed, wins }]) => ({ n, claimed: claimed / n, won: wins / n, ...wilson(wins, n) }));
}

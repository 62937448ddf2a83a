import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import {
  calibrationError,
  calibrationFloor,
  calibrationSlope,
  confidenceBins,
  lineCalibration,
} from '#model/calibration-scores.ts';
import { logistic, logit } from '#model/logistic.ts';
import { normal } from '#test/model/synthetic-set.ts';

const f = (...values: number[]): Float64Array => Float64Array.from(values);

/** True probabilities and outcomes drawn from them. */
function truth(rows: number, spread: number, seed: number): { p: Float64Array; outcome: Float64Array } {
  const random = seededRandom(seed);
  const p = Float64Array.from({ length: rows }, () => logistic(spread * normal(random)));
  return { p, outcome: p.map((value) => (random() < value ? 1 : 0)) };
}

const twiceAsSure = (p: number): number => logistic(2 * logit(p));

describe('calibration of probabilities', () => {
  it('has a slope of one for true probabilities and of a half for ones twice as extreme, with intervals around them', () => {
    const { p, outcome } = truth(20_000, 0.8, 2);
    const right = calibrationSlope(p, outcome);
    expect(right.slope).toBeCloseTo(1, 1);
    expect(right.low).toBeLessThan(1);
    expect(right.high).toBeGreaterThan(1);
    const wrong = calibrationSlope(p.map(twiceAsSure), outcome);
    expect(wrong.slope).toBeCloseTo(0.5, 1);
    expect(wrong.high).toBeLessThan(0.6);
    expect(Number.isFinite(calibrationSlope(f(0.5, 0.6), f(1, 1)).slope)).toBe(true);
  });

  it('has wider intervals with fewer rows', () => {
    const width = (rows: number): number => {
      const { p, outcome } = truth(rows, 0.3, 3);
      const { low, high } = calibrationSlope(p, outcome);
      return high - low;
    };
    expect(width(1000)).toBeGreaterThan(2.5 * width(10_000));
  });

  it('has an error worked out by hand: each tenth claimed .5 and came true as often as it did', () => {
    const p = new Float64Array(20).fill(0.5);
    const outcome = Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 0));
    expect(calibrationError(p, outcome)).toBeCloseTo(0, 12);
    expect(calibrationError(p, new Float64Array(20).fill(1))).toBeCloseTo(0.5, 12);
  });

  it('has a floor near the error of true probabilities, and far below that of extreme ones', () => {
    const { p, outcome } = truth(5000, 0.1, 4);
    const floor = calibrationFloor(p, seededRandom(1));
    expect(Math.abs(calibrationError(p, outcome) - floor)).toBeLessThan(0.01);
    const wild = p.map((value) => (value > 0.5 ? 0.8 : 0.2));
    expect(calibrationError(wild, outcome)).toBeGreaterThan(floor + 0.1);
  });

  it('sorts picks into bins of confidence by the likelier side', () => {
    const bins = confidenceBins(f(0.51, 0.49, 0.55, 0.7), f(1, 0, 0, 1));
    expect(bins.map(({ n, won }) => [n, won])).toEqual([
      [2, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(bins[0]?.claimed).toBeCloseTo(0.51, 12);
  });

  it('compares with the market on the rows that have a price, and says so when there is none', () => {
    const { p, outcome } = truth(4000, 0.4, 5);
    const market = p.map((value, i) => (i % 2 === 0 ? value : Number.NaN));
    const scores = lineCalibration(new Float64Array(4000).fill(0.5), outcome, market, seededRandom(1));
    expect(scores.market_n).toBe(2000);
    expect(scores.market_brier).toBeLessThan(scores.priced_brier ?? 0);
    expect(scores.brier).toBeCloseTo(0.25, 12);
    expect(scores.climatology).toBeLessThanOrEqual(0.25);
    const alone = lineCalibration(
      p,
      outcome,
      p.map(() => Number.NaN),
      seededRandom(1),
    );
    expect(alone).toMatchObject({ market_brier: null, market_n: 0, priced_brier: null });
  });
});

import { describe, expect, it } from 'vitest';
import { parseMarket } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { predictLinear } from '#model/linear.ts';
import { shrunkModel, sumShare } from '#model/sum-shrinkage.ts';
import { normal } from '#test/model/synthetic-set.ts';

/** Forecasts whose distance from the players' own averages is `real` of what it should be, with noise around. */
function history(rows: number, real: number) {
  const random = seededRandom(5);
  const own = Float64Array.from({ length: rows }, () => 20 + 5 * normal(random));
  const linear = own.map((average) => average + 2 * normal(random));
  const target = own.map((average, i) => average + real * ((linear[i] ?? 0) - average) + 3 * normal(random));
  return { walk: { own, linear, target, level: own }, positions: Int32Array.from(own.keys()) };
}

describe('the share of a sum’s distance from the player’s own averages that is real', () => {
  it('is the slope of the outcomes, with a prior of 1 that a thousand rows outweigh', () => {
    const many = history(40_000, 0.8);
    expect(sumShare(parseMarket('pra'), many.walk, many.positions)).toBeCloseTo(0.8, 1);
    const few = history(100, 0.8);
    expect(sumShare(parseMarket('pra'), few.walk, few.positions)).toBeGreaterThan(0.95);
  });

  it('is 1 for a single count, which is fitted to its own outcome, and without rows', () => {
    const { walk, positions } = history(5000, 0.8);
    expect(sumShare(parseMarket('points'), walk, positions)).toBe(1);
    expect(sumShare(parseMarket('pra'), walk, positions.subarray(0, 0))).toBe(1);
  });

  it('becomes part of the coefficients', () => {
    const columns = ['pts_ewma8', 'reb_ewma8', 'is_home'].map((name) => ({
      name,
      factors: [{ feature: name }],
    }));
    const model = { intercept: 16, centres: [12, 4, 0.5], coefficients: [0.4, 0.7, 1.5] };
    const shrunk = shrunkModel(model, columns, parseMarket('pr'), 0.9);
    const values = Float64Array.of(20, 3, 1);
    const own = 16 + (20 - 12) + (3 - 4);
    expect(predictLinear(shrunk, values)).toBeCloseTo(0.9 * predictLinear(model, values) + 0.1 * own, 9);
    expect(shrunkModel(model, columns, parseMarket('pr'), 1)).toBe(model);
  });
});

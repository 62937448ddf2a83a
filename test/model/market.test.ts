import { describe, expect, it } from 'vitest';
import { distributionFunction, median, pOverDecided } from '#model/distribution.ts';
import { logistic, logit } from '#model/logistic.ts';
import { fitMarket, type MarketRows, marketAwareOver, marketFunction } from '#model/market.ts';
import { seededRandom } from '#model/random.ts';
import { fitShape } from '#model/shape.ts';
import { normal } from '#test/model/synthetic-set.ts';

const none = new Float64Array(0);
const NO_ROWS: MarketRows = { median: none, sd: none, line: none, marketOver: none, actual: none };
const random = seededRandom(21);
const many = 4000;
const shape = fitShape({
  mean: Float64Array.from({ length: many }, (_, i) => i % 30),
  sd: new Float64Array(many).fill(6),
  actual: Float64Array.from({ length: many }, (_, i) =>
    Math.max(0, Math.round((i % 30) + 6 * normal(random))),
  ),
  key: Int32Array.from({ length: many }, (_, i) => i),
});
const own = (mean: number, sd: number) => ({
  mean,
  sd,
  median: median(distributionFunction(shape)(mean, sd)),
});

/** Bets whose truth is logit P = a + b·z + c·logit(market). */
function bets(rows: number, truth: { a: number; b: number; c: number }, seed: number): MarketRows {
  const draw = seededRandom(seed);
  const line = new Float64Array(rows).fill(20.5);
  const middle = Float64Array.from({ length: rows }, () => 20.5 + 6 * normal(draw));
  const marketOver = Float64Array.from({ length: rows }, () => logistic(0.5 * normal(draw)));
  const actual = middle.map((m, i) => {
    const p = logistic(truth.a + (truth.b * (m - 20.5)) / 6 + truth.c * logit(marketOver[i] ?? 0.5));
    return draw() < p ? 25 : 15;
  });
  return { median: middle, sd: new Float64Array(rows).fill(6), line, marketOver, actual };
}

describe('the market layer', () => {
  it('believes b = .69 without prices, and the price alone with prices, until it has seen bets', () => {
    const layer = fitMarket(NO_ROWS);
    expect(layer.unpriced).toEqual({ a: 0, b: 0.69, rows: 0 });
    expect(layer.priced).toEqual({ a: 0, b: 0, c: 1, rows: 0 });
    expect(marketAwareOver(layer, 1, undefined)).toBeCloseTo(logistic(0.69), 12);
    expect(marketAwareOver(layer, 1, 0.57)).toBeCloseTo(0.57, 12);
    expect(marketAwareOver(layer, 1, Number.NaN)).toBeCloseTo(logistic(0.69), 12);
  });

  it('recovers a planted truth from many bets', () => {
    const { priced } = fitMarket(bets(40_000, { a: -0.1, b: 0.4, c: 0.8 }, 5));
    expect(priced.a).toBeCloseTo(-0.1, 1);
    expect(priced.b).toBeCloseTo(0.4, 1);
    expect(priced.c).toBeCloseTo(0.8, 1);
  });

  it('stays near its prior with few bets, whatever they say', () => {
    const { priced, unpriced } = fitMarket(bets(15, { a: 0, b: 5, c: -3 }, 6));
    expect(Math.abs(priced.c - 1)).toBeLessThan(0.35);
    expect(Math.abs(unpriced.b - 0.69)).toBeLessThan(0.6);
  });

  it('leaves pushes out', () => {
    const some = bets(100, { a: 0, b: 0.7, c: 1 }, 7);
    const withPush = { ...some, actual: some.actual.with(0, 20.5).with(1, 20.5) };
    expect(fitMarket(withPush).unpriced.rows).toBe(98);
  });

  it('moves the forecast so that its own P(over) is the market-aware one, on half and whole lines', () => {
    const view = marketFunction(fitMarket(NO_ROWS), shape);
    for (const line of ['17.5', '18', '24.5', '9', '0.5']) {
      for (const marketOver of [undefined, 0.55, 0.3]) {
        const { distribution, over } = view({ ...own(20, 6.2), line, marketOver });
        expect(pOverDecided(distribution, line)).toBeCloseTo(over, 8);
      }
    }
  });

  it('puts the point forecast between model and line when there is no price', () => {
    const view = marketFunction(fitMarket(NO_ROWS), shape);
    const model = own(20, 6);
    const high = view({ ...model, line: '24.5', marketOver: undefined });
    expect(high.median).toBeGreaterThan(model.median);
    expect(high.median).toBeLessThan(24.5);
    const low = view({ ...model, line: '15.5', marketOver: undefined });
    expect(low.median).toBeLessThan(model.median);
    expect(low.median).toBeGreaterThan(15.5);
  });
});

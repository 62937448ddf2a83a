import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import { logistic, logit } from '#model/logistic.ts';
import { believedOver, EARNED_BINS, fitMarket, type MarketRows } from '#model/market.ts';
import { normal } from '#test/model/synthetic-set.ts';

const none = new Float64Array(0);
const NO_ROWS: MarketRows = { own: none, marketOver: none, fed: new Uint8Array(0), over: none };

interface Truth {
  readonly a?: number;
  readonly b: number;
  readonly c?: number;
}

/** Bets whose truth is logit P = a + b·logit(own), or with prices a + b·(own − market) + c·market. */
function bets(
  rows: number,
  { a = 0, b, c }: Truth,
  { seed, fed = 1 }: { seed: number; fed?: 0 | 1 },
): MarketRows {
  const draw = seededRandom(seed);
  const own = Float64Array.from({ length: rows }, () => logistic(0.5 * normal(draw)));
  const marketOver = Float64Array.from({ length: rows }, () =>
    c === undefined ? Number.NaN : logistic(0.4 * normal(draw)),
  );
  const over = own.map((p, i) => {
    const [mine, theirs] = [logit(p), logit(marketOver[i] ?? 0.5)];
    return draw() < logistic(c === undefined ? a + b * mine : a + b * (mine - theirs) + c * theirs) ? 1 : 0;
  });
  return { own, marketOver, fed: new Uint8Array(rows).fill(fed), over };
}

const unpriced = { marketOver: undefined };

describe('what is believed at a line', () => {
  it('is little of the model without a status feed, more with one, and mostly the price, until bets are seen', () => {
    const layer = fitMarket(NO_ROWS);
    const earned = new Array<number>(EARNED_BINS).fill(1);
    expect(layer.without_feed).toEqual({ a: 0, b: 0.2, rows: 0, earned });
    expect(layer.with_feed).toEqual({ a: 0, b: 0.4, rows: 0, earned });
    expect(layer.priced).toEqual({ a: 0, b: 0.15, c: 1, rows: 0, earned });
    expect(believedOver(layer, { own: 0.7, fed: false, ...unpriced })).toBeCloseTo(
      logistic(0.2 * logit(0.7)),
      12,
    );
    expect(believedOver(layer, { own: 0.7, fed: true, ...unpriced })).toBeCloseTo(
      logistic(0.4 * logit(0.7)),
      12,
    );
    expect(believedOver(layer, { own: 0.57, fed: true, marketOver: 0.57 })).toBeCloseTo(0.57, 12);
    expect(believedOver(layer, { own: 0.7, fed: false, marketOver: Number.NaN })).toBeLessThan(0.55);
  });

  it('is never a claim of eight in ten from a model that stood alone against a line', () => {
    const layer = fitMarket(NO_ROWS);
    for (const own of [0.001, 0.05, 0.95, 1]) {
      const p = believedOver(layer, { own, fed: true, ...unpriced });
      expect(Math.max(p, 1 - p)).toBeLessThan(0.9);
    }
    const p = believedOver(layer, { own: 0.8, fed: true, ...unpriced });
    expect(p).toBeLessThan(0.65);
  });

  it('recovers a planted truth from many bets', () => {
    const { priced, with_feed } = fitMarket(bets(60_000, { a: -0.1, b: 0.4, c: 0.8 }, { seed: 5 }));
    expect(priced.a).toBeCloseTo(-0.1, 1);
    expect(priced.b).toBeCloseTo(0.4, 1);
    expect(priced.c).toBeCloseTo(0.8, 1);
    expect(with_feed.rows).toBe(60_000);
    expect(fitMarket(bets(60_000, { b: 0.9 }, { seed: 6 })).with_feed.b).toBeCloseTo(0.9, 1);
  });

  it('stays near its prior with few bets, whatever they say', () => {
    const { with_feed } = fitMarket(bets(30, { b: 6 }, { seed: 7 }));
    expect(Math.abs(with_feed.b - 0.4)).toBeLessThan(0.2);
  });

  it('learns for each class of information from its own bets only', () => {
    const layer = fitMarket(bets(20_000, { b: 0.9 }, { seed: 8, fed: 0 }));
    expect(layer.without_feed.b).toBeGreaterThan(0.7);
    expect(layer.with_feed).toMatchObject({ a: 0, b: 0.4, rows: 0 });
    expect(layer.priced.rows).toBe(0);
  });

  it('claims nothing beyond what its bin has earned, and of a bin with few bets what the one below has', () => {
    // Sure by the model, and no better than a coin where it is surest.
    const rows = 4000;
    const draw = seededRandom(9);
    const own = Float64Array.from({ length: rows }, (_, i) => (i % 4 === 0 ? 0.97 : 0.6));
    const over = own.map((p) => (draw() < (p > 0.9 ? 0.5 : 0.75) ? 1 : 0));
    const layer = fitMarket({
      own,
      over,
      marketOver: new Float64Array(rows).fill(Number.NaN),
      fed: new Uint8Array(rows).fill(1),
    });
    const { a, b, earned } = layer.with_feed;
    for (const p of [0.6, 0.97, 0.999, 0.03]) {
      const claim = believedOver(layer, { own: p, fed: true, ...unpriced });
      const fitted = logistic(a + b * logit(p));
      const confidence = Math.max(claim, 1 - claim);
      expect(confidence).toBeLessThanOrEqual(Math.max(fitted, 1 - fitted) + 1e-12);
      expect(confidence).toBeLessThanOrEqual((earned.at(-1) ?? 0) + 1e-12);
    }
    expect(earned[0]).toBe(1);
    expect(earned.slice(1)).toEqual(earned.slice(1).toSorted((x, y) => x - y));
    expect(earned.at(-1)).toBeLessThan(0.8);
  });
});

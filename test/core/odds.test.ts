import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decimalOdds,
  fairOverProbability,
  impliedProbability,
  isAmericanOdds,
  STANDARD_PRICE,
  winProfit,
} from '#core/odds.ts';

const price = fc.integer({ min: 100, max: 5000 }).chain((size) => fc.constantFrom(size, -size));

describe('american odds', () => {
  it.each([100, -100, -110, 150, 10_000])('takes %d for a price', (value) => {
    expect(isAmericanOdds(value)).toBe(true);
  });

  it.each([0, 99, -99, -77.7, 110.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'takes %d for no price',
    (value) => {
      expect(isAmericanOdds(value)).toBe(false);
    },
  );

  it('pays what the price says', () => {
    expect(decimalOdds(150)).toBe(2.5);
    expect(decimalOdds(-110)).toBeCloseTo(1.909091, 6);
    expect(winProfit(-200)).toBe(0.5);
    expect(impliedProbability(-110)).toBeCloseTo(0.52381, 5);
    expect(impliedProbability(100)).toBe(impliedProbability(-100));
  });

  it('breaks even at the implied probability', () => {
    fc.assert(
      fc.property(price, (value) => {
        expect(impliedProbability(value) * decimalOdds(value)).toBeCloseTo(1, 10);
      }),
    );
  });
});

describe('fairOverProbability', () => {
  it('is one half for equal prices and sums to one with its mirror', () => {
    expect(fairOverProbability(STANDARD_PRICE, STANDARD_PRICE)).toBe(0.5);
    fc.assert(
      fc.property(price, price, (over, under) => {
        expect((fairOverProbability(over, under) ?? 0) + (fairOverProbability(under, over) ?? 0)).toBeCloseTo(
          1,
          12,
        );
      }),
    );
  });

  it('has no opinion without two real prices', () => {
    expect(fairOverProbability(null, -110)).toBeUndefined();
    expect(fairOverProbability(-110, null)).toBeUndefined();
    expect(fairOverProbability(-77, -110)).toBeUndefined();
  });
});

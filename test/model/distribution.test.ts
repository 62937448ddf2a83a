import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countDistributionFunction } from '#model/count-shape.ts';
import {
  fairLine,
  fromCumulative,
  MAX_POINTS,
  median,
  moments,
  pOver,
  pOverDecided,
  pPush,
  pUnder,
  quantile,
  shiftedTo,
  wholeMedian,
} from '#model/distribution.ts';

const aMean = fc.double({ min: 0, max: 45, noNaN: true });
const anSd = fc.double({ min: 1.5, max: 14, noNaN: true });
const aLine = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map(String),
  fc.integer({ min: 0, max: 70 }).map((k) => `${k}.5`),
  fc.integer({ min: 0, max: 70 }).map((k) => `${k}.25`),
);

const shape = {
  dispersion: [0.1, 0.3, 0.8, -0.3],
  zeros: [1.2, -1.7, 0.7, -1.8],
  levels: Array.from({ length: 19 }, (_, i) => ((i + 1) / 20) ** 1.05),
};
const countAt = countDistributionFunction(shape, MAX_POINTS);
const distributionAt = (mean: number, minutesSd: number) => countAt({ mean, minutesSd, expectedMinutes: 26 });

describe('a points distribution', () => {
  it('has no negative mass, sums to 1 and agrees with its cumulative form', () => {
    fc.assert(
      fc.property(aMean, anSd, (mean, sd) => {
        const { mass, cumulative } = distributionAt(mean, sd);
        expect(mass.length).toBe(MAX_POINTS + 1);
        expect(Math.min(...mass)).toBeGreaterThanOrEqual(0);
        expect(mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
        expect(cumulative[MAX_POINTS]).toBe(1);
        expect(cumulative.every((p, k) => k === 0 || p >= (cumulative[k - 1] ?? 0))).toBe(true);
      }),
    );
  });

  it('splits every line into over, push and under that sum to 1', () => {
    fc.assert(
      fc.property(aMean, anSd, aLine, (mean, sd, line) => {
        const d = distributionAt(mean, sd);
        expect(pOver(d, line) + pPush(d, line) + pUnder(d, line)).toBeCloseTo(1, 12);
        expect(pOverDecided(d, line) * (1 - pPush(d, line))).toBeCloseTo(pOver(d, line), 12);
      }),
    );
  });

  it('never makes OVER likelier at a higher line, and never pushes on a half point', () => {
    fc.assert(
      fc.property(aMean, anSd, fc.integer({ min: 0, max: 78 }), (mean, sd, k) => {
        const d = distributionAt(mean, sd);
        expect(pPush(d, `${k}.5`)).toBe(0);
        expect(pOver(d, `${k}.5`)).toBe(pOver(d, `${k}`));
        expect(pOver(d, `${k + 1}`)).toBeLessThanOrEqual(pOver(d, `${k}.5`));
        expect(pUnder(d, `${k + 1}`)).toBeCloseTo(1 - pOver(d, `${k}.5`), 12);
      }),
    );
  });

  it('has quantiles that never fall and a median between its neighbours', () => {
    fc.assert(
      fc.property(aMean, anSd, (mean, sd) => {
        const d = distributionAt(mean, sd);
        const qs = Array.from({ length: 99 }, (_, i) => quantile(d, (i + 1) / 100));
        expect(qs.every((q, i) => q >= 0 && (i === 0 || q >= (qs[i - 1] ?? 0)))).toBe(true);
        expect(median(d)).toBe(qs[49]);
      }),
    );
  });

  it('reads lines as exact decimals: "25.0" is whole, "24.50" is not, and nonsense is refused', () => {
    const d = distributionAt(24, 7);
    expect(pPush(d, '25.0')).toBe(pPush(d, '25'));
    expect(pPush(d, '24.50')).toBe(0);
    for (const line of ['', '-1', '24,5', '1e3', 'NaN', '24.', ' 24']) {
      expect(() => pOver(d, line)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    }
  });

  it('has its fair line where OVER is closest to even', () => {
    const d = distributionAt(17.3, 6);
    const gap = (line: string): number => Math.abs(pOver(d, line) - 0.5);
    const fair = fairLine(d);
    for (let k = 0; k < 60; k++) expect(gap(fair)).toBeLessThanOrEqual(gap(`${k}.5`));
  });

  it('has the whole number with the least absolute error as its whole median', () => {
    fc.assert(
      fc.property(aMean, anSd, (mean, sd) => {
        const d = distributionAt(mean, sd);
        const error = (guess: number): number =>
          d.mass.reduce((sum, p, k) => sum + p * Math.abs(k - guess), 0);
        const whole = wholeMedian(d);
        expect(error(whole)).toBeLessThanOrEqual(error(whole + 1) + 1e-9);
        if (whole > 0) expect(error(whole)).toBeLessThanOrEqual(error(whole - 1) + 1e-9);
      }),
    );
  });

  it('has mean and spread of a die', () => {
    const die = fromCumulative(Float64Array.from([0, 1, 2, 3, 4, 5, 6], (k) => k / 6));
    expect(moments(die).mean).toBeCloseTo(3.5, 12);
    expect(moments(die).sd).toBeCloseTo(Math.sqrt(35 / 12), 12);
  });

  it('shifted to a probability at a line says that, and stays a distribution', () => {
    const aChance = fc.double({ min: 0.05, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 30 }), aChance, fc.boolean(), (k, over, isWhole) => {
        const line = isWhole ? `${k}` : `${k}.5`;
        const d = shiftedTo(distributionAt(15, 5), line, over);
        expect(pOverDecided(d, line)).toBeCloseTo(over, 8);
        expect(d.mass.every((p) => p >= -1e-15)).toBe(true);
        expect(d.cumulative[MAX_POINTS]).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  it('shifted to what it says already stays where it is', () => {
    const d = distributionAt(15, 5);
    expect(median(shiftedTo(d, '17.5', pOverDecided(d, '17.5')))).toBeCloseTo(median(d), 6);
  });
});

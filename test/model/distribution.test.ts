import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  distributionFrom,
  distributionFunction,
  distributionMean,
  fairLine,
  MOST_POINTS,
  median,
  type PointsDistribution,
  pOver,
  pOverDecided,
  pPush,
  pUnder,
  quantile,
} from '#model/distribution.ts';
import { coverage, pitDistance, randomisedPit } from '#model/metrics.ts';
import { seededRandom } from '#model/random.ts';
import {
  BIN_CUTS,
  curveFunction,
  fitScale,
  fitShape,
  LEVELS,
  middleOf,
  type Shape,
  scaleFunction,
} from '#model/shape.ts';
import { normal } from '#test/model/synthetic-set.ts';

const aMean = fc.double({ min: 0, max: 45, noNaN: true });
const anSd = fc.double({ min: 1.5, max: 14, noNaN: true });
const aLine = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map(String),
  fc.integer({ min: 0, max: 70 }).map((k) => `${k}.5`),
  fc.integer({ min: 0, max: 70 }).map((k) => `${k}.25`),
);

/** Errors of invented forecasts: right-skewed, wider for higher means. */
function invented(rows: number, seed: number) {
  const random = seededRandom(seed);
  const mean = Float64Array.from({ length: rows }, () => 2 + 28 * random() ** 1.5);
  const minutesSd = Float64Array.from({ length: rows }, () => 3 + 4 * random());
  // A normal level under a log-normal night: far wider than Poisson, skewed, never below zero.
  const actual = mean.map((mu, i) => {
    const spread = (1.5 + 0.25 * mu + 0.2 * (minutesSd[i] ?? 0)) / Math.max(mu, 1);
    return Math.max(
      0,
      Math.round(mu * Math.exp(spread * 0.7 * normal(random) - (spread * 0.7) ** 2 / 2) + normal(random)),
    );
  });
  const nothing = new Float64Array(rows).fill(Number.NaN);
  const residual = actual.map((y, i) => y - (mean[i] ?? 0));
  return {
    rows,
    mean,
    actual,
    scaleRows: { mean, residual, minutesSd, pointsSd: nothing, vacatedMinutes: nothing },
  };
}

function calibrated(sample: ReturnType<typeof invented>) {
  const scale = fitScale(sample.scaleRows);
  const sd = spreads(sample, scaleFunction(scale));
  const shape = fitShape({
    mean: sample.mean,
    sd,
    actual: sample.actual,
    key: Int32Array.from(sample.mean.keys()),
  });
  return { scale, shape };
}

function spreads(sample: ReturnType<typeof invented>, sdOf: ReturnType<typeof scaleFunction>): Float64Array {
  return sample.mean.map((mean, i) =>
    sdOf({
      mean,
      minutesSd: sample.scaleRows.minutesSd[i] ?? 0,
      pointsSd: Number.NaN,
      vacatedMinutes: Number.NaN,
    }),
  );
}

const fitted = calibrated(invented(20_000, 1));
const distributionAt = distributionFunction(fitted.shape);

describe('a points distribution', () => {
  it('has no negative mass, sums to 1 and agrees with its cumulative form', () => {
    fc.assert(
      fc.property(aMean, anSd, (mean, sd) => {
        const { mass, cumulative } = distributionAt(mean, sd);
        expect(mass.length).toBe(MOST_POINTS + 1);
        expect(Math.min(...mass)).toBeGreaterThanOrEqual(0);
        expect(mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
        expect(cumulative[MOST_POINTS]).toBe(1);
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

  it('reproduces a normal curve given normal quantiles', () => {
    const random = seededRandom(4);
    const sample = Float64Array.from({ length: 400_000 }, () => normal(random)).sort();
    const quantiles = LEVELS.map((level) => sample[Math.floor(level * sample.length)] ?? 0);
    const d: PointsDistribution = distributionFrom(quantiles, 30, 5);
    expect(distributionMean(d)).toBeCloseTo(30, 1);
    expect(median(d)).toBeCloseTo(30, 1);
    expect(pUnder(d, '25.5')).toBeCloseTo(0.184, 2);
    expect(pOver(d, '45.5')).toBeCloseTo(0.001, 3);
  });

  it('answers more than 20,000 times a second', () => {
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) median(distributionAt(i % 40, 4 + (i % 5)));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('spread and shape fitted to overdispersed errors', () => {
  it('cover 50, 80 and 95 % of fresh outcomes within two points, with a uniform PIT', () => {
    const fresh = invented(20_000, 2);
    const sd = spreads(fresh, scaleFunction(fitted.scale));
    const random = seededRandom(3);
    const pit = fresh.actual.map((y, i) =>
      randomisedPit(distributionAt(fresh.mean[i] ?? 0, sd[i] ?? 1), y, random()),
    );
    expect(Math.abs(coverage(pit, 0.8) - 0.8)).toBeLessThan(0.02);
    expect(Math.abs(coverage(pit, 0.5) - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(coverage(pit, 0.95) - 0.95)).toBeLessThan(0.01);
    expect(pitDistance(pit)).toBeLessThan(0.02);
    for (const [low, high] of [
      [0, 6],
      [6, 12],
      [12, 20],
      [20, 40],
    ] as const) {
      const tier = pit.filter((_, i) => (fresh.mean[i] ?? 0) >= low && (fresh.mean[i] ?? 0) < high);
      expect(Math.abs(coverage(tier, 0.8) - 0.8), `means ${low} to ${high}`).toBeLessThan(0.03);
    }
  });

  it('would not cover with a Poisson spread: the test can fail', () => {
    const fresh = invented(5000, 2);
    const random = seededRandom(3);
    const pit = fresh.actual.map((y, i) =>
      randomisedPit(distributionAt(fresh.mean[i] ?? 0, Math.sqrt(fresh.mean[i] ?? 1)), y, random()),
    );
    expect(coverage(pit, 0.8)).toBeLessThan(0.75);
  });

  it('keep the standard deviation between 1.5 and 14', () => {
    const sdOf = scaleFunction({ intercept: 0, centres: [0, 0, 0, 0, 0], coefficients: [1, 0, 0, 0, 0] });
    const at = (mean: number): number =>
      sdOf({ mean, minutesSd: Number.NaN, pointsSd: Number.NaN, vacatedMinutes: Number.NaN });
    expect(at(0)).toBe(1.5);
    expect(at(7)).toBe(7);
    expect(at(60)).toBe(14);
  });

  it('recover a planted dependence of the spread on recent minutes', () => {
    const random = seededRandom(9);
    const rows = 40_000;
    const mean = new Float64Array(rows).fill(15);
    const minutesSd = Float64Array.from({ length: rows }, () => 2 + 6 * random());
    const residual = minutesSd.map((m) => (3 + 0.5 * m) * normal(random));
    const nothing = new Float64Array(rows).fill(Number.NaN);
    const scale = fitScale({ mean, residual, minutesSd, pointsSd: nothing, vacatedMinutes: nothing });
    expect(scale.coefficients[2]).toBeCloseTo(0.5, 1);
    expect(scale.coefficients[4]).toBe(0);
  });

  it('have seven bins with ascending centres and quantiles that never fall', () => {
    expect(fitted.shape).toHaveLength(BIN_CUTS.length + 1);
    for (const [b, bin] of fitted.shape.entries()) {
      expect(bin.centre).toBeGreaterThan(fitted.shape[b - 1]?.centre ?? 0);
      expect(bin.quantiles.every((q, i) => i === 0 || q >= (bin.quantiles[i - 1] ?? q))).toBe(true);
    }
  });

  it('lean on all rows together where a bin is empty', () => {
    const rows = 500;
    const random = seededRandom(1);
    const actual = Float64Array.from({ length: rows }, () => Math.round(10 + 3 * normal(random)));
    const shape = fitShape({
      mean: new Float64Array(rows).fill(10),
      sd: new Float64Array(rows).fill(3),
      actual,
      key: new Int32Array(rows),
    });
    expect(shape[6]?.rows).toBe(0);
    expect(shape[6]?.quantiles[99]).toBeCloseTo(shape[2]?.quantiles[99] ?? Number.NaN, 5);
  });

  it('change without a jump where the mean crosses a cut or a centre', () => {
    const curveAt = curveFunction(fitted.shape);
    for (const at of [...BIN_CUTS, ...fitted.shape.map((bin) => bin.centre)]) {
      const before = curveAt(at - 1e-9).slice();
      const after = curveAt(at + 1e-9);
      expect(Math.max(...after.map((q, i) => Math.abs(q - (before[i] ?? 0))))).toBeLessThan(1e-6);
      expect(middleOf(fitted.shape, at)).toBeCloseTo(after[99] ?? Number.NaN, 6);
    }
  });

  it('stay a distribution with degenerate, flat quantiles', () => {
    const flat: Shape = [{ centre: 10, rows: 1, quantiles: Array.from(LEVELS, () => 0) }];
    const { mass } = distributionFunction(flat)(10.2, 3);
    expect(mass.every((p) => Number.isFinite(p) && p >= 0)).toBe(true);
    expect(mass[10]).toBeGreaterThan(0.98);
  });
});

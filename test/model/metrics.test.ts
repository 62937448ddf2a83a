import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import type { CountDistribution } from '#model/distribution.ts';
import {
  brier,
  clusterBootstrap,
  correlation,
  coverage,
  crps,
  logScore,
  pitDistance,
  pointErrors,
  randomisedPit,
  wilson,
} from '#model/metrics.ts';
import { normal } from '#test/model/synthetic-set.ts';

const f = (...values: number[]): Float64Array => Float64Array.from(values);

function point(k: number): CountDistribution {
  const mass = new Float64Array(81).fill(0, 0, 81).with(k, 1);
  return { mass, cumulative: mass.map((_, i) => (i >= k ? 1 : 0)) };
}

describe('errors', () => {
  it('are absolute, squared and signed: forecast minus actual', () => {
    expect(pointErrors(f(10, 20), f(13, 19))).toEqual({ n: 2, mae: 2, rmse: Math.sqrt(5), bias: -1 });
  });

  it('of a certain forecast have a CRPS equal to the absolute error', () => {
    expect(crps(point(12), 12)).toBe(0);
    expect(crps(point(12), 20)).toBe(8);
    expect(crps(point(12), 5)).toBe(7);
  });

  it('of a coin between 10 and 20 have the CRPS worked out by hand', () => {
    const mass = new Float64Array(81).with(10, 0.5).with(20, 0.5);
    const coin = { mass, cumulative: mass.map((_, k) => (k < 10 ? 0 : k < 20 ? 0.5 : 1)) };
    expect(crps(coin, 10)).toBeCloseTo(2.5, 12);
  });
});

describe('calibration', () => {
  it('spreads the PIT of an outcome over its own mass', () => {
    const mass = new Float64Array(81).with(0, 0.2).with(1, 0.8);
    const d = { mass, cumulative: mass.map((_, k) => (k === 0 ? 0.2 : 1)) };
    expect(randomisedPit(d, 0, 0.5)).toBeCloseTo(0.1, 12);
    expect(randomisedPit(d, 1, 0.25)).toBeCloseTo(0.4, 12);
  });

  it('counts what lies inside the central interval', () => {
    expect(coverage(f(0.05, 0.2, 0.5, 0.9, 0.96), 0.8)).toBeCloseTo(3 / 5, 12);
  });

  it('measures the distance from uniform', () => {
    expect(pitDistance(f(0.125, 0.375, 0.625, 0.875))).toBeCloseTo(0.125, 12);
    expect(pitDistance(f(0.9, 0.9, 0.9, 0.9))).toBeCloseTo(0.9, 12);
  });
});

describe('probabilities', () => {
  it('are scored by Brier', () => {
    expect(brier(f(0.5, 1), f(1, 1))).toBeCloseTo(0.125, 12);
  });

  it('of counts are scored by the log of what happened, which stays finite', () => {
    expect(logScore(point(3), 3)).toBeCloseTo(0, 12);
    expect(logScore(point(3), 4)).toBeCloseTo(-Math.log(1e-9), 12);
    expect(logScore(point(80), 99)).toBeCloseTo(0, 12);
  });

  it("have Wilson's interval: 8 of 10 lies between .490 and .943", () => {
    expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4);
    expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4);
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(wilson(0, 5).low).toBe(0);
  });

  it('correlate over the places where both are known', () => {
    expect(correlation(f(1, 2, 3, Number.NaN), f(2, 4, 6, 0))).toBeCloseTo(1, 12);
    expect(correlation(f(1, 2, 3), f(3, 2, 1))).toBeCloseTo(-1, 12);
    expect(correlation(f(1, 1), f(1, 2))).toBeNaN();
  });
});

describe('the cluster bootstrap', () => {
  const random = seededRandom(4);
  const dates = Array.from({ length: 60 }, (_, i) => `day ${i}`);
  const shifts = dates.map(() => normal(random));
  const cluster = dates.flatMap((date) => Array.from({ length: 50 }, () => date));
  const values = Float64Array.from(
    cluster,
    (_, i) => (shifts[Math.floor(i / 50)] ?? 0) + 0.1 * normal(random),
  );

  it('is far wider than rows alone when the rows of a date move together', () => {
    const byDate = clusterBootstrap(values, cluster, seededRandom(1));
    const byRow = clusterBootstrap(
      values,
      cluster.map((_, i) => String(i)),
      seededRandom(1),
    );
    expect(byDate.high - byDate.low).toBeGreaterThan(4 * (byRow.high - byRow.low));
    expect(byDate.low).toBeLessThan(byDate.mean);
    expect(byDate.high).toBeGreaterThan(byDate.mean);
    expect(byDate.clusters).toBe(60);
  });

  it('gives the same interval for the same seed', () => {
    expect(clusterBootstrap(values, cluster, seededRandom(7))).toEqual(
      clusterBootstrap(values, cluster, seededRandom(7)),
    );
    expect(clusterBootstrap(values, cluster, seededRandom(7))).not.toEqual(
      clusterBootstrap(values, cluster, seededRandom(8)),
    );
  });
});

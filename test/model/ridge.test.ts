import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import type { Design } from '#model/design.ts';
import { correctedMean, countMean, type LinearModel, ownAverage, predictLinear } from '#model/linear.ts';
import { fitMeanCorrection, fitRidge, GramAccumulator, solveRidge } from '#model/ridge.ts';
import { normal } from '#test/model/synthetic-set.ts';

const HALF_LIFE = 365;
const plain = { lambda: 30, halfLifeDays: HALF_LIFE, cutoffDay: 20_000 };

function designFrom(
  rows: readonly (readonly number[])[],
  target: readonly number[],
  days?: readonly number[],
): Design {
  return {
    rows: rows.length,
    width: rows[0]?.length ?? 0,
    values: Float64Array.from(rows.flat()),
    target: Float64Array.from(target),
    days: Int32Array.from(days ?? rows.map(() => 20_000)),
  };
}

/** Random rows with different units per column, gaps in some columns, and weights that span three years. */
function randomDesign(seed: number, rows: number, width: number): Design {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: rows * width }, (_, at) => {
    const j = at % width;
    const x = 1000 * j + (1 + j) * normal(random);
    return j % 3 === 2 && random() < 0.2 ? Number.NaN : x;
  });
  const target = Float64Array.from({ length: rows }, () => 12 + 8 * normal(random));
  return {
    rows,
    width,
    values,
    target,
    days: Int32Array.from({ length: rows }, (_, i) => 19_000 + Math.floor((i * 1000) / rows)),
  };
}

/** The same fit written the slow way: impute, standardise in two passes, Gaussian elimination. */
function slowRidge(design: Design, lambda: number, cutoffDay: number): LinearModel {
  const { width, values, target, days } = design;
  const weight = Array.from(days, (day) => 0.5 ** ((cutoffDay - day) / HALF_LIFE));
  const total = weight.reduce((sum, w) => sum + w, 0);
  const at = (i: number, j: number): number => values[i * width + j] ?? Number.NaN;
  const centres: number[] = [];
  const spread: number[] = [];
  for (let j = 0; j < width; j++) {
    const there = weight.map((w, i) => (Number.isNaN(at(i, j)) ? 0 : w));
    const sum = there.reduce((s, w) => s + w, 0);
    const mean = there.reduce((s, w, i) => s + (w > 0 ? w * at(i, j) : 0), 0) / sum;
    centres.push(mean);
    spread.push(Math.sqrt(there.reduce((s, w, i) => s + (w > 0 ? w * (at(i, j) - mean) ** 2 : 0), 0) / sum));
  }
  const z = (i: number, j: number): number =>
    Number.isNaN(at(i, j)) ? 0 : (at(i, j) - (centres[j] ?? 0)) / (spread[j] ?? 1);
  const intercept = weight.reduce((s, w, i) => s + w * (target[i] ?? 0), 0) / total;
  const system = Array.from({ length: width }, (_, j) => {
    const row = Array.from(
      { length: width },
      (__, k) => weight.reduce((s, w, i) => s + w * z(i, j) * z(i, k), 0) + (j === k ? lambda : 0),
    );
    return [...row, weight.reduce((s, w, i) => s + w * z(i, j) * ((target[i] ?? 0) - intercept), 0)];
  });
  for (let p = 0; p < width; p++) {
    for (let r = 0; r < width; r++) {
      if (r === p) continue;
      const factor = (system[r]?.[p] ?? 0) / (system[p]?.[p] ?? 1);
      system[r] = (system[r] ?? []).map((value, c) => value - factor * (system[p]?.[c] ?? 0));
    }
  }
  const coefficients = system.map((row, j) => (row[width] ?? 0) / (row[j] ?? 1) / (spread[j] ?? 1));
  return { intercept, centres, coefficients };
}

function expectClose(seen: readonly number[], expected: readonly number[], relative = 1e-8): void {
  expect(seen.length).toBe(expected.length);
  seen.forEach((value, i) => {
    const target = expected[i] ?? Number.NaN;
    expect(Math.abs(value - target), `place ${i}: ${value} against ${target}`).toBeLessThanOrEqual(
      relative * Math.max(1e-3, Math.abs(target)),
    );
  });
}

describe('ridge', () => {
  it('gives the coefficient worked out by hand: x = 1, 2, 3 = y and λ = 3 halve the slope', () => {
    const model = fitRidge(designFrom([[1], [2], [3]], [1, 2, 3]), { ...plain, lambda: 3 });
    expect(model.intercept).toBeCloseTo(2, 12);
    expect(model.centres[0]).toBeCloseTo(2, 12);
    expect(model.coefficients[0]).toBeCloseTo(0.5, 12);
    expect(predictLinear(model, Float64Array.of(3))).toBeCloseTo(2.5, 12);
  });

  it('lets a row of one half-life weigh half', () => {
    const model = fitRidge(designFrom([[0], [0]], [0, 3], [20_000 - HALF_LIFE, 20_000]), plain);
    expect(model.intercept).toBeCloseTo(2, 12);
  });

  it('equals imputation, two-pass standardisation and elimination to 1e-8, with gaps and weights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 2, max: 7 }), (seed, width) => {
        const design = randomDesign(seed, 150, width);
        const fast = fitRidge(design, { lambda: 5, halfLifeDays: HALF_LIFE, cutoffDay: 20_001 });
        const slow = slowRidge(design, 5, 20_001);
        expectClose([fast.intercept], [slow.intercept]);
        expectClose(fast.centres, slow.centres);
        expectClose(fast.coefficients, slow.coefficients);
      }),
      { numRuns: 25 },
    );
  });

  it('has a zero gradient at its solution', () => {
    const design = randomDesign(3, 400, 6);
    const lambda = 30;
    const { deviations } = momentsOf(design);
    const model = fitRidge(design, { ...plain, lambda });
    for (let j = 0; j < design.width; j++) {
      const scale = deviations[j] ?? 1;
      let gradient = -lambda * (model.coefficients[j] ?? 0) * scale;
      for (let i = 0; i < design.rows; i++) {
        const x = design.values[i * design.width + j] ?? 0;
        const z = Number.isNaN(x) ? 0 : (x - (model.centres[j] ?? 0)) / scale;
        const weight = 0.5 ** ((20_000 - (design.days[i] ?? 0)) / HALF_LIFE);
        gradient +=
          weight * z * ((design.target[i] ?? 0) - predictLinear(model, design.values, i * design.width));
      }
      expect(Math.abs(gradient)).toBeLessThan(1e-7);
    }
  });

  it('recovers planted coefficients from noisy rows', () => {
    const random = seededRandom(11);
    const rows = Array.from({ length: 20_000 }, () => [
      normal(random),
      10 * normal(random),
      0.1 * normal(random),
    ]);
    const target = rows.map(([a = 0, b = 0, c = 0]) => 12 + 2 * a - 0.3 * b + 20 * c + 3 * normal(random));
    const { coefficients, intercept } = fitRidge(designFrom(rows, target), plain);
    expect(intercept).toBeCloseTo(12, 1);
    expectClose(coefficients, [2, -0.3, 20], 0.05);
  });

  it('gives 0 to constant and to never-present columns and is not disturbed by them', () => {
    const random = seededRandom(5);
    const xs = Array.from({ length: 200 }, () => normal(random));
    const target = xs.map((x) => 3 * x);
    const alone = fitRidge(
      designFrom(
        xs.map((x) => [x]),
        target,
      ),
      plain,
    );
    const beside = fitRidge(
      designFrom(
        xs.map((x) => [0.1, x, Number.NaN]),
        target,
      ),
      plain,
    );
    expect(beside.coefficients[0]).toBe(0);
    expect(beside.coefficients[2]).toBe(0);
    expect(beside.coefficients[1]).toBe(alone.coefficients[0]);
    expect(predictLinear(beside, Float64Array.of(99, 1, 99))).toBeCloseTo(
      predictLinear(alone, Float64Array.of(1)),
      12,
    );
  });

  it('counts a missing value as the training mean in a forecast', () => {
    const model: LinearModel = { intercept: 10, centres: [4], coefficients: [2] };
    expect(predictLinear(model, Float64Array.of(Number.NaN))).toBe(10);
    expect(predictLinear(model, Float64Array.of(4))).toBe(10);
  });

  it('shrinks a rare indicator when its scale has a floor, and hardly at all without', () => {
    const rows = Array.from({ length: 3000 }, (_, i) => [i < 10 ? 1 : 0]);
    const target = rows.map(([x = 0]) => 12 + 6 * x);
    const free = fitRidge(designFrom(rows, target), plain).coefficients[0] ?? 0;
    const floored = fitRidge(designFrom(rows, target), { ...plain, floors: [1] }).coefficients[0] ?? 0;
    expect(free).toBeGreaterThan(5.9);
    expect(floored).toBeCloseTo((6 * 10) / (10 + 30), 1);
  });

  it('refuses dependent columns without a penalty, and no rows at all', () => {
    const twice = designFrom(
      [
        [1, 1],
        [2, 2],
        [4, 4],
      ],
      [1, 2, 3],
    );
    expect(() => fitRidge(twice, { ...plain, lambda: 0 })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_NO_MODEL' }),
    );
    expect(() => fitRidge(designFrom([], []), plain)).toThrow(
      expect.objectContaining({ code: 'TIPOFF_NO_MODEL' }),
    );
  });
});

describe('the Gram accumulator', () => {
  it('gives the same bits whether it was solved on the way or not, and whatever rows follow', () => {
    const design = randomDesign(8, 1000, 8);
    const stepwise = new GramAccumulator(design, HALF_LIFE);
    for (const stop of [100, 101, 333, 600]) {
      stepwise.addUpTo(stop);
      solveRidge(stepwise.momentsAt(20_000), { lambda: 30 });
    }
    const { width } = design;
    const prefix = {
      ...design,
      rows: 600,
      values: design.values.slice(0, 600 * width),
      target: design.target.slice(0, 600),
      days: design.days.slice(0, 600),
    };
    expect(solveRidge(stepwise.momentsAt(20_000), { lambda: 30 })).toEqual(fitRidge(prefix, plain));
    expect(stepwise.rows).toBe(600);
  });

  it('refuses a half-life that would overflow its weights', () => {
    expect(() => new GramAccumulator(randomDesign(1, 10, 2), 7)).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

function momentsOf(design: Design): { deviations: Float64Array } {
  const gram = new GramAccumulator(design, HALF_LIFE);
  gram.addUpTo(design.rows);
  return gram.momentsAt(20_000);
}

describe('the mean of a count', () => {
  const model: LinearModel = { intercept: 10, centres: [], coefficients: [] };

  it('is positive, grows with the linear forecast, and tells forecasts below zero apart', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -8, max: 60, noNaN: true }),
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (x, step) => {
          expect(countMean(model, x)).toBeGreaterThan(0);
          expect(countMean(model, x + step)).toBeGreaterThan(countMean(model, x));
        },
      ),
    );
  });

  it('is the linear forecast where counts are usual', () => {
    fc.assert(
      fc.property(fc.double({ min: 5, max: 80, noNaN: true }), (x) => {
        expect(Math.abs(countMean(model, x) - x) / x).toBeLessThan(0.002);
      }),
    );
  });

  it('of outcomes that are all zero is cut at zero', () => {
    const never: LinearModel = { ...model, intercept: 0 };
    expect([countMean(never, -1), countMean(never, 2)]).toEqual([0, 2]);
  });
});

describe('the correction of means', () => {
  it('finds where outcomes are fewer than forecasts, and leaves the rest alone', () => {
    const mean = Float64Array.from({ length: 24_000 }, (_, i) => 0.01 + (6 * i) / 24_000);
    const truth = (m: number): number => (m < 1 ? m / 2 : m);
    const correction = fitMeanCorrection(mean, mean.map(truth));
    expect(correctedMean(correction, 0.4)).toBeCloseTo(0.2, 1);
    expect(correctedMean(correction, 3)).toBeCloseTo(3, 6);
    expect(correctedMean(correction, 50)).toBeCloseTo(50, 6);
    expect(correctedMean(correction, 0)).toBe(0);
  });

  it('keeps a mean between what was counted around it, where next to nothing was forecast', () => {
    const mean = Float64Array.from({ length: 480 }, (_, i) => (i < 240 ? 1e-7 * (i + 1) : (i - 239) / 100));
    const correction = fitMeanCorrection(
      mean,
      mean.map((m, i) => (i % 40 === 0 ? 1 : m)),
    );
    for (let m = 0; m < 5; m += 0.01) expect(correctedMean(correction, m)).toBeLessThan(Math.max(0.2, 2 * m));
  });

  it('leaves next to nothing to who never counts, and what they had to others of the same forecast', () => {
    const [shooters, never, few] = [24_000, 1000, 300];
    const mean = Float64Array.from({ length: shooters + never + few }, (_, i) =>
      i < shooters ? 0.1 + (3 * i) / shooters : 0.1,
    );
    const average = mean.map((m, i) => (i < shooters ? m : i < shooters + never ? 0 : 0.6));
    const actual = mean.map((m, i) => (average[i] === 0 ? 0 : m));
    const correction = fitMeanCorrection(mean, actual, { of: 'fg3m_ewma32', average });
    expect(correctedMean(correction, 0.1, 0)).toBeLessThan(0.02);
    for (const own of [0.6, 0.17, Number.NaN])
      expect(correctedMean(correction, 0.1, own)).toBeCloseTo(0.1, 6);
    const between = [0, 0.05, 0.1, 0.15].map((own) => correctedMean(correction, 0.1, own));
    expect(between).toEqual(between.toSorted((a, b) => a - b));
    expect(ownAverage(correction, (name) => (name === 'fg3m_ewma32' ? 0.04 : Number.NaN))).toBe(0.04);
  });

  it('believes few who never count little, and has no steps for them where there are none', () => {
    const mean = new Float64Array(500).fill(1);
    const withRare = (rare: number) => {
      const average = mean.map((_, i) => (i < rare ? 0 : 1));
      return fitMeanCorrection(mean, average, { of: 'fg3m_ewma32', average });
    };
    expect(correctedMean(withRare(2), 1, 0)).toBeGreaterThan(0.9);
    expect(correctedMean(withRare(200), 1, 0)).toBeLessThan(0.1);
    expect(withRare(0).rare).toBeUndefined();
    expect(ownAverage(withRare(0), () => 1)).toBeNaN();
  });

  it('believes few rows little, and nothing at all without rows', () => {
    const few = fitMeanCorrection(Float64Array.of(1, 2, 3), Float64Array.of(9, 9, 9));
    expect(correctedMean(few, 2)).toBeLessThan(2.2);
    expect(correctedMean(fitMeanCorrection(new Float64Array(0), new Float64Array(0)), 7)).toBe(7);
  });
});

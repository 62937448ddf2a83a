import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import {
  type CountInputs,
  type CountRows,
  type CountShape,
  countDeviation,
  countDistributionFunction,
  countMass,
  countMedianFunction,
  countParametersFunction,
  fitCountShape,
} from '#model/count-shape.ts';
import { moments, pOver, wholeMedian } from '#model/distribution.ts';
import { fitLevelSteps, fitLevels } from '#model/levels.ts';
import { coverage, pitDistance, randomisedPit } from '#model/metrics.ts';
import { minimise } from '#model/minimise.ts';

const EVEN = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
const POINTS: CountShape = { dispersion: [0.1, 0.3, 0.8, -0.3], zeros: [1.2, -1.7, 0.7, -1.8], levels: EVEN };
const BLOCKS: CountShape = { dispersion: [-3.2, 0.7, 2.5, 0.8], zeros: [-6, 0, 0, 0], levels: EVEN };
const STEALS_LIKE_POISSON: CountShape = { dispersion: [-9, 0, 0, 0], zeros: [-12, 0, 0, 0], levels: EVEN };

/** Players with expected minutes from 8 to 36 and a rate per minute up to `rate`. */
function inputs(rows: number, rate: number, seed: number): CountInputs[] {
  const random = seededRandom(seed);
  return Array.from({ length: rows }, () => {
    const expectedMinutes = 8 + 28 * random();
    return {
      expectedMinutes,
      minutesSd: 2 + 6 * random(),
      mean: expectedMinutes * rate * (0.3 + 0.7 * random()),
    };
  });
}

/** Outcomes drawn from a shape. */
function drawn(shape: CountShape, most: number, given: readonly CountInputs[], seed: number): CountRows {
  const random = seededRandom(seed);
  const distributionAt = countDistributionFunction(shape, most);
  const actual = given.map((one) => {
    const u = random();
    return distributionAt(one).cumulative.findIndex((below) => below >= u);
  });
  return {
    mean: Float64Array.from(given, (one) => one.mean),
    minutesSd: Float64Array.from(given, (one) => one.minutesSd),
    expectedMinutes: Float64Array.from(given, (one) => one.expectedMinutes),
    actual: Float64Array.from(actual),
  };
}

const aPlayer: CountInputs = { mean: 12.3, minutesSd: 5, expectedMinutes: 28 };

describe('the shape of a count', () => {
  it.each([
    ['points', POINTS, 120, aPlayer],
    ['blocks', BLOCKS, 20, { ...aPlayer, mean: 0.4 }],
    ['a count like Poisson', STEALS_LIKE_POISSON, 20, { ...aPlayer, mean: 1.1 }],
    ['a count that hardly ever happens', BLOCKS, 20, { ...aPlayer, mean: 0.02 }],
  ])('is a distribution with the mean that was asked for: %s', (_, shape, most, given) => {
    const parameters = countParametersFunction(shape)(given);
    const mass = countMass(parameters, most);
    expect(mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    expect(mass.every((p) => p >= 0)).toBe(true);
    const { mean, sd } = moments(countDistributionFunction(shape, most)(given));
    expect(mean).toBeCloseTo(given.mean, 4);
    expect(sd).toBeCloseTo(countDeviation(parameters), 3);
  });

  it('is Poisson where there is neither dispersion nor surplus zeros', () => {
    const mass = countMass(countParametersFunction(STEALS_LIKE_POISSON)({ ...aPlayer, mean: 1.5 }), 15);
    let factorial = 1;
    for (let k = 0; k < 8; k++) {
      if (k > 0) factorial *= k;
      expect(mass[k]).toBeCloseTo((Math.exp(-1.5) * 1.5 ** k) / factorial, 3);
    }
  });

  it('counts what lies above the largest number at the largest number', () => {
    const mass = countMass(countParametersFunction(POINTS)({ ...aPlayer, mean: 30 }), 10);
    expect(mass[10]).toBeGreaterThan(0.8);
    expect(mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  });

  it('is recovered from outcomes drawn from it: the likelihood of fresh outcomes is as good as the truth gives', () => {
    const fitted = fitCountShape(drawn(POINTS, 80, inputs(10_000, 0.6, 1), 2), 80);
    const fresh = drawn(POINTS, 80, inputs(5000, 0.6, 3), 4);
    const loss = (shape: CountShape): number => {
      const at = countDistributionFunction(shape, 80);
      let sum = 0;
      fresh.actual.forEach((y, i) => {
        sum -= Math.log(
          at({
            mean: fresh.mean[i] ?? 0,
            minutesSd: fresh.minutesSd[i] ?? 0,
            expectedMinutes: fresh.expectedMinutes[i] ?? 0,
          }).mass[y] ?? 0,
        );
      });
      return sum / fresh.actual.length;
    };
    expect(loss(fitted) - loss(POINTS)).toBeLessThan(0.002);
    expect(loss(STEALS_LIKE_POISSON) - loss(POINTS)).toBeGreaterThan(0.1);
  });

  it.each([
    ['wide and with surplus zeros', POINTS, 80, 0.6],
    ['small numbers', BLOCKS, 15, 0.03],
  ])('covers 80 %% of fresh outcomes with a uniform PIT: %s', (_, shape, most, rate) => {
    const at = countDistributionFunction(
      fitCountShape(drawn(shape, most, inputs(10_000, rate, 5), 6), most),
      most,
    );
    const fresh = drawn(shape, most, inputs(10_000, rate, 7), 8);
    const random = seededRandom(9);
    const pit = fresh.actual.map((y, i) =>
      randomisedPit(
        at({
          mean: fresh.mean[i] ?? 0,
          minutesSd: fresh.minutesSd[i] ?? 0,
          expectedMinutes: fresh.expectedMinutes[i] ?? 0,
        }),
        y,
        random(),
      ),
    );
    expect(Math.abs(coverage(pit, 0.8) - 0.8)).toBeLessThan(0.015);
    expect(pitDistance(pit)).toBeLessThan(0.02);
  });

  it('makes good what the family cannot do: outcomes of another family are covered too', () => {
    const given = inputs(8000, 0.9, 10);
    const random = seededRandom(11);
    const rows = (seed: number): CountRows => {
      const draw = seededRandom(seed);
      // Uniform around the mean: nothing like a negative binomial.
      return {
        ...drawn(POINTS, 80, given, 12),
        actual: Float64Array.from(given, ({ mean }) => Math.floor(2 * mean * draw())),
      };
    };
    const learnt = fitCountShape(rows(13), 80);
    const fresh = rows(14);
    const distance = (shape: CountShape): number => {
      const at = countDistributionFunction(shape, 80);
      return pitDistance(
        Float64Array.from(given, (one, i) => randomisedPit(at(one), fresh.actual[i] ?? 0, random())),
      );
    };
    expect(distance({ ...learnt, levels: EVEN, steps: undefined })).toBeGreaterThan(0.04);
    expect(distance(learnt)).toBeLessThan(0.02);
  });

  it('is learnt from every row of a long history, whichever rows hold the surprise', () => {
    const rows = drawn(BLOCKS, 15, inputs(26_000, 0.03, 17), 18);
    const ordinary = fitCountShape(rows, 15).dispersion[0] ?? Number.NaN;
    const surprising = (odd: number): number => {
      const actual = rows.actual.map((count, i) => (i % 2 === odd && i % 10 < 2 ? 15 : count));
      return fitCountShape({ ...rows, actual }, 15).dispersion[0] ?? Number.NaN;
    };
    expect(surprising(0)).toBeGreaterThan(ordinary + 1);
    expect(surprising(1)).toBeGreaterThan(ordinary + 1);
  });

  it('is learnt from an even part of the rows where so many are asked for, and its levels from all of them', () => {
    const rows = drawn(BLOCKS, 15, inputs(4000, 0.03, 17), 18);
    // Every second row is fitted to: what happens in the others is known to the levels alone.
    const surprising = { ...rows, actual: rows.actual.map((count, i) => (i % 2 === 1 ? 15 : count)) };
    const [ordinary, other] = [rows, surprising].map((one) => fitCountShape(one, 15, 2000));
    expect(other?.dispersion).toEqual(ordinary?.dispersion);
    expect(ordinary?.levels[9]).toBeCloseTo(0.5, 1);
    expect(other?.levels[9]).toBeCloseTo(0.25, 1);
  });

  it('is narrow for some means and as the family says for others, where outcomes are', () => {
    // Outcomes of large means lie in the middle half of their forecasts, those of small means anywhere.
    const random = seededRandom(19);
    const mean = Float64Array.from({ length: 10_000 }, (_, i) => 1 + (i % 100) / 5);
    const low = mean.map((one) => (one > 10 ? 0.25 + 0.5 * random() : random()));
    const intervals = { low, high: low.map((level) => level + 1e-6) };
    const all = fitLevels(intervals);
    const { at, levels } = fitLevelSteps(mean, intervals, all);
    expect(at).toHaveLength(5);
    expect(all[3]).toBeCloseTo(0.09, 1);
    expect(levels[0]?.[3]).toBeCloseTo(0.2, 1);
    expect(levels[4]?.[3]).toBeLessThan(0.03);
    expect(levels[4]?.[9]).toBeCloseTo(0.5, 1);
    expect(levels[4]?.[15]).toBeGreaterThan(0.97);
  });

  it('takes a step of few rows for like all rows', () => {
    const mean = Float64Array.from({ length: 50 }, (_, i) => i);
    const always = { low: mean.map(() => 0.9), high: mean.map(() => 0.91) };
    const { levels } = fitLevelSteps(mean, always, EVEN);
    for (const one of levels) expect(one[9]).toBeGreaterThan(0.48);
  });

  it('shares rows of one mean out between steps of equal count, in their order', () => {
    const mean = Float64Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : 2));
    // Of the rows of mean 1 only the last hundred share a step with the first of mean 2: those with outcomes at the bottom.
    const bottom = (i: number): boolean => (i % 2 === 0 ? i >= 800 : i < 200);
    const low = mean.map((_, i) => (bottom(i) ? 0.001 : 0.9));
    const { at, levels } = fitLevelSteps(mean, { low, high: low.map((level) => level + 0.01) }, EVEN);
    expect(at).toEqual([1, 1.5, 2]);
    expect(levels.map((one) => (one[9] ?? 0) > 0.6)).toEqual([false, true, false]);
  });

  it('changes evenly from one step of means to the next, and stays as at the last step beyond it', () => {
    const low = EVEN.map((level) => level ** 2);
    const shape: CountShape = { ...POINTS, steps: { at: [5, 15], levels: [low, EVEN] } };
    const overAt = (mean: number, one: CountShape = shape): number =>
      pOver(countDistributionFunction(one, 80)({ ...aPlayer, mean }), '9.5');
    expect(overAt(15)).toBe(overAt(15, POINTS));
    expect(overAt(25)).toBe(overAt(25, POINTS));
    expect(overAt(4)).toBe(overAt(4, { ...POINTS, levels: low }));
    expect(overAt(10)).toBeCloseTo((overAt(10, POINTS) + overAt(10, { ...POINTS, levels: low })) / 2, 12);
    expect(countMedianFunction(shape, 80)({ ...aPlayer, mean: 5 })).toBe(
      wholeMedian(countDistributionFunction({ ...POINTS, levels: low }, 80)({ ...aPlayer, mean: 5 })),
    );
  });

  it('depends on nothing but the rows, and takes players without a spread of minutes', () => {
    const rows = drawn(BLOCKS, 15, inputs(2000, 0.03, 15), 16);
    expect(fitCountShape(rows, 15)).toEqual(fitCountShape(rows, 15));
    const unknown = countDistributionFunction(BLOCKS, 15)({ ...aPlayer, mean: 0.6, minutesSd: Number.NaN });
    expect(pOver(unknown, '0.5')).toBeGreaterThan(0.2);
  });

  it('without rows stays a distribution', () => {
    const none = new Float64Array(0);
    const shape = fitCountShape({ mean: none, minutesSd: none, expectedMinutes: none, actual: none }, 20);
    expect(moments(countDistributionFunction(shape, 60)(aPlayer)).mean).toBeCloseTo(aPlayer.mean, 1);
  });
});

describe('minimising', () => {
  it('finds the bottom of the banana valley of Rosenbrock', () => {
    const { point } = minimise(
      (at, gradient) => {
        const [a = 0, b = 0] = at;
        gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
        gradient[1] = 200 * (b - a * a);
        return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
      },
      Float64Array.of(-1.2, 1),
    );
    expect(point[0]).toBeCloseTo(1, 2);
    expect(point[1]).toBeCloseTo(1, 2);
  });

  it('stays where it is at the bottom, and stops where nothing gets lower', () => {
    const atTheBottom = minimise(([x = 0], g) => {
      g[0] = 2 * x;
      return x * x;
    }, Float64Array.of(0));
    expect(atTheBottom.point[0]).toBe(0);
    const wrongWay = minimise(([x = 0], g) => {
      g[0] = -2 * x;
      return x * x;
    }, Float64Array.of(3));
    expect(wrongWay.point[0]).toBe(3);
  });
});

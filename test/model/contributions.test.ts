import { expect, it } from 'vitest';
import { contributions, meanOf } from '#model/contributions.ts';
import { columnValue, countMean, predictLinear } from '#model/linear.ts';

const columns = [
  { name: 'min_ewma4', factors: [{ feature: 'min_ewma4' }] },
  { name: 'pts_ewma4', factors: [{ feature: 'pts_ewma4' }] },
  { name: 'is_home*min_ewma4/36', factors: [{ feature: 'is_home' }, { feature: 'min_ewma4', over: 36 }] },
];
const ridge = { intercept: 11, centres: [20, 10, 0.3], coefficients: [0.1, 0.9, -2] };

it('adds up to the linear forecast, the largest part first', () => {
  const features = { min_ewma4: 30, pts_ewma4: 9, is_home: 1 };
  const { average, parts } = contributions({ columns, ridge }, features);
  const values = Float64Array.from(columns, (column) =>
    columnValue(column, (name) => features[name as 'is_home']),
  );
  expect(average + parts.reduce((sum, { effect }) => sum + effect, 0)).toBeCloseTo(
    predictLinear(ridge, values),
    12,
  );
  expect(parts.map(({ column }) => column)).toEqual(['is_home*min_ewma4/36', 'min_ewma4', 'pts_ewma4']);
  expect(parts.map(({ group }) => group)).toEqual(['game', 'minutes', 'scoring']);
});

it('adds nothing for what is missing', () => {
  const { parts } = contributions({ columns, ridge }, { min_ewma4: 30, is_home: 1 });
  expect(parts.find(({ column }) => column === 'pts_ewma4')).toMatchObject({ value: null, effect: 0 });
});

it('makes the mean that is served, also of who hardly ever scores', () => {
  const correction = { at: [0.5], ratio: [1], rare: { of: 'pts_ewma4', at: [0, 1], ratio: [0.25, 1] } };
  const players = { prior: 64, ratio: { '7': 1.1 } };
  const careers = { share: 0.5, prior: 100, careers: { '9': [300, 900] } } as const;
  const of = (pts_ewma4: number | null, player?: number): number =>
    meanOf(
      { columns, ridge, players, careers, correction },
      contributions({ columns, ridge }, { min_ewma4: 30, pts_ewma4, is_home: 0 }),
      player,
    );
  const uncorrected = (pts: number): number => countMean(ridge, 11 + 0.1 * 10 + 0.9 * (pts - 10) + 2 * 0.3);
  expect(of(0)).toBeCloseTo(0.25 * uncorrected(0), 9);
  expect(of(0.5)).toBeCloseTo(0.625 * uncorrected(0.5), 9);
  expect(of(2)).toBeCloseTo(uncorrected(2), 9);
  expect(of(null)).toBeCloseTo(uncorrected(10), 9);
  expect(of(2, 7)).toBeCloseTo(1.1 * uncorrected(2), 9);
  expect(of(2, 8)).toBeCloseTo(uncorrected(2), 9);
  // 300 in 900 minutes are 10 in his 30, and 900 minutes are 90 % credible.
  expect(of(2, 9)).toBeCloseTo(0.55 * uncorrected(2) + 0.45 * 10, 9);
});

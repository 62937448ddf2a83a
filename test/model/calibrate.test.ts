import { describe, expect, it } from 'vitest';
import { calibrationPositions } from '#model/calibrate.ts';
import type { TrainingSet } from '#model/dataset.ts';

const CUTOFF = '2024-01-01';
const LAST_DAY = 19_722;

/** A history of so many rows on one day, each with an out-of-fold forecast from the thousandth on. */
function positionsOf(rows: number, history?: number): Int32Array {
  const ones = new Float64Array(rows).fill(1);
  const set: TrainingSet = {
    features: ['pts_ewma8', 'minutes_rate'],
    columns: [ones, ones],
    target: ones,
    minutes: ones,
    slates: new Array<string>(rows).fill('2023-12-31'),
    rows,
    ...(history === undefined ? {} : { history: { rows: history, from: '2022-10-18', counts: new Map() } }),
  };
  const walk = {
    columns: [],
    days: new Int32Array(rows).fill(LAST_DAY),
    target: ones,
    source: Int32Array.from(ones.keys()),
    outOfFold: Float64Array.from(ones.keys(), (i) => (i < 1000 ? Number.NaN : 1)),
    fits: [],
  };
  const model = { intercept: 1, centres: [], coefficients: [] };
  return calibrationPositions(set, walk, { cutoff: CUTOFF, model, rows }, 730);
}

describe('what calibrates a fit', () => {
  it('is every out-of-fold forecast of a young history', () => {
    expect([positionsOf(5999)[0], positionsOf(5999).length]).toEqual([1000, 4999]);
  });

  it('leaves out the forecasts of the first weeks as soon as there are as many later ones', () => {
    expect([positionsOf(6000)[0], positionsOf(6000).length]).toEqual([3000, 3000]);
  });

  it('leaves out none of the newest rows of a long history', () => {
    expect([positionsOf(6000, 90_000)[0], positionsOf(6000, 90_000).length]).toEqual([1000, 5000]);
  });
});

import {
  type CountInputs,
  type CountShape,
  countDistributionFunction,
  countMedianFunction,
  fitCountShape,
} from './count-shape.ts';
import { columnOf, marketOfSet, sumOfColumns, type TrainingSet } from './dataset.ts';
import { type CountDistribution, pOverDecided } from './distribution.ts';
import type { MarketRows } from './market.ts';
import type { CutoffFit, Walk } from './out-of-fold.ts';
import { isFed } from './systems.ts';
import { dayNumber } from './training-set.ts';

/** Errors of out-of-fold forecasts, in units of the market. */
interface FoldErrors {
  readonly rows: number;
  readonly mae_mean: number;
  readonly mae_median: number;
  readonly rmse: number;
  /** Mean of forecast − actual (of the system's mean). */
  readonly bias: number;
}

/** Shape and errors of one system, and a function that gives the distribution of each calibration row. */
export interface SystemCalibration {
  readonly shape: CountShape;
  readonly errors: FoldErrors;
  readonly distributionOf: (k: number) => CountDistribution;
}

/** Training rows after which more rows hardly improve the forecasts of a fit. */
export const MATURE_ROWS = 3000;

/**
 * Positions of the walk that calibrate a fit: before its cut-off, not too old, with an out-of-fold forecast
 * of every system. Forecasts of the first weeks of a history have larger errors than any later ones: they are
 * left out as soon as there are enough others.
 */
export function calibrationPositions(
  set: TrainingSet,
  walk: Walk,
  fit: CutoffFit,
  calibrationDays: number,
): Int32Array {
  const oldest = dayNumber(fit.cutoff) - calibrationDays;
  const [ewma8, minutesRate] = [baseline(set, 'ewma8'), baseline(set, 'minutesRate')];
  const positions: number[] = [];
  for (let i = 0; i < fit.rows; i++) {
    const row = walk.source[i] ?? 0;
    const known =
      Number.isFinite(walk.outOfFold[i]) && Number.isFinite(ewma8[row]) && Number.isFinite(minutesRate[row]);
    if (known && (walk.days[i] ?? 0) >= oldest) positions.push(i);
  }
  const before = set.history?.rows ?? 0;
  const mature = positions.filter((i) => before + i >= MATURE_ROWS);
  return Int32Array.from(mature.length < MATURE_ROWS ? positions : mature);
}

/** Fits the shape of one system to its out-of-fold means (one per position), its coefficients to `maxRows` of them at most. */
export function calibrateSystem(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  mean: Float64Array,
  maxRows?: number,
): SystemCalibration {
  const actual = gather(walk.target, positions);
  const source = Int32Array.from(gather(walk.source, positions));
  const minutesSd = gather(columnOf(set, 'min_sd10'), source);
  const expectedMinutes = gather(columnOf(set, 'min_ewma4'), source);
  const most = marketOfSet(set).max;
  const shape = fitCountShape({ mean, minutesSd, expectedMinutes, actual }, most, maxRows);
  const [distributionAt, medianAt] = [
    countDistributionFunction(shape, most),
    countMedianFunction(shape, most),
  ];
  const inputsOf = (k: number): CountInputs => ({
    mean: mean[k] ?? Number.NaN,
    minutesSd: minutesSd[k] ?? Number.NaN,
    expectedMinutes: expectedMinutes[k] ?? Number.NaN,
  });
  return {
    shape,
    errors: foldErrors(mean, actual, (k) => medianAt(inputsOf(k))),
    distributionOf: (k) => distributionAt(inputsOf(k)),
  };
}

/** A baseline forecast of the market for every row of the set: a feature, or a sum of features. */
export function baseline(set: TrainingSet, which: 'ewma8' | 'minutesRate'): Float64Array {
  return sumOfColumns(
    set,
    marketOfSet(set).features.map((features) => features[which]),
  );
}

/** The average that tells who never tries at some positions of the walk, with its feature; undefined where the market has none. */
export function triedAverages(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
): { readonly of: string; readonly average: Float64Array } | undefined {
  const [own, ...others] = marketOfSet(set).features;
  const of = others.length > 0 ? undefined : own?.triedAverage;
  if (of === undefined) return undefined;
  return { of, average: gather(columnOf(set, of), Int32Array.from(gather(walk.source, positions))) };
}

/** Out-of-fold means of a baseline. */
export function baselineMeans(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  which: 'ewma8' | 'minutesRate',
): Float64Array {
  return gather(baseline(set, which), Int32Array.from(gather(walk.source, positions))).map((mean) =>
    Math.max(0, mean),
  );
}

/** The values of an array at the given indices; all NaN when the array is undefined. */
export function gather(array: Float64Array | Int32Array | undefined, places: Int32Array): Float64Array {
  const values = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) values[i] = array?.[places[i] ?? 0] ?? Number.NaN;
  return values;
}

/** Out-of-fold ridge forecasts of rows with a line, to fit the market layer; pushes are left out. */
export function linedRows(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  ridge: SystemCalibration,
): MarketRows {
  const row = (k: number): number => walk.source[positions[k] ?? 0] ?? 0;
  const line = (k: number): number => set.line?.[row(k)] ?? Number.NaN;
  const actual = (k: number): number => set.target[row(k)] ?? Number.NaN;
  const decided = Array.from(positions.keys()).filter(
    (k) => Number.isFinite(line(k)) && actual(k) !== line(k),
  );
  return {
    own: Float64Array.from(decided, (k) => pOverDecided(ridge.distributionOf(k), String(line(k)))),
    marketOver: Float64Array.from(decided, (k) => set.marketOver?.[row(k)] ?? Number.NaN),
    fed: Uint8Array.from(decided, (k) =>
      isFed((name) => columnOf(set, name)?.[row(k)] ?? Number.NaN) ? 1 : 0,
    ),
    over: Float64Array.from(decided, (k) => (actual(k) > line(k) ? 1 : 0)),
  };
}

function foldErrors(mean: Float64Array, actual: Float64Array, medianOf: (k: number) => number): FoldErrors {
  const rows = mean.length;
  let [absolute, absoluteMedian, squared, signed] = [0, 0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const mu = mean[i] ?? 0;
    const y = actual[i] ?? 0;
    absolute += Math.abs(y - mu);
    absoluteMedian += Math.abs(y - medianOf(i));
    squared += (y - mu) ** 2;
    signed += mu - y;
  }
  return {
    rows,
    mae_mean: absolute / rows,
    mae_median: absoluteMedian / rows,
    rmse: Math.sqrt(squared / rows),
    bias: signed / rows,
  };
}

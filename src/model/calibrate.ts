import { columnOf, type TrainingSet } from './dataset.ts';
import { fitMarket, type MarketLayer } from './market.ts';
import type { CutoffFit, Walk } from './out-of-fold.ts';
import { fitScale, fitShape, middleOf, scaleFunction } from './shape.ts';
import { type Calibration, nonNegative } from './systems.ts';
import { dayNumber } from './training-set.ts';

/** Errors of out-of-fold forecasts, in points. */
export interface FoldErrors {
  readonly rows: number;
  readonly mae_mean: number;
  readonly mae_median: number;
  readonly rmse: number;
  /** Mean of forecast − actual (of the system's mean). */
  readonly bias: number;
}

/** Spread, shape and errors of one system, with its standard deviation per calibration row. */
export interface SystemCalibration {
  readonly calibration: Calibration;
  readonly errors: FoldErrors;
  readonly mean: Float64Array;
  readonly sd: Float64Array;
}

/** Positions of the walk that calibrate a fit: before its cut-off, not too old, with an out-of-fold forecast of every system. */
export function calibrationPositions(
  set: TrainingSet,
  walk: Walk,
  fit: CutoffFit,
  calibrationDays: number,
): Int32Array {
  const oldest = dayNumber(fit.cutoff) - calibrationDays;
  const [ewma, rate] = [columnOf(set, 'pts_ewma8'), columnOf(set, 'minutes_rate')];
  const positions: number[] = [];
  for (let i = 0; i < fit.rows; i++) {
    const row = walk.source[i] ?? 0;
    const known =
      Number.isFinite(walk.outOfFold[i]) && Number.isFinite(ewma?.[row]) && Number.isFinite(rate?.[row]);
    if (known && (walk.design.days[i] ?? 0) >= oldest) positions.push(i);
  }
  return Int32Array.from(positions);
}

/** Fits scale and shape of one system to its out-of-fold means (one per position). */
export function calibrateSystem(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  mean: Float64Array,
): SystemCalibration {
  const actual = gather(walk.design.target, positions);
  const source = Int32Array.from(gather(walk.source, positions));
  const minutesSd = gather(columnOf(set, 'min_sd10'), source);
  const pointsSd = gather(columnOf(set, 'pts_sd10'), source);
  const vacatedMinutes = gather(columnOf(set, 'vacated_min'), source);
  const residual = actual.map((y, i) => y - (mean[i] ?? 0));
  const scale = fitScale({ mean, residual, minutesSd, pointsSd, vacatedMinutes });
  const sdOf = scaleFunction(scale);
  const sd = mean.map((mu, i) =>
    sdOf({
      mean: mu,
      minutesSd: minutesSd[i] ?? Number.NaN,
      pointsSd: pointsSd[i] ?? Number.NaN,
      vacatedMinutes: vacatedMinutes[i] ?? Number.NaN,
    }),
  );
  const shape = fitShape({ mean, sd, actual, key: positions });
  const calibration = { scale, shape };
  return { calibration, errors: foldErrors(mean, sd, actual, calibration), mean, sd };
}

/** Out-of-fold means of the baselines: a feature is the forecast. */
export function baselineMeans(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  feature: string,
): Float64Array {
  return gather(columnOf(set, feature), Int32Array.from(gather(walk.source, positions))).map(nonNegative);
}

/** Values at some places; NaN where there is no such array. */
export function gather(array: Float64Array | Int32Array | undefined, places: Int32Array): Float64Array {
  const values = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) values[i] = array?.[places[i] ?? 0] ?? Number.NaN;
  return values;
}

/** Fits the market layer to the out-of-fold ridge forecasts that had a line. */
export function calibrateMarket(
  set: TrainingSet,
  walk: Walk,
  positions: Int32Array,
  ridge: SystemCalibration,
): MarketLayer {
  const row = (k: number): number => walk.source[positions[k] ?? 0] ?? 0;
  const lined = Array.from(positions.keys()).filter((k) => Number.isFinite(set.line?.[row(k)]));
  return fitMarket({
    median: Float64Array.from(lined, (k) =>
      medianFrom(ridge.calibration, ridge.mean[k] ?? 0, ridge.sd[k] ?? 1),
    ),
    sd: Float64Array.from(lined, (k) => ridge.sd[k] ?? 1),
    line: Float64Array.from(lined, (k) => set.line?.[row(k)] ?? Number.NaN),
    marketOver: Float64Array.from(lined, (k) => set.marketOver?.[row(k)] ?? Number.NaN),
    actual: Float64Array.from(lined, (k) => set.target[row(k)] ?? Number.NaN),
  });
}

/** The point forecast as the distribution has it: mean + sd·(median of the standardised error), at least 0. */
function medianFrom({ shape }: Calibration, mean: number, sd: number): number {
  return nonNegative(mean + sd * middleOf(shape, mean));
}

function foldErrors(
  mean: Float64Array,
  sd: Float64Array,
  actual: Float64Array,
  calibration: Calibration,
): FoldErrors {
  const rows = mean.length;
  let [absolute, absoluteMedian, squared, signed] = [0, 0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const [mu, y] = [mean[i] ?? 0, actual[i] ?? 0];
    absolute += Math.abs(y - mu);
    absoluteMedian += Math.abs(y - medianFrom(calibration, mu, sd[i] ?? 1));
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

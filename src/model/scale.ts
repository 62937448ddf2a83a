import type { Design } from './design.ts';
import { fitRidge, type LinearModel, predictLinear } from './ridge.ts';

/** √(π/2): the standard deviation of a normal variable over its mean absolute deviation. */
const SD_PER_ABSOLUTE = 1.2533;
const SMALLEST = 1.5;
const LARGEST = 14;
const WIDTH = 5;

/** Standard deviation of the error as a linear function of (μ, μ²/20, SD10 of minutes, SD10 of points, vacated minutes/50). */
export type ScaleModel = LinearModel;

/** What the spread of a forecast depends on; NaN = missing, which counts as the mean of the rows the model was fitted on. */
export interface ScaleInputs {
  readonly mean: number;
  readonly minutesSd: number;
  readonly pointsSd: number;
  readonly vacatedMinutes: number;
}

/** Graded forecasts to fit on: row i of every array belongs together; residual = points − mean. */
export interface ScaleRows {
  readonly mean: Float64Array;
  readonly residual: Float64Array;
  readonly minutesSd: Float64Array;
  readonly pointsSd: Float64Array;
  readonly vacatedMinutes: Float64Array;
}

/** Fits the scale to 1.2533·|residual| of out-of-fold rows by least squares (with a penalty of one row, for rows that hardly vary). */
export function fitScale(rows: ScaleRows): ScaleModel {
  const n = rows.mean.length;
  const values = new Float64Array(n * WIDTH);
  const target = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    fill(values, i * WIDTH, {
      mean: rows.mean[i] ?? Number.NaN,
      minutesSd: rows.minutesSd[i] ?? Number.NaN,
      pointsSd: rows.pointsSd[i] ?? Number.NaN,
      vacatedMinutes: rows.vacatedMinutes[i] ?? Number.NaN,
    });
    target[i] = SD_PER_ABSOLUTE * Math.abs(rows.residual[i] ?? Number.NaN);
  }
  const design: Design = { rows: n, width: WIDTH, values, target, days: new Int32Array(n) };
  return fitRidge(design, { lambda: 1, halfLifeDays: Number.POSITIVE_INFINITY, cutoffDay: 0 });
}

/** A function that gives the standard deviation in points, between 1.5 and 14. It reuses one buffer and is not re-entrant. */
export function scaleFunction(model: ScaleModel): (inputs: ScaleInputs) => number {
  const buffer = new Float64Array(WIDTH);
  return (inputs) => {
    fill(buffer, 0, inputs);
    return Math.min(LARGEST, Math.max(SMALLEST, predictLinear(model, buffer)));
  };
}

function fill(values: Float64Array, offset: number, inputs: ScaleInputs): void {
  values[offset] = inputs.mean;
  values[offset + 1] = (inputs.mean * inputs.mean) / 20;
  values[offset + 2] = inputs.minutesSd;
  values[offset + 3] = inputs.pointsSd;
  values[offset + 4] = inputs.vacatedMinutes / 50;
}

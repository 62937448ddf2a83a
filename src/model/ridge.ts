import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { TipoffError } from '#core/errors.ts';
import type { Design } from './design.ts';
import { correctedMean, type LinearModel, type MeanCorrection } from './linear.ts';
import type { SumFrame } from './summed-history.ts';
import { mondayOf } from './training-set.ts';

/** Day relative to which row weights grow; any fixed day works, because a solve divides it out. */
const REFERENCE_DAY = 18_262;
/** Rows from which the provisional centres are computed. */
const SHIFT_ROWS = 512;
const NO_ROW = new Float64Array(0);
/** A column counts as constant when its variance is below this share of its second moment: that is rounding. */
const CONSTANT = 1e-13;

/** The centred second moments for a ridge fit, in the units of the columns. */
export interface CentredMoments {
  /** Σw. */
  readonly weight: number;
  /** Mean of the target. */
  readonly targetMean: number;
  /** Mean of each column over the rows where it is present. */
  readonly means: Float64Array;
  /** Standard deviation of each column over those rows; 0 for a constant or never present column. */
  readonly deviations: Float64Array;
  /** Σw(xᵢ−mᵢ)(xⱼ−mⱼ), width × width, a missing value counting as its mean. */
  readonly cross: Float64Array;
  /** Σw(xᵢ−mᵢ)(y−ȳ). */
  readonly crossTarget: Float64Array;
}

/**
 * Running sums that can be solved at any moment, so weekly refits over a season cost one pass.
 *
 * Weights: a row of age a at the cut-off weighs 0.5^(a/halfLife). Rows are added with 2^((day −
 * reference)/halfLife), which does not depend on the cut-off, and a solve multiplies by one factor. So a sum
 * over the rows before a cut-off has the same bits whether or not it was solved in between.
 *
 * Missing values: a missing value counts as the training mean, which changes with every row. It is added as
 * 0, with a presence column for each column that has any. The moments under mean imputation follow exactly
 * from those with presence columns: the centred column is z − m·p, which is 0 where z is missing.
 *
 * Rounding: values are shifted by the mean of the first rows of the set (the same rows for every cut-off), so
 * subtracting means loses no precision.
 */
export class GramAccumulator {
  readonly #design: Design;
  readonly #halfLifeDays: number;
  readonly #shift: Float64Array;
  /** Index of each column's presence column; 0 (the column of ones) where nothing is missing. */
  readonly #presence: Int32Array;
  readonly #size: number;
  /** Upper triangle by rows of Σw·a·aᵀ, a = (1, columns, presence columns, target). */
  readonly #moments: Float64Array;
  /** Buffers for the rows added in one pass, and for the same rows times their weights. */
  readonly #rows: readonly Float64Array[];
  readonly #weighted: readonly Float64Array[];
  #next = 0;
  #day = Number.NaN;
  #weight = 0;

  /** With a frame, columns use the same shifts and presence columns as the sums the engine computed in it. */
  constructor(design: Design, halfLifeDays: number, frame?: SumFrame) {
    if (!(halfLifeDays >= 30)) {
      throw new TipoffError(
        'TIPOFF_BAD_INPUT',
        `expected a half-life of at least 30 days, saw ${halfLifeDays}`,
        {
          hint: 'Recency belongs in the features; 365 days is the measured choice.',
        },
      );
    }
    this.#design = design;
    this.#halfLifeDays = halfLifeDays;
    this.#shift = frame?.centres ?? provisionalCentres(design);
    this.#presence = positions(frame?.missing ?? missingColumns(design));
    this.#size = 2 + design.width + this.#presence.reduce((count, at) => count + (at > 0 ? 1 : 0), 0);
    this.#moments = new Float64Array((this.#size * (this.#size + 1)) / 2);
    this.#rows = Array.from({ length: 4 }, () => new Float64Array(this.#size));
    this.#weighted = this.#rows.map(() => new Float64Array(this.#size));
  }

  /** Number of rows added so far. */
  get rows(): number {
    return this.#next;
  }

  /** Adds a week's rows as summed by the engine, weighted relative to its Monday. */
  addWeek(week: number, sums: Float64Array): void {
    const weight = 2 ** ((mondayOf(week) - REFERENCE_DAY) / this.#halfLifeDays);
    for (const [k, sum] of sums.entries()) this.#moments[k] = (this.#moments[k] ?? 0) + weight * sum;
  }

  /** The moments including the rows from `from` to `end` (exclusive), weighted relative to a cut-off; nothing is kept. */
  momentsWith(from: number, end: number, cutoffDay: number): CentredMoments {
    const kept = this.#moments.slice();
    this.#next = from;
    this.addUpTo(end);
    const moments = this.momentsAt(cutoffDay);
    this.#moments.set(kept);
    return moments;
  }

  /** Adds the rows that follow those already added, up to row `end` (exclusive). */
  addUpTo(end: number): void {
    while (this.#next + 4 <= end) this.#addFour();
    while (this.#next < end) this.#addOne();
  }

  #addOne(): void {
    const size = this.#size;
    const moments = this.#moments;
    const [a, b] = [this.#rows[0] ?? NO_ROW, this.#weighted[0] ?? NO_ROW];
    this.#read(a, b);
    for (let i = 0, k = 0; i < size; i++) {
      const bi = b[i] ?? 0;
      for (let j = i; j < size; j++, k++) moments[k] = (moments[k] ?? 0) + bi * (a[j] ?? 0);
    }
  }

  /** Adds four rows in one pass over the moments, in row order: bit-identical to adding them one by one. */
  #addFour(): void {
    const size = this.#size;
    const moments = this.#moments;
    const [a = NO_ROW, c = NO_ROW, e = NO_ROW, g = NO_ROW] = this.#rows;
    const [b = NO_ROW, d = NO_ROW, f = NO_ROW, h = NO_ROW] = this.#weighted;
    this.#read(a, b);
    this.#read(c, d);
    this.#read(e, f);
    this.#read(g, h);
    for (let i = 0, k = 0; i < size; i++) {
      const [bi, di, fi, hi] = [b[i] ?? 0, d[i] ?? 0, f[i] ?? 0, h[i] ?? 0];
      for (let j = i; j < size; j++, k++) {
        moments[k] =
          (moments[k] ?? 0) + bi * (a[j] ?? 0) + di * (c[j] ?? 0) + fi * (e[j] ?? 0) + hi * (g[j] ?? 0);
      }
    }
  }

  /** Reads the next row as (1, columns, presence columns, target), plain and times its weight. */
  #read(a: Float64Array, weighted: Float64Array): void {
    const { width, values, target, days } = this.#design;
    const shift = this.#shift;
    const presence = this.#presence;
    const row = this.#next++;
    const weight = this.#weightOf(days[row] ?? 0);
    a[0] = 1;
    for (let j = 0, at = row * width; j < width; j++, at++) {
      const x = values[at] ?? Number.NaN;
      const present = !Number.isNaN(x);
      a[j + 1] = present ? x - (shift[j] ?? 0) : 0;
      const own = presence[j] ?? 0;
      if (own > 0) a[own] = present ? 1 : 0;
    }
    a[this.#size - 1] = target[row] ?? 0;
    for (let i = 0; i < a.length; i++) weighted[i] = weight * (a[i] ?? 0);
  }

  #weightOf(day: number): number {
    if (day !== this.#day) {
      this.#day = day;
      this.#weight = 2 ** ((day - REFERENCE_DAY) / this.#halfLifeDays);
    }
    return this.#weight;
  }

  /** Moments of the rows added so far, weighted relative to a cut-off (days since 1970-01-01). */
  momentsAt(cutoffDay: number): CentredMoments {
    const { width } = this.#design;
    const size = this.#size;
    const factor = 2 ** ((REFERENCE_DAY - cutoffDay) / this.#halfLifeDays);
    const at = (i: number, j: number): number => {
      const [low, high] = i < j ? [i, j] : [j, i];
      return this.#moments[low * size - (low * (low - 1)) / 2 + (high - low)] ?? Number.NaN;
    };
    const weight = at(0, 0);
    const targetMean = weight > 0 ? at(0, size - 1) / weight : 0;
    const centre = new Float64Array(width);
    const deviations = new Float64Array(width);
    const cross = new Float64Array(width * width);
    const crossTarget = new Float64Array(width);
    const presence = this.#presence;
    for (let j = 0; j < width; j++) {
      const present = at(0, presence[j] ?? 0);
      if (present <= 0) continue;
      const m = at(0, j + 1) / present;
      centre[j] = m;
      const variance = at(j + 1, j + 1) / present - m * m;
      const raw = (this.#shift[j] ?? 0) + m;
      deviations[j] = variance > CONSTANT * (variance + raw * raw) ? Math.sqrt(variance) : 0;
      // The centred column sums to zero, so the mean of the target drops out.
      crossTarget[j] = factor * (at(j + 1, size - 1) - m * at(presence[j] ?? 0, size - 1));
    }
    for (let i = 0; i < width; i++) {
      const [mi, pi] = [centre[i] ?? 0, presence[i] ?? 0];
      for (let j = i; j < width; j++) {
        const mj = centre[j] ?? 0;
        const pj = presence[j] ?? 0;
        const value = at(i + 1, j + 1) - mi * at(pi, j + 1) - mj * at(i + 1, pj) + mi * mj * at(pi, pj);
        cross[i * width + j] = factor * value;
        cross[j * width + i] = factor * value;
      }
    }
    const means = centre.map((m, j) => m + (this.#shift[j] ?? 0));
    return { weight: factor * weight, targetMean, means, deviations, cross, crossTarget };
  }
}

function provisionalCentres({ rows, width, values }: Design): Float64Array {
  const centres = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    let [sum, count] = [0, 0];
    for (let i = 0; i < Math.min(rows, SHIFT_ROWS); i++) {
      const x = values[i * width + j] ?? Number.NaN;
      if (Number.isNaN(x)) continue;
      sum += x;
      count++;
    }
    centres[j] = count > 0 ? sum / count : 0;
  }
  return centres;
}

function missingColumns({ rows, width, values }: Design): Uint8Array {
  const missing = new Uint8Array(width);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < width; j++, at++) if (Number.isNaN(values[at])) missing[j] = 1;
  }
  return missing;
}

/** Index of each column's presence column; 0 (the column of ones) where nothing is missing. */
function positions(missing: Uint8Array): Int32Array {
  let next = missing.length + 1;
  return Int32Array.from(missing, (flag) => (flag === 1 ? next++ : 0));
}

export interface RidgeOptions {
  /** Penalty on standardised coefficients, in (weighted) rows. */
  readonly lambda: number;
  /** Smallest divisor per column in standardising; absent = the standard deviation alone. */
  readonly floors?: readonly (number | undefined)[];
}

/**
 * Weighted ridge by normal equations: minimises Σw(y − ŷ)² + λ·Σ(sⱼβⱼ)², sⱼ the weighted standard deviation of column j
 * on the training rows. Missing values count as the training mean of their column (in the fit and in the forecast).
 * Constant and never-present columns get coefficient 0. The intercept is not penalised.
 * Throws TIPOFF_NO_MODEL without rows, or when the equations cannot be solved (λ = 0 with dependent columns).
 */
export function solveRidge(moments: CentredMoments, options: RidgeOptions): LinearModel {
  if (!(moments.weight > 0)) {
    throw new TipoffError('TIPOFF_NO_MODEL', 'expected rows to fit on, saw none', {
      hint: 'Load more history before training.',
    });
  }
  const width = moments.means.length;
  const active: number[] = [];
  const scales: number[] = [];
  moments.deviations.forEach((deviation, j) => {
    if (deviation === 0) return;
    active.push(j);
    scales.push(Math.max(deviation, options.floors?.[j] ?? 0));
  });
  const coefficients = new Array<number>(width).fill(0);
  if (active.length > 0) {
    const left = new Matrix(active.length, active.length);
    const right = new Matrix(active.length, 1);
    active.forEach((i, row) => {
      const si = scales[row] ?? 1;
      right.set(row, 0, (moments.crossTarget[i] ?? 0) / si);
      active.forEach((j, column) => {
        left.set(
          row,
          column,
          (moments.cross[i * width + j] ?? 0) / (si * (scales[column] ?? 1)) +
            (row === column ? options.lambda : 0),
        );
      });
    });
    const factor = new CholeskyDecomposition(left);
    if (!factor.isPositiveDefinite()) {
      throw new TipoffError(
        'TIPOFF_NO_MODEL',
        'expected independent columns or a positive penalty, saw a singular system',
        {
          hint: 'Train with a positive lambda.',
          details: { lambda: options.lambda, columns: active.length },
        },
      );
    }
    const solution = factor.solve(right);
    active.forEach((j, row) => {
      coefficients[j] = solution.get(row, 0) / (scales[row] ?? 1);
    });
  }
  return { intercept: moments.targetMean, centres: Array.from(moments.means), coefficients };
}

/**
 * Fits all rows of a design with one solve. `cutoffDay` (days since 1970-01-01) is the day at which a row would weigh 1.
 */
export function fitRidge(
  design: Design,
  options: RidgeOptions & { readonly halfLifeDays: number; readonly cutoffDay: number },
): LinearModel {
  const gram = new GramAccumulator(design, options.halfLifeDays);
  gram.addUpTo(design.rows);
  return solveRidge(gram.momentsAt(options.cutoffDay), options);
}

const CORRECTION_STEPS = 24;
/** Weight, in rows per step, of the prior that the forecasts need no correction. */
const CORRECTION_PRIOR_ROWS = 100;
/** Floor of a prior row's weight, as a share of the mean forecast: tiny forecasts prove no ratio. */
const CORRECTION_PRIOR_FLOOR = 0.1;

/** Averages, as shares of the mean outcome, between which players who hardly ever count are told apart. */
const RARE_STEPS = [0, 0.01, 0.03, 0.1];
/** Weight, in counts, of the prior that their forecasts need no correction. */
const RARE_PRIOR_COUNTS = 20;

/**
 * Corrects what a linear forecast cannot fit: players at the end of the bench count less (or more) than a
 * line through everybody says. Compares out-of-fold forecasts with outcomes in steps of equal count, each
 * with a prior of no correction worth 100 rows.
 *
 * With `own`, the players' averages, those whose average is below a tenth of the mean outcome are corrected apart: a line that
 * is bent into zero leaves a centre who never shoots a twentieth of a three a game, and he makes a tenth of that.
 */
export function fitMeanCorrection(
  mean: Float64Array,
  actual: Float64Array,
  own?: { readonly of: string; readonly average: Float64Array },
): MeanCorrection {
  const level = actual.reduce((sum, value) => sum + value, 0) / Math.max(1, actual.length);
  const limits = RARE_STEPS.map((share) => share * level);
  const limit = rounded(limits.at(-1) ?? 0);
  const isRare = (i: number): boolean => (own?.average[i] ?? Number.NaN) < limit;
  const usual = Uint32Array.from(mean.keys()).filter((i) => !isRare(i));
  const steps = fitSteps(mean, actual, usual);
  if (own === undefined || usual.length === mean.length) return steps;
  const [at, ratio]: [number[], number[]] = [[], []];
  for (const [k, from] of limits.slice(0, -1).entries()) {
    let [rows, average, forecast, counted] = [0, 0, 0, 0];
    for (let i = 0; i < mean.length; i++) {
      const its = Math.max(0, own.average[i] ?? Number.NaN);
      if (!(its >= from && its < (limits[k + 1] ?? 0))) continue;
      rows++;
      average += its;
      forecast += correctedMean(steps, mean[i] ?? 0);
      counted += actual[i] ?? 0;
    }
    const centre = rounded(average / rows);
    if (!(centre > (at.at(-1) ?? -1) && centre < limit)) continue;
    at.push(centre);
    ratio.push(rounded((counted + RARE_PRIOR_COUNTS) / (forecast + RARE_PRIOR_COUNTS)));
  }
  return { ...steps, rare: { of: own.of, at: [...at, limit], ratio: [...ratio, 1] } };
}

/** The steps of forecast means, from some of the rows. */
function fitSteps(mean: Float64Array, actual: Float64Array, rows: Uint32Array): MeanCorrection {
  const order = rows.toSorted((a, b) => (mean[a] ?? 0) - (mean[b] ?? 0));
  const [at, ratio]: [number[], number[]] = [[], []];
  const floor =
    (CORRECTION_PRIOR_FLOOR * order.reduce((sum, i) => sum + (mean[i] ?? 0), 0)) / Math.max(1, order.length);
  for (let step = 0; step < CORRECTION_STEPS; step++) {
    const from = Math.floor((step * order.length) / CORRECTION_STEPS);
    const own = order.subarray(from, Math.floor(((step + 1) * order.length) / CORRECTION_STEPS));
    let [forecast, counted] = [0, 0];
    for (const i of own) {
      forecast += mean[i] ?? 0;
      counted += actual[i] ?? 0;
    }
    const centre = forecast / own.length;
    if (!(centre > (at.at(-1) ?? 0))) continue;
    const prior = CORRECTION_PRIOR_ROWS * Math.max(centre, floor);
    at.push(rounded(centre));
    ratio.push(rounded((counted + prior) / (forecast + prior)));
  }
  return { at, ratio };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

import { TipoffError } from '#core/errors.ts';
import { columnOf, type TrainingSet } from './dataset.ts';
import { factorValue, type ModelColumn } from './linear.ts';
import { dayNumber } from './training-set.ts';

/** Rows × columns in row-major order (NaN = missing), with target and days for the fit. */
export interface Design {
  readonly rows: number;
  readonly width: number;
  readonly values: Float64Array;
  readonly target: Float64Array;
  /** Days since 1970-01-01 of the slate, never decreasing. */
  readonly days: Int32Array;
}

/** The model columns whose features a training set has. Throws TIPOFF_BAD_INPUT when a required feature is missing. */
export function availableColumns(
  set: TrainingSet,
  columns: readonly ModelColumn[],
  required: readonly string[],
): readonly ModelColumn[] {
  const known = new Set(set.features);
  const absent = required.filter((name) => !known.has(name));
  if (absent.length > 0) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected every required feature as a column, missing: ${absent.join(', ')}`,
      {
        hint: 'Read all columns of the feature contract from the feature store.',
        details: { missing: absent },
      },
    );
  }
  return columns.filter((column) => column.factors.every((factor) => known.has(factor.feature)));
}

/** Rows filled in all columns before the next block: as many as fit into a processor's cache. */
const ROWS_AT_A_TIME = 64;

/** The design matrix of some rows of a training set, in the given order. */
export function designOf(set: TrainingSet, columns: readonly ModelColumn[], rows: Int32Array): Design {
  const width = columns.length;
  const values = new Float64Array(rows.length * width).fill(1);
  const factors = columns.flatMap((column, j) =>
    column.factors.map((factor) => ({ j, factor, source: columnOf(set, factor.feature) })),
  );
  for (let from = 0; from < rows.length; from += ROWS_AT_A_TIME) {
    const to = Math.min(rows.length, from + ROWS_AT_A_TIME);
    for (const { j, factor, source } of factors) {
      for (let i = from, at = from * width + j; i < to; i++, at += width) {
        values[at] = (values[at] ?? Number.NaN) * factorValue(factor, source?.[rows[i] ?? 0] ?? Number.NaN);
      }
    }
  }
  const days = new Int32Array(rows.length);
  const target = new Float64Array(rows.length);
  let [slate, day] = ['', 0];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const next = set.slates[row] ?? '';
    if (next !== slate) [slate, day] = [next, dayNumber(next)];
    days[i] = day;
    target[i] = set.target[row] ?? Number.NaN;
  }
  return { rows: rows.length, width, values, target, days };
}

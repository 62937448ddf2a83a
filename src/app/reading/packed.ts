/**
 * Rows of one shape as documents carry them: the names of the columns once, then the values of each row in that order, without
 * the nulls at its end. True and false are 1 and 0.
 */
export interface Packed {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Decimals that tables keep of a number; what means and sums have beyond them only costs space. */
const DECIMALS = 6;

/**
 * Packs rows by some of their columns; `read` says what a column holds where that is not what the row has under its name.
 * Columns that are often null belong to the end.
 */
export function pack<Row extends object, Name extends string = keyof Row & string>(
  rows: readonly Row[],
  columns: readonly Name[],
  read: (row: Row, column: Name) => unknown = (row, column) => row[column as unknown as keyof Row],
): Packed {
  return {
    columns,
    rows: rows.map((row) => packed(columns.length, (i) => read(row, columns[i] as Name))),
  };
}

/** The same of some rows of a result that was read by columns; not a number is null. */
export function packColumns(
  columns: Readonly<Record<string, ArrayLike<unknown>>>,
  rows: readonly number[],
): Packed {
  const values = Object.values(columns);
  return {
    columns: Object.keys(columns),
    rows: rows.map((row) => packed(values.length, (i) => values[i]?.[row])),
  };
}

/** Values without the nulls at the end. A season has millions of them: each is looked at once. */
function packed(count: number, valueAt: (i: number) => unknown): unknown[] {
  const values: unknown[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const value = shortened(valueAt(i));
    values.push(value);
    if (value !== null) end = i + 1;
  }
  values.length = end;
  return values;
}

const SCALE = 10 ** DECIMALS;

function shortened(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return null;
    return Number.isInteger(value) ? value : Math.round(value * SCALE) / SCALE;
  }
  return value ?? null;
}

/** The rows of packed ones; what is true or false is 1 or 0. */
export function unpack<Row>({ columns, rows }: Packed): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])) as Row);
}

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

/** Packs rows by some of their columns. Columns that are often null belong to the end. */
export function pack<Row extends object>(
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
): Packed {
  return {
    columns,
    rows: rows.map((row) => {
      const values = columns.map((column) => shortened(row[column]));
      return values.slice(0, values.findLastIndex((value) => value !== null) + 1);
    }),
  };
}

function shortened(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' && !Number.isInteger(value)) return Number(value.toFixed(DECIMALS));
  return value ?? null;
}

/** The rows of packed ones; what is true or false is 1 or 0. */
export function unpack<Row>({ columns, rows }: Packed): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])) as Row);
}

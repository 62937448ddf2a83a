import {
  type Column,
  type ColumnType,
  columnNames,
  type Dataset,
  type RowOf,
  type TableContract,
  tableId,
} from '#core/contracts/define.ts';
import type { Recording } from '#core/contracts/written-rows.ts';
import { TipoffError } from '#core/errors.ts';

/**
 * Share of the last kept decimal by which a value is moved away from zero before it is rounded. Engines differ in how they
 * round a value that lies half way between two decimals, and in the last bits of a sum; both are far smaller than this. Not a round
 * number: sums of products of stored values lie on a grid of decimals, and one that lay just where it is rounded would tip over.
 */
const NUDGE = 1.4142135e-4;

/** SQL of both engines that rounds a FLOAT64 to decimals, half away from zero: the same value whichever engine computes it. */
export function roundedSql(expression: string, decimals: number): string {
  return `ROUND(${expression} + SIGN(${expression}) * ${(NUDGE * 10 ** -decimals).toExponential()}, ${decimals})`;
}

/** The number that `roundedSql` stores. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return (Math.sign(value) * Math.round(Math.abs(value) * scale + NUDGE)) / scale;
}

/** Refuses a select that gives a column the table does not have, or lacks one that the contract has. */
export function checkReplacementColumns(table: TableContract, given: readonly string[]): void {
  const wanted = columnNames(table);
  const extra = given.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !given.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}: the statement gives unknown columns [${extra.join(', ')}] and lacks [${missing.join(', ')}]`,
    {
      hint: `Correct the statement of ${table.writer} or the contract; nothing was written.`,
      details: { table: tableId(table), extra, missing },
    },
  );
}

/** Rows of a replacement that break a rule of the contract, and the least of what they break as `breachSql` words it. */
export interface BrokenRows {
  readonly broken: number;
  readonly breach: string | null;
}

/** The broken rules of a replacement as a problem of a message. */
export function describeBrokenRows(count: number, breach: string | null | undefined): string {
  return `${count} rows break a rule, for example ${breach ?? 'one that is not known'}`;
}

/**
 * A value bound to a named parameter `@name`. Dates and instants are strings, as in row types. Whole numbers are bound as
 * INT64, others as FLOAT64. A list is for `IN UNNEST(@name)` and may be empty.
 */
export type SqlValue = string | number | boolean | null | readonly string[] | readonly number[];
export type SqlParams = Readonly<Record<string, SqlValue>>;

/** A result row: JavaScript values as contracts describe them (INT64 number, NUMERIC exact string, TIMESTAMP ISO UTC). */
export type Row = Record<string, string | number | boolean | null>;

/** A result read column by column, for bulk numeric work: FLOAT64, INT64 and BOOL arrive as Float64Array with NaN for null. */
export interface ColumnarResult {
  readonly rowCount: number;
  numbers(column: string): Float64Array;
  strings(column: string): (string | null)[];
}

export interface TableRef {
  readonly dataset: Dataset;
  readonly name: string;
}

export interface TableInfo extends TableRef {
  readonly kind: 'table' | 'view';
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly rows: number;
  /** How the table is laid out; absent when the engine does not know, as for tables made before it was recorded. */
  readonly layout?: TableLayout;
  /** Of a view: the digest (`textDigest`) of the SELECT it was made from; absent when the engine does not know. */
  readonly text?: string;
}

/** A function of the `fn` library as the engine has it. */
export interface FunctionInfo {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Digest (`textDigest`) of its definition in the engine's own words; absent when the engine does not know. */
  readonly text?: string;
}

/** What a table is beyond its columns. The embedded engine remembers partition, clustering and retention; it does not act on them. */
export interface TableLayout {
  readonly description: string;
  readonly partition: string | null;
  readonly cluster: readonly string[];
  readonly partitionFilterRequired: boolean;
  readonly retentionDays: number | null;
}

export interface LiveColumn {
  readonly name: string;
  readonly type: ColumnType | string;
  readonly required: boolean;
  /** Absent when the engine does not know it. */
  readonly description?: string;
  /** Expression of the default value; absent when there is none. */
  readonly default?: string;
}

/** What of an existing table can be changed without touching a row. */
export interface TableChange {
  readonly description?: string;
  /** Descriptions by column. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly partitionFilterRequired?: boolean;
  /** Null keeps every partition for ever. */
  readonly retentionDays?: number | null;
}

/** What a table is made with beyond its columns. */
export interface TableOptions {
  readonly labels?: Readonly<Record<string, string>>;
  /** ISO instant after which the table may be dropped by the cleanup. */
  readonly expiresAt?: string;
}

/**
 * The analytical store. SQL is the portable subset (see CONTRIBUTING): unquoted `dataset.table`, `@param`, the `fn`
 * library. In: set-based statements, bulk appends, table life-cycle, live schema. Deliberately out: cursors, multi-
 * statement transactions and engine-specific SQL. The composition root owns the connection; `close` is its call.
 *
 * Errors: every refusal is a TipoffError. TIPOFF_SQL is permanent, TIPOFF_WAREHOUSE_BUSY transient. A read that failed
 * never looks like an empty result.
 */
export interface Warehouse {
  readonly engine: 'duckdb' | 'bigquery';
  /** What a SELECT would read in bytes, without running it and for nothing. Absent where reading is not billed. */
  dryRun?(sql: string, params?: SqlParams): Promise<{ readonly bytes: number }>;
  /** Runs a SELECT and returns every row. One that takes longer than `maxSeconds` is ended: TIPOFF_SQL. */
  query<T extends object = Row>(
    sql: string,
    params?: SqlParams,
    limits?: { readonly maxSeconds?: number | undefined },
  ): Promise<T[]>;
  /** Runs a SELECT and returns its columns. */
  queryColumns(sql: string, params?: SqlParams): Promise<ColumnarResult>;
  /** Runs one DML statement atomically and returns the rows it changed. */
  execute(sql: string, params?: SqlParams): Promise<number>;
  /**
   * Appends validated rows in bulk and returns how many. Columns absent from a row are null. Atomic: all rows or none.
   * `into` names another table of the same shape (a staging table).
   */
  append<T extends TableContract>(
    table: T,
    rows: readonly Partial<RowOf<T>>[],
    into?: TableRef,
  ): Promise<number>;
  /** Appends only rows whose contract key the table does not hold yet (first of equals within `rows`), and returns how many were new. */
  appendNew<T extends TableContract>(table: T, rows: readonly Partial<RowOf<T>>[]): Promise<number>;
  /**
   * Replaces all rows of `table` with `column` in [from, to] by the result of `select` (columns matched by name), in one
   * atomic step, and returns the new number of rows. `extraWhere` narrows what is replaced. The select is evaluated before
   * anything is deleted. Unknown or missing columns, rows outside of what is replaced, a key that occurs twice, null in a
   * required column and a value that breaks a rule of the contract are TIPOFF_SCHEMA_MISMATCH; after any failure the old rows are kept.
   * `recording` enters rows and checksum of each slate in `nba_orchestration.written_rows` in the same step; the range is one of slates.
   */
  replaceRange(
    table: TableContract,
    range: { column: string; from: string; to: string; extraWhere?: string; recording?: Recording },
    select: string,
    params?: SqlParams,
  ): Promise<number>;
  /**
   * Creates a table of the contract's shape under another name with these rows in it, and returns how many. Refuses when it
   * exists; when it fails there is no such table.
   */
  stage<T extends TableContract>(
    table: T,
    as: TableRef,
    rows: readonly Partial<RowOf<T>>[],
    options?: TableOptions,
  ): Promise<number>;
  /** Creates a table from its contract, or an empty one of the same shape under another name. Refuses when it exists. */
  createTable(table: TableContract, as?: TableRef, options?: TableOptions): Promise<void>;
  /**
   * Adds a nullable column at the end of a table; existing rows have null in it. False when the table has the column with
   * this type already, TIPOFF_SCHEMA_MISMATCH when it has it with another type, TIPOFF_SQL when there is no such table.
   */
  addColumn(table: TableRef, name: string, column: Pick<Column, 'type' | 'description'>): Promise<boolean>;
  /** Changes what is named of an existing table and leaves the rest. TIPOFF_SQL when there is no such table. */
  alterTable(table: TableRef, change: TableChange): Promise<void>;
  /** Creates or replaces a view. */
  createView(view: TableRef, sql: string): Promise<void>;
  /** Drops a table; false when there was none. */
  dropTable(table: TableRef): Promise<boolean>;
  /** Tables and views of a dataset whose name starts with `prefix`. */
  listTables(dataset: Dataset, prefix?: string): Promise<TableInfo[]>;
  /** Creates or replaces every function of the `fn` library, whatever is there. */
  replaceFunctions(): Promise<void>;
  /** The functions of the `fn` library that the engine has, by name. */
  listFunctions(): Promise<FunctionInfo[]>;
  /**
   * The live columns of a table, or undefined when it does not exist. Never cached. `shape` leaves the descriptions out, which
   * a writer has no use for and an engine may have to look for elsewhere.
   */
  describe(table: TableRef, depth?: 'shape' | 'whole'): Promise<LiveColumn[] | undefined>;
  /** Creates missing datasets, the `fn` library and missing contract tables; never changes an existing table. */
  prepare(tables: readonly TableContract[]): Promise<void>;
  /** Cheap proof that the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

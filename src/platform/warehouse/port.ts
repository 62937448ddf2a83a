import type { Column, ColumnType, Dataset, RowOf, TableContract } from '#core/contracts/define.ts';
import type { Recording } from '#core/contracts/written-rows.ts';

const DUCKDB_TYPES = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMPTZ',
} as const;

/** The DuckDB type of a portable column type. */
export function duckdbType(column: Pick<Column, 'type'>): string {
  return DUCKDB_TYPES[column.type];
}

/**
 * A value is moved away from zero by this share of the last kept decimal before it is rounded. Engines differ in how they round
 * a value half-way between two decimals, and in the last bits of a sum; both differences are far smaller than this. It is not a
 * round number because sums of products of stored values lie on a decimal grid, which must not coincide with the threshold.
 */
const NUDGE = 1.4142135e-4;

/** SQL that rounds a FLOAT64, half away from zero, to the same value in both engines. */
export function roundedSql(expression: string, decimals: number): string {
  return `ROUND(${expression} + SIGN(${expression}) * ${(NUDGE * 10 ** -decimals).toExponential()}, ${decimals})`;
}

/** The same rounding as {@link roundedSql}; a zero has no sign. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return unsignedZero((Math.sign(value) * Math.round(Math.abs(value) * scale + NUDGE)) / scale);
}

/** The same number, but 0 for -0: what is sent to the other engine as JSON loses the sign of a zero. */
export function unsignedZero(value: number): number {
  return value === 0 ? 0 : value;
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
  /** Digest (`textDigest`) of its definition as the engine stores it; absent when the engine does not know. */
  readonly text?: string;
}

/** The properties of a table beyond its columns. The embedded engine records partitioning, clustering and retention without acting on them. */
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

/** Changes to an existing table that touch no row. */
export interface TableChange {
  readonly description?: string;
  /** Descriptions by column. */
  readonly columns?: Readonly<Record<string, string>>;
  readonly partitionFilterRequired?: boolean;
  /** Null keeps every partition for ever. */
  readonly retentionDays?: number | null;
}

/** Options of a new table. */
export interface TableOptions {
  readonly labels?: Readonly<Record<string, string>>;
  /** ISO instant after which the table may be dropped by the cleanup. */
  readonly expiresAt?: string;
}

/** The rows that {@link Warehouse.replaceRange} replaces: `column` in [from, to], narrowed by `extraWhere`. */
export interface ReplacedRange {
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly extraWhere?: string;
  readonly recording?: Recording;
}

/**
 * The analytical store. SQL is the portable subset (see CONTRIBUTING): unquoted `dataset.table`, `@param`, the `fn`
 * library. In scope: set-based statements, bulk appends, table life-cycle, live schema. Deliberately out of scope: cursors,
 * multi-statement transactions and engine-specific SQL. The composition root owns the connection and closes it.
 *
 * Errors: every refusal is a TipoffError. TIPOFF_SQL is permanent, TIPOFF_WAREHOUSE_BUSY transient. A read that failed
 * never looks like an empty result.
 */
export interface Warehouse {
  readonly engine: 'duckdb' | 'bigquery';
  /** The bytes a SELECT would read, without running it and free of charge. Absent where reading is not billed. */
  dryRun?(sql: string, params?: SqlParams): Promise<{ readonly bytes: number }>;
  /** Runs a SELECT and returns every row. One that takes longer than `maxSeconds` is cancelled: TIPOFF_SQL. */
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
  /** Appends only rows whose key is not yet in the table (of equal keys within `rows`, the first) and returns how many were new. */
  appendNew<T extends TableContract>(table: T, rows: readonly Partial<RowOf<T>>[]): Promise<number>;
  /**
   * Replaces all rows of `table` with `column` in [from, to] by the result of `select` (columns matched by name), in one
   * atomic step, and returns the new number of rows. `extraWhere` narrows what is replaced. The select is evaluated before
   * anything is deleted. Unknown or missing columns, rows outside the replaced range, duplicate keys, null in a required
   * column and values that break a rule of the contract are TIPOFF_SCHEMA_MISMATCH; after any failure the old rows are kept.
   * With `recording`, for ranges of slates, the row count and checksum of each slate are written to
   * `nba_orchestration.written_rows` in the same step.
   */
  replaceRange(
    table: TableContract,
    range: ReplacedRange,
    select: string,
    params?: SqlParams,
  ): Promise<number>;
  /**
   * Creates a table of the contract's shape under another name, with these rows, and returns how many. Throws when the table
   * exists; a failure leaves no table behind.
   */
  stage<T extends TableContract>(
    table: T,
    as: TableRef,
    rows: readonly Partial<RowOf<T>>[],
    options?: TableOptions,
  ): Promise<number>;
  /** Creates a table from its contract, or an empty one of the same shape under another name. Throws when the table exists. */
  createTable(table: TableContract, as?: TableRef, options?: TableOptions): Promise<void>;
  /**
   * Adds a nullable column at the end of a table; it is null in existing rows. False when the table already has the column
   * with this type, TIPOFF_SCHEMA_MISMATCH when with another type, TIPOFF_SQL when there is no such table.
   */
  addColumn(table: TableRef, name: string, column: Pick<Column, 'type' | 'description'>): Promise<boolean>;
  /** Changes the given properties of an existing table. TIPOFF_SQL when there is no such table. */
  alterTable(table: TableRef, change: TableChange): Promise<void>;
  /** Creates or replaces a view. */
  createView(view: TableRef, sql: string): Promise<void>;
  /** Drops a table; false when there was none. */
  dropTable(table: TableRef): Promise<boolean>;
  /** Tables and views of a dataset whose name starts with `prefix`. */
  listTables(dataset: Dataset, prefix?: string): Promise<TableInfo[]>;
  /** Creates or replaces every function of the `fn` library. */
  replaceFunctions(): Promise<void>;
  /** The functions of the `fn` library that the engine has, by name. */
  listFunctions(): Promise<FunctionInfo[]>;
  /**
   * The live columns of a table, or undefined when it does not exist. Never cached. `shape` omits the descriptions, which
   * writers do not need and an engine may have to read from another place.
   */
  describe(table: TableRef, depth?: 'shape' | 'whole'): Promise<LiveColumn[] | undefined>;
  /** The columns of many tables without their descriptions, by `dataset.table`; a table that does not exist is not among them. Never cached. */
  shapesOf(tables: readonly TableRef[]): Promise<ReadonlyMap<string, readonly LiveColumn[]>>;
  /** Creates missing datasets, the `fn` library and missing contract tables; never changes an existing table. */
  prepare(tables: readonly TableContract[]): Promise<void>;
  /** Cheap proof that the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

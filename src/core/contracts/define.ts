/** The vocabulary of table contracts: one definition per table, from which everything else about it is derived. */

/** Portable column types. NUMERIC is an exact decimal with nine places; DATE is a calendar date without a zone. */
export type ColumnType = 'STRING' | 'INT64' | 'FLOAT64' | 'NUMERIC' | 'BOOL' | 'DATE' | 'TIMESTAMP';

/** How a column type appears in JavaScript: NUMERIC as an exact decimal string, DATE as YYYY-MM-DD, TIMESTAMP as ISO UTC with milliseconds. */
interface JsTypes {
  STRING: string;
  INT64: number;
  FLOAT64: number;
  NUMERIC: string;
  BOOL: boolean;
  DATE: string;
  TIMESTAMP: string;
}

export interface Column<T extends ColumnType = ColumnType, R extends boolean = boolean> {
  readonly type: T;
  readonly required: R;
  readonly description: string;
  /** Who fills the column when it is not the table's writer. */
  readonly writer?: string;
  /** FLOAT64 only: decimals kept on write; two computations of one value are equal when they agree at this precision. */
  readonly decimals?: number;
  /** Inclusive plausible range; a row with a value outside it is not written. */
  readonly range?: readonly [number, number];
}

export type Columns = Readonly<Record<string, Column>>;

/**
 * What holds between the values of a row, besides the ranges of its columns. Where a value is not known a rule says nothing,
 * but for `together` and `when`, which are about what is known.
 */
export type Rule<K extends string = string> =
  | { readonly kind: 'between'; readonly column: K; readonly range: readonly [number, number] }
  /** Outside of an open interval: no American price lies between -100 and 100. */
  | { readonly kind: 'outside'; readonly column: K; readonly interval: readonly [number, number] }
  /** A whole number or half of one: no book settles any other line of a count. */
  | { readonly kind: 'halves'; readonly column: K }
  | { readonly kind: 'one_of'; readonly column: K; readonly values: readonly string[] }
  /** No more than another column: made shots and attempts. */
  | { readonly kind: 'at_most'; readonly column: K; readonly limit: K }
  /** A weighted sum of others and a constant, within a tolerance. */
  | {
      readonly kind: 'sum';
      readonly column: K;
      readonly of: Readonly<Partial<Record<K, number>>>;
      readonly plus?: number;
      readonly within?: number;
    }
  | { readonly kind: 'different'; readonly columns: readonly [K, K] }
  /** Both are known or neither. */
  | { readonly kind: 'together'; readonly columns: readonly [K, K] }
  /** Known exactly where a flag is true. */
  | { readonly kind: 'when'; readonly column: K; readonly flag: K };

export interface TableContract<C extends Columns = Columns> {
  readonly dataset: Dataset;
  readonly name: string;
  readonly description: string;
  readonly columns: C;
  /** Columns that identify a row; no two rows of the table agree on all of them. */
  readonly key: readonly string[];
  /** DATE or TIMESTAMP column that partitions the table on the distributed engine. */
  readonly partition?: string;
  readonly cluster?: readonly string[];
  /** What holds between the values of a row: one that breaks a rule is not written. */
  readonly rules?: readonly Rule[];
  /**
   * Who refuses a query without a bound on the partition column: the warehouse and the schema check when true, the schema check alone
   * for `by_check`. That is for tables which are read through a view with a window: BigQuery does not promise to hand a bound on.
   */
  readonly partitionFilterRequired?: boolean | 'by_check';
  /** Days a partition is kept; absent = for ever (training inputs are never expired). */
  readonly retentionDays?: number;
  /** The component that writes the table: a processor, a format family, a service. */
  readonly writer: string;
}

export const DATASETS = {
  nba_raw: 'what providers said, append-only, with receipts',
  nba_reference: 'schedule, seasons, teams, players, aliases',
  nba_analytics: 'game summaries and the context of upcoming games',
  nba_precompute: 'one row per slate and team or player, strictly from before the slate',
  nba_predictions: 'feature store, predictions, publications, grades, models',
  nba_orchestration: 'what ran, when, and how it ended',
} as const;

export type Dataset = keyof typeof DATASETS;

type Simplify<T> = { [K in keyof T]: T[K] };
type RequiredKeys<C extends Columns> = { [K in keyof C]: C[K]['required'] extends true ? K : never }[keyof C];

/** The TypeScript row of a contract: required columns are present, nullable ones are value or null. */
export type RowOf<T extends TableContract> =
  T extends TableContract<infer C>
    ? Simplify<
        { [K in RequiredKeys<C>]: JsTypes[C[K]['type']] } & {
          [K in Exclude<keyof C, RequiredKeys<C>>]: JsTypes[C[K]['type']] | null;
        }
      >
    : never;

type Extra = Pick<Column, 'writer' | 'decimals' | 'range'>;

function columnMaker<R extends boolean>(required: R) {
  const make =
    <T extends ColumnType>(type: T) =>
    (description: string, extra: Extra = {}): Column<T, R> => ({ type, required, description, ...extra });
  return {
    string: make('STRING'),
    int: make('INT64'),
    float: make('FLOAT64'),
    numeric: make('NUMERIC'),
    bool: make('BOOL'),
    date: make('DATE'),
    timestamp: make('TIMESTAMP'),
  };
}

/** Columns that must have a value in every row. */
export const required = columnMaker(true);
/** Columns that may be null; null means "not known", never zero. */
export const nullable = columnMaker(false);

interface ColumnReferences<C extends Columns> {
  readonly key: readonly (keyof C & string)[];
  readonly partition?: keyof C & string;
  readonly cluster?: readonly (keyof C & string)[];
  readonly rules?: readonly Rule<keyof C & string>[];
}

/** Declares a table. The literal types of the columns survive, so that `RowOf` can derive the row type. */
export function defineTable<const C extends Columns>(
  contract: TableContract<C> & ColumnReferences<C>,
): TableContract<C> {
  return contract;
}

/** A view that the code reads through. */
export interface ViewContract {
  readonly ref: Pick<TableContract, 'dataset' | 'name'>;
  readonly sql: string;
  /** Names of its columns, in their order; the schema check holds the statement to them. */
  readonly columns: readonly string[];
}

/** `dataset.table`, the portable unquoted name used in SQL. */
export function tableId(table: Pick<TableContract, 'dataset' | 'name'>): string {
  return `${table.dataset}.${table.name}`;
}

/** SQL ` AND` a bound that lets every partition through, for a table whose statements must have one; empty for any other. */
export function wholePartition({
  partition,
  partitionFilterRequired,
}: Pick<TableContract, 'partition' | 'partitionFilterRequired'>): string {
  return partition === undefined || !partitionFilterRequired ? '' : ` AND ${partition} > DATE '1900-01-01'`;
}

/** Column names in declaration order. */
export function columnNames(table: TableContract): string[] {
  return Object.keys(table.columns);
}

import type { Dataset } from '#core/contracts/define.ts';

/** A column of a warehouse or a contract. Properties that a side does not know are absent and are not compared. */
export interface SchemaColumn {
  readonly name: string;
  /** Portable type, or the engine's own name where there is none; RECORD for a column with `fields`. */
  readonly type: string;
  readonly mode: 'NULLABLE' | 'REQUIRED' | 'REPEATED';
  readonly description?: string;
  /** SQL expression of the default value; null for none. */
  readonly default?: string | null;
  readonly fields?: readonly SchemaColumn[];
  /** The component that fills the column. Contracts know it, warehouses do not. */
  readonly writer?: string;
  /** Decimals kept on write; null for all. Contracts know it, warehouses do not. */
  readonly decimals?: number | null;
  /** Plausible values, inclusive; null for any. Contracts know it, warehouses do not. */
  readonly range?: readonly [number, number] | null;
}

export interface SchemaTable {
  /** `dataset.table`. */
  readonly id: string;
  readonly columns: readonly SchemaColumn[];
  readonly description?: string;
  /** Column the table is partitioned by; null for none. */
  readonly partition?: string | null;
  readonly cluster?: readonly string[];
  readonly partitionFilterRequired?: boolean;
  /** Days a partition is kept; null = for ever. */
  readonly retentionDays?: number | null;
  /** Columns that identify a row. Contracts know them, warehouses do not. */
  readonly key?: readonly string[];
}

export interface SchemaView {
  readonly id: string;
  readonly columns: readonly string[];
  /** SELECT of the view; engines store their own rewriting of it, so only the code has it. */
  readonly sql?: string;
  /** Digest of the SELECT a live view was created from, where the engine knows it. */
  readonly digest?: string;
}

export interface SchemaFunction {
  readonly name: string;
  /** Names of the parameters. */
  readonly parameters: readonly string[];
  /** The definitions for both engines (`joinedBody`); only the code has them. */
  readonly body?: string;
  /** Digest of the definition a live function was created from, by engine, where the engine knows it. */
  readonly digests?: Readonly<Partial<Record<'duckdb' | 'bigquery', string>>>;
}

/** The structure of a warehouse: tables, views and functions. */
export interface Schema {
  readonly tables: readonly SchemaTable[];
  readonly views: readonly SchemaView[];
  /** Absent when the side cannot say. */
  readonly functions?: readonly SchemaFunction[];
}

/** Splits `dataset.table`. */
export function splitId(id: string): { readonly dataset: Dataset; readonly name: string } {
  const [dataset = '', name = ''] = id.split('.');
  return { dataset: dataset as Dataset, name };
}

/** Comparator for text by code units: the same order on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A schema plus the tables, columns, views and functions that only earlier versions had. Statements are bound
 * against it, so that users of a dropped name are found.
 */
export function withEarlier(now: Schema, earlier: readonly Schema[]): Schema {
  const all = [now, ...earlier];
  return {
    tables: merged(all.map(({ tables }) => tables)).map(([table, ...others]) => ({
      ...table,
      columns: merged(
        [table, ...others].map(({ columns }) => columns.map((column) => ({ ...column, id: column.name }))),
      ).map(([{ id: _, ...column }]): SchemaColumn => column),
    })),
    views: merged(all.map(({ views }) => views)).map(([view, ...others]) => ({
      ...view,
      columns: [...new Set([view, ...others].flatMap(({ columns }) => columns))],
    })),
    functions: merged(
      all.map(({ functions = [] }) => functions.map((each) => ({ ...each, id: each.name }))),
    ).map(([{ id: _, ...each }]) => each),
  };
}

/** Items grouped by id across several lists, in list order. */
function merged<T extends { readonly id: string }>(lists: readonly (readonly T[])[]): [T, ...T[]][] {
  const found = new Map<string, [T, ...T[]]>();
  for (const each of lists.flat()) {
    const same = found.get(each.id);
    if (same === undefined) found.set(each.id, [each]);
    else same.push(each);
  }
  return [...found.values()];
}

import type { Dataset } from '#core/contracts/define.ts';

/** A column as a warehouse or a contract has it. What a side does not know is absent, and is then not compared. */
export interface SchemaColumn {
  readonly name: string;
  /** Portable type, or the engine's own word for one that is not portable; RECORD for a column with `fields`. */
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
  /** SELECT of the view; engines keep it in their own spelling, so that only the code knows it. */
  readonly sql?: string;
  /** Digest of the SELECT a live view was made from, where the engine knows it. */
  readonly digest?: string;
}

export interface SchemaFunction {
  readonly name: string;
  /** Names of the parameters. */
  readonly parameters: readonly string[];
  /** The definition on each engine; only the code knows it. */
  readonly body?: string;
  /** Digest of the definition a live function was made from, by engine, where the engine knows it. */
  readonly digests?: Readonly<Partial<Record<'duckdb' | 'bigquery', string>>>;
}

/** Everything a warehouse holds by way of structure. */
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

/** Text order that is the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

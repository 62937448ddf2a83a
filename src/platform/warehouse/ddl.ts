import { type Column, type TableContract, tableId } from '#core/contracts/define.ts';
import type { TableRef } from './port.ts';

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

/** CREATE TABLE for DuckDB, under the contract's own name or another one of the same shape. */
export function duckdbTable(table: TableContract, as: TableRef = table): string {
  const columns = Object.entries(table.columns).map(([name, c]) => `${name} ${duckdbType(c)}${c.required ? ' NOT NULL' : ''}`);
  return `CREATE TABLE ${tableId(as)} (${columns.join(', ')})`;
}

/** CREATE TABLE for BigQuery with partition, clustering, retention and descriptions. */
export function bigqueryTable(table: TableContract, as: TableRef = table): string {
  const columns = Object.entries(table.columns).map(
    ([name, c]) => `  ${name} ${c.type}${c.required ? ' NOT NULL' : ''} OPTIONS (description = ${quoted(c.description)})`,
  );
  const partitionColumn = table.partition === undefined ? undefined : table.columns[table.partition];
  const partition =
    partitionColumn === undefined
      ? []
      : [`PARTITION BY ${partitionColumn.type === 'DATE' ? table.partition : `TIMESTAMP_TRUNC(${table.partition}, DAY)`}`];
  const cluster = table.cluster === undefined ? [] : [`CLUSTER BY ${table.cluster.join(', ')}`];
  const options = [`description = ${quoted(table.description)}`];
  if (table.partitionFilterRequired === true) options.push('require_partition_filter = TRUE');
  if (table.retentionDays !== undefined) options.push(`partition_expiration_days = ${table.retentionDays}`);
  return [`CREATE TABLE ${tableId(as)} (`, columns.join(',\n'), ')', ...partition, ...cluster, `OPTIONS (${options.join(', ')})`].join(
    '\n',
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

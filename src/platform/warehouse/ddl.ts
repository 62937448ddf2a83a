import { type TableContract, tableId } from '#core/contracts/define.ts';
import { duckdbType, type TableChange, type TableRef } from './port.ts';

/** CREATE TABLE for DuckDB, under the contract's own name or another one of the same shape. */
export function duckdbTable(table: TableContract, as: TableRef = table): string {
  const columns = Object.entries(table.columns).map(
    ([name, c]) => `${name} ${duckdbType(c)}${c.required ? ' NOT NULL' : ''}`,
  );
  return `CREATE TABLE ${tableId(as)} (${columns.join(', ')})`;
}

/** A string literal of BigQuery. */
export function bigqueryString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** The statements that change an existing table of BigQuery without touching a row. */
export function bigqueryAlterations(
  table: TableRef,
  { description, columns = {}, partitionFilterRequired, retentionDays }: TableChange,
): string[] {
  const options = [
    ...(description === undefined ? [] : [`description = ${bigqueryString(description)}`]),
    ...(partitionFilterRequired === undefined
      ? []
      : [`require_partition_filter = ${partitionFilterRequired ? 'TRUE' : 'FALSE'}`]),
    ...(retentionDays === undefined ? [] : [`partition_expiration_days = ${retentionDays ?? 'NULL'}`]),
  ];
  return [
    ...(options.length === 0 ? [] : [`ALTER TABLE ${tableId(table)} SET OPTIONS (${options.join(', ')})`]),
    ...Object.entries(columns).map(
      ([name, text]) =>
        `ALTER TABLE ${tableId(table)} ALTER COLUMN ${name} SET OPTIONS (description = ${bigqueryString(text)})`,
    ),
  ];
}

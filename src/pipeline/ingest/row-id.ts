import { hash } from 'node:crypto';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { provenance } from '#core/contracts/nba_raw/provenance.ts';

type Values = Readonly<Record<string, unknown>>;

/** Gives rows of one table and format their ids. */
export type RowIdMaker = (record: Values) => string;

/**
 * The id of a row: SHA-1 over the table, the format and every business value in the order of the contract, as JSON. A
 * value that is absent counts as null. File, line and time of loading stay out, so the same row has the same id wherever
 * it is found again, and a corrected row has another one.
 */
export function rowIdsFor(table: TableContract, source: string): RowIdMaker {
  const columns = columnNames(table).filter((name) => !(name in provenance));
  const head = `${tableId(table)}\n${source}\n`;
  return (record) => hash('sha1', head + JSON.stringify(columns.map((name) => record[name] ?? null)));
}

/** The id of a quarantined row or a receipt: SHA-1 over the parts that identify it. */
export function idOf(...parts: readonly (string | number | null)[]): string {
  return hash('sha1', JSON.stringify(parts));
}

import { hash } from 'node:crypto';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { provenance } from '#core/contracts/nba_raw.ts';
import type { CsvFile, CsvRecord } from './csv.ts';
import type { ParsedFile, ParsedRow, ReasonCode, RejectedInput } from './format.ts';

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

/** Thrown while a row is built to say that this row must not be loaded; caught by the loop over the rows, never beyond a format. */
export class RowRejection extends Error {
  readonly field: string;
  readonly reasonCode: ReasonCode;

  constructor(field: string, reasonCode: ReasonCode, reason: string) {
    super(reason);
    this.name = 'RowRejection';
    this.field = field;
    this.reasonCode = reasonCode;
  }
}

/** Runs the building of one row; a RowRejection becomes its quarantine entry, any other error goes on. */
export function rowOrRejection<T>(
  line: number,
  raw: () => string,
  build: () => T,
): { row: T } | { rejected: RejectedInput } {
  try {
    return { row: build() };
  } catch (error) {
    if (!(error instanceof RowRejection)) throw error;
    return {
      rejected: { line, field: error.field, reasonCode: error.reasonCode, reason: error.message, raw: raw() },
    };
  }
}

/** A row and the natural key it has within its file. */
export interface KeyedRow {
  readonly key: string;
  readonly row: ParsedRow;
}

/** Builds one row per CSV record. See `collectKeyed`. */
export function collectCsv<K extends string>(
  csv: CsvFile<K>,
  build: (record: CsvRecord<K>) => KeyedRow,
): ParsedFile {
  const parsed = collectKeyed(
    csv.records,
    ({ line }) => line,
    ({ raw }) => raw,
    build,
  );
  return { ...parsed, read: csv.read, rejected: [...csv.rejected, ...parsed.rejected] };
}

/**
 * Builds one row per unit. A unit that repeats an earlier one of the file is a duplicate; one that has the same natural
 * key and says something else is rejected, since nothing tells which of the two is right.
 */
export function collectKeyed<U>(
  units: readonly U[],
  line: (unit: U) => number,
  raw: (unit: U) => string,
  build: (unit: U) => KeyedRow,
): ParsedFile {
  const rows: ParsedRow[] = [];
  const rejected: RejectedInput[] = [];
  const seen = new Map<string, ParsedRow>();
  let duplicates = 0;
  for (const unit of units) {
    const result = rowOrRejection(
      line(unit),
      () => raw(unit),
      () => {
        const { key, row } = build(unit);
        const earlier = seen.get(key);
        if (earlier !== undefined && JSON.stringify(earlier.record) !== JSON.stringify(row.record)) {
          throw new RowRejection(
            'row',
            'impossible_value',
            `expected one statement about ${key}, saw another one on line ${earlier.line}`,
          );
        }
        if (earlier === undefined) seen.set(key, row);
        return earlier === undefined ? row : undefined;
      },
    );
    if ('rejected' in result) rejected.push(result.rejected);
    else if (result.row === undefined) duplicates += 1;
    else rows.push(result.row);
  }
  return { read: units.length, rows, duplicates, rejected };
}

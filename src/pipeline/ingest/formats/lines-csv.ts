import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFile, ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { collectUnits } from './units.ts';

/**
 * Reads a CSV file of quotes: every record is one unit and one row. Exact repeats are rows too; they get the same
 * `row_id` and are counted as duplicates when they are loaded. Throws TIPOFF_BAD_INPUT as `readCsv` does.
 */
export function parseLinesCsv<const K extends string>(
  file: InputFile,
  columns: readonly K[],
  build: (record: CsvRecord<K>) => ParsedRow,
): ParsedFile {
  const csv = readCsv(file, columns);
  const units = collectUnits();
  for (const record of csv.records) {
    units.unit(
      record.line,
      () => record.raw,
      () => build(record),
    );
  }
  const parsed = units.result();
  return { ...parsed, read: csv.read, rejected: [...csv.rejected, ...parsed.rejected] };
}

/** True when the head of a CSV file has exactly these columns, in any order. */
export function hasExactly(head: string, columns: readonly string[]): boolean {
  const first = head.split(/\r?\n/, 1)[0] ?? '';
  return first.split(',').length === columns.length && hasColumns(head, columns);
}

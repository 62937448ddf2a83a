import type { Columns, RowOf, TableContract } from '#core/contracts/define.ts';
import type { provenance } from '#core/contracts/nba_raw/provenance.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { InputFile, ParsedFile, ParsedRow, RejectedInput } from '#pipeline/ingest/format.ts';
import { rowOrRejection } from '#pipeline/ingest/rejection.ts';

type BusinessRow<T extends TableContract> = Omit<RowOf<T>, keyof typeof provenance>;

/** A row of a raw table without provenance, checked against the contract by the compiler. */
export function parsedRow<C extends Columns>(table: TableContract<C>, record: BusinessRow<TableContract<C>>, line: number): ParsedRow {
  return { table, record: record as ParsedRow['record'], line };
}

/** Counts the units of one file and keeps what became of each: a row, a duplicate or a rejection. */
export interface UnitCollector {
  /** Reads one unit. A RowRejection inside `build` rejects the unit; any other error is a defect and passes through. */
  unit(line: number, raw: () => string, build: () => ParsedRow): void;
  /** Counts a unit that repeats an earlier one of the file. */
  duplicate(): void;
  result(): ParsedFile;
}

/** A fresh collector for one file. */
export function collectUnits(): UnitCollector {
  const rows: ParsedRow[] = [];
  const rejected: RejectedInput[] = [];
  let read = 0;
  let duplicates = 0;
  return {
    unit: (line, raw, build) => {
      read += 1;
      const result = rowOrRejection(line, raw, build);
      if ('rejected' in result) rejected.push(result.rejected);
      else rows.push(result.row);
    },
    duplicate: () => {
      read += 1;
      duplicates += 1;
    },
    result: () => ({ read, rows, duplicates, rejected }),
  };
}

/** The error for a file that is unreadable as a whole. */
export function unreadable(file: InputFile, expected: string, seen: string, cause?: unknown): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `${file.path}: expected ${expected}, saw ${seen}`, {
    hint: 'Fetch the file again, or remove it from the folder; nothing of it was loaded.',
    details: { file: file.path, bytes: file.bytes.length },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The JSON value of a file. Throws TIPOFF_BAD_INPUT when it is empty, truncated or no JSON. */
export function jsonOf(file: InputFile): unknown {
  const text = new TextDecoder('utf-8').decode(file.bytes);
  if (text.trim() === '') throw unreadable(file, 'a JSON document', 'an empty file');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'a complete JSON document', `one that does not read (${messageOf(cause)})`, cause);
  }
}

import { type Column, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { isInstant } from '#core/instants.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** Both engines keep microseconds in UTC; the seconds are written. */
const UTC = /:\d{2}:\d{2}(?:\.\d{1,6})?Z$/;
const DECIMAL = /^-?\d{1,29}(?:\.\d{1,9})?$/;

/** A record as the adapters read it: fields by name, absent or null when not known. */
export type LooseRecord = Readonly<Record<string, unknown>>;

/**
 * Compares every record with its contract before anything is written: unknown and missing fields, wrong types, NaN,
 * impossible dates. Throws TIPOFF_SCHEMA_MISMATCH naming the table, the record and the field.
 */
export function checkRecords(table: TableContract, rows: readonly LooseRecord[]): void {
  const columns = Object.entries(table.columns);
  const known = new Set(Object.keys(table.columns));
  const seen: Seen = { dates: new Set(), instants: new Set() };
  for (const [index, row] of rows.entries()) {
    for (const name in row) {
      if (!known.has(name)) throw mismatch(table, index, name, 'no such column in the contract', row[name]);
    }
    for (const [name, column] of columns) {
      const value = row[name];
      if (value === null || value === undefined) {
        if (column.required) throw mismatch(table, index, name, 'a value, the column is required', value);
      } else if (!fits(column, value, seen)) {
        throw mismatch(table, index, name, expectation(column), value);
      }
    }
  }
}

/** Dates and instants that were found to exist: bulk rows repeat few of them. */
interface Seen {
  readonly dates: Set<string>;
  readonly instants: Set<string>;
}

function fits(column: Column, value: unknown, seen: Seen): boolean {
  switch (column.type) {
    case 'STRING':
      return typeof value === 'string';
    case 'INT64':
      return Number.isSafeInteger(value);
    case 'FLOAT64':
      return typeof value === 'number' && Number.isFinite(value);
    case 'NUMERIC':
      return typeof value === 'string' && DECIMAL.test(value);
    case 'BOOL':
      return typeof value === 'boolean';
    case 'DATE':
      return (
        typeof value === 'string' && (seen.dates.has(value) || (DATE.test(value) && dateExists(value, seen)))
      );
    case 'TIMESTAMP':
      return typeof value === 'string' && (seen.instants.has(value) || instantExists(value, seen));
  }
}

function instantExists(value: string, seen: Seen): boolean {
  if (!UTC.test(value) || !isInstant(value)) return false;
  seen.instants.add(value);
  return true;
}

/** Date.parse turns 30 February into 1 March or 2 March, so the date must survive the round trip. */
function dateExists(date: string, seen: Seen): boolean {
  if (seen.dates.has(date)) return true;
  const time = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) return false;
  seen.dates.add(date);
  return true;
}

function expectation(column: Column): string {
  const shapes = {
    STRING: 'a string',
    INT64: 'a safe integer',
    FLOAT64: 'a finite number',
    NUMERIC: 'an exact decimal string such as "24.5"',
    BOOL: 'true or false',
    DATE: 'a date as YYYY-MM-DD',
    TIMESTAMP: 'an instant as YYYY-MM-DDTHH:MM:SSZ',
  } as const;
  return shapes[column.type];
}

function mismatch(
  table: TableContract,
  index: number,
  field: string,
  expected: string,
  seen: unknown,
): TipoffError {
  return new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}, record ${index}, field ${field}: expected ${expected}, saw ${JSON.stringify(seen) ?? 'nothing'}`,
    {
      hint: `Correct the writer (${table.writer}) or the contract of ${tableId(table)}; nothing was written.`,
      details: { table: tableId(table), record: index, field },
    },
  );
}

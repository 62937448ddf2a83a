import { isDate } from '#core/calendar.ts';
import { type Column, columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { isInstant } from '#core/instants.ts';
import type { ReplacedRange } from './port.ts';

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

/** Dates and instants already found valid: bulk rows repeat few of them. */
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
      return typeof value === 'string' && isValid(value, seen.dates, isDate);
    case 'TIMESTAMP':
      return typeof value === 'string' && isValid(value, seen.instants, isUtc);
  }
}

function isUtc(text: string): boolean {
  return UTC.test(text) && isInstant(text);
}

/** Checks a text, or remembers that it was valid. */
function isValid(text: string, valid: Set<string>, check: (text: string) => boolean): boolean {
  if (valid.has(text)) return true;
  if (!check(text)) return false;
  valid.add(text);
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

/** Throws TIPOFF_SCHEMA_MISMATCH when a SELECT returns a column that the contract lacks, or lacks one that it has. */
export function checkReplacementColumns(table: TableContract, selected: readonly string[]): void {
  const declared = columnNames(table);
  const extra = selected.filter((name) => !declared.includes(name));
  const missing = declared.filter((name) => !selected.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}: the statement gives unknown columns [${extra.join(', ')}] and lacks [${missing.join(', ')}]`,
    {
      hint: `Correct the statement of ${table.writer} or the contract; nothing was written.`,
      details: { table: tableId(table), extra, missing },
    },
  );
}

/** The column that bounds a replaced range. Throws TIPOFF_BAD_INPUT when the table has no such column. */
export function rangeColumn(table: TableContract, { column }: ReplacedRange): Column {
  const found = table.columns[column];
  if (found !== undefined) return found;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${tableId(table)} has no column ${column} to bound a range with`,
    {
      hint: `Bound the range with one of ${columnNames(table).join(', ')}.`,
      details: { table: tableId(table), column },
    },
  );
}

/** What is wrong with the rows of a replacement, as counts of rows (of keys for `doubled`). */
export interface ReplacementProblems {
  readonly outside: number;
  readonly doubled: number;
  readonly incomplete?: number;
  readonly broken: number;
  /** One of the broken rules, as `breachSql` words it. */
  readonly breach?: string | null | undefined;
}

/** Throws TIPOFF_SCHEMA_MISMATCH unless every row of a replacement may be written. */
export function checkReplacementRows(
  table: TableContract,
  { column, from, to, extraWhere }: ReplacedRange,
  { outside, doubled, incomplete = 0, broken, breach }: ReplacementProblems,
): void {
  const where = `${column} in [${from}, ${to}]${extraWhere === undefined ? '' : ` where ${extraWhere}`}`;
  const problems = [
    ...(outside > 0 ? [`${outside} rows lie outside of what is replaced, ${where}`] : []),
    ...(doubled > 0 ? [`${doubled} keys (${table.key.join(', ')}) occur more than once`] : []),
    ...(incomplete > 0 ? [`${incomplete} rows have null in a required column`] : []),
    ...(broken > 0 ? [`${broken} rows break a rule, for example ${breach ?? 'one that is not known'}`] : []),
  ];
  if (problems.length === 0) return;
  throw new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}: in the result of the statement ${problems.join(' and ')}`,
    {
      hint: `Correct the statement of ${table.writer}; nothing was written.`,
      details: { table: tableId(table), column, from, to, outside, doubled, incomplete },
    },
  );
}

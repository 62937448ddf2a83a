import { TipoffError } from '#core/errors.ts';
import type { ColumnarResult, Row } from '#platform/warehouse/port.ts';
import type { ResultField } from './schema.ts';
import { portableType } from './schema.ts';

type JsValue = string | number | boolean | null;

/** A complete result in BigQuery's form: cells as text by row and column. */
export interface RawResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Rows as the port shows them. */
export function toRows<T extends object>({ fields, rows }: RawResult): T[] {
  const readers = fields.map((field) => reader(field));
  return rows.map((cells) => {
    const row: Row = {};
    for (const [i, { name }] of fields.entries()) row[name] = readers[i]?.(cells[i] ?? null) ?? null;
    return row as T;
  });
}

/** A result by columns: numbers with NaN for null, everything else as text. */
export function toColumns({ fields, rows }: RawResult): ColumnarResult {
  const at = (name: string): number => {
    const index = fields.findIndex((field) => field.name === name);
    if (index < 0) throw badColumn(`the result has no column ${name}; it has ${fields.map((field) => field.name).join(', ')}`);
    return index;
  };
  return {
    rowCount: rows.length,
    numbers: (name) => {
      const index = at(name);
      const type = portableType(fields[index]?.type ?? '');
      if (!['INT64', 'FLOAT64', 'NUMERIC', 'BOOL'].includes(type)) throw badColumn(`column ${name} is ${type}, not a number`);
      const number = (cell: unknown): number => (type === 'BOOL' ? Number(cell === 'true' || cell === true) : Number(cell));
      return Float64Array.from(rows, (cells) => (isNull(cells[index]) ? Number.NaN : number(cells[index])));
    },
    strings: (name) => {
      const index = at(name);
      const field = fields[index];
      const read = field === undefined ? String : reader(field);
      return rows.map((cells) => {
        const value = isNull(cells[index]) ? null : read(cells[index]);
        return value === null ? null : String(value);
      });
    },
  };
}

/** How the text of a cell becomes the JavaScript value of a contract. */
function reader({ name, type }: ResultField): (cell: unknown) => JsValue {
  const nullOr = (read: (text: string) => JsValue) => (cell: unknown) => (isNull(cell) ? null : read(String(cell)));
  switch (portableType(type)) {
    case 'INT64':
      return nullOr((text) => wholeNumber(name, text));
    case 'FLOAT64':
      return nullOr(Number);
    case 'BOOL':
      return nullOr((text) => text === 'true');
    case 'NUMERIC':
      return nullOr(canonicalDecimal);
    case 'TIMESTAMP':
      return nullOr(instant);
    default:
      return nullOr((text) => text);
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new TipoffError('TIPOFF_SQL', `expected an integer below 2^53 in ${name}, saw ${text}`, {
    hint: 'Cast the column to STRING in the statement.',
  });
}

/** Microseconds since 1970 as a whole number (asked for), or seconds as a decimal (what some servers send all the same). */
function instant(text: string): string {
  const milliseconds = /^-?\d+$/.test(text) ? Number(BigInt(text) / 1000n) : Math.floor(Number(text) * 1e6 + 0.5) / 1000;
  return new Date(Math.floor(milliseconds)).toISOString();
}

/** "24.500000000" becomes "24.5", and "1E-9", as some servers write, "0.000000001". */
function canonicalDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d*))?(?:E([+-]?\d+))?$/i.exec(text) ?? [];
  if (whole === '')
    throw new TipoffError('TIPOFF_SQL', `expected a decimal, saw ${text}`, { hint: 'Cast the column to NUMERIC in the statement.' });
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, '0').padStart(whole.length + fraction.length + Math.max(0, 1 - point), '0');
  const at = Math.max(1, point);
  const before = digits.slice(0, at).replace(/^0+(?=\d)/, '');
  const after = digits.slice(at).replace(/0+$/, '');
  if (before === '0' && after === '') return '0';
  return `${sign}${before}${after === '' ? '' : `.${after}`}`;
}

function isNull(cell: unknown): cell is null | undefined {
  return cell === null || cell === undefined;
}

function badColumn(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: 'Name a selected column of a fitting type, or cast it in the statement.' });
}

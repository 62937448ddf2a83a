import { BIGINT, DOUBLE, type DuckDBType, type DuckDBValue, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { TipoffError } from '#core/errors.ts';
import type { SqlParams, SqlValue } from '#platform/warehouse/port.ts';

type JsValue = string | number | boolean | null;

/** The parameters of a statement for DuckDB. */
export interface Bindings {
  /** How each parameter is spelled in the text; undefined for a list without elements, which has no type. */
  readonly spelled: ReadonlyMap<string, string | undefined>;
  /** What is bound, under the names that are spelled `$name`. */
  readonly values: Record<string, DuckDBValue>;
  readonly types: Record<string, DuckDBType>;
}

/**
 * The parameters a statement names. Single values are spelled as literals of their type: the engine plans a statement with
 * bound values twice, which for few rows costs more than running it. Lists are bound. A parameter that is named and not
 * given is TIPOFF_BAD_INPUT.
 */
export function bindings(names: ReadonlySet<string>, params: SqlParams): Bindings {
  const spelled = new Map<string, string | undefined>();
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const name of names) {
    const value = params[name];
    if (value === undefined) {
      throw new TipoffError('TIPOFF_BAD_INPUT', `the statement names @${name}, which was not given`, {
        hint: 'Pass every parameter; null is a value.',
        details: { parameter: name },
      });
    }
    const literal = isList(value) ? undefined : literalOf(value);
    spelled.set(name, literal ?? `$${name}`);
    if (literal !== undefined) continue;
    if (!isList(value)) {
      values[name] = value;
    } else if (value.length === 0) {
      spelled.set(name, undefined);
    } else {
      const item = itemType(name, value);
      types[name] = LIST(item);
      values[name] = listValue(value.map((v) => scalar(v, item)));
    }
  }
  return { spelled, values, types };
}

/** A value as a literal of the type that binding it would give it; undefined for text that no literal can hold. */
function literalOf(value: JsValue): string | undefined {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'number') return `CAST('${value}' AS ${numberType([value])})`;
  return value.includes('\0') ? undefined : `CAST('${value.replaceAll("'", "''")}' AS VARCHAR)`;
}

function isList(value: SqlValue): value is readonly string[] | readonly number[] {
  return typeof value === 'object' && value !== null;
}

/** One type for a whole list: DuckDB would take that of the first element and truncate the others to it. */
function itemType(name: string, list: readonly (string | number)[]): DuckDBType {
  if (list.every((v) => typeof v === 'string')) return VARCHAR;
  if (list.every((v) => typeof v === 'number')) return numberType(list);
  throw new TipoffError('TIPOFF_BAD_INPUT', `@${name} is a list of strings and numbers; expected one kind`, {
    hint: 'Pass a list of strings, or a list of numbers.',
    details: { parameter: name },
  });
}

/** Whole numbers are INT64, as the distributed engine binds them. */
function numberType(numbers: readonly number[]): DuckDBType {
  return numbers.every((n) => Number.isSafeInteger(n)) ? BIGINT : DOUBLE;
}

function scalar(value: string | number, type: DuckDBType): DuckDBValue {
  return typeof value === 'number' && type === BIGINT ? BigInt(value) : value;
}

/** How values of a DuckDB type become the JavaScript values of a contract. */
export function reader(type: DuckDBType): (value: DuckDBValue) => JsValue {
  const name = type.toString();
  if (name === 'DATE') return (v) => (v === null ? null : String(v));
  if (name.startsWith('TIMESTAMP')) return readInstant;
  if (name.startsWith('DECIMAL')) return (v) => (v === null ? null : canonicalDecimal(String(v)));
  return readPlain;
}

/** True for types whose values are numbers, so that a column of them may be read as floats. */
export function isNumeric(type: DuckDBType): boolean {
  return /^(?:DECIMAL|DOUBLE|FLOAT|BOOLEAN|U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$)/.test(type.toString());
}

function readPlain(value: DuckDBValue): JsValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw new TipoffError('TIPOFF_SQL', `expected an integer below 2^53, saw ${value}`, {
      hint: 'Cast the column to STRING in the statement.',
    });
  }
  return String(value);
}

function readInstant(value: DuckDBValue): JsValue {
  if (value === null) return null;
  if (typeof value === 'object' && 'micros' in value && typeof value.micros === 'bigint') {
    return new Date(Number(value.micros / 1000n)).toISOString();
  }
  throw new TipoffError('TIPOFF_SQL', `expected an instant, saw ${String(value)}`, {
    hint: 'Timestamps are TIMESTAMP columns with microseconds.',
  });
}

/** "24.500000000" becomes "24.5", "25.000000000" becomes "25". */
function canonicalDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

import {
  BIGINT,
  DOUBLE,
  type DuckDBDataChunk,
  DuckDBDateValue,
  type DuckDBMaterializedResult,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { ColumnarResult, SqlParams, SqlValue } from '#platform/warehouse/port.ts';

/** A full disk, a quota or a size limit, as DuckDB words it; also inside a commit or a checkpoint that failed of it. */
const CANNOT_WRITE =
  /Could not (?:write|fsync|sync)|No space left on device|File too large|Disk quota exceeded/i;

/** Bytes that are not those that were written. */
const DAMAGED =
  /not a valid DuckDB database file|Corrupt database file|Could not read enough bytes|database has been invalidated/i;

/**
 * What DuckDB refused, as an error with a code: a file held by another process, a disk that is full, a damaged file, or a
 * statement it does not accept.
 */
export function duckdbError(error: unknown, statement?: string): TipoffError {
  if (error instanceof TipoffError) return error;
  const message = messageOf(error);
  if (/Conflicting lock is held/.test(message)) {
    const pid = /PID (\d+)/.exec(message)?.[1] ?? 'unknown';
    return new TipoffError('TIPOFF_HOME_LOCKED', `the warehouse file is held by process ${pid}`, {
      hint: `Stop process ${pid}, or use another --home; DuckDB lets one process in.`,
      details: { pid },
      cause: error,
    });
  }
  if (CANNOT_WRITE.test(message)) {
    return new TipoffError('TIPOFF_STORAGE', `the warehouse file cannot be written: ${message}`, {
      hint: 'Free space on the disk of the home (df -h shows it), then run the same command again; what failed was not kept.',
      cause: error,
    });
  }
  if (DAMAGED.test(message)) {
    return new TipoffError('TIPOFF_INTEGRITY', `the warehouse file is damaged: ${message}`, {
      hint: 'Put back a copy of the file, or move it away and load everything again: `tipoff ingest <path>`, then `tipoff backfill run --from <slate>`.',
      cause: error,
    });
  }
  if (/NOT NULL constraint failed/i.test(message)) {
    return new TipoffError('TIPOFF_SCHEMA_MISMATCH', message, {
      hint: 'Give the required column a value in the statement; nothing was written.',
      ...(statement === undefined ? {} : { details: { statement: statement.slice(0, 400) } }),
      cause: error,
    });
  }
  const busy = /Conflict on|write-write conflict|TransactionContext Error/i.test(message);
  return new TipoffError(busy ? 'TIPOFF_WAREHOUSE_BUSY' : 'TIPOFF_SQL', message, {
    hint: busy
      ? 'Run it again; another writer changed the same rows.'
      : 'Correct the statement, or check it against `schema check`.',
    ...(statement === undefined ? {} : { details: { statement: statement.slice(0, 400) } }),
    cause: error,
  });
}

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
 * bound values twice, which for few rows costs more than running it. Long lists are bound, since reading them as text costs
 * more than planning. A parameter that is named and not given is TIPOFF_BAD_INPUT.
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
    const literal = isList(value) ? literalsOf(name, value) : literalOf(value);
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

/** Most items of a list that are spelled as literals: reading them takes less time than planning the statement twice. */
const MAX_LITERALS = 100;

/** A short list as literals in parentheses; undefined for one that is empty or long, or has text that no literal can hold. */
function literalsOf(name: string, list: readonly string[] | readonly number[]): string | undefined {
  if (list.length === 0 || list.length > MAX_LITERALS) return undefined;
  const type = itemType(name, list);
  const items = list.map((item) =>
    typeof item === 'number' ? `CAST('${item}' AS ${type})` : literalOf(item),
  );
  return items.includes(undefined) ? undefined : `(${items.join(', ')})`;
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
  if (name === 'DATE') return unlessKnown(String);
  if (name.startsWith('TIMESTAMP')) return unlessKnown(readInstant);
  if (name.startsWith('DECIMAL')) return (v) => (v === null ? null : canonicalDecimal(String(v)));
  return readPlain;
}

/** Reads a date or an instant unless it is the one of the row before: neighbours share most of them, and their texts take long. */
function unlessKnown(read: (value: DuckDBValue) => JsValue): (value: DuckDBValue) => JsValue {
  let [known, text]: [number | bigint | undefined, JsValue] = [undefined, null];
  return (value) => {
    if (value === null) return null;
    const moment = momentOf(value);
    if (moment === undefined || moment !== known) [known, text] = [moment, read(value)];
    return text;
  };
}

function momentOf(value: DuckDBValue): number | bigint | undefined {
  if (value instanceof DuckDBDateValue) return value.days;
  return value instanceof DuckDBTimestampTZValue ? value.micros : undefined;
}

/** True for types whose values are numbers, so that a column of them may be read as floats. */
function isNumeric(type: DuckDBType): boolean {
  return /^(?:DECIMAL|DOUBLE|FLOAT|BOOLEAN|U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$)/.test(type.toString());
}

function readPlain(value: DuckDBValue): JsValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
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

/** The chunks of a result, which is in memory: fetching each of them on another thread takes longer than reading it. */
export function chunksOf(result: DuckDBMaterializedResult): DuckDBDataChunk[] {
  return Array.from({ length: result.chunkCount }, (_, i) => result.getChunk(i));
}

/** A materialised result as columns: numbers with NaN for null, everything else as text. */
export function columnar(result: DuckDBMaterializedResult): ColumnarResult {
  const names = result.columnNames();
  const types = result.columnTypes();
  // Column by column when it is asked for: all values of a large result as objects would be many times its size.
  const chunks = chunksOf(result);
  const rowCount = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  const each = (index: number, take: (value: DuckDBValue, row: number) => void): void => {
    let row = 0;
    for (const chunk of chunks) {
      const vector = chunk.getColumnVector(index);
      // The count of a chunk is asked of the engine each time.
      const count = chunk.rowCount;
      for (let i = 0; i < count; i++) take(vector.getItem(i), row++);
    }
  };
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw badColumn(`the result has no column ${name}; it has ${names.join(', ')}`);
    return index;
  };
  return {
    rowCount,
    numbers: (name) => {
      const index = at(name);
      const type = types[index];
      if (type === undefined || !isNumeric(type))
        throw badColumn(`column ${name} is ${String(type)}, not a number`);
      const values = new Float64Array(rowCount);
      each(index, (value, row) => {
        values[row] = value === null ? Number.NaN : Number(value);
      });
      return values;
    },
    strings: (name) => {
      const index = at(name);
      const type = types[index];
      const read = type === undefined ? String : reader(type);
      const texts: (string | null)[] = [];
      each(index, (cell) => {
        const value = cell === null ? null : read(cell);
        texts.push(value === null ? null : String(value));
      });
      return texts;
    },
  };
}

function badColumn(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, {
    hint: 'Name a selected column of a fitting type, or cast it in the statement.',
  });
}

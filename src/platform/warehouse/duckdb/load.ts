import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { type Column, type ColumnType, columnNames, type TableContract } from '#core/contracts/define.ts';
import { duckdbType } from '#platform/warehouse/ddl.ts';
import type { TableRef } from '#platform/warehouse/port.ts';
import { rounded, roundedSql } from '#platform/warehouse/precision.ts';
import type { LooseRecord } from '#platform/warehouse/records.ts';

/** Rows that reach the engine in one piece. */
export const CHUNK_ROWS = 2048;
const NUMERIC_WIDTH = 38;
const NUMERIC_SCALE = 9;
const MILLISECONDS_A_DAY = 86_400_000;

/** Every type but STRING travels in the engine's own form: casting text is slow, NUMERIC's forty times slower. No value passes through a float. */
function wireType(column: Column): DuckDBType {
  switch (column.type) {
    case 'INT64':
      return BIGINT;
    case 'FLOAT64':
      return DOUBLE;
    case 'BOOL':
      return BOOLEAN;
    case 'NUMERIC':
      return DECIMAL(NUMERIC_WIDTH, NUMERIC_SCALE);
    case 'DATE':
      return DATE;
    case 'TIMESTAMP':
      return TIMESTAMPTZ;
    default:
      return VARCHAR;
  }
}

/** The SELECT list that turns the wire table, or any select, into the stored types and precisions of a contract. */
export function storedColumns(table: TableContract, alias: string): string {
  return Object.entries(table.columns)
    .map(([name, column]) => {
      const cast = `CAST(${alias}.${name} AS ${duckdbType(column)})`;
      return `${column.decimals === undefined ? cast : roundedSql(cast, column.decimals)} AS ${name}`;
    })
    .join(', ');
}

/** Writes rows into a new temporary table in wire types, chunk by chunk. The caller drops it. */
export async function loadWire(
  connection: DuckDBConnection,
  table: TableContract,
  rows: readonly LooseRecord[],
  name: string,
): Promise<void> {
  const columns = Object.entries(table.columns);
  const types = columns.map(([, column]) => wireType(column));
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${name} (${columnNames(table)
      .map((column, i) => `${column} ${types[i]}`)
      .join(', ')}, wire_order BIGINT)`,
  );
  const toWire = columns.map(([, { type }]) => wireOf(type));
  const appender = await connection.createAppender(name, 'main', 'temp');
  appendChunks(appender, [...types, BIGINT], rows, (part, start) => [
    ...columns.map(([column], i) => part.map((row) => toWire[i]?.(row[column]) ?? null)),
    part.map((_, i) => BigInt(start + i)),
  ]);
}

/**
 * Appends rows to a table whose columns are those of the contract, in its order: without the detour over a wire table, which
 * costs more than the rows when there are few. Values are rounded to the contract's decimals as the engine rounds them.
 */
export async function loadDirectly(
  connection: DuckDBConnection,
  table: TableContract,
  into: TableRef,
  rows: readonly LooseRecord[],
): Promise<void> {
  const columns = Object.entries(table.columns);
  const toStored = columns.map(([, column]) => storedOf(column));
  const appender = await connection.createAppender(into.name, into.dataset);
  appendChunks(
    appender,
    columns.map(([, column]) => wireType(column)),
    rows,
    (part) => columns.map(([name], i) => part.map((row) => toStored[i]?.(row[name]) ?? null)),
  );
}

function appendChunks(
  appender: DuckDBAppender,
  types: readonly DuckDBType[],
  rows: readonly LooseRecord[],
  columnsOf: (part: readonly LooseRecord[], start: number) => DuckDBValue[][],
): void {
  try {
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      const part = rows.slice(start, start + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types, part.length);
      chunk.setColumns(columnsOf(part, start));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  } catch (error) {
    // What an appender still holds it would write when it is collected, outside of the transaction that failed.
    appender.clear();
    throw error;
  }
}

function storedOf(column: Column): (value: unknown) => DuckDBValue {
  const { type, decimals } = column;
  if (decimals === undefined) return wireOf(type);
  return (value) => (typeof value === 'number' ? rounded(value, decimals) : null);
}

function wireOf(type: ColumnType): (value: unknown) => DuckDBValue {
  switch (type) {
    case 'INT64':
      return wireInteger;
    case 'NUMERIC':
      return wireNumeric;
    case 'DATE':
      return remembering((text) => new DuckDBDateValue(Date.parse(`${text}T00:00:00Z`) / MILLISECONDS_A_DAY));
    case 'TIMESTAMP':
      return remembering((text) => new DuckDBTimestampTZValue(microseconds(text)));
    default:
      return wirePlain;
  }
}

/** Bulk rows repeat few dates and instants: each text is read once. */
function remembering(read: (text: string) => DuckDBValue): (value: unknown) => DuckDBValue {
  const known = new Map<string, DuckDBValue>();
  return (value) => {
    if (typeof value !== 'string') return null;
    const found = known.get(value);
    if (found !== undefined) return found;
    const made = read(value);
    known.set(value, made);
    return made;
  };
}

/** Microseconds since 1970 of an instant with up to six decimals. */
function microseconds(text: string): bigint {
  const fraction = /\.(\d{1,6})Z$/.exec(text)?.[1] ?? '';
  const seconds = Date.parse(fraction === '' ? text : text.replace(`.${fraction}`, '')) / 1000;
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

function wireInteger(value: unknown): DuckDBValue {
  return typeof value === 'number' ? BigInt(value) : null;
}

/** "24.5" as 24500000000 units of 1e-9. */
function wireNumeric(value: unknown): DuckDBValue {
  if (typeof value !== 'string') return null;
  const point = value.indexOf('.');
  const whole = point < 0 ? value : value.slice(0, point);
  const fraction = point < 0 ? '' : value.slice(point + 1);
  return new DuckDBDecimalValue(BigInt(whole + fraction.padEnd(NUMERIC_SCALE, '0')), NUMERIC_WIDTH, NUMERIC_SCALE);
}

function wirePlain(value: unknown): DuckDBValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

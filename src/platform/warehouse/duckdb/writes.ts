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
import {
  type Column,
  type ColumnType,
  columnNames,
  type TableContract,
  tableId,
} from '#core/contracts/define.ts';
import { breachSql, breaksSql } from '#core/contracts/rules.ts';
import { recordingSql } from '#core/contracts/written-rows.ts';
import {
  duckdbType,
  type ReplacedRange,
  rounded,
  roundedSql,
  type SqlParams,
  type TableOptions,
  type TableRef,
  unsignedZero,
} from '#platform/warehouse/port.ts';
import {
  checkRecords,
  checkReplacementColumns,
  checkReplacementRows,
  type LooseRecord,
  rangeColumn,
} from '#platform/warehouse/records.ts';
import { createTable, declaredSpelling, isOfContract } from './catalogue.ts';
import type { Session } from './session.ts';
import { duckdbError } from './values.ts';

/** Rows sent to the engine per chunk. */
const CHUNK_ROWS = 2048;
const NUMERIC_WIDTH = 38;
const NUMERIC_SCALE = 9;
const MILLISECONDS_A_DAY = 86_400_000;

/**
 * Every type but STRING is sent in the engine's native form: casting text is slow (forty times slower for
 * NUMERIC). No value passes through a float.
 */
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
function storedColumns(table: TableContract, alias: string): string {
  return Object.entries(table.columns)
    .map(([name, column]) => {
      const cast = `CAST(${alias}.${name} AS ${duckdbType(column)})`;
      return `${column.decimals === undefined ? cast : roundedSql(cast, column.decimals)} AS ${name}`;
    })
    .join(', ');
}

/** Writes rows into a new temporary table in wire types, chunk by chunk. The caller drops it. */
async function loadWire(
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
 * Appends rows to a table with the contract's columns in contract order, without a wire table, which costs
 * more than a few rows do. Values are rounded to the contract's decimals, as the engine rounds.
 */
async function loadDirectly(
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
    // On garbage collection an appender writes what it still holds, outside the failed transaction: clear it.
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

/** Memoises a parser: bulk rows repeat few dates and instants. */
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

/** Microseconds since 1970 of an instant with up to six decimal places. */
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
  return new DuckDBDecimalValue(
    BigInt(whole + fraction.padEnd(NUMERIC_SCALE, '0')),
    NUMERIC_WIDTH,
    NUMERIC_SCALE,
  );
}

function wirePlain(value: unknown): DuckDBValue {
  if (typeof value === 'number') return unsignedZero(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** Inserts validated rows in one transaction; with `fresh`, only the first row of each key not yet in the table. */
export async function insertRows(
  session: Session,
  table: TableContract,
  into: TableRef,
  rows: readonly LooseRecord[],
  fresh: boolean,
): Promise<number> {
  checkRecords(table, rows);
  if (rows.length === 0) return 0;
  const target = tableId(into);
  const load = async (given: readonly LooseRecord[]): Promise<number> => {
    try {
      if (given.length > 0) await loadDirectly(session.connection, table, into, given);
      return given.length;
    } catch (error) {
      throw duckdbError(error);
    }
  };
  const loadedDirectly = async (): Promise<number | undefined> => {
    if (!(await isOfContract(session, table, into))) return undefined;
    if (!fresh) return load(rows);
    const unseen = await unseenRows(session, table, into, rows);
    return unseen === undefined ? undefined : load(unseen);
  };
  // A single chunk is atomic by itself, and a transaction costs as much as a few rows.
  const isOnePiece = rows.length <= CHUNK_ROWS;
  const loaded = isOnePiece ? await session.exclusive(loadedDirectly) : undefined;
  if (loaded !== undefined) return loaded;
  return session.atomically(async () => {
    const loadedWhole = isOnePiece ? undefined : await loadedDirectly();
    if (loadedWhole !== undefined) return loadedWhole;
    await loadWire(session.connection, table, rows, 'tipoff_wire');
    const sameKey = table.key.map((k) => `t.${k} IS NOT DISTINCT FROM s.${k}`).join(' AND ');
    const unseen = fresh
      ? ` WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${sameKey})
          QUALIFY row_number() OVER (PARTITION BY ${table.key.join(', ')} ORDER BY wire_order) = 1 ORDER BY wire_order`
      : '';
    const count = await session.changed(
      `INSERT INTO ${target} BY NAME SELECT * EXCLUDE (wire_order)
       FROM (SELECT ${storedColumns(table, 'w')}, w.wire_order FROM temp.tipoff_wire w) s${unseen}`,
    );
    await session.run('DROP TABLE temp.tipoff_wire');
    return count;
  });
}

/** The first row of each key that is not in the table; undefined where a key is more than one text. */
async function unseenRows(
  session: Session,
  table: TableContract,
  into: TableRef,
  rows: readonly LooseRecord[],
): Promise<readonly LooseRecord[] | undefined> {
  const [key = '', ...more] = table.key;
  const { type, required } = table.columns[key] ?? {};
  if (more.length > 0 || type !== 'STRING' || required !== true) return undefined;
  const first = new Map(rows.toReversed().map((row) => [String(row[key]), row]));
  const there = await session.rows<Readonly<Record<string, string>>>(
    `SELECT ${key} FROM ${tableId(into)} WHERE ${key} IN UNNEST(@keys)`,
    { keys: [...first.keys()] },
  );
  const known = new Set(there.map((row) => row[key]));
  return rows.filter((row) => first.get(String(row[key])) === row && !known.has(String(row[key])));
}

/** Creates a table with a contract's shape and fills it with validated rows, in one transaction. */
export async function stageRows(
  session: Session,
  table: TableContract,
  as: TableRef,
  rows: readonly LooseRecord[],
  { createdAt, ...options }: TableOptions & { readonly createdAt: Date },
): Promise<number> {
  checkRecords(table, rows);
  return session.atomically(async () => {
    await createTable(session, table, as, options, createdAt);
    await loadDirectly(session.connection, table, as, rows);
    return rows.length;
  });
}

/**
 * Replaces the rows of a range with those of a select, in one transaction. The select is evaluated first, so
 * it sees the rows it replaces; its rows must lie in the range, or a second run would duplicate them.
 */
export async function replaceRange(
  session: Session,
  table: TableContract,
  range: ReplacedRange,
  select: string,
  params: SqlParams,
): Promise<number> {
  const bounds = boundsOf(table, range);
  const all: SqlParams = { ...params, range_from: range.from, range_to: range.to };
  return session.atomically(async () => {
    // The select runs once and its columns are read from the result: planning a long statement just to
    // describe it costs as much as running it on a short range.
    await session.run(`CREATE OR REPLACE TEMP TABLE ${GIVEN} AS ${select}`, params);
    const rows = await asStored(session, table);
    await checkReplacement(session, table, range, { rows, bounds }, all);
    const { recording } = range;
    if (recording !== undefined)
      await session.run(recordingSql(table, { rows, before: `${tableId(table)} WHERE ${bounds}` }), {
        ...all,
        recorded_since: recording.since,
        recorded_at: recording.at,
      });
    await session.run(`DELETE FROM ${tableId(table)} WHERE ${bounds}`, all);
    // Rows of one date are stored together, as in a partition: a later read of one date decodes only those.
    const order = range.from === range.to ? '' : ` ORDER BY ${range.column}`;
    const count = await session.changed(
      `INSERT INTO ${tableId(table)} BY NAME SELECT * FROM ${rows}${order}`,
    );
    await session.run(`DROP TABLE ${rows}`);
    return count;
  });
}

const GIVEN = 'temp.tipoff_replacement';
const STORED = 'temp.tipoff_stored';

/** The table holding the replacement rows in contract types and precisions: the result of the select itself if it has them. */
async function asStored(session: Session, table: TableContract): Promise<string> {
  const given = await session.rows<{ column_name: string; column_type: string }>(`DESCRIBE ${GIVEN}`);
  checkReplacementColumns(
    table,
    given.map((column) => column.column_name),
  );
  const isStored = given.every(({ column_name, column_type }) => {
    const column = table.columns[column_name];
    return (
      column?.decimals === undefined &&
      column !== undefined &&
      declaredSpelling(column_type) === duckdbType(column)
    );
  });
  if (isStored) return GIVEN;
  // Rounding is computed once here rather than by every statement that reads the rows.
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${STORED} AS SELECT ${storedColumns(table, 's')} FROM ${GIVEN} s`,
  );
  await session.run(`DROP TABLE ${GIVEN}`);
  return STORED;
}

function boundsOf(table: TableContract, range: ReplacedRange): string {
  const type = duckdbType(rangeColumn(table, range));
  const extra = range.extraWhere === undefined ? '' : ` AND (${range.extraWhere})`;
  return `${range.column} BETWEEN CAST(@range_from AS ${type}) AND CAST(@range_to AS ${type})${extra}`;
}

/** Refuses rows outside the range and duplicate keys: either would break idempotence. */
async function checkReplacement(
  session: Session,
  table: TableContract,
  range: ReplacedRange,
  { rows, bounds }: { readonly rows: string; readonly bounds: string },
  params: SqlParams,
): Promise<void> {
  const key = table.key.join(', ');
  // A wide table has a rule for most columns: which one is broken is looked up only on failure.
  const breaks = breaksSql(table);
  const [found] = await session.rows<{ outside: number; doubled: number; broken?: number }>(
    `SELECT COUNT(*) FILTER (WHERE (${bounds}) IS NOT TRUE) AS outside
      ${breaks === undefined ? '' : `, COUNT(*) FILTER (WHERE ${breaks}) AS broken`},
      (SELECT COUNT(*) FROM (SELECT ${key} FROM ${rows} GROUP BY ${key} HAVING COUNT(*) > 1)) AS doubled
     FROM ${rows} r`,
    params,
  );
  const { outside = 0, doubled = 0, broken = 0 } = found ?? {};
  const breach = broken > 0 ? await exampleOf(session, table, rows) : undefined;
  checkReplacementRows(table, range, { outside, doubled, broken, breach });
}

/** Describes one rule that the replacement rows break. */
async function exampleOf(
  session: Session,
  table: TableContract,
  rows: string,
): Promise<string | null | undefined> {
  const [found] = await session.rows<{ breach: string | null }>(
    `SELECT MIN(${breachSql(table)}) AS breach FROM ${rows}`,
  );
  return found?.breach;
}

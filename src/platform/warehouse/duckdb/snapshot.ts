import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { seasonLabel } from '#core/calendar.ts';
import { DATASETS, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { duckdbType } from '#platform/warehouse/port.ts';
import { duckdbError } from './values.ts';
import { engineSettings } from './warehouse.ts';

/** The file of one table and season; `season` is null when the table has no DATE partition. */
interface SnapshotFile {
  /** Name of the Parquet file in the folder. */
  readonly name: string;
  readonly season: string | null;
  /** False when the season is unchanged since it was stored; then no file is written. */
  readonly isWritten: boolean;
}

export interface Snapshot {
  readonly tables: readonly SnapshotTable[];
  /** By closed season: a digest of its rows, the table layouts and the file format. */
  readonly seasons: Readonly<Record<string, string>>;
}

interface SnapshotTable {
  /** `dataset.table`. */
  readonly table: string;
  readonly rows: number;
  /** CREATE TABLE statement, for tables without a contract, such as staging tables. */
  readonly definition: string;
  readonly comment: string | null;
  readonly files: readonly SnapshotFile[];
}

/** A saved table, as needed to fill it again. */
export interface SavedTable extends Omit<SnapshotTable, 'files'> {
  /** Parquet files on this machine, in the order in which they were written. */
  readonly files: readonly string[];
}

/** How a snapshot's table differed from this version's contract. */
export interface LoadedTable {
  readonly table: string;
  readonly rows: number;
  /** Columns of the snapshot that this version lacks; their values are dropped. */
  readonly leftOut: readonly string[];
  /** Columns of this version that the snapshot lacks; null in every row. */
  readonly added: readonly string[];
}

/** Table with the table properties that DuckDB itself cannot store. */
const META_TABLE = 'tipoff_meta.tables';
/** One thread writes the same bytes for the same rows, so unchanged files are not stored again. */
const THREADS = 1;
/** Uncompressed: the back-up compresses the files together and stores what tables have in common once. */
const PARQUET = '(FORMAT parquet, PARQUET_VERSION V2, COMPRESSION uncompressed, ROW_GROUP_SIZE 122880)';

/** The rows of a table in one season; `season` and `year` are null for a table without seasons. */
interface Part {
  readonly season: string | null;
  readonly year: number | null;
  readonly rows: number;
  /** Equal for equal rows in any order, within one engine version. Zero for a season that is not closed. */
  readonly digest: string;
}

/**
 * Writes every table of a warehouse file as Parquet into a folder, by season where the contract has a DATE
 * partition. Seasons before `present` are closed; a closed season whose digest is in `stored` is not written again.
 */
export async function exportTables(
  warehouse: string,
  folder: string,
  contracts: readonly TableContract[],
  { present, stored }: { readonly present: string; readonly stored: Readonly<Record<string, string>> },
): Promise<Snapshot> {
  return connected(warehouse, async (connection) => {
    const schemas = Object.keys(DATASETS).map(text).join(', ');
    const found = await rows<{
      id: string;
      sql: string;
      comment: string | null;
      version: string;
      written: bigint;
    }>(
      connection,
      `SELECT schema_name || '.' || table_name AS id, sql, comment, version() AS version, estimated_size AS written FROM duckdb_tables()
       WHERE schema_name IN (${schemas}) OR schema_name || '.' || table_name = ${text(META_TABLE)} ORDER BY id`,
    );
    const tables = [];
    const hashes = new Map<string, Hash>();
    for (const { written, ...table } of found) {
      const contract = contracts.find((one) => tableId(one) === table.id);
      // Rows of a table that were deleted count as well: one without any was never written to, and half of the tables may be.
      const parts = written === 0n ? [] : await partsOf(connection, table.id, contract, present);
      tables.push({ ...table, contract, parts });
      for (const { season, rows: n, digest } of parts) {
        if (season === null || season >= present) continue;
        const hash = hashes.get(season) ?? createHash('sha256').update(`${PARQUET}\n`);
        hash.update(`${table.version} ${table.sql} ${seriesOrder(contract)} ${n} ${digest}\n`);
        hashes.set(season, hash);
      }
    }
    const seasons = Object.fromEntries([...hashes].map(([season, hash]) => [season, hash.digest('hex')]));
    const isStored = ({ season }: Part): boolean =>
      season !== null && season in seasons && seasons[season] === stored[season];
    const saved: SnapshotTable[] = [];
    for (const { id, sql, comment, contract, parts } of tables) {
      const open = parts.filter((part) => !isStored(part));
      const wheres = open.map(({ year }) => seasonSql(seasonColumn(contract), year));
      const columns = open.length === 0 ? '*' : await storedColumns(connection, id, contract, wheres);
      const nameOf = ({ season }: Part): string => `${id}.${season ?? 'all'}.parquet`;
      for (const [i, part] of open.entries()) {
        await connection.run(
          `COPY (SELECT ${columns} FROM ${id} WHERE ${wheres[i]}${seriesOrder(contract)}) TO ${text(join(folder, nameOf(part)))} ${PARQUET}`,
        );
      }
      saved.push({
        table: id,
        rows: parts.reduce((total, { rows: n }) => total + n, 0),
        definition: sql,
        comment,
        files: parts.map((part) => ({ name: nameOf(part), season: part.season, isWritten: !isStored(part) })),
      });
    }
    return { tables: saved, seasons };
  });
}

async function partsOf(
  connection: DuckDBConnection,
  id: string,
  contract: TableContract | undefined,
  present: string,
): Promise<Part[]> {
  const column = seasonColumn(contract);
  const year = column === undefined ? 'CAST(NULL AS INTEGER)' : firstYearSql(column);
  const closed = column === undefined ? 'FALSE' : `${column} < DATE '${present.slice(0, 4)}-10-01'`;
  const found = await rows<{ year: number | null; n: bigint; digest: string }>(
    connection,
    `SELECT ${year} AS year, COUNT(*) AS n, CAST(SUM(CASE WHEN ${closed} THEN CAST(hash(t) AS HUGEINT) ELSE 0 END) AS VARCHAR) AS digest
     FROM ${id} AS t GROUP BY 1 ORDER BY 1`,
  );
  return found.map((part) => ({
    ...part,
    season: part.year === null ? null : seasonLabel(part.year),
    rows: Number(part.n),
  }));
}

/**
 * Fills a new warehouse file whose contract tables exist and are empty. Columns are matched by name; a table
 * without a contract is recreated as it was. Throws TIPOFF_SCHEMA_MISMATCH when the contracts cannot take the
 * rows, TIPOFF_INTEGRITY when the row counts differ from those saved.
 */
export async function importTables(
  warehouse: string,
  tables: readonly SavedTable[],
  contracts: readonly TableContract[],
): Promise<LoadedTable[]> {
  return connected(warehouse, async (connection) => {
    const loaded: LoadedTable[] = [];
    for (const saved of tables) {
      const { table } = saved;
      const contract = contracts.find((one) => tableId(one) === table);
      if (contract === undefined) {
        await connection.run(`CREATE SCHEMA IF NOT EXISTS ${table.split('.')[0]}`);
        await connection.run(saved.definition.replace(/^CREATE TABLE /, 'CREATE TABLE IF NOT EXISTS '));
        if (saved.comment !== null)
          await connection.run(`COMMENT ON TABLE ${table} IS ${text(saved.comment)}`);
      }
      if (table === META_TABLE) await connection.run(`DELETE FROM ${table}`);
      loaded.push(await fill(connection, saved, contract));
    }
    await connection.run('CHECKPOINT');
    return loaded;
  });
}

async function fill(
  connection: DuckDBConnection,
  { table, rows: expected, files }: SavedTable,
  contract: TableContract | undefined,
): Promise<LoadedTable> {
  if (files.length === 0) return { table, rows: 0, leftOut: [], added: [] };
  const from = `read_parquet([${files.map(text).join(', ')}], union_by_name = true)`;
  const has = (await rows<{ column_name: string }>(connection, `DESCRIBE SELECT * FROM ${from}`)).map(
    ({ column_name }) => column_name,
  );
  const wants = contract === undefined ? has : Object.keys(contract.columns);
  const shared = wants.filter((name) => has.includes(name));
  const added = wants.filter((name) => !has.includes(name));
  const required = added.filter((name) => contract?.columns[name]?.required === true);
  if (required.length > 0 && expected > 0)
    throw cannotTake(table, `${required.join(', ')} in every row, saw no such column`);
  const cast = (name: string): string => {
    const column = contract?.columns[name];
    return column === undefined ? name : `CAST(${name} AS ${duckdbType(column)})`;
  };
  try {
    await connection.run(
      `INSERT INTO ${table} (${shared.join(', ')}) SELECT ${shared.map(cast).join(', ')} FROM ${from}`,
    );
  } catch (error) {
    throw cannotTake(table, duckdbError(error).message, error);
  }
  const [count] = await rows<{ n: bigint }>(connection, `SELECT COUNT(*) AS n FROM ${table}`);
  const seen = Number(count?.n ?? 0);
  if (seen !== expected) {
    throw new TipoffError('TIPOFF_INTEGRITY', `${table}: expected ${expected} rows as saved, saw ${seen}`, {
      hint: 'Use the generation before: `tipoff backup list`.',
      details: { table, expected, seen },
    });
  }
  return { table, rows: seen, leftOut: has.filter((name) => !wants.includes(name)), added };
}

function cannotTake(table: string, what: string, cause?: unknown): TipoffError {
  return new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${table}: the contract of this version cannot take the saved rows: expected ${what}`,
    {
      hint: 'Restore with the version that made the back-up (`tipoff backup list` names it), or correct the contract.',
      details: { table },
      cause,
    },
  );
}

/**
 * The select list that writes a table. A float with contract decimals is written as a decimal, which takes
 * half the space, provided every written value survives the round trip.
 */
async function storedColumns(
  connection: DuckDBConnection,
  id: string,
  contract: TableContract | undefined,
  wheres: readonly string[],
): Promise<string> {
  const decimals = Object.entries(contract?.columns ?? {}).flatMap(([name, { type, decimals: kept }]) =>
    type === 'FLOAT64' && kept !== undefined
      ? [{ name, as: `TRY_CAST(${name} AS DECIMAL(18, ${kept}))` }]
      : [],
  );
  if (decimals.length === 0) return '*';
  const live = await rows<{ column_name: string }>(connection, `DESCRIBE ${id}`);
  const known = decimals.filter(({ name }) => live.some(({ column_name }) => column_name === name));
  const changed = known.map(
    ({ name, as }) => `COALESCE(BOOL_OR(${name} IS DISTINCT FROM CAST(${as} AS DOUBLE)), FALSE) AS ${name}`,
  );
  const [found] = await rows<Record<string, boolean>>(
    connection,
    `SELECT ${changed.join(', ')} FROM ${id} WHERE ${wheres.map((one) => `(${one})`).join(' OR ')}`,
  );
  const exact = known.filter(({ name }) => found?.[name] === false);
  return exact.length === 0
    ? '*'
    : `* REPLACE (${exact.map(({ name, as }) => `${as} AS ${name}`).join(', ')})`;
}

/** The DATE column that gives the season of a row; undefined when the table is saved in one piece. */
function seasonColumn(contract: TableContract | undefined): string | undefined {
  const name = contract?.partition;
  return name !== undefined && contract?.columns[name]?.type === 'DATE' ? name : undefined;
}

/** SQL for the year in which a date's season begins (October to September, like `seasonOf`). */
function firstYearSql(column: string): string {
  return `CAST(year(${column}) - CASE WHEN month(${column}) < 10 THEN 1 ELSE 0 END AS INTEGER)`;
}

/** SQL condition for the season that begins in a year; always true without seasons. */
function seasonSql(column: string | undefined, year: number | null): string {
  if (column === undefined) return 'TRUE';
  return year === null
    ? `${column} IS NULL`
    : `${column} >= DATE '${year}-10-01' AND ${column} < DATE '${year + 1}-10-01'`;
}

/**
 * ORDER BY for tables of players and days: by player, then day, so that neighbouring rows are alike and
 * tables with common content order it alike. Other tables keep their order.
 */
function seriesOrder(contract: TableContract | undefined): string {
  const columns = ['player_id', 'slate'];
  if (contract === undefined || columns.some((name) => contract.columns[name] === undefined)) return '';
  return ` ORDER BY ${[...new Set([...columns, ...(contract.cluster ?? []), ...contract.key])].join(', ')}`;
}

async function connected<T>(path: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  try {
    const instance = await DuckDBInstance.fromCache(path, engineSettings(path, THREADS));
    try {
      const connection = await instance.connect();
      try {
        await connection.run("SET TimeZone = 'UTC'; SET preserve_insertion_order = true");
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    } finally {
      instance.closeSync();
    }
  } catch (error) {
    throw duckdbError(error);
  }
}

async function rows<T>(connection: DuckDBConnection, sql: string): Promise<T[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS() as T[];
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

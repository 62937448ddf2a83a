import type { DuckDBConnection } from '@duckdb/node-api';
import { type Column, DATASETS, type Dataset, type TableContract, tableId } from '#core/contracts/define.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { duckdbTable } from '#platform/warehouse/ddl.ts';
import { duckdbFunctions, textDigest } from '#platform/warehouse/functions.ts';
import {
  duckdbType,
  type FunctionInfo,
  type LiveColumn,
  type TableChange,
  type TableInfo,
  type TableLayout,
  type TableOptions,
  type TableRef,
} from '#platform/warehouse/port.ts';
import type { Session } from './session.ts';
import { duckdbError } from './values.ts';

/**
 * DuckDB has no partitions, clustering or retention. The layout of a table is stored in its comment as JSON, so that a changed
 * contract shows on this engine as it would on the distributed one.
 */
interface Remembered extends TableLayout {
  readonly columns: Readonly<Record<string, string>>;
}

/** The statement that writes the layout of a contract into the comment of a table of its shape. */
function layoutComment(table: TableContract, as: TableRef): string {
  return commentOn(as, {
    description: table.description,
    partition: table.partition ?? null,
    cluster: table.cluster ?? [],
    partitionFilterRequired: table.partitionFilterRequired === true,
    retentionDays: table.retentionDays ?? null,
    columns: Object.fromEntries(
      Object.entries(table.columns).map(([name, { description }]) => [name, description]),
    ),
  });
}

/** Adds the description of a new column to what is remembered; nothing when nothing is. */
async function rememberColumn(
  session: Session,
  table: TableRef,
  name: string,
  description: string,
): Promise<void> {
  const known = (await remembered(session, table.dataset)).get(table.name);
  if (known !== undefined)
    await session.native(commentOn(table, { ...known, columns: { ...known.columns, [name]: description } }));
}

/** Changes what is remembered of a table; false when nothing is. */
async function rememberChange(
  session: Session,
  table: TableRef,
  { columns, ...change }: TableChange,
): Promise<boolean> {
  const known = (await remembered(session, table.dataset)).get(table.name);
  if (known === undefined) return false;
  await session.native(commentOn(table, { ...known, ...change, columns: { ...known.columns, ...columns } }));
  return true;
}

/** The layout in the comment of a table; undefined for one that was made before layouts were recorded. */
function layoutIn(comment: string | null): TableLayout | undefined {
  const known = rememberedIn(comment);
  if (known === undefined) return undefined;
  const { columns: _columns, ...layout } = known;
  return layout;
}

/** The descriptions of a table's columns; empty when nothing is remembered. */
async function columnDescriptions(
  session: Session,
  { dataset, name }: TableRef,
): Promise<Readonly<Record<string, string>>> {
  return (await remembered(session, dataset, name)).get(name)?.columns ?? {};
}

function commentOn(table: TableRef, layout: Remembered): string {
  return `COMMENT ON TABLE ${tableId(table)} IS '${JSON.stringify(layout).replaceAll("'", "''")}'`;
}

async function remembered(
  session: Session,
  dataset: string,
  name: string | null = null,
): Promise<ReadonlyMap<string, Remembered>> {
  const rows = await session.rows<{ table_name: string; comment: string }>(
    `SELECT table_name, comment FROM duckdb_tables()
     WHERE schema_name = @dataset AND comment IS NOT NULL AND table_name = COALESCE(@name, table_name)`,
    { dataset, name },
  );
  return new Map(
    rows.flatMap(({ table_name, comment }) => {
      const known = rememberedIn(comment);
      return known === undefined ? [] : [[table_name, known]];
    }),
  );
}

/** What the comment of a table remembers; undefined for any other comment, and for none. */
function rememberedIn(comment: string | null): Remembered | undefined {
  return comment?.startsWith('{') === true ? (JSON.parse(comment) as Remembered) : undefined;
}

/** A column as the engine has it, in its own spelling. */
interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: boolean;
  readonly dflt_value: string | null;
}

/**
 * The columns of one table or view, named `dataset.table`, in order; undefined when there is none. Asks for this table alone: the engine's lists of
 * all columns and tables are made anew for each question, which takes several times as long.
 */
async function storedShape(session: Session, id: string): Promise<readonly StoredColumn[] | undefined> {
  try {
    return await session.rows<StoredColumn>(`PRAGMA table_info('${id}')`);
  } catch (error) {
    if (isUnknownTable(messageOf(error))) return undefined;
    throw error;
  }
}

/** True when a live table has exactly the columns of the contract, in its order and types. */
export async function isOfContract(
  { connection }: Session,
  table: TableContract,
  ref: TableRef,
): Promise<boolean> {
  const declared = Object.entries(table.columns).map(([column, one]) => `${column} ${duckdbType(one)}`);
  return declared.join() === (await namesAndTypes(connection, tableId(ref)));
}

/** The engine's name of a type, or of a column with its type, in the spelling of a declaration. */
export function declaredSpelling(type: string): string {
  return type.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ');
}

/** Names and types from planning a SELECT, which takes less time than `storedShape` and tells no more. */
async function namesAndTypes(connection: DuckDBConnection, id: string): Promise<string | undefined> {
  try {
    const planned = await connection.prepare(`SELECT * FROM ${id}`);
    try {
      const columns = Array.from(
        { length: planned.columnCount },
        (_, i) => `${planned.columnName(i)} ${planned.columnType(i)}`,
      );
      return columns.map(declaredSpelling).join();
    } finally {
      planned.destroySync();
    }
  } catch (error) {
    if (isUnknownTable(messageOf(error))) return undefined;
    throw duckdbError(error);
  }
}

function isUnknownTable(message: string): boolean {
  return /Catalog Error: (Table|Schema) with name \S+ does not exist/.test(message);
}

/** DuckDB keeps no creation time, labels or expiry, so they live in a table of their own. */
const META = `CREATE TABLE IF NOT EXISTS tipoff_meta.tables
  (dataset VARCHAR, name VARCHAR, created_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, labels VARCHAR, PRIMARY KEY (dataset, name))`;

const PORTABLE_TYPES: Readonly<Record<string, string>> = {
  VARCHAR: 'STRING',
  BIGINT: 'INT64',
  DOUBLE: 'FLOAT64',
  'DECIMAL(38,9)': 'NUMERIC',
  BOOLEAN: 'BOOL',
  DATE: 'DATE',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
};

/** Creates a table of a contract's shape and remembers when, until when and with which labels. Run in a transaction. */
export async function createTable(
  session: Session,
  table: TableContract,
  as: TableRef,
  options: TableOptions,
  createdAt: Date,
): Promise<void> {
  // In one round trip: a staging table is made for every unit of every batch.
  const statements = [
    `CREATE SCHEMA IF NOT EXISTS ${as.dataset}`,
    duckdbTable(table, as),
    layoutComment(table, as),
    'CREATE SCHEMA IF NOT EXISTS tipoff_meta',
    META,
  ];
  await session.native(statements.join('; '));
  await session.run(
    'INSERT OR REPLACE INTO tipoff_meta.tables VALUES (@dataset, @name, CAST(@created AS TIMESTAMP), CAST(@expires AS TIMESTAMP), @labels)',
    {
      dataset: as.dataset,
      name: as.name,
      created: createdAt.toISOString(),
      expires: options.expiresAt ?? null,
      labels: JSON.stringify(options.labels ?? {}),
    },
  );
}

/** Drops a table with what was remembered about it; false when there was none. Run in a transaction. */
export async function dropTable(session: Session, { dataset, name }: TableRef): Promise<boolean> {
  if ((await storedShape(session, tableId({ dataset, name }))) === undefined) return false;
  await session.native(`DROP TABLE ${tableId({ dataset, name })}`);
  if (await hasMeta(session)) {
    await session.run('DELETE FROM tipoff_meta.tables WHERE dataset = @dataset AND name = @name', {
      dataset,
      name,
    });
  }
  return true;
}

/** Creates what is missing and changes nothing that is there. Run in a transaction. */
export async function prepare(session: Session, tables: readonly TableContract[]): Promise<void> {
  await session.native(
    Object.keys(DATASETS)
      .map((name) => `CREATE SCHEMA IF NOT EXISTS ${name}`)
      .join('; '),
  );
  // A home is opened for every command: one that has everything is not written to, or closing it would write all definitions again.
  if ((await liveLibrary(session)) !== libraryDigest()) await replaceFunctions(session);
  const there = await session.rows<{ id: string }>(
    "SELECT schema_name || '.' || table_name AS id FROM duckdb_tables()",
  );
  const known = new Set(there.map(({ id }) => id));
  const missing = tables.filter((each) => !known.has(tableId(each)));
  const made = new Map(missing.map((table) => [tableId(table), table]));
  // In one round trip, as the functions are: a new home has more than a hundred definitions.
  if (made.size > 0)
    await session.native(
      [...made.values()].flatMap((table) => [duckdbTable(table), layoutComment(table, table)]).join('; '),
    );
}

/** Adds a nullable column; false when it is there with this type. Run in a transaction. */
export async function addColumn(
  session: Session,
  table: TableRef,
  name: string,
  { type, description }: Pick<Column, 'type' | 'description'>,
): Promise<boolean> {
  const existing = (await describe(session, table))?.find((column) => column.name === name);
  if (existing !== undefined) {
    if (existing.type === type) return false;
    throw new TipoffError(
      'TIPOFF_SCHEMA_MISMATCH',
      `${tableId(table)}.${name}: expected to add ${type}, the table has it as ${existing.type}`,
      {
        hint: 'A column keeps its type: add one under another name, or rebuild the table.',
        details: { table: tableId(table), field: name, expected: type, seen: existing.type },
      },
    );
  }
  await session.native(`ALTER TABLE ${tableId(table)} ADD COLUMN ${name} ${duckdbType({ type })}`);
  await rememberColumn(session, table, name, description);
  return true;
}

/** Changes what is remembered of a table. Run in a transaction. */
export async function alterTable(session: Session, table: TableRef, change: TableChange): Promise<void> {
  if (await rememberChange(session, table, change)) return;
  throw new TipoffError('TIPOFF_SQL', `expected the table ${tableId(table)} with its layout, saw none`, {
    hint: 'Create it from its contract: `tipoff schema apply`.',
  });
}

/**
 * Creates or replaces a view and keeps the digest of its text, which the engine rewrites; one that was made from this text stays
 * as it is. Run in a transaction.
 */
export async function createView(session: Session, view: TableRef, sql: string): Promise<void> {
  const { dataset, name } = view;
  const digest = textDigest(sql);
  const [live] = await session.rows<{ comment: string | null }>(
    'SELECT comment FROM duckdb_views() WHERE schema_name = @dataset AND view_name = @name',
    { dataset, name },
  );
  if (live?.comment === digest) return;
  await session.run(`CREATE OR REPLACE VIEW ${tableId(view)} AS ${sql}`);
  await session.native(`COMMENT ON VIEW ${tableId(view)} IS '${digest}'`);
}

/** Creates the library anew. Run in a transaction. */
export async function replaceFunctions(session: Session): Promise<void> {
  const statements = [
    'CREATE SCHEMA IF NOT EXISTS fn',
    ...duckdbFunctions(),
    'CREATE SCHEMA IF NOT EXISTS tipoff_meta',
    `CREATE OR REPLACE MACRO ${LIBRARY}() AS '${libraryDigest()}'`,
  ];
  await session.native(statements.join('; '));
}

/** A function that gives the digest of the library that was made last: the engine takes tens of milliseconds to list functions. */
const LIBRARY = 'tipoff_meta.library';

function libraryDigest(): string {
  return textDigest(duckdbFunctions().join(';'));
}

/** The digest of the library of a warehouse; undefined when none was kept. */
async function liveLibrary(session: Session): Promise<string | undefined> {
  try {
    const [found] = await session.rows<{ digest: string }>(`SELECT ${LIBRARY}() AS digest`);
    return found?.digest;
  } catch (error) {
    if (/Function with name \S+ does not exist/.test(messageOf(error))) return undefined;
    throw error;
  }
}

/** The functions of the library; one whose text was not kept has no digest. */
export async function listFunctions(session: Session): Promise<FunctionInfo[]> {
  const found = await session.rows<{ name: string; parameters: string; text: string | null }>(
    `SELECT function_name AS name, array_to_string(parameters, ',') AS parameters, comment AS text
     FROM duckdb_functions() WHERE schema_name = 'fn' ORDER BY function_name`,
  );
  return found.map(({ name, parameters, text }) => ({
    name,
    parameters: parameters.split(',').filter((parameter) => parameter !== ''),
    ...(text === null ? {} : { text }),
  }));
}

/** The live columns of a table or view; undefined when there is none. `shape`: without their descriptions. */
export async function describe(
  session: Session,
  table: TableRef,
  depth: 'shape' | 'whole' = 'whole',
): Promise<LiveColumn[] | undefined> {
  const columns = await storedShape(session, tableId(table));
  if (columns === undefined) return undefined;
  const descriptions = depth === 'shape' ? {} : await columnDescriptions(session, table);
  return columns.map((column) => liveColumn(column, descriptions[column.name]));
}

/** The columns of tables by `dataset.table`. Not of views: of one that can no longer be read the engine still gives the columns it had. */
export async function shapesOf(
  session: Session,
  tables: readonly TableRef[],
): Promise<ReadonlyMap<string, readonly LiveColumn[]>> {
  const columns = await session.rows<StoredColumn & { id: string }>(
    `SELECT schema_name || '.' || table_name AS id, column_name AS name, data_type AS type, NOT is_nullable AS notnull, column_default AS dflt_value
     FROM duckdb_columns()
     WHERE database_name = current_database() AND schema_name || '.' || table_name IN UNNEST(@ids)
     ORDER BY id, column_index`,
    { ids: tables.map(tableId) },
  );
  return new Map(
    [...Map.groupBy(columns, ({ id }) => id)].map(([id, own]) => [
      id,
      own.map((column) => liveColumn(column)),
    ]),
  );
}

function liveColumn({ name, type, notnull, dflt_value }: StoredColumn, description?: string): LiveColumn {
  return {
    name,
    type: PORTABLE_TYPES[type] ?? type,
    required: notnull,
    ...omitUndefined({ description }),
    ...(dflt_value === null ? {} : { default: dflt_value }),
  };
}

/** Tables and views of a dataset by name prefix, with their exact row counts; a view counts zero. */
export async function listTables(session: Session, dataset: Dataset, prefix: string): Promise<TableInfo[]> {
  const tables = await session.rows<{ name: string; kind: 'table' | 'view'; comment: string | null }>(
    `SELECT table_name AS name, 'table' AS kind, comment FROM duckdb_tables()
     WHERE schema_name = @dataset AND starts_with(table_name, @prefix)
     UNION ALL SELECT view_name, 'view', comment FROM duckdb_views() WHERE schema_name = @dataset AND starts_with(view_name, @prefix) ORDER BY name`,
    { dataset, prefix },
  );
  const meta = (await hasMeta(session))
    ? await session.rows<{ name: string; created_at: string; expires_at: string | null; labels: string }>(
        'SELECT name, created_at, expires_at, labels FROM tipoff_meta.tables WHERE dataset = @dataset',
        { dataset },
      )
    : [];
  const infos: TableInfo[] = [];
  for (const { name, kind, comment } of tables) {
    const known = meta.find((one) => one.name === name);
    const layout = kind === 'table' ? layoutIn(comment) : undefined;
    const counted =
      kind === 'table'
        ? await session.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM ${tableId({ dataset, name })}`)
        : [];
    infos.push({
      dataset,
      name,
      kind,
      createdAt: known?.created_at ?? null,
      expiresAt: known?.expires_at ?? null,
      labels: known === undefined ? {} : (JSON.parse(known.labels) as Record<string, string>),
      rows: counted[0]?.n ?? 0,
      ...omitUndefined({ layout }),
      ...(kind === 'view' && comment !== null ? { text: comment } : {}),
    });
  }
  return infos;
}

async function hasMeta(session: Session): Promise<boolean> {
  return (await storedShape(session, 'tipoff_meta.tables')) !== undefined;
}

import { statSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Clock, systemClock } from '#platform/clock.ts';
import { openRightOfWay, type RightOfWay } from '#platform/right-of-way.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import {
  addColumn,
  alterTable,
  createTable,
  createView,
  describe,
  dropTable,
  listFunctions,
  listTables,
  prepare,
  replaceFunctions,
  shapesOf,
} from './catalogue.ts';
import { openSession, rowsOf, type Session } from './session.ts';
import { columnar, duckdbError } from './values.ts';
import { insertRows, replaceRange, stageRows } from './writes.ts';

export interface DuckDbOptions {
  /** Threads that it computes with: one for a file that is small when it is opened, and otherwise one per processor, when absent. */
  readonly threads?: number;
  /** Dates the tables that are created; the wall clock unless told otherwise. */
  readonly clock?: Clock;
  /** Who goes first among those who use it; one of its own when absent: then nobody does. */
  readonly rightOfWay?: RightOfWay;
}

/** What the engine may hold of a file and of its work before it writes to disk: half of what a process may take, the rest is for rows of ours. */
const MEMORY_LIMIT = '1GB';
/** Up to this size of a file, several threads take a third more processor time than one, and are not done earlier. */
const MAX_SMALL_BYTES = 64 * 2 ** 20;

const SESSION = [
  "SET TimeZone = 'UTC'",
  "SET default_null_order = 'nulls_first_on_asc_last_on_desc'",
  'SET ieee_floating_point_ops = false',
  'SET preserve_insertion_order = true',
  // A season is written in a dozen transactions; rewriting the file after each of them costs more than the statements.
  "SET wal_autocheckpoint = '128MB'",
];

/**
 * Opens the embedded warehouse, in a file or in memory (`:memory:`). One instance per file and process (`fromCache`: a
 * second instance on one file loses data silently). Throws TIPOFF_HOME_LOCKED when another process holds the file.
 */
export async function openDuckDb(path: string, options: DuckDbOptions = {}): Promise<Warehouse> {
  const { rightOfWay = openRightOfWay() } = options;
  const settings = engineSettings(path, options.threads);
  try {
    const instance =
      path === ':memory:'
        ? await DuckDBInstance.create(path, settings)
        : await DuckDBInstance.fromCache(path, settings);
    const connect = async (): Promise<Session> => {
      const connection = await instance.connect();
      await connection.run(SESSION.join('; '));
      return openSession(connection, rightOfWay);
    };
    const [ordinary, writing] = [await connect(), await connect()];
    let answering: Promise<Session> | undefined;
    const reading = async (): Promise<Session> => {
      if (rightOfWay.isFirst()) answering ??= connect();
      return rightOfWay.isFirst() && answering !== undefined ? answering : ordinary;
    };
    const release = async (): Promise<void> => {
      for (const session of [ordinary, await answering, writing])
        await session?.end(() => session.connection.closeSync());
      instance.closeSync();
    };
    return duckdbWarehouse({ reading, writing }, release, options.clock ?? systemClock);
  } catch (error) {
    throw duckdbError(error);
  }
}

/** The engine's settings for a file: whoever opens a file that is open already must have the same ones. */
export function engineSettings(
  path: string,
  threads: number | undefined = isSmall(path) ? 1 : undefined,
): Record<string, string> {
  return { memory_limit: MEMORY_LIMIT, ...(threads === undefined ? {} : { threads: String(threads) }) };
}

function isSmall(path: string): boolean {
  return path !== ':memory:' && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= MAX_SMALL_BYTES;
}

/**
 * What reads has a connection of its own, so that nobody waits for a writer whose rows he does not need, and who has the right of
 * way another one, so that he waits for no reader. A reader sees what was written before he asked: all of it or nothing.
 */
interface Sessions {
  /** The connection of whoever asks. */
  readonly reading: () => Promise<Session>;
  readonly writing: Session;
}

function duckdbWarehouse(
  { reading, writing: session }: Sessions,
  release: () => Promise<void>,
  clock: Clock,
): Warehouse {
  const { atomically } = session;
  const read = async <T>(work: (reader: Session) => Promise<T>): Promise<T> => {
    const reader = await reading();
    return reader.exclusive(() => work(reader));
  };
  const readAtomically = async <T>(work: (reader: Session) => Promise<T>): Promise<T> => {
    const reader = await reading();
    return reader.atomically(() => work(reader));
  };
  return {
    engine: 'duckdb',
    query: async (sql, params, limits = {}) => {
      return rowsOf(await read((reader) => reader.run(sql, params, limits.maxSeconds)));
    },
    queryColumns: async (sql, params) => {
      return columnar(await read((reader) => reader.run(sql, params)));
    },
    execute: async (sql, params) => {
      // One statement is a transaction of its own.
      return session.exclusive(() =>
        /^\s*INSERT\b/i.test(sql) ? session.inserted(sql, params) : session.changed(sql, params),
      );
    },
    append: async (table, rows, into) => insertRows(session, table, into ?? table, rows, false),
    appendNew: async (table, rows) => insertRows(session, table, table, rows, true),
    replaceRange: async (table, range, select, params = {}) => {
      return replaceRange(session, table, range, select, params);
    },
    stage: async (table, as, rows, options = {}) =>
      stageRows(session, table, as, rows, { ...options, createdAt: clock.now() }),
    createTable: (table, as, options = {}) =>
      atomically(() => createTable(session, table, as ?? table, options, clock.now())),
    addColumn: (table, name, column) => atomically(() => addColumn(session, table, name, column)),
    alterTable: (table, change) => atomically(() => alterTable(session, table, change)),
    createView: async (view, sql) => {
      await atomically(() => createView(session, view, sql));
    },
    dropTable: (table) => atomically(() => dropTable(session, table)),
    // Several statements about tables that others drop: one view of all of them.
    listTables: (dataset, prefix = '') => readAtomically((reader) => listTables(reader, dataset, prefix)),
    replaceFunctions: () => atomically(() => replaceFunctions(session)),
    listFunctions: () => read(listFunctions),
    describe: (table, depth) =>
      (depth === 'shape' ? read : readAtomically)((reader) => describe(reader, table, depth)),
    shapesOf: (tables) => read((reader) => shapesOf(reader, tables)),
    prepare: (tables) => atomically(() => prepare(session, tables)),
    ping: () =>
      read(async (reader) => {
        await reader.run('SELECT 1');
      }),
    close: release,
  };
}

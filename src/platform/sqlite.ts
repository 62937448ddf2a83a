import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { messageOf, TipoffError } from '#core/errors.ts';

export type SqliteRow = Record<string, SQLOutputValue>;
type SqliteParams = Readonly<Record<string, SQLInputValue>>;

/**
 * One SQLite file, shared with other connections and processes. Everything here is synchronous, so a transaction is never open
 * across an await, and never held while other code runs.
 */
export interface SqliteFile {
  all(sql: string, params?: SqliteParams): SqliteRow[];
  get(sql: string, params?: SqliteParams): SqliteRow | undefined;
  /** Runs a changing statement; returns the number of rows changed. */
  run(sql: string, params?: SqliteParams): number;
  /** Several reads of one snapshot. */
  reading<T>(work: () => T): T;
  /** Reads and writes under the file's one write lock: all of it lands, or nothing. */
  writing<T>(work: () => T): T;
  /** Idempotent. */
  close(): void;
}

/** How long a statement waits for another process's write lock. */
const BUSY_MILLISECONDS = 20_000;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const DAMAGED = /file is not a database|database disk image is malformed/;

/**
 * Opens (or creates) a SQLite file in WAL mode and applies `schema`, which must be idempotent. `synchronous=NORMAL`: a
 * committed write survives the death of the process, a power cut may cost the last ones but never the file. Throws
 * TIPOFF_STORAGE when the file cannot be used, TIPOFF_INTEGRITY when it is damaged, TIPOFF_STATE_CONFLICT when another process keeps it locked.
 */
export function openSqliteFile(path: string, schema: string): SqliteFile {
  const db = guarded(path, () => new DatabaseSync(path, { timeout: BUSY_MILLISECONDS }));
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const within = <T>(begin: string, work: () => T): T => {
    guarded(path, () => db.exec(begin));
    try {
      const result = work();
      guarded(path, () => db.exec('COMMIT'));
      return result;
    } catch (error) {
      // SQLite ends the transaction itself after some errors (disk full, for one).
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
  const file: SqliteFile = {
    all: (sql, params = {}) => guarded(path, () => prepared(sql).all(params)),
    get: (sql, params = {}) => guarded(path, () => prepared(sql).get(params)),
    run: (sql, params = {}) => guarded(path, () => Number(prepared(sql).run(params).changes)),
    reading: (work) => within('BEGIN', work),
    writing: (work) => within('BEGIN IMMEDIATE', work),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
  try {
    useWriteAheadLog(db, path);
    file.writing(() => guarded(path, () => db.exec(schema)));
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Processes that open a new file at the same moment collide here. SQLite does not wait for this lock, so the statement is retried. */
function useWriteAheadLog(db: DatabaseSync, path: string): void {
  const deadline = performance.now() + BUSY_MILLISECONDS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (true) {
    try {
      db.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw storageError(path, error);
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(path, error);
  }
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}

function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

function storageError(path: string, error: unknown): unknown {
  if (error instanceof TipoffError) return error;
  if (isBusy(error)) {
    return new TipoffError(
      'TIPOFF_STATE_CONFLICT',
      `${path} stayed locked by another process for ${BUSY_MILLISECONDS / 1000} s`,
      {
        hint: 'Try again; if it stays so, find the process that holds the file (fuser, lsof) and stop it.',
        details: { path },
        cause: error,
      },
    );
  }
  if (DAMAGED.test(messageOf(error))) {
    return new TipoffError('TIPOFF_INTEGRITY', `the file ${path} is damaged: ${messageOf(error)}`, {
      hint: 'Bring the home back with `tipoff restore --replace`, or move the file away: batches, incidents and the backfill ledger then start empty.',
      details: { path },
      cause: error,
    });
  }
  return new TipoffError('TIPOFF_STORAGE', `the SQLite file ${path} cannot be used: ${messageOf(error)}`, {
    hint: 'Check that the store is still open, the folder exists and is writable, and the disk has room.',
    details: { path },
    cause: error,
  });
}

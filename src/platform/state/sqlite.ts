import { setImmediate as nextTurn } from 'node:timers/promises';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import { toPlainJson } from '#platform/plain-json.ts';
import { openSqliteFile, type SqliteFile, type SqliteRow } from '#platform/sqlite.ts';
import type { Doc, Retention, StateQuery, StateStore, StateTransaction } from './port.ts';

const MAX_BYTES = 1500;

/**
 * Collections and ids must be usable on every state store: 1 to 1500 bytes of well-formed text, no slash, no NUL, and
 * neither `.` nor `..`. Anything else is TIPOFF_BAD_INPUT.
 */
export function checkName(what: 'collection' | 'id', name: string): void {
  const fine =
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !/[/\0]/.test(name) &&
    name.isWellFormed() &&
    Buffer.byteLength(name) <= MAX_BYTES;
  if (fine) return;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${JSON.stringify(name).slice(0, 80)} cannot be the ${what} of a document`,
    {
      hint: `Use 1 to ${MAX_BYTES} bytes of text without slashes, for example 2025-01-10:player.`,
      details: { what },
    },
  );
}

/** The JSON text of a document's data, which must be an object of plain JSON; TIPOFF_BAD_INPUT otherwise. */
export function documentJson(collection: string, id: string, data: object): string {
  if (!Array.isArray(data)) return toPlainJson(data, `${collection}/${id}`);
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected an object as document ${collection}/${id}, saw an array`,
    {
      hint: 'Put the array into a field.',
      details: { collection, id },
    },
  );
}

/**
 * `version` counts the writes of one document and starts again when it is deleted and created anew. `revision` is drawn
 * from one counter for the whole store and never repeats, so it alone tells whether a document is still the one seen.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS state_documents (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state_revision (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO state_revision (one, value) VALUES (1, 0);`;

const COLUMNS = 'collection, id, data, version, updated_at, revision';

/** The store's revision: as long as it is the same, nothing at all was written. */
function storeRevision(file: SqliteFile): number {
  return Number(file.get('SELECT value FROM state_revision')?.['value']);
}

/** One document's row, or undefined. */
function readRow(file: SqliteFile, collection: string, id: string): SqliteRow | undefined {
  return file.get(`SELECT ${COLUMNS} FROM state_documents WHERE collection = @collection AND id = @id`, {
    collection,
    id,
  });
}

/** The rows of a query, by id in code point order. A `where` without `idPrefix` scans the collection. */
function readRows(file: SqliteFile, collection: string, query: StateQuery): SqliteRow[] {
  const params: Record<string, string | number> = { collection };
  const conditions = ['collection = @collection'];
  for (const [i, [field, value]] of Object.entries(query.where ?? {}).entries()) {
    // The JSON text of a stored scalar is exactly what JSON.stringify gives, so text equality is typed equality:
    // true is not 1, '1' is not 1, and no decimal is read twice.
    conditions.push(`data -> '$.${checkedField(field)}' = @where${i}`);
    params[`where${i}`] = JSON.stringify(checkedScalar(field, value));
  }
  if (query.idPrefix !== undefined && query.idPrefix !== '') {
    conditions.push('id >= @prefix');
    params['prefix'] = query.idPrefix;
    const end = prefixEnd(query.idPrefix);
    if (end !== undefined) {
      conditions.push('id < @prefix_end');
      params['prefix_end'] = end;
    }
  }
  const limit = query.limit === undefined ? '' : ' LIMIT @limit';
  if (query.limit !== undefined) params['limit'] = checkedLimit(query.limit);
  return file.all(
    `SELECT ${COLUMNS} FROM state_documents WHERE ${conditions.join(' AND ')} ORDER BY id${limit}`,
    params,
  );
}

/** Writes or replaces a document under a fresh revision; call it inside `writing`. */
function writeRow(file: SqliteFile, collection: string, id: string, data: string, at: string): void {
  file.run(
    `INSERT INTO state_documents (${COLUMNS}) VALUES (@collection, @id, @data, 1, @at, @revision)
     ON CONFLICT (collection, id) DO UPDATE
     SET data = excluded.data, version = version + 1, updated_at = excluded.updated_at, revision = excluded.revision`,
    { collection, id, data, at, revision: nextRevision(file) },
  );
}

/** Deletes a document if it is there; call it inside `writing`. */
function deleteRow(file: SqliteFile, collection: string, id: string): void {
  nextRevision(file);
  file.run('DELETE FROM state_documents WHERE collection = @collection AND id = @id', { collection, id });
}

/** A row as the port shows it; the data is a fresh copy every time. */
function toDoc<T>(row: SqliteRow): Doc<T> {
  return {
    collection: String(row['collection']),
    id: String(row['id']),
    data: JSON.parse(String(row['data'])) as T,
    version: Number(row['version']),
    updatedAt: String(row['updated_at']),
  };
}

function nextRevision(file: SqliteFile): number {
  return Number(file.get('UPDATE state_revision SET value = value + 1 RETURNING value')?.['value']);
}

/** The first string after all strings with this prefix, in code point order; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates (U+D800 to U+DFFF) are no characters of their own.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

/** A field name of a query. TIPOFF_BAD_INPUT for anything but the name of a top-level field. */
export function checkedField(field: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(field)) return field;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a top-level field name in where, saw ${JSON.stringify(field)}`,
    {
      hint: 'Use letters, digits and underscores; fields inside fields cannot be asked for.',
      details: { field },
    },
  );
}

/** A value of a query. TIPOFF_BAD_INPUT for anything but a string, a finite number or a boolean. */
export function checkedScalar(field: string, value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a string, finite number or boolean for ${field} in where, saw ${String(value)}`,
    {
      hint: 'Leave the field out of where when any value will do.',
      details: { field },
    },
  );
}

/** A limit of a query. TIPOFF_BAD_INPUT for one below 1. */
export function checkedLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a limit of at least 1, saw ${limit}`, {
    hint: 'Leave the limit out to get everything.',
    details: { limit },
  });
}

/** One try of a transaction: reads are recorded, writes wait for `commit`. */
interface Try {
  readonly handle: StateTransaction;
  /** True when something this try read has changed since: what the body made of it must not count. */
  overtaken(): boolean;
  /** Lands all writes, or returns false and none. The handle is dead afterwards. */
  commit(at: string): boolean;
  /** Ends the try without writing. */
  abandon(): void;
}

interface Write {
  readonly collection: string;
  readonly id: string;
  /** JSON text; undefined deletes. */
  readonly data: string | undefined;
}

/** Starts a try. Every read is checked against all earlier ones, so the body never sees two states mixed. */
function startTry(file: SqliteFile): Try {
  const writes = new Map<string, Write>();
  const seen: (() => boolean)[] = [];
  let phase: 'reading' | 'writing' | 'over' = 'reading';
  let revision: number | undefined;
  let lost = false;

  /** Whether everything read so far is unchanged. Call it inside one SQLite transaction. */
  const isUnchanged = (): boolean => {
    const current = storeRevision(file);
    if (revision === undefined || current === revision) {
      revision = current;
      return true;
    }
    if (!seen.every((same) => same())) return false;
    revision = current;
    return true;
  };
  const read = <R>(rows: () => R, signature: (result: R) => string): R => {
    if (phase !== 'reading')
      throw misuse(
        phase === 'over'
          ? 'a transaction was used after its end'
          : 'a transaction read after its first write',
      );
    return file.reading(() => {
      if (lost || !isUnchanged()) {
        lost = true;
        throw new TipoffError('TIPOFF_STATE_CONFLICT', 'a document read in this transaction has changed', {
          hint: 'Let this error pass: the store runs the transaction again.',
        });
      }
      const result = rows();
      const before = signature(result);
      seen.push(() => signature(rows()) === before);
      return result;
    });
  };
  const write = (collection: string, id: string, data: string | undefined): void => {
    if (phase === 'over') throw misuse('a transaction was used after its end');
    checkName('collection', collection);
    checkName('id', id);
    phase = 'writing';
    writes.set(JSON.stringify([collection, id]), { collection, id, data });
  };

  return {
    handle: {
      get: async <T>(collection: string, id: string) => {
        checkName('collection', collection);
        checkName('id', id);
        const row = read(
          () => readRow(file, collection, id),
          (found) => (found === undefined ? '' : revisionOf(found)),
        );
        return row === undefined ? undefined : toDoc<T>(row);
      },
      list: async <T>(collection: string, query = {}) => {
        checkName('collection', collection);
        const asked = structuredClone(query);
        const rows = read(
          () => readRows(file, collection, asked),
          (found) => found.map(revisionOf).join(),
        );
        return rows.map((row) => toDoc<T>(row));
      },
      put: (collection, id, data) => write(collection, id, documentJson(collection, id, data)),
      delete: (collection, id) => write(collection, id, undefined),
    },
    overtaken: () => lost || !file.reading(isUnchanged),
    commit: (at) => {
      phase = 'over';
      if (lost) return false;
      // A read-only body is right as of its last read.
      if (writes.size === 0) return true;
      return file.writing(() => {
        if (seen.length > 0 && !isUnchanged()) return false;
        for (const { collection, id, data } of writes.values()) {
          if (data === undefined) deleteRow(file, collection, id);
          else writeRow(file, collection, id, data, at);
        }
        return true;
      });
    },
    abandon: () => {
      phase = 'over';
    },
  };
}

/** Revisions never repeat in a store, so one number identifies the document and its content. */
function revisionOf(row: SqliteRow): string {
  return String(row['revision']);
}

function misuse(what: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', what, {
    hint: 'Read everything first, then write, and await every read inside the body.',
  });
}

export interface SqliteStateOptions {
  /** Dates the documents. */
  readonly clock: Clock;
  /** How often a transaction is run before it gives up; 50 by default. */
  readonly tries?: number;
  /** What does not stay for ever; everything does unless given. */
  readonly retention?: Retention;
}

const DAY_MS = 86_400_000;

/**
 * The embedded state store: one SQLite file, or `:memory:`. Several processes may have it open; transactions are
 * optimistic and checked under the file's write lock, so no update is lost between them. Throws TIPOFF_STORAGE when the
 * file cannot be used.
 */
export function openSqliteState(path: string, options: SqliteStateOptions): StateStore {
  const { clock, tries = 50, retention = {} } = options;
  const file = openSqliteFile(path, SCHEMA);
  const now = (): string => clock.now().toISOString();
  return {
    get: async <T>(collection: string, id: string) => {
      checkName('collection', collection);
      checkName('id', id);
      const row = readRow(file, collection, id);
      return row === undefined ? undefined : toDoc<T>(row);
    },
    list: async <T>(collection: string, query = {}) => {
      checkName('collection', collection);
      return readRows(file, collection, query).map((row) => toDoc<T>(row));
    },
    create: async (collection, id, data) => {
      checkName('collection', collection);
      checkName('id', id);
      const text = documentJson(collection, id, data);
      return file.writing(() => {
        if (readRow(file, collection, id) !== undefined) return false;
        writeRow(file, collection, id, text, now());
        return true;
      });
    },
    transaction: async (body) => {
      for (let run = 1; run <= tries; run++) {
        const attempt = startTry(file);
        try {
          const result = await body(attempt.handle);
          if (attempt.commit(now())) return result;
        } catch (error) {
          attempt.abandon();
          // A body that failed on outdated input may not fail on the current one.
          if (!attempt.overtaken()) throw error;
        }
        await giveWay(run);
      }
      throw new TipoffError(
        'TIPOFF_STATE_CONFLICT',
        `a transaction lost its race ${tries} times: what it read kept changing`,
        {
          hint: 'Try again; if it stays so, let fewer writers share the document or split it.',
          details: { tries },
        },
      );
    },
    sweep: async () => {
      const removed = Object.entries(retention).map(([collection, days]) => {
        const before = new Date(clock.now().getTime() - days * DAY_MS).toISOString();
        const old = file.all(
          'SELECT id FROM state_documents WHERE collection = @collection AND updated_at < @before',
          { collection, before },
        );
        if (old.length > 0)
          file.writing(() => {
            for (const row of old) deleteRow(file, collection, String(row['id']));
          });
        return old.length;
      });
      return removed.reduce((sum, count) => sum + count, 0);
    },
    ping: async () => {
      storeRevision(file);
      return undefined;
    },
    close: async () => file.close(),
  };
}

/** Yields for a random number of turns of the event loop; waiting on a virtual clock would never end. */
async function giveWay(run: number): Promise<void> {
  const turns = 1 + Math.floor(Math.random() * Math.min(2 ** run, 64));
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

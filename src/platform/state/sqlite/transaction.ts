import { TipoffError } from '#core/errors.ts';
import type { SqliteFile, SqliteRow } from '#platform/sqlite/database.ts';
import type { StateTransaction } from '#platform/state/port.ts';
import { deleteRow, readRow, readRows, storeRevision, toDoc, writeRow } from './documents.ts';
import { checkName, documentJson } from './names.ts';

/** One try of a transaction: reads are recorded, writes wait for `commit`. */
export interface Try {
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
export function startTry(file: SqliteFile): Try {
  const writes = new Map<string, Write>();
  const seen: (() => boolean)[] = [];
  let phase: 'reading' | 'writing' | 'over' = 'reading';
  let revision: number | undefined;
  let lost = false;

  /** Everything read so far still stands. Call it inside one SQLite transaction. */
  const stands = (): boolean => {
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
      throw misuse(phase === 'over' ? 'a transaction was used after its end' : 'a transaction read after its first write');
    return file.reading(() => {
      if (lost || !stands()) {
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
    overtaken: () => lost || !file.reading(stands),
    commit: (at) => {
      phase = 'over';
      if (lost) return false;
      // A read-only body is right as of its last read.
      if (writes.size === 0) return true;
      return file.writing(() => {
        if (seen.length > 0 && !stands()) return false;
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

/** Revisions never repeat in a store, so one number stands for the document and its content. */
function revisionOf(row: SqliteRow): string {
  return String(row['revision']);
}

function misuse(what: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', what, {
    hint: 'Read everything first, then write, and await every read inside the body.',
  });
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import { openSqliteFile } from '#platform/sqlite/database.ts';
import type { StateStore } from '#platform/state/port.ts';
import { readRow, readRows, SCHEMA, storeRevision, toDoc, writeRow } from './documents.ts';
import { checkName, documentJson } from './names.ts';
import { startTry } from './transaction.ts';

export interface SqliteStateOptions {
  /** Dates the documents. */
  readonly clock: Clock;
  /** How often a transaction is run before it gives up; 50 by default. */
  readonly tries?: number;
}

/**
 * The embedded state store: one SQLite file, or `:memory:`. Several processes may have it open; transactions are
 * optimistic and checked under the file's write lock, so no update is lost between them. Throws TIPOFF_STORAGE when the
 * file cannot be used.
 */
export function openSqliteState(path: string, options: SqliteStateOptions): StateStore {
  const { clock, tries = 50 } = options;
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
      throw new TipoffError('TIPOFF_STATE_CONFLICT', `a transaction lost its race ${tries} times: what it read kept changing`, {
        hint: 'Try again; if it stays so, let fewer writers share the document or split it.',
        details: { tries },
      });
    },
    ping: async () => {
      storeRevision(file);
    },
    close: async () => file.close(),
  };
}

/** Lets the others run for a random number of turns of the event loop; waiting on a clock would stand still in tests. */
async function giveWay(run: number): Promise<void> {
  const turns = 1 + Math.floor(Math.random() * Math.min(2 ** run, 64));
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

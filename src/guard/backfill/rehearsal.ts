import { TipoffError } from '#core/errors.ts';
import type { ExportDeps } from '#pipeline/publish/exports/write.ts';
import type { ColumnarResult, SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** A statement that reads, as the warehouse is sent it. */
export interface Statement {
  readonly sql: string;
  readonly params: SqlParams;
}

/** A warehouse that reads and writes nothing, and what it was asked to read meanwhile. */
export interface Rehearsal {
  readonly warehouse: Warehouse;
  /** The statements since the last time this was called. */
  take(): Statement[];
}

const NO_ROWS: ColumnarResult = { rowCount: 0, numbers: () => new Float64Array(), strings: () => [] };

/**
 * The code that would run is given this warehouse, so the statements it writes down are those of a run by construction. Every
 * read finds nothing. Loads are not billed and leave no trace. Whatever else is asked for is refused: it would be a change
 * that only seems to have been made.
 */
export function rehearsal(engine: Warehouse['engine']): Rehearsal {
  const seen: Statement[] = [];
  const read = (sql: string, params: SqlParams = {}): void => {
    seen.push({ sql, params });
  };
  const refuse = (what: string) => async (): Promise<never> => {
    throw new TipoffError('TIPOFF_SQL', `a rehearsal was asked for ${what}, expected statements that read and loads`, {
      hint: 'Say how this is rehearsed in src/guard/backfill/rehearsal.ts.',
    });
  };
  return {
    take: () => seen.splice(0),
    warehouse: {
      engine,
      query: async (sql, params) => {
        read(sql, params);
        return [];
      },
      queryColumns: async (sql, params) => {
        read(sql, params);
        return NO_ROWS;
      },
      execute: async (sql, params) => {
        read(sql, params);
        return 0;
      },
      replaceRange: async (_table, _range, select, params) => {
        read(select, params);
        return 0;
      },
      append: async (_table, rows) => rows.length,
      appendNew: async () => 0,
      stage: async (_table, _as, rows) => rows.length,
      ping: async () => undefined,
      close: async () => undefined,
      createTable: refuse('a new table'),
      addColumn: refuse('a new column'),
      alterTable: refuse('a changed table'),
      createView: refuse('a view'),
      dropTable: refuse('a dropped table'),
      listTables: refuse('a list of tables'),
      replaceFunctions: refuse('functions'),
      listFunctions: refuse('a list of functions'),
      describe: refuse('the shape of a table'),
      prepare: refuse('a prepared warehouse'),
    },
  };
}

/** An object store in which nothing lies and nothing stays. */
export const NOWHERE: ExportDeps['objects'] = {
  put: async () => ({ etag: '' }),
  get: async () => undefined,
  list: async () => [],
  delete: async () => false,
  locate: (path) => path,
};

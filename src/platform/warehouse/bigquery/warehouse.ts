import { TipoffError } from '#core/errors.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import { bigqueryFunctions } from '#platform/warehouse/functions.ts';
import type { LiveColumn, SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import { type CatalogueOptions, openCatalogue } from './catalogue.ts';
import { type BigQueryClientOptions, openBigQueryClient } from './client.ts';
import { type JobOptions, openJobs } from './jobs.ts';
import { appendNewRows, appendRows, type LoadTarget, replaceRange } from './load.ts';
import { toColumn, toColumns, toRows } from './resources.ts';

export interface BigQueryOptions
  extends BigQueryClientOptions,
    Omit<JobOptions, 'clock'>,
    Pick<CatalogueOptions, 'functions'>,
    LoadTarget {
  /** Times retries and polling of running jobs; the system clock when absent. */
  readonly clock?: Clock;
}

export interface BigQueryWarehouse extends Warehouse {
  /** The bytes a statement would read and the columns it would return, without running it. Free of charge. */
  dryRun(sql: string, params?: SqlParams): Promise<{ bytes: number; columns: LiveColumn[] }>;
}

/**
 * The warehouse on BigQuery. Every job has an id of ours, so that a request whose answer was lost is not carried out
 * twice. Opening makes no call. Throws what the port says; TIPOFF_WAREHOUSE_BUSY once the retries are used up.
 */
export function openBigQuery(options: BigQueryOptions): BigQueryWarehouse {
  const { clock = systemClock } = options;
  const call = openBigQueryClient(options);
  const jobs = openJobs(call, { ...options, clock });
  const catalogue = openCatalogue(call, jobs, { ...options, clock });
  const { working, end } = lifetime();

  return {
    engine: 'bigquery',
    query: async <T extends object>(
      sql: string,
      params?: SqlParams,
      limits: { readonly maxSeconds?: number | undefined } = {},
    ) => {
      return working(async () => toRows<T>(await jobs.read(sql, params, limits.maxSeconds)));
    },
    queryColumns: async (sql, params) => {
      return working(async () => toColumns(await jobs.read(sql, params)));
    },
    execute: async (sql, params) => {
      return working(() => jobs.statement(sql, params));
    },
    append: (table, rows, into) => working(() => appendRows(jobs, options, table, rows, into ?? table)),
    appendNew: (table, rows) => working(() => appendNewRows(jobs, options, table, rows)),
    replaceRange: async (table, range, select, params = {}) => {
      return working(() => replaceRange(jobs, table, range, select, params));
    },
    stage: (table, as, rows, more = {}) =>
      working(async () => {
        await catalogue.createTable(table, as, more);
        return appendRows(jobs, options, table, rows, as).catch(async (error: unknown) => {
          await catalogue.dropTable(as);
          throw error;
        });
      }),
    createTable: (table, as, more = {}) => working(() => catalogue.createTable(table, as ?? table, more)),
    addColumn: (table, name, column) => working(() => catalogue.addColumn(table, name, column)),
    alterTable: (table, change) => working(() => catalogue.alterTable(table, change)),
    createView: async (view, sql) => {
      await working(() => catalogue.createView(view, sql));
    },
    dropTable: (table) => working(() => catalogue.dropTable(table)),
    listTables: (dataset, prefix = '') => working(() => catalogue.listTables(dataset, prefix)),
    replaceFunctions: () => working(() => catalogue.replaceFunctions()),
    listFunctions: () => working(() => catalogue.listFunctions()),
    describe: (table) => working(() => catalogue.describe(table)),
    shapesOf: (tables) => working(() => catalogue.shapesOf(tables)),
    prepare: (tables) => working(() => catalogue.prepare(tables)),
    ping: () => working(() => catalogue.ping()),
    close: end,
    dryRun: async (sql, params) => {
      return working(async () => {
        const { bytes, fields } = await jobs.dryRun(sql, params);
        return {
          bytes,
          columns: fields.map(toColumn),
        };
      });
    },
  };
}

/** Finishes the calls made before `close`, and refuses later ones. */
function lifetime(): { working<T>(work: () => Promise<T>): Promise<T>; end(): Promise<void> } {
  const pending = new Set<Promise<unknown>>();
  let ended = false;
  return {
    working: async (work) => {
      if (ended)
        throw new TipoffError('TIPOFF_SQL', 'the warehouse is closed', {
          hint: 'Open it again; whoever composed it called close.',
        });
      const running = work();
      pending.add(running);
      try {
        return await running;
      } finally {
        pending.delete(running);
      }
    },
    end: async () => {
      ended = true;
      await Promise.allSettled(pending);
    },
  };
}

/**
 * The options for an emulator at an address, which wants plain uploads and knows no templated arguments (ANY TYPE). Over
 * floats they mean the same where the pipeline uses them; `fn.row_hash`, which takes whole rows, is 0: rows
 * are counted there and not compared.
 */
export function emulated(
  endpoint: string,
): Pick<BigQueryOptions, 'endpoint' | 'compress' | 'functions' | 'spelled'> {
  const functions = bigqueryFunctions()
    .filter((statement) => !statement.includes('fn.row_hash'))
    .map((statement) => statement.replaceAll('ANY TYPE', 'FLOAT64'));
  const spelled = (sql: string): string => sql.replaceAll(/\bfn\.row_hash\(\w+\)/g, '0');
  return { endpoint, compress: false, functions, spelled };
}

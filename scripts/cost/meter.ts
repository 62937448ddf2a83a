import { MIN_BILLED } from '#core/billing.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import type { ByteReader } from './bytes.ts';

/** One statement that was run, with what BigQuery would read for it. */
export interface Metered {
  /** The text of a query, or what was done to which table. */
  readonly what: string;
  /** Queries it would be: a replacement is a script of several. */
  readonly queries: number;
  readonly processed: number;
  readonly billed: number;
  /** For a dry run on BigQuery; absent for what the adapter writes itself. */
  readonly sql?: string;
  readonly params?: SqlParams;
}

/** A warehouse that keeps account of what it is asked. */
export interface Meter {
  readonly warehouse: Warehouse;
  /** What was asked since the last time this was called. */
  take(): Metered[];
}

/** Queries of a replacement after its select: one that checks the new rows, the entry of what is written, deletion, insertion. */
const REPLACEMENT_QUERIES = 4;

/** Puts a meter in front of a warehouse. Loads are free; what is read to merge, to replace and to check is counted. */
export function meter(warehouse: Warehouse, reader: ByteReader): Meter {
  let seen: Metered[] = [];
  const read = async (sql: string, params: SqlParams = {}, what = sql): Promise<void> => {
    const { processed, billed } = await reader.statement(sql, params);
    seen.push({ what, queries: 1, processed, billed: Math.max(billed, MIN_BILLED), sql, params });
  };
  const appendNew: Warehouse['appendNew'] = async (table, rows) => {
    // The merge reads the keys that are there, in the partitions of the new rows where the key names them.
    const days = rows
      .map((row) => String((row as Readonly<Record<string, unknown>>)[table.partition ?? ''] ?? ''))
      .toSorted();
    const isBound = table.partition !== undefined && table.key.includes(table.partition) && rows.length > 0;
    const [from, to] = [days.at(0) ?? '', days.at(-1) ?? ''];
    const keys = isBound
      ? await reader.rows(
          table,
          between(table, table.partition),
          { range_from: from, range_to: to },
          table.key,
        )
      : await reader.rows(table, 'TRUE', {}, table.key);
    seen.push({
      what: `merge into ${tableId(table)}`,
      queries: 1,
      processed: keys,
      billed: Math.max(keys, 2 * MIN_BILLED),
    });
    return warehouse.appendNew(table, rows);
  };
  return {
    warehouse: {
      ...warehouse,
      // As where reading is billed: what is tried is not paid for.
      dryRun: async (sql, params) => ({ bytes: (await reader.statement(sql, params)).processed }),
      query: async <T extends object>(sql: string, params?: SqlParams) => {
        await read(sql, params);
        return warehouse.query<T>(sql, params);
      },
      queryColumns: async (sql, params) => {
        await read(sql, params);
        return warehouse.queryColumns(sql, params);
      },
      execute: async (sql, params) => {
        await read(sql, params);
        return warehouse.execute(sql, params);
      },
      appendNew,
      replaceRange: async (table, range, select, params) => {
        await read(select, params, `select for ${tableId(table)}`);
        const within = between(table, range.column);
        const bounds = { range_from: range.from, range_to: range.to };
        const before = await reader.rows(table, within, bounds);
        const written = await warehouse.replaceRange(table, range, select, params);
        const after = await reader.rows(table, within, bounds);
        // The new rows are read by the insertion, and about once more by the checks together.
        const processed = before + 2 * after;
        const billed = Math.max(processed, REPLACEMENT_QUERIES * MIN_BILLED);
        seen.push({
          what: `replacement in ${tableId(table)}`,
          queries: REPLACEMENT_QUERIES,
          processed,
          billed,
        });
        return written;
      },
    },
    take: () => {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** SQL: the rows of a range whose ends are the parameters range_from and range_to. */
function between(table: TableContract, column: string): string {
  const type = table.columns[column]?.type ?? 'DATE';
  return `${column} BETWEEN CAST(@range_from AS ${type}) AND CAST(@range_to AS ${type})`;
}

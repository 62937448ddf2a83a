import type { TableContract } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { type DuckDbOptions, openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openPooled, THREADS } from './pool.ts';

export interface TestWarehouseOptions extends DuckDbOptions {
  /** A file; in memory when absent. */
  readonly path?: string;
  /** The tables it is to have; all contracts and their views when absent, and nothing at all for `none`. */
  readonly tables?: readonly TableContract[] | 'none';
}

/** Opens a warehouse of the embedded engine with its tables, for a test to fill and to close. It computes with one thread unless asked otherwise. */
export async function openWarehouse({
  path = ':memory:',
  tables,
  ...options
}: TestWarehouseOptions = {}): Promise<Warehouse> {
  if (path === ':memory:' && tables === undefined && options.threads === undefined)
    return openPooled(options);
  const warehouse = await openDuckDb(path, { threads: THREADS, ...options });
  if (tables === 'none') return warehouse;
  await warehouse.prepare(tables ?? CONTRACTS);
  if (tables === undefined) for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
  return warehouse;
}

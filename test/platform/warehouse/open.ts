import type { TableContract } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { type DuckDbOptions, openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

export interface TestWarehouseOptions extends DuckDbOptions {
  /** A file; in memory when absent. */
  readonly path?: string;
  /** The tables it is to have; all contracts and their views when absent, and nothing at all for `none`. */
  readonly tables?: readonly TableContract[] | 'none';
}

/**
 * Opens a warehouse of the embedded engine with its tables, for a test to fill and to close. It computes with one thread unless
 * asked otherwise: test files run beside each other, one per processor, and threads for a few thousand rows cost more than they do.
 */
export async function openWarehouse({
  path = ':memory:',
  tables,
  ...options
}: TestWarehouseOptions = {}): Promise<Warehouse> {
  const warehouse = await openDuckDb(path, { threads: 1, ...options });
  if (tables === 'none') return warehouse;
  await warehouse.prepare(tables ?? CONTRACTS);
  if (tables === undefined) for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
  return warehouse;
}

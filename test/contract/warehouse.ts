import { afterEach, beforeEach, describe } from 'vitest';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { appendContract } from './warehouse/append.ts';
import { queryContract } from './warehouse/query.ts';
import { replaceRangeContract } from './warehouse/replace-range.ts';
import { tableLifeContract } from './warehouse/table-life.ts';
import { everyType, nullableKey } from './warehouse/tables.ts';

/**
 * Every promise of the warehouse port, for any adapter. `open` gives a warehouse that holds nothing; each test gets its own
 * with the datasets, the `fn` library and two tables prepared, and closes it.
 */
export function warehouseContract(name: string, open: () => Promise<Warehouse>): void {
  describe(`warehouse contract: ${name}`, () => {
    let current: Warehouse | undefined;
    const warehouse = (): Warehouse => {
      if (current === undefined) throw new Error('the warehouse is open inside of tests only');
      return current;
    };
    beforeEach(async () => {
      current = await open();
      await current.prepare([everyType, nullableKey]);
    });
    afterEach(async () => {
      await current?.close();
      current = undefined;
    });
    queryContract(warehouse);
    appendContract(warehouse);
    replaceRangeContract(warehouse);
    tableLifeContract(warehouse);
  });
}

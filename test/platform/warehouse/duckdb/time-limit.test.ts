import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse({ tables: 'none' });
});
afterAll(() => warehouse.close());

const ENDLESS =
  'SELECT COUNT(*) AS n FROM range(1000000) AS a(x) CROSS JOIN range(1000000) AS b(y) WHERE a.x * b.y = 7';

test('a query that takes longer than it may is ended, and the next one is answered', async () => {
  const [late, next] = await Promise.allSettled([
    warehouse.query(ENDLESS, {}, { maxSeconds: 0.05 }),
    warehouse.query('SELECT 1 AS one', {}, { maxSeconds: 20 }),
  ]);
  expect(late).toMatchObject({
    reason: { message: 'the statement was ended after 0.05 s', code: 'TIPOFF_SQL' },
  });
  expect(next).toMatchObject({ value: [{ one: 1 }] });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rounded, roundedSql, type Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from './open.ts';

describe('values at the decimals of their contract', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ tables: 'none' });
  });
  afterAll(() => warehouse.close());

  it.each([
    // A value half way between two decimals, and what sums in another order make of it.
    [-2.6039795, 6, -2.60398],
    [-2.6039794999999994, 6, -2.60398],
    [-2.6039795000000003, 6, -2.60398],
    [0.0000005, 6, 0.000001],
    [1.0049999999999999, 2, 1.01],
    [2.5, 0, 3],
    [-2.5, 0, -3],
    // Everything else stays what it is.
    [0, 6, 0],
    [0.1, 6, 0.1],
    [2.60397949, 6, 2.603979],
    [2.60397951, 6, 2.60398],
    [123_456.789, 1, 123_456.8],
    [-7, 4, -7],
  ])('are stored alike in TypeScript and in SQL: %d at %i is %d', async (value, decimals, expected) => {
    const [row] = await warehouse.query<{ stored: number }>(
      `SELECT ${roundedSql('CAST(@value AS FLOAT64)', decimals)} AS stored`,
      {
        value,
      },
    );
    expect([row?.stored, rounded(value, decimals)]).toEqual([expected, expected]);
  });

  it('leave null null', async () => {
    expect(await warehouse.query(`SELECT ${roundedSql('CAST(NULL AS FLOAT64)', 6)} AS stored`)).toEqual([
      { stored: null },
    ]);
  });
});

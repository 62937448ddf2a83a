import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineTable, nullable, required, type TableContract } from '#core/contracts/define.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { rounded, roundedSql } from '#platform/warehouse/port.ts';

const table = defineTable({
  dataset: 'nba_analytics',
  name: 'appended',
  description: 'A table of this test.',
  columns: {
    slate: required.date('Slate'),
    n: required.int('Number'),
    share: nullable.float('Share', { decimals: 3 }),
    price: nullable.numeric('Price'),
  },
  key: ['slate', 'n'],
  writer: 'Test',
});
const rows = [
  { slate: '2025-01-10', n: 1, share: 0.1235, price: '24.5' },
  { slate: '2025-01-10', n: 2, share: -2.0005, price: null },
];

describe('rounding in the program', () => {
  it('gives the number that rounding in the engine gives', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const halves = fc
        .tuple(fc.integer({ min: -1e7, max: 1e7 }), fc.integer({ min: 0, max: 6 }))
        .map(([k, d]) => [(k + 0.5) / 10 ** d, d]);
      const any = fc.tuple(fc.double({ noNaN: true, min: -1e7, max: 1e7 }), fc.integer({ min: 0, max: 6 }));
      const cases = fc.sample(fc.oneof(halves, any), { numRuns: 4000, seed: 7 });
      const result = await connection.runAndReadAll(
        `SELECT ${cases.map(([x, d = 0]) => roundedSql(`CAST('${x}' AS DOUBLE)`, d)).join(', ')}`,
      );
      const engine = result.getRows()[0] ?? [];
      const wrong = cases.filter(([x = 0, d = 0], i) => rounded(x, d) !== engine[i]);
      expect(engine).toHaveLength(cases.length);
      expect(wrong).toEqual([]);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
});

describe('a bulk append', () => {
  const stored = async (change: string | undefined): Promise<unknown[]> => {
    const warehouse = await openDuckDb(':memory:');
    try {
      await warehouse.prepare([table]);
      if (change !== undefined) await warehouse.execute(change);
      await warehouse.append(table, rows);
      return await warehouse.query(
        'SELECT slate, n, share, price FROM nba_analytics.appended WHERE n > 0 ORDER BY n',
      );
    } finally {
      await warehouse.close();
    }
  };

  it.each([
    ['as the contract has it', undefined],
    [
      'with its columns in another order',
      'CREATE OR REPLACE TABLE nba_analytics.appended (price DECIMAL(38,9), share DOUBLE, n BIGINT, slate DATE)',
    ],
    ['with a column more', 'ALTER TABLE nba_analytics.appended ADD COLUMN later VARCHAR'],
  ])('puts every value into its own column of a table %s', async (_name, change) => {
    expect(await stored(change)).toEqual([
      { slate: '2025-01-10', n: 1, share: 0.124, price: '24.5' },
      { slate: '2025-01-10', n: 2, share: -2.001, price: null },
    ]);
  });

  it.each([1, 3000])('stores a zero without a sign, in %i rows', async (count) => {
    const warehouse = await openDuckDb(':memory:');
    try {
      await warehouse.prepare([table]);
      const zeros = Array.from({ length: count }, (_, n) => ({
        ...rows[0],
        n,
        share: n % 2 === 0 ? -0 : -0.0001,
      }));
      await warehouse.append(table, zeros);
      expect(
        await warehouse.query(
          'SELECT DISTINCT CAST(share AS STRING) AS share FROM nba_analytics.appended WHERE n >= 0',
        ),
      ).toEqual([{ share: '0.0' }]);
    } finally {
      await warehouse.close();
    }
  });

  it.each([2, 3000])('of %i rows leaves nothing behind when the table refuses one of them', async (count) => {
    const strict: TableContract = {
      ...table,
      columns: { ...table.columns, price: required.numeric('Price') },
    };
    const warehouse = await openDuckDb(':memory:');
    try {
      await warehouse.prepare([strict]);
      const many = Array.from({ length: count }, (_, i) => ({
        slate: '2025-01-10',
        n: i,
        share: 0.5,
        price: i === count - 1 ? null : '1.5',
      }));
      await expect(warehouse.append(table, many)).rejects.toMatchObject({ code: 'TIPOFF_SCHEMA_MISMATCH' });
      expect(await warehouse.query('SELECT n FROM nba_analytics.appended')).toEqual([]);
      expect(await warehouse.append(table, many.slice(0, -1))).toBe(count - 1);
      expect(await warehouse.query('SELECT COUNT(*) AS n FROM nba_analytics.appended')).toEqual([
        { n: count - 1 },
      ]);
    } finally {
      await warehouse.close();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readQuery } from '#app/reading/query.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse({ tables: 'none' });
  await warehouse.execute('CREATE TABLE main.notes (n INTEGER, word TEXT)');
  await warehouse.execute("INSERT INTO main.notes VALUES (1, 'one'), (2, 'two; three'), (3, ')')");
});
afterAll(() => warehouse.close());

describe('a query of a person', () => {
  it.each([
    ['a plain query', 'SELECT n FROM main.notes ORDER BY n', [1, 2, 3]],
    ['a semicolon at the end', 'SELECT n FROM main.notes ORDER BY n;', [1, 2, 3]],
    ['WITH', 'WITH a AS (SELECT n FROM main.notes WHERE n > 1) SELECT n FROM a ORDER BY n', [2, 3]],
    ['a comment at the end', 'SELECT n FROM main.notes WHERE n = 1 -- ) ;', [1]],
    [
      'brackets and semicolons in text',
      "SELECT n FROM main.notes WHERE word IN (')', 'two; three') ORDER BY n",
      [2, 3],
    ],
  ])('is answered: %s', async (_what, sql, expected) => {
    const { rows, truncated } = await readQuery(warehouse, sql, 10);
    expect(rows.map(({ n }) => n)).toEqual(expected);
    expect(truncated).toBe(false);
  });

  it('gives no more rows than asked for, and says so', async () => {
    const { rows, truncated } = await readQuery(warehouse, 'SELECT n FROM main.notes', 2);
    expect([rows.length, truncated]).toEqual([2, true]);
  });

  it.each([
    ['a deletion', 'DELETE FROM main.notes'],
    ['a deletion behind WITH', 'WITH a AS (SELECT 1 AS b) DELETE FROM main.notes'],
    ['a deletion with a result', 'SELECT * FROM (DELETE FROM main.notes RETURNING n)'],
    ['a second statement', 'SELECT 1; DELETE FROM main.notes'],
    [
      'a second statement outside of the brackets',
      'SELECT 1) AS x; DELETE FROM main.notes; SELECT * FROM (SELECT 2',
    ],
    ['a second statement behind a comment', 'SELECT 1 /* */ ; DELETE FROM main.notes --'],
    ['a copy to a file', "COPY main.notes TO 'notes.csv'"],
    ['a setting', "SET memory_limit = '1GB'"],
    ['a parameter', 'SELECT @n'],
    ['nothing', '  '],
  ])('changes nothing and is refused: %s', async (_what, sql) => {
    await expect(readQuery(warehouse, sql, 10)).rejects.toMatchObject({
      code: expect.stringMatching(/^TIPOFF_(BAD_INPUT|SQL)$/),
    });
    expect((await warehouse.query('SELECT n FROM main.notes')).length).toBe(3);
  });
});

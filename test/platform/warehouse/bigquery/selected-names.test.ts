import { describe, expect, it } from 'vitest';
import { selectedNames } from '#platform/warehouse/bigquery/load.ts';

describe('the columns of a select', () => {
  it.each([
    ['SELECT a, b.c, COUNT(*) AS n FROM t', ['a', 'c', 'n']],
    ['SELECT DISTINCT a FROM t', ['a']],
    [
      "WITH x AS (SELECT 1 AS z, 2 AS y) SELECT CASE WHEN a = ',' THEN f(a, b) END AS w, x.z FROM x",
      ['w', 'z'],
    ],
    ['SELECT EXTRACT(YEAR FROM d) AS year, (SELECT MAX(q) FROM u) AS most FROM t', ['year', 'most']],
    ['SELECT 1 AS one', ['one']],
    ['SELECT a FROM t UNION ALL SELECT b FROM u', ['a']],
  ])('are those of its text: %s', (sql, names) => {
    expect(selectedNames(sql)).toEqual(names);
  });

  it.each([
    'SELECT * FROM t',
    'SELECT t.* FROM t',
    'SELECT a + 1 FROM t',
    'SELECT 1',
    'DELETE FROM t WHERE TRUE',
  ])('are not told by %s', (sql) => {
    expect(selectedNames(sql)).toBeUndefined();
  });
});

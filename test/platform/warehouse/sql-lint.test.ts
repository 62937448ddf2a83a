import { describe, expect, it } from 'vitest';
import { columnNames, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { lintSql } from '#platform/warehouse/lint/lint.ts';
import { RESERVED_WORDS, tokenise } from '#platform/warehouse/lint/vocabulary.ts';

const rules = (sql: string) => lintSql(sql).map((problem) => problem.rule);

/** Each construct with the one rule that must speak. */
const PLANTED: readonly (readonly [rule: string, sql: string])[] = [
  [
    'join-subquery',
    'SELECT a.id FROM nba_raw.a a JOIN nba_raw.b b ON b.id = a.id AND NOT EXISTS (SELECT 1 FROM nba_raw.c)',
  ],
  [
    'join-subquery',
    'SELECT a.id FROM nba_raw.a a LEFT JOIN nba_raw.b b ON b.id = a.id AND b.x IN (SELECT x FROM nba_raw.c)',
  ],
  [
    'outer-join-equality',
    'SELECT a.id FROM nba_raw.a a LEFT JOIN nba_raw.b b ON b.id = a.id OR ENDS_WITH(a.id, b.id)',
  ],
  [
    'outer-join-equality',
    'SELECT a.id FROM nba_raw.a a LEFT JOIN nba_raw.b b ON b.x = @x AND b.y > a.y WHERE a.x = b.x',
  ],
  ['outer-join-equality', 'SELECT a.id FROM nba_raw.a a FULL OUTER JOIN nba_raw.b b ON a.x = a.y'],
  ['outer-join-equality', 'SELECT a.id FROM nba_raw.a a LEFT JOIN nba_raw.b b ON NOT a.x = b.x'],
  [
    'outer-join-equality',
    'MERGE INTO nba_raw.a AS t USING nba_raw.b AS s ON t.id > s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)',
  ],
  [
    'correlated-subquery',
    'SELECT a.id FROM nba_raw.a a WHERE EXISTS (SELECT 1 FROM nba_raw.b b WHERE b.at > a.at)',
  ],
  [
    'correlated-subquery',
    'SELECT a.id FROM nba_raw.a a WHERE NOT EXISTS (SELECT 1 FROM nba_raw.b b WHERE b.id = a.id OR b.at > a.at)',
  ],
  [
    'correlated-subquery',
    'SELECT a.id, (SELECT b.x FROM nba_raw.b b WHERE b.id = a.id ORDER BY b.at LIMIT 1) AS x FROM nba_raw.a a',
  ],
  [
    'correlated-subquery',
    'SELECT a.id FROM nba_raw.a a WHERE a.x IN (SELECT x FROM nba_raw.b WHERE at > a.at AND kind = @kind)',
  ],
  ['having-alias', 'SELECT team, MAX(points) AS points FROM nba_raw.a AS a GROUP BY team HAVING points > 3'],
  ['having-alias', 'SELECT n FROM (SELECT COUNT(*) AS n FROM nba_raw.a HAVING n > 0) AS counted'],
  [
    'outer-join-equality',
    'SELECT a.id FROM nba_raw.a a LEFT JOIN (SELECT MAX(x) AS x FROM nba_raw.b) b ON TRUE',
  ],
  ['backticks', 'SELECT id FROM `project.nba_raw.player_lines`'],
  ['double-quotes', 'SELECT "id" FROM nba_raw.player_lines'],
  ['select-except', 'SELECT * EXCEPT (id) FROM nba_raw.player_lines'],
  ['select-except', 'SELECT p.* EXCEPT(id) FROM nba_raw.player_lines p'],
  ['select-except', 'SELECT * EXCLUDE (id) FROM nba_raw.player_lines'],
  ['select-except', 'SELECT * EXCLUDE id FROM nba_raw.player_lines'],
  ['select-except', 'SELECT * REPLACE (1 AS id) FROM nba_raw.player_lines'],
  ['concat', "SELECT CONCAT(a, 'b') AS x"],
  ['greatest-least', 'SELECT GREATEST(a, b) AS x'],
  ['greatest-least', 'SELECT least (a, b) AS x'],
  ['division', 'SELECT a / b AS x'],
  ['division', 'SELECT a / 0 AS x'],
  ['division', 'SELECT a / 0.0 AS x'],
  ['division', 'SELECT a / (1 + 1) AS x'],
  ['division', 'SELECT a / @games AS x'],
  ['division', 'SELECT SAFE_DIVIDE(a, b) AS x'],
  ['windowed-countif', 'SELECT COUNTIF(a) OVER (ORDER BY d ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS x'],
  ['windowed-countif', 'SELECT COALESCE(1 + COUNTIF(ABS(a) > 1) OVER w, 0) AS x'],
  ['extract-part', 'SELECT EXTRACT(DAYOFWEEK FROM d) AS x'],
  ['extract-part', 'SELECT EXTRACT(WEEK FROM d) AS x'],
  ['extract-part', 'SELECT EXTRACT(dow FROM d) AS x'],
  ['date-functions', 'SELECT DATE_DIFF(a, b, DAY) AS x'],
  ['date-functions', "SELECT date_diff('day', a, b) AS x"],
  ['date-functions', 'SELECT DATE_TRUNC(d, WEEK) AS x'],
  ['date-functions', "SELECT DATE(t, 'America/New_York') AS x"],
  ['date-functions', 'SELECT TIMESTAMP_DIFF(a, b, SECOND) AS x'],
  ['date-functions', 'SELECT FORMAT_TIMESTAMP(f, t) AS x'],
  ['struct', 'SELECT STRUCT(1 AS a) AS x'],
  ['safe-cast', 'SELECT SAFE_CAST(a AS INT64) AS x'],
  ['safe-cast', 'SELECT TRY_CAST(a AS INT64) AS x'],
  ['unnest', 'SELECT x FROM UNNEST(@ids) AS x'],
  ['unnest', 'SELECT a FROM t WHERE a IN UNNEST(b)'],
  ['unnest', 'SELECT a FROM t WHERE a IN (SELECT UNNEST(@ids))'],
  ['arrays', 'SELECT ARRAY_AGG(a ORDER BY b LIMIT 1) AS x'],
  ['arrays', 'SELECT a[0] AS x'],
  ['arrays', 'SELECT [1, 2] AS x'],
  [
    'insert-row',
    'MERGE INTO nba_raw.a AS t USING nba_raw.b AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT ROW',
  ],
  ['merge-into', 'MERGE nba_raw.a AS t USING nba_raw.b AS s ON t.id = s.id WHEN MATCHED THEN DELETE'],
  ['insert-or', 'INSERT OR REPLACE INTO nba_raw.a (id) SELECT 1'],
  ['insert-or', 'INSERT INTO nba_raw.a (id) SELECT 1 ON CONFLICT DO NOTHING'],
  ['insert-columns', 'INSERT INTO nba_raw.a SELECT 1'],
  ['wall-clock', 'SELECT CURRENT_TIMESTAMP() AS x'],
  ['wall-clock', 'SELECT CURRENT_TIMESTAMP AS x'],
  ['wall-clock', "SELECT CURRENT_DATE('UTC') AS x"],
  ['unknown-function', 'SELECT NOW() AS x'],
  ['fingerprint', 'SELECT FARM_FINGERPRINT(a) AS x'],
  ['information-schema', 'SELECT table_name FROM nba_raw.INFORMATION_SCHEMA.TABLES'],
  ['information-schema', 'SELECT table_name FROM information_schema.tables'],
  ['double-colon', 'SELECT a::INT64 AS x'],
  ['parameters', 'SELECT a FROM t WHERE a = $a'],
  ['parameters', 'SELECT a FROM t WHERE a = ?'],
  ['engine-keyword', "SELECT a FROM t WHERE a ILIKE 'x'"],
  ['engine-keyword', 'SELECT a FROM t ASOF JOIN u ON t.a = u.a'],
  ['engine-keyword', 'SELECT COUNT(*) FILTER (WHERE a > 1) AS x FROM t'],
  ['engine-keyword', 'WITH c AS MATERIALIZED (SELECT 1 AS a) SELECT a FROM c'],
  ['engine-keyword', 'DELETE FROM nba_raw.a WHERE id = 1 RETURNING id'],
  ['engine-keyword', 'SELECT a FROM t USING SAMPLE 10'],
  ['engine-keyword', 'SELECT a FROM t TABLESAMPLE'],
  ['type-names', 'SELECT CAST(a AS VARCHAR) AS x'],
  ['type-names', 'SELECT CAST(a AS DOUBLE) AS x'],
  ['type-names', 'SELECT CAST(a AS BIGINT) AS x'],
  ['type-names', 'SELECT CAST(a AS DECIMAL(38, 9)) AS x'],
  ['type-names', 'SELECT CAST(a AS NUMERIC(10, 2)) AS x'],
  ['by-all', 'SELECT a, COUNT(*) AS n FROM t GROUP BY ALL'],
  ['by-all', 'SELECT a FROM t ORDER BY ALL'],
  ['distinct-on', 'SELECT DISTINCT ON (a) a, b FROM t'],
  ['set-operation', 'SELECT 1 AS a UNION SELECT 2'],
  ['set-operation', 'SELECT 1 AS a EXCEPT SELECT 2'],
  ['set-operation', 'SELECT 1 AS a INTERSECT (SELECT 2)'],
  ['join-kind', 'SELECT a FROM t NATURAL JOIN u'],
  ['join-kind', 'SELECT a FROM t ANTI JOIN u ON t.a = u.a'],
  ['values-list', 'SELECT a FROM (VALUES (1), (2)) AS v'],
  ['reserved-alias', 'SELECT a AS hash FROM t'],
  ['reserved-alias', 'SELECT a AS rows FROM t'],
  ['column-lists', 'WITH c (a) AS (SELECT 1) SELECT a FROM c'],
  ['column-lists', 'WITH b AS (SELECT 2 AS x), c (a) AS (SELECT 1) SELECT a FROM c'],
  ['column-lists', 'SELECT a FROM (SELECT 1) AS c (a)'],
  ['interval', 'SELECT d + INTERVAL 1 DAY AS x'],
  ['time-zone', "SELECT t AT TIME ZONE 'UTC' AS x"],
  ['operators', 'SELECT a % 2 AS x'],
  ['operators', 'SELECT a // 2 AS x'],
  ['operators', 'SELECT a FROM t WHERE a == 1'],
  ['string-escapes', "SELECT 'it''s' AS x"],
  ['string-escapes', "SELECT 'a\\n' AS x"],
  ['string-escapes', "SELECT r'\\d' AS x"],
  ['one-statement', 'SELECT 1 AS x; SELECT 2 AS y'],
  ['where-required', 'DELETE FROM nba_raw.a'],
  ['where-required', 'UPDATE nba_raw.a SET id = 1'],
  ['delete-using', 'DELETE FROM nba_raw.a USING nba_raw.b AS b WHERE a.id = b.id'],
  ['ddl', 'CREATE TABLE nba_raw.a AS SELECT 1 AS id'],
  ['ddl', 'DROP TABLE nba_raw.a'],
  ['unknown-function', 'SELECT list_value(1, 2) AS x'],
  ['unknown-function', "SELECT strftime(d, 'x') AS x"],
  ['unknown-function', 'SELECT APPROX_QUANTILES(a, 4) AS x'],
  ['unknown-function', 'SELECT fn.no_such(a) AS x'],
  ['unknown-function', 'SELECT other.safe_div(a, b) AS x'],
];

const CLEAN: readonly string[] = [
  'SELECT COUNT(*) AS n, COUNT(DISTINCT a) AS d FROM nba_raw.player_lines WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)',
  'SELECT a FROM nba_raw.t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) = 1',
  'WITH recent AS (SELECT a, b FROM nba_raw.t), older AS (SELECT a FROM nba_raw.u) SELECT a FROM recent JOIN older USING (a)',
  'SELECT a / 2 AS half, a / 100.0 AS share, fn.safe_div(a, b) AS ratio, FN.SAFE_DIV(a, b) AS again FROM nba_raw.t',
  'SELECT COALESCE(COUNTIF(a > 1) OVER (ORDER BY d ROWS BETWEEN 5 PRECEDING AND 1 PRECEDING), 0) AS n, COUNTIF(a) AS m FROM nba_raw.t',
  "SELECT a || '-' || b AS key, 'CONCAT(a) :: `x` \"y\" $z / 0' AS text FROM nba_raw.t -- GREATEST(a) / b; INTERVAL",
  'SELECT a /* CURRENT_DATE, x::y, ?, [1] */ FROM nba_raw.t WHERE a IN UNNEST(@ids) AND b NOT IN (1, 2) AND EXISTS (SELECT 1 FROM nba_raw.u)',
  'SELECT CAST(a AS STRING) AS s, CAST(NULL AS FLOAT64) AS f, CAST(COALESCE(a, b) AS NUMERIC) AS n, CAST(t AS TIMESTAMP) AS ts FROM nba_raw.t',
  "SELECT DATE '2025-01-02' AS d, TIMESTAMP '2025-01-02T00:00:00Z' AS t, EXTRACT(YEAR FROM d) AS y, EXTRACT(hour FROM t) AS h",
  'SELECT 1 AS a UNION ALL SELECT 2 UNION DISTINCT SELECT 3 EXCEPT DISTINCT SELECT 4',
  'SELECT LEFT(a, 2) AS l, REPLACE(a, b, c) AS r, IF(a > 1, 2, 3) AS i FROM nba_raw.t LEFT JOIN (SELECT 1 AS a) AS u ON (t.a = u.a)',
  'SELECT zone, sample, z.filter, z.pivot FROM nba_raw.zones AS z WHERE zone = @zone',
  'SELECT SUM(a) OVER w AS s FROM nba_raw.t WINDOW w AS (PARTITION BY b ORDER BY c)',
  'INSERT INTO nba_raw.t (a, b) SELECT a, b FROM nba_raw.u',
  'INSERT INTO nba_raw.t (a, b) VALUES (@a, @b)',
  'UPDATE nba_raw.t SET a = s.a FROM nba_raw.s AS s WHERE t.id = s.id',
  'DELETE FROM nba_raw.t WHERE TRUE',
  `MERGE INTO nba_raw.a AS t USING (SELECT id, b FROM nba_raw.b) AS s ON t.id = s.id
   WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT (id, b) VALUES (s.id, s.b)`,
  "slate NOT IN (DATE '2025-01-02') AND id = 3",
];

describe('lintSql', () => {
  it.each(PLANTED)('finds %s in: %s', (rule, sql) => {
    expect(new Set(rules(sql))).toEqual(new Set([rule]));
  });

  it.each(CLEAN)('accepts: %s', (sql) => {
    expect(lintSql(sql)).toEqual([]);
  });

  it('says where and what to write', () => {
    expect(lintSql("SELECT a,\n  'x\ny' AS b,\n  CONCAT(a, b) AS c\nFROM nba_raw.t")).toEqual([
      { rule: 'concat', message: expect.stringContaining('||'), line: 4, excerpt: 'b , CONCAT ( a , b )' },
    ]);
  });

  it('finds the offset of an array', () => {
    expect(rules('SELECT a[OFFSET(0)] AS x')).toContain('arrays');
  });

  it('reports every problem in the order of the text', () => {
    expect(rules('SELECT a::INT64, "b", NOW() FROM `c`')).toEqual([
      'double-colon',
      'double-quotes',
      'unknown-function',
      'backticks',
    ]);
  });
});

describe('tokenise', () => {
  it.each([
    ...PLANTED.map(([, sql]) => sql),
    ...CLEAN,
    "'open string",
    '/* open comment',
    '"open',
    '',
    '@',
    '1.e5.',
    'é § 名',
  ])('loses no character of: %s', (sql) => {
    expect(
      tokenise(sql)
        .map((token) => token.text)
        .join(''),
    ).toBe(sql);
  });
});

it('finds no column of a contract that BigQuery would read as a keyword', () => {
  const named = CONTRACTS.flatMap((table) =>
    columnNames(table).map((column) => `${tableId(table)}.${column}`),
  );
  const reserved = (name: string): boolean => RESERVED_WORDS.has(name.split('.').at(-1)?.toUpperCase() ?? '');
  expect(named.length).toBeGreaterThan(300);
  expect(named.filter(reserved)).toEqual([]);
  expect(reserved('nba_predictions.publications.rows')).toBe(true);
});

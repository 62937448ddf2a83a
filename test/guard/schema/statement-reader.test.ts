import { describe, expect, it } from 'vitest';
import type { Schema } from '#guard/schema/model.ts';
import type { SqlText } from '#guard/schema/sql-catalogue.ts';
import { columnsReadBy, StatementReader } from '#guard/schema/statement-reader.ts';
import { writesOf } from '#guard/schema/written-columns.ts';
import type { NameProblem } from '#platform/sql/port.ts';
import { openSqlEngine } from '#platform/warehouse/duckdb/sql-engine.ts';
import { column } from './corpus.ts';

const typed = (name: string) => column(name, name === 'slate' ? 'DATE' : 'INT64');
const schema: Schema = {
  tables: [
    { id: 'nba_raw.box', columns: ['game_id', 'player_id', 'points', 'slate'].map(typed) },
    { id: 'nba_raw.games', columns: ['game_id', 'slate', 'status'].map(typed) },
  ],
  views: [
    {
      id: 'nba_raw.final_box',
      columns: ['game_id', 'player_id', 'points', 'slate', 'status'],
      sql: "SELECT b.*, g.status FROM nba_raw.box b JOIN nba_raw.games g ON g.game_id = b.game_id WHERE g.status = 'final'",
    },
  ],
  functions: [{ name: 'half', parameters: ['a'] }],
};
const reads = async (sql: string): Promise<string[]> =>
  (await columnsReadBy(sql, schema, openSqlEngine))
    .map(({ table, column: name }) => `${table}.${name}`)
    .sort();
const writes = (sql: string): string[] => {
  const { table, columns = [] } = writesOf(sql) ?? {};
  return columns.map((name) => `${table}.${name}`);
};
async function problemOf(sql: string): Promise<NameProblem | undefined> {
  const text: SqlText = { owner: 'test', path: 'test.ts', line: 1, sql, isWhole: true };
  const reader = await StatementReader.open(await openSqlEngine(), schema, [text]);
  try {
    return (await reader.strictly())[0]?.problem;
  } finally {
    reader.close();
  }
}
const problems = async (sql: string): Promise<string[]> => {
  const problem = await problemOf(sql);
  return problem === undefined ? [] : [`${problem.kind} ${problem.name}`];
};

describe('what a statement reads', () => {
  it.each([
    ['plain names', 'SELECT points FROM nba_raw.box', ['nba_raw.box.points']],
    ['names behind an alias', 'SELECT b.points FROM nba_raw.box AS b', ['nba_raw.box.points']],
    ['names behind the table', 'SELECT box.points FROM nba_raw.box', ['nba_raw.box.points']],
    [
      'a star',
      'SELECT * FROM nba_raw.games',
      ['nba_raw.games.game_id', 'nba_raw.games.slate', 'nba_raw.games.status'],
    ],
    [
      'a star narrowed by the block around it',
      'SELECT x.status FROM (SELECT * FROM nba_raw.games) AS x',
      ['nba_raw.games.status'],
    ],
    [
      'a WITH part',
      'WITH a AS (SELECT points AS p FROM nba_raw.box) SELECT p FROM a',
      ['nba_raw.box.points'],
    ],
    [
      'a join',
      'SELECT 1 AS one FROM nba_raw.box b LEFT JOIN nba_raw.games g ON g.game_id = b.game_id',
      ['nba_raw.box.game_id', 'nba_raw.games.game_id'],
    ],
    [
      'a correlated subselect',
      'SELECT 1 AS one FROM nba_raw.box b WHERE EXISTS (SELECT 1 FROM nba_raw.games WHERE status = b.points)',
      ['nba_raw.box.points', 'nba_raw.games.status'],
    ],
    [
      'both sides of a union',
      'SELECT points FROM nba_raw.box UNION ALL SELECT status FROM nba_raw.games',
      ['nba_raw.box.points', 'nba_raw.games.status'],
    ],
    [
      'windows',
      'SELECT SUM(points) OVER w AS s FROM nba_raw.box WINDOW w AS (PARTITION BY player_id ORDER BY slate)',
      ['nba_raw.box.player_id', 'nba_raw.box.points', 'nba_raw.box.slate'],
    ],
    [
      'a comparison that has FROM in it',
      'SELECT 1 AS one FROM nba_raw.box WHERE points IS DISTINCT FROM player_id',
      ['nba_raw.box.player_id', 'nba_raw.box.points'],
    ],
    [
      'parts of dates and types',
      "SELECT EXTRACT(YEAR FROM slate) AS y, CAST(points AS STRING) AS p, DATE '2025-01-01' AS d FROM nba_raw.box",
      ['nba_raw.box.points', 'nba_raw.box.slate'],
    ],
    [
      'results in ORDER BY',
      'SELECT COUNT(*) AS n FROM nba_raw.box GROUP BY slate ORDER BY n DESC NULLS LAST',
      ['nba_raw.box.slate'],
    ],
    [
      'a view and its table',
      'SELECT points FROM nba_raw.final_box',
      ['nba_raw.box.points', 'nba_raw.final_box.points'],
    ],
    ['a delete', 'DELETE FROM nba_raw.box WHERE slate = CAST(@slate AS DATE)', ['nba_raw.box.slate']],
  ])('%s', async (_, sql, expected) => {
    expect(await problems(sql)).toEqual([]);
    expect(await reads(sql)).toEqual(expected);
  });
});

describe('what a statement writes', () => {
  it.each([
    [
      'an insert',
      "INSERT INTO nba_raw.games (game_id, status) SELECT game_id, 'final' FROM nba_raw.box",
      ['nba_raw.games.game_id', 'nba_raw.games.status'],
    ],
    ['an update', "UPDATE nba_raw.games SET status = 'final' WHERE game_id = @id", ['nba_raw.games.status']],
    [
      'a merge',
      'MERGE INTO nba_raw.games t USING (SELECT game_id FROM nba_raw.box) s ON t.game_id = s.game_id WHEN MATCHED THEN UPDATE SET status = @a WHEN NOT MATCHED THEN INSERT (game_id, slate) VALUES (s.game_id, @slate)',
      ['nba_raw.games.game_id', 'nba_raw.games.slate', 'nba_raw.games.status'],
    ],
  ])('%s', async (_, sql, expected) => {
    expect(await problems(sql)).toEqual([]);
    expect(writes(sql)).toEqual(expected);
  });
});

describe('a name that nothing declares', () => {
  it.each([
    [
      'one name of two columns',
      'SELECT x.game_id, x.points FROM (SELECT b.*, g.* FROM nba_raw.box b JOIN nba_raw.games g ON g.game_id = b.game_id) AS x',
      ['ambiguous_column x.game_id'],
    ],
    [
      'one name of two columns, without an alias',
      'WITH x AS (SELECT g.slate, b.* FROM nba_raw.box b JOIN nba_raw.games g ON g.game_id = b.game_id) SELECT points FROM x WHERE slate > @day',
      ['ambiguous_column slate'],
    ],
    [
      'a bare name of the block around a subselect',
      'SELECT b.player_id FROM nba_raw.box b WHERE EXISTS (SELECT 1 FROM nba_raw.games g WHERE g.game_id = b.game_id AND points > 3)',
      ['outer_column points'],
    ],
    [
      'a bare name of the block around a subselect that reads a WITH part',
      'WITH g AS (SELECT game_id FROM nba_raw.games) SELECT player_id FROM nba_raw.box WHERE points IN (SELECT points FROM g)',
      ['outer_column points'],
    ],
    ['a table', 'SELECT points FROM nba_raw.boxes', ['unknown_table nba_raw.boxes']],
    ['a WITH part', 'SELECT points FROM boxes', ['unknown_table boxes']],
    ['a plain column', 'SELECT rebounds FROM nba_raw.box', ['unknown_column rebounds']],
    ['a column behind an alias', 'SELECT b.rebounds FROM nba_raw.box b', ['unknown_column b.rebounds']],
    ['an alias', 'SELECT c.points FROM nba_raw.box b', ['unknown_alias c']],
    [
      'a column that a subselect does not pass on',
      'SELECT x.points FROM (SELECT player_id FROM nba_raw.box) AS x',
      ['unknown_column x.points'],
    ],
    [
      'a column of a WITH part',
      'WITH a AS (SELECT slate FROM nba_raw.box) SELECT a.points FROM a',
      ['unknown_column a.points'],
    ],
    ['a result used in WHERE', 'SELECT points AS p FROM nba_raw.box WHERE p > 1', ['unknown_column p']],
    [
      'a function of the library',
      'SELECT fn.third(points) AS t FROM nba_raw.box',
      ['unknown_function fn.third'],
    ],
    [
      'a column in a join condition',
      'SELECT 1 AS one FROM nba_raw.box b JOIN nba_raw.games g ON g.id = b.game_id',
      ['unknown_column g.id'],
    ],
    [
      'a column of an insert',
      'INSERT INTO nba_raw.games (colour) SELECT 1',
      ['unknown_column nba_raw.games.colour'],
    ],
    [
      'a column of an update',
      'UPDATE nba_raw.games SET colour = 1 WHERE TRUE',
      ['unknown_column nba_raw.games.colour'],
    ],
    [
      'a column of a merge',
      'MERGE INTO nba_raw.games t USING nba_raw.box s ON t.game_id = s.game_id WHEN MATCHED THEN UPDATE SET slate = s.day',
      ['unknown_column s.day'],
    ],
  ])('%s', async (_, sql, expected) => {
    expect(await problems(sql)).toEqual(expected);
  });

  it.each([
    [
      'an alias before what is of the block around',
      'SELECT b.player_id FROM nba_raw.box b WHERE EXISTS (SELECT 1 FROM nba_raw.games WHERE game_id = b.game_id AND status > b.points)',
    ],
    [
      'a bare name that the subselect has itself',
      'SELECT (SELECT MAX(slate) FROM nba_raw.games) AS newest FROM nba_raw.box',
    ],
  ])('is not %s', async (_, sql) => {
    expect(await problems(sql)).toEqual([]);
  });

  it('is told with its line in a subselect behind a WITH part', async () => {
    const sql =
      'WITH g AS (\n  SELECT game_id\n  FROM nba_raw.games\n)\nSELECT player_id\nFROM nba_raw.box\nWHERE points IN (\n  SELECT points FROM g)';
    expect(await problemOf(sql)).toMatchObject({ kind: 'outer_column', name: 'points', line: 8 });
  });

  it('is told with its line', async () => {
    expect(await problemOf('SELECT points\nFROM nba_raw.box\nWHERE rebounds > 3')).toMatchObject({
      kind: 'unknown_column',
      name: 'rebounds',
      line: 3,
    });
  });
});

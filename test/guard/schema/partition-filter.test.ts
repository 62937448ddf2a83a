import { describe, expect, it } from 'vitest';
import { tableId } from '#core/contracts/define.ts';
import { VIEWS } from '#core/contracts/index.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { boundsByCheck, boundsOf, unboundReads } from '#guard/schema/partition-filter.ts';
import { openRememberingEngine } from './remembering-engine.ts';
import { ownSources, ownStatements } from './sources.ts';

const bounds = new Map([['nba_raw.box', 'slate']]);
const unbound = (sql: string): string[] =>
  unboundReads(sql, bounds).map(({ table, line }) => `${table} in line ${line}`);

describe('a read of a table that requires a partition filter', () => {
  it.each([
    ['an equation', 'SELECT 1 FROM nba_raw.box WHERE slate = CAST(@slate AS DATE)'],
    [
      'a range',
      'SELECT 1 FROM nba_raw.box b WHERE b.points > 3 AND b.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND b.played',
    ],
    ['a bound from the right', 'SELECT 1 FROM nba_raw.box WHERE CAST(@from AS DATE) <= slate'],
    [
      'a function of a parameter',
      'SELECT 1 FROM nba_raw.box WHERE slate >= fn.add_days(CAST(@slate AS DATE), -7)',
    ],
    ['a list', 'SELECT 1 FROM nba_raw.box WHERE slate IN UNNEST(@slates)'],
    ['a literal', "SELECT 1 FROM nba_raw.box WHERE slate > DATE '2020-01-01'"],
    [
      'its own join condition',
      'SELECT 1 FROM nba_raw.games g LEFT JOIN nba_raw.box b ON b.slate = CAST(@slate AS DATE) AND b.id = g.id',
    ],
    ['a bracket around several conditions', 'SELECT 1 FROM nba_raw.box WHERE (slate = @slate AND played)'],
    [
      'each side of a union',
      'SELECT 1 FROM nba_raw.box WHERE slate = @a UNION ALL SELECT 1 FROM nba_raw.box WHERE slate = @b',
    ],
    [
      'a subselect of its own',
      'SELECT 1 FROM nba_raw.games WHERE id IN (SELECT id FROM nba_raw.box WHERE slate < @day)',
    ],
    ['a deletion', 'DELETE FROM nba_raw.box WHERE slate = @slate'],
    ['an insertion into it', 'INSERT INTO nba_raw.box (slate) SELECT slate FROM nba_raw.games'],
    ['a table of another name', 'SELECT 1 FROM nba_raw.boxes'],
  ])('is fine with %s', (_, sql) => {
    expect(unbound(sql)).toEqual([]);
  });

  it.each([
    ['nothing', 'SELECT 1 FROM nba_raw.box'],
    ['a condition on another column', 'SELECT 1 FROM nba_raw.box WHERE day = @slate'],
    [
      'the column of another table',
      'SELECT 1 FROM nba_raw.games g JOIN nba_raw.box b ON b.id = g.id WHERE g.slate = @slate',
    ],
    [
      'a comparison with a column',
      'SELECT 1 FROM nba_raw.games g JOIN nba_raw.box b ON b.slate = g.slate WHERE g.slate = @slate',
    ],
    ['a choice', 'SELECT 1 FROM nba_raw.box WHERE slate = @slate OR played'],
    ['a function of the column', 'SELECT 1 FROM nba_raw.box WHERE fn.add_days(slate, 1) = @slate'],
    [
      'a bound that must be read first',
      'SELECT 1 FROM nba_raw.box WHERE slate >= (SELECT MIN(slate) FROM nba_raw.games)',
    ],
    ['an exclusion', 'SELECT 1 FROM nba_raw.box WHERE slate NOT IN UNNEST(@slates)'],
    ['a bound around it', 'SELECT 1 FROM (SELECT * FROM nba_raw.box) x WHERE x.slate = @slate'],
    [
      'a bound in the other half of a union',
      'SELECT 1 FROM nba_raw.box WHERE slate = @a UNION ALL SELECT 1 FROM nba_raw.box',
    ],
    [
      'a bound in a subselect',
      'SELECT 1 FROM nba_raw.box WHERE id IN (SELECT id FROM nba_raw.games WHERE slate = @slate)',
    ],
    [
      'a merge by key alone',
      'MERGE INTO nba_raw.box t USING nba_raw.games s ON t.id = s.id WHEN MATCHED THEN DELETE',
    ],
  ])('is told with %s', (_, sql) => {
    expect(unbound(sql)).toEqual(['nba_raw.box in line 1']);
  });
});

describe('a view over a table that requires a partition filter', () => {
  const tables = [{ id: 'nba_raw.box', partition: 'slate', partitionFilterRequired: true }];
  const reading = (window: string): number => {
    const sql = `SELECT b.* FROM nba_raw.box b WHERE b.played QUALIFY RANK() OVER ${window} = 1`;
    const view = boundsOf({ tables, views: [{ id: 'nba_raw.newest', sql }] });
    return unboundReads('SELECT 1 FROM nba_raw.newest WHERE slate = @slate', view).length;
  };

  it.each([
    ['by the column', '(PARTITION BY b.slate, b.player_id ORDER BY b.at DESC)'],
    ['by the column alone', '(PARTITION BY slate)'],
  ])('hands a bound on to it through a window %s', (_, window) => {
    expect(reading(window)).toBe(0);
  });

  it.each([
    ['by another column', '(PARTITION BY b.player_id ORDER BY b.slate DESC)'],
    ['by a function of the column', '(PARTITION BY fn.add_days(b.slate, 1))'],
    ['over everything', '(ORDER BY b.slate)'],
    ['with a name', 'w = 1 AND b.slate > b.other WINDOW w AS (PARTITION BY b.player_id ORDER BY b.slate)'],
  ])('cannot be read through a window %s', (_, window) => {
    expect(reading(window)).toBe(1);
  });
});

describe('the partition filters of this repository', () => {
  it('are required by contract for whatever grows by thousands of rows a day, and for views over it', () => {
    expect([...boundsByCheck(codeSchema()).keys()].sort()).toEqual([
      'nba_analytics.player_game_summary',
      'nba_predictions.current_predictions',
      'nba_predictions.ml_feature_store',
      'nba_predictions.player_prop_predictions',
      'nba_raw.player_box_scores',
      'nba_raw.player_lines',
      'nba_raw.shots',
      'nba_raw.team_box_scores',
    ]);
  });

  it('are never asked for by the warehouse behind a window, through which BigQuery does not promise to hand a bound on', () => {
    const byWarehouse = boundsOf(codeSchema());
    expect(VIEWS.filter(({ sql }) => /\bOVER\b/.test(sql)).length).toBeGreaterThan(0);
    expect(VIEWS.filter(({ ref }) => byWarehouse.has(tableId(ref))).map(({ ref }) => tableId(ref))).toEqual(
      [],
    );
    expect([...boundsByCheck(codeSchema()).keys()].filter((id) => !byWarehouse.has(id))).toEqual([
      'nba_predictions.player_prop_predictions',
      'nba_predictions.current_predictions',
    ]);
  });

  it('fail the schema check when a statement leaves one out, with the place', {
    // Every statement of the repository is prepared, and one more.
    timeout: 60_000,
  }, async () => {
    const planted = {
      path: 'src/guard/planted.ts',
      text: 'export const A = 1;\nexport const B = `SELECT COUNT(*) AS n\nFROM nba_raw.player_lines l\nWHERE l.line > 3`;\n',
    };
    const files = [...ownSources(), planted];
    const { ok, code } = await checkSchema({
      warehouse: codeSchema(),
      files,
      statements: ownStatements(files),
      openEngine: openRememberingEngine,
      approvals: [],
      today: '2026-11-24',
    });
    expect(ok).toBe(false);
    expect(code.lint).toEqual([
      {
        owner: 'guard/planted',
        path: 'src/guard/planted.ts',
        line: 3,
        rule: 'partition-filter',
        message: expect.stringContaining('nba_raw.player_lines to be read with a bound on slate'),
      },
    ]);
  });
});

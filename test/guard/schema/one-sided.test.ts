import { describe, expect, it } from 'vitest';
import { checkSchema } from '#guard/schema/check.ts';
import type { Schema, SchemaTable } from '#guard/schema/model.ts';
import { differencesOf } from '#guard/schema/report.ts';
import type { SqlText } from '#guard/schema/sql-catalogue.ts';
import { column } from './corpus.ts';
import { openRememberingEngine } from './remembering-engine.ts';

const BOX: SchemaTable = {
  id: 'nba_raw.box',
  columns: [
    column('game_id', 'STRING', { mode: 'REQUIRED', writer: 'Boxes' }),
    column('points', 'INT64', { writer: 'Boxes' }),
    column('steals', 'INT64', { writer: 'Boxes' }),
  ],
};
const SAFE_DIV = { name: 'safe_div', parameters: ['a', 'b'] };
const WANTED: Schema = { tables: [BOX], views: [], functions: [SAFE_DIV] };
const WRITER = 'SELECT g.game_id, g.points, g.steals FROM nba_raw.box AS g';
const READER = "SELECT b.game_id AS subject, b.points AS n FROM nba_raw.box AS b WHERE b.game_id > ''";

const text = (owner: string, sql: string, fills?: string): SqlText => ({
  owner,
  path: `src/${owner.replace(' ', '/')}.ts`,
  line: 1,
  sql,
  isWhole: true,
  ...(fills === undefined ? {} : { fills }),
});

/** What is told when only one side of the code is changed: the statement that writes a table, or the one that reads it. */
async function told({
  writer = WRITER,
  reader = READER,
  live = WANTED,
}: {
  writer?: string;
  reader?: string;
  live?: Schema;
}) {
  const statements = [text('processor Boxes', writer, 'nba_raw.box'), text('canary boxes', reader)];
  const report = await checkSchema({
    warehouse: live,
    wanted: WANTED,
    files: [],
    statements,
    openEngine: openRememberingEngine,
    approvals: [],
    today: '2026-11-24',
  });
  const found = differencesOf(report, '2026-11-24');
  expect(report.ok).toBe(found.length === 0);
  return found.map(({ kind, column: name, class: verdict, direction, readers }) => [
    kind,
    name,
    verdict,
    direction,
    readers.join(),
  ]);
}

const without = (name: string): Schema => ({
  ...WANTED,
  tables: [{ ...BOX, columns: BOX.columns.filter((each) => each.name !== name) }],
});

describe('a change of the writer alone', () => {
  it.each([
    ['none', WRITER, []],
    ['other values in the same columns', WRITER.replace('g.points', 'g.points + 1 AS points'), []],
    ['columns in another order', 'SELECT g.steals, g.points, g.game_id FROM nba_raw.box AS g', []],
    [
      'a column more',
      `${WRITER.replace('g.steals', 'g.steals, 1 AS blocks')}`,
      [['not_in_contract', 'blocks', 'breaking', 'either', '']],
    ],
    [
      'an unread column less',
      WRITER.replace(', g.steals', ''),
      [['no_writer', 'steals', 'breaking', 'either', '']],
    ],
    [
      'a read column less',
      WRITER.replace(', g.points', ''),
      [['no_writer', 'points', 'breaking', 'either', '']],
    ],
    [
      'a required column less',
      WRITER.replace('g.game_id, ', ''),
      [['required_not_written', 'game_id', 'breaking', 'either', '']],
    ],
    [
      'a column under another name',
      WRITER.replace('g.steals', 'g.steals AS thefts'),
      [
        ['no_writer', 'steals', 'breaking', 'either', ''],
        ['not_in_contract', 'thefts', 'breaking', 'either', ''],
      ],
    ],
  ])('%s', async (_, writer, expected) => {
    expect(await told({ writer })).toEqual(expected);
  });
});

describe('a change of the reader alone', () => {
  it.each([
    ['one more column', READER.replace('AS n', 'AS n, b.steals AS s'), []],
    ['one column less', READER.replace(', b.points AS n', ''), []],
    [
      'a column that nothing has',
      READER.replace('b.points', 'b.blocks'),
      [['unknown_column', 'blocks', 'breaking', 'either', '']],
    ],
    [
      'a column that nothing has, in the condition',
      `${READER} AND b.blocks > 0`,
      [['unknown_column', 'blocks', 'breaking', 'either', '']],
    ],
    [
      'a table that nothing has',
      READER.replace('nba_raw.box', 'nba_raw.boxes'),
      [['unknown_table', null, 'breaking', 'either', '']],
    ],
    ['a function of the library', READER.replace('b.points', 'fn.safe_div(b.points, 2)'), []],
    [
      'a function that the library lacks',
      READER.replace('b.points', 'fn.third(b.points)'),
      [
        ['unknown_function', null, 'breaking', 'either', ''],
        ['sql_unknown-function', null, 'breaking', 'either', ''],
      ],
    ],
  ])('%s', async (_, reader, expected) => {
    expect(await told({ reader })).toEqual(expected);
  });
});

describe('a table that lacks a column', () => {
  it('that is read has to go first, and the readers are named', async () => {
    expect(await told({ live: without('points') })).toEqual([
      ['column_added', 'points', 'needs_order', 'table_first', 'canary boxes,processor Boxes'],
    ]);
  });

  it('that has one more than the code wants blocks nobody', async () => {
    const wider = { ...WANTED, tables: [{ ...BOX, columns: [...BOX.columns, column('old')] }] };
    expect(await told({ live: wider })).toEqual([]);
  });
});

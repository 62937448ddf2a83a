import { describe, expect, it } from 'vitest';
import { defineTable, nullable, required } from '#core/contracts/define.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { playerBoxScores, playerLines } from '#core/contracts/nba_raw.ts';
import { breachOf, breachSql } from '#core/contracts/rules.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const table = defineTable({
  dataset: 'nba_raw',
  name: 'ruled',
  description: 'One column for each kind of rule.',
  columns: {
    id: required.int('Key'),
    share: nullable.float('A share', { range: [0, 1] }),
    price: nullable.int('A price'),
    line: nullable.numeric('A line'),
    word: nullable.string('A word'),
    made: nullable.int('Made'),
    tried: nullable.int('Tried'),
    total: nullable.float('Twice what was made, less what was tried'),
    below: nullable.float('What was made, less two and a half'),
    other: nullable.string('Another word'),
    flag: nullable.bool('Whether there is another word'),
  },
  key: ['id'],
  writer: 'test',
  rules: [
    { kind: 'outside', column: 'price', interval: [-100, 100] },
    { kind: 'halves', column: 'line' },
    { kind: 'one_of', column: 'word', values: ['yes', 'no'] },
    { kind: 'at_most', column: 'made', limit: 'tried' },
    { kind: 'sum', column: 'total', of: { made: 2, tried: -1 }, within: 0.1 },
    { kind: 'sum', column: 'below', of: { made: 1 }, plus: -2.5 },
    { kind: 'different', columns: ['word', 'other'] },
    { kind: 'when', column: 'other', flag: 'flag' },
  ],
});

const SOUND = {
  id: 1,
  share: 0.5,
  price: -110,
  line: '24.5',
  word: 'yes',
  made: 2,
  tried: 3,
  total: 1.05,
  below: -0.5,
  other: 'no',
  flag: true,
};
const BROKEN = [
  { share: 1.5 },
  { price: 50 },
  { line: '24.25' },
  { word: 'maybe' },
  { made: 4, total: 5, below: 1.5 },
  { total: 3 },
  { below: 0.5 },
  { other: 'yes' },
  { other: null },
  { flag: false },
];

describe('the rules of a contract', () => {
  it('are kept by a sound row, and by one of which nothing is known', () => {
    expect(breachOf(table, SOUND)).toBeUndefined();
    expect(breachOf(table, { id: 1 })).toBeUndefined();
  });

  it.each(BROKEN.map((change) => [JSON.stringify(change), change] as const))(
    'are broken by %s',
    (_name, change) => {
      const breach = breachOf(table, { ...SOUND, ...change });
      expect(breach?.expected).not.toBe('');
      expect(breach?.column).toBeDefined();
    },
  );

  it('say the same in SQL, with column, value and rule', async () => {
    const warehouse = await openWarehouse({ tables: [table] });
    const rows = [SOUND, { id: 2 }, ...BROKEN.map((change) => ({ ...SOUND, ...change }))];
    await warehouse.append(
      table,
      rows.map((row, id) => ({ ...row, id })),
    );
    const said = await warehouse.query<{ breach: string | null }>(
      `SELECT ${breachSql(table)} AS breach FROM nba_raw.ruled ORDER BY id`,
    );
    expect(said.map(({ breach }) => breach !== null)).toEqual([false, false, ...BROKEN.map(() => true)]);
    expect(said[2]?.breach).toBe('share 1.5, expected between 0 and 1');
    await warehouse.close();
  });

  it('refuse a replacement that breaks one, and leave what was there', async () => {
    const warehouse = await openWarehouse({ tables: [table] });
    await warehouse.append(table, [{ ...SOUND, id: 7 }]);
    const names = Object.keys(table.columns).join(', ');
    const select = `SELECT ${names.replace('share', '1.5 AS share')} FROM nba_raw.ruled`;
    await expect(warehouse.replaceRange(table, { column: 'id', from: '0', to: '9' }, select)).rejects.toThrow(
      '1 rows break a rule, for example share 1.5, expected between 0 and 1',
    );
    expect(await warehouse.query('SELECT share FROM nba_raw.ruled')).toEqual([{ share: 0.5 }]);
    await warehouse.close();
  });

  it('hold box scores and quotes to what they must add up to', () => {
    const box = {
      points: 13,
      fgm: 4,
      fga: 9,
      fg3m: 2,
      fg3a: 5,
      ftm: 3,
      fta: 4,
      reb: 7,
      oreb: 1,
      dreb: 6,
      minutes: 27,
    };
    expect(breachOf(playerBoxScores, box)).toBeUndefined();
    expect(breachOf(playerBoxScores, { ...box, points: 7 })?.expected).toBe('2 fgm + fg3m + ftm');
    expect(breachOf(playerBoxScores, { ...box, minutes: -3 })?.column).toBe('minutes');
    expect(breachOf(playerLines, { line: '245.0' })?.column).toBe('line');
    expect(breachOf(playerLines, { line: '24' })).toBeUndefined();
    expect(breachOf(playerLines, { line: '24.3' })).toEqual({
      column: 'line',
      value: '24.3',
      expected: 'a whole number or half of one',
    });
    expect(breachOf(playerLines, { over_price: 0 })?.column).toBe('over_price');
  });

  it('hold the expected margin to those of both teams and to the place', () => {
    const margins = { team_margin: 4, opp_margin: -1, is_home: 0, expected_margin: 2.5 };
    expect(breachOf(mlFeatureStore, margins)).toBeUndefined();
    expect(breachOf(mlFeatureStore, { ...margins, expected_margin: -2.5 })).toEqual({
      column: 'expected_margin',
      value: '-2.5',
      expected: 'team_margin - opp_margin + 5 is_home - 2.5 within 0.001',
    });
  });
});

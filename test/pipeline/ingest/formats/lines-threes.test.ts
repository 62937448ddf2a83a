import { describe, expect, it } from 'vitest';
import { linesThrees } from '#pipeline/ingest/formats/lines-csv.ts';
import { textFile } from './fixtures.ts';

const CELLS: Readonly<Record<string, string>> = {
  player: 'Toven Obrand',
  game: 'Utah Jazz @ Boston Celtics',
  game_time: '2025-04-03T23:10:00Z',
  market: 'player_threes',
  line: '2.5',
  bookmaker: 'draftkings',
  bookmaker_last_update: '2025-04-03T14:55:06Z',
  market_last_update: '2025-04-03T14:51:45Z',
  over_odds: '135',
  under_odds: '-175.0',
};
const BASE = ['player', 'game', 'game_time', 'market', 'line', 'bookmaker'];
const TIMES = ['bookmaker_last_update', 'market_last_update'];
const read = async (columns: readonly string[]) => {
  const file = textFile('x.csv', [columns.join(','), columns.map((column) => CELLS[column]).join(',')]);
  expect(linesThrees.recognise(file.path, new TextDecoder().decode(file.bytes))).toBe(true);
  return (await linesThrees.parse(file)).rows[0]?.record;
};

describe('three-pointers in their four orders of columns', () => {
  it.each([
    ['over first', [...BASE, 'over_odds', 'under_odds']],
    ['under first', [...BASE, 'under_odds', 'over_odds']],
  ])('%s, without a time', async (_what, columns) => {
    expect(await read(columns)).toMatchObject({
      over_price: 135,
      under_price: -175,
      snapshot_at: null,
      snapshot_quality: 'unknown',
    });
  });

  it.each([
    ['over first', [...BASE, ...TIMES, 'over_odds', 'under_odds']],
    ['under first', [...BASE, ...TIMES, 'under_odds', 'over_odds']],
  ])('%s, known when the book last changed the market', async (_what, columns) => {
    expect(await read(columns)).toMatchObject({
      over_price: 135,
      under_price: -175,
      snapshot_at: '2025-04-03T14:51:45.000Z',
      snapshot_quality: 'exact',
    });
  });
});

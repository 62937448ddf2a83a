import { describe, expect, it } from 'vitest';
import type { ParsedFile } from '#pipeline/ingest/format.ts';
import { linesDfs, linesPra, linesThrees } from '#pipeline/ingest/formats/lines-csv.ts';
import { outcome, textFile } from './fixtures.ts';

const DFS_HEADER = 'player,market,bookmaker,side,line,price,home_team,away_team,game_id,commence_time';
const PRA_HEADER =
  'player_name,event_id,event_date,home_team,away_team,bookmaker,line,timestamp,over_price,under_price';
const THREES_HEADER = 'player,game,game_time,market,line,bookmaker,over_odds,under_odds';

const dfs = async (...rows: string[]): Promise<ParsedFile> =>
  linesDfs.parse(textFile('picks/01_10_2025.csv', [DFS_HEADER, ...rows]));
const pra = async (...rows: string[]): Promise<ParsedFile> =>
  linesPra.parse(textFile('pra_odds.csv', [PRA_HEADER, ...rows]));
const threes = async (...rows: string[]): Promise<ParsedFile> =>
  linesThrees.parse(textFile('props_2024-12-01_player_threes.csv', [THREES_HEADER, ...rows]));

const DFS_ROW =
  'Toven Obrand,player_points,PrizePicks,Over,21.50,-137,Boston Celtics,Los Angeles Clippers,ev1,2025-01-11T00:40:00Z';
const PRA_ROW =
  'Toven Obrand,ev2,2024-01-05,Boston Celtics,Utah Jazz,BetOnline.ag,30.5,2024-01-05T00:35:10Z,-110.0,-115.0';
const THREES_ROW =
  'Toven Obrand Jr,Utah Jazz @ Boston Celtics,2024-12-02T00:40:00Z,player_threes,1.5,betmgm,-160,124';

describe('daily fantasy picks', () => {
  it('reads a pick, with the ET date of the event as slate and the date of the file name as all that is known of its time', async () => {
    const { rows, read } = await dfs(DFS_ROW);
    expect(read).toBe(1);
    expect(rows[0]).toMatchObject({
      line: 2,
      record: {
        event_id: 'ev1',
        market: 'points',
        bookmaker: 'prizepicks',
        player_lookup: 'tovenobrand',
        home_abbr: 'BOS',
        away_abbr: 'LAC',
        commence_at: '2025-01-11T00:40:00.000Z',
        slate: '2025-01-10',
        side: 'over',
        line: '21.5',
        over_price: -137,
        under_price: null,
        is_alternate: false,
        snapshot_at: null,
        snapshot_quality: 'file_date',
        file_date: '2025-01-10',
      },
    });
  });

  it('puts the price on its side and marks every price but the constant as an alternate', async () => {
    const { rows } = await dfs(
      DFS_ROW.replace('Over', 'Under').replace('-137', '-10000'),
      DFS_ROW.replace('-137', '100'),
    );
    expect(
      rows.map(({ record }) => [record['over_price'], record['under_price'], record['is_alternate']]),
    ).toEqual([
      [null, -10_000, true],
      [100, null, true],
    ]);
  });

  it.each([
    ['a team of no league', DFS_ROW.replace('Boston Celtics', 'Boston Bees'), 'unknown_opponent home_team'],
    [
      'a market that is not loaded',
      DFS_ROW.replace('player_points', 'player_dunks'),
      'unknown_market market',
    ],
    ['a line that is no number', DFS_ROW.replace('21.50', 'twenty'), 'bad_line line'],
    ['a negative line', DFS_ROW.replace('21.50', '-1.5'), 'bad_line line'],
    ['a price between -100 and 100', DFS_ROW.replace('-137', '-13'), 'bad_price price'],
    ['no player', DFS_ROW.replace('Toven Obrand', ''), 'no_player player'],
    [
      'an instant that does not exist',
      DFS_ROW.replace('2025-01-11', '2025-02-30'),
      'impossible_date commence_time',
    ],
    ['an instant without a zone', DFS_ROW.replace('00Z', '00'), 'impossible_date commence_time'],
    ['no event', DFS_ROW.replace('ev1', ''), 'missing_field game_id'],
    ['a side that is none', DFS_ROW.replace('Over', 'Both'), 'impossible_value side'],
    [
      'a team against itself',
      DFS_ROW.replace('Los Angeles Clippers', 'Boston Celtics'),
      'impossible_value away_team',
    ],
    ['a record with too few cells', DFS_ROW.split(',').slice(0, 6).join(','), 'missing_field home_team'],
  ])('rejects %s and keeps the rest', async (_what, row, reason) => {
    const parsed = await dfs(DFS_ROW, row);
    expect(outcome(parsed)).toEqual({ read: 2, rows: 1, duplicates: 0, rejected: [reason] });
    expect(parsed.rejected[0]).toMatchObject({ line: 3, raw: row });
  });

  it('says so when the file ends inside a record', async () => {
    const bytes = new TextEncoder().encode([DFS_HEADER, DFS_ROW, DFS_ROW.slice(0, 40)].join('\n'));
    expect(outcome(await linesDfs.parse({ path: '01_10_2025.csv', bytes })).rejected).toEqual([
      'truncated line',
    ]);
  });

  it('rejects every record of a file whose name is no date', async () => {
    const parsed = await linesDfs.parse(textFile('picks/13_40_2025.csv', [DFS_HEADER, DFS_ROW]));
    expect(outcome(parsed).rejected).toEqual(['impossible_date file name']);
  });
});

describe('points + rebounds + assists', () => {
  it('takes the slate from the time of the quote, since event_date is the UTC date of the start', async () => {
    const { rows } = await pra(PRA_ROW);
    expect(rows[0]?.record).toMatchObject({
      market: 'pra',
      bookmaker: 'betonlineag',
      slate: '2024-01-04',
      side: 'both',
      line: '30.5',
      over_price: -110,
      under_price: -115,
      commence_at: null,
      snapshot_at: '2024-01-05T00:35:10.000Z',
      snapshot_quality: 'exact',
      file_date: null,
    });
  });

  it.each([
    ['Caesars', 'williamhill_us'],
    ['PointsBet (US)', 'pointsbetus'],
    ['Unibet', 'unibet_us'],
    ['Barstool Sportsbook', 'barstool'],
    ['DraftKings', 'draftkings'],
  ])('knows %s as %s', async (title, key) => {
    const { rows } = await pra(PRA_ROW.replace('BetOnline.ag', title));
    expect(rows[0]?.record['bookmaker']).toBe(key);
  });

  it('reads an empty price as unknown, never as zero', async () => {
    const { rows } = await pra(PRA_ROW.replace('-110.0', '').replace('-115.0', ''));
    expect(rows[0]?.record).toMatchObject({ over_price: null, under_price: null });
  });

  it('keeps the team some books print next to a name', async () => {
    const { rows } = await pra(PRA_ROW.replace('Toven Obrand', 'Toven Obrand (2001)'));
    expect(rows[0]?.record).toMatchObject({
      player_name: 'Toven Obrand (2001)',
      player_lookup: 'tovenobrand',
      team_hint_abbr: null,
    });
    const tagged = await pra(PRA_ROW.replace('Toven Obrand', 'Toven Obrand (Bos)'));
    expect(tagged.rows[0]?.record).toMatchObject({ team_hint_abbr: 'BOS' });
  });

  it.each([
    [
      'event_date two days after the quote',
      PRA_ROW.replace('2024-01-05,', '2024-01-06,'),
      'impossible_value event_date',
    ],
    [
      'event_date before the quote',
      PRA_ROW.replace('2024-01-05,', '2024-01-03,'),
      'impossible_value event_date',
    ],
    [
      'an event_date that does not exist',
      PRA_ROW.replace('2024-01-05,', '2024-13-05,'),
      'impossible_date event_date',
    ],
    ['no timestamp', PRA_ROW.replace('2024-01-05T00:35:10Z', ''), 'missing_field timestamp'],
    ['a price with decimals', PRA_ROW.replace('-110.0', '-110.5'), 'bad_price over_price'],
    ['no book', PRA_ROW.replace('BetOnline.ag', ''), 'missing_field bookmaker'],
  ])('rejects %s', async (_what, row, reason) => {
    expect(outcome(await pra(row)).rejected).toEqual([reason]);
  });
});

describe('three-pointers made', () => {
  it('reads visitors before the home team and has no time of the quote', async () => {
    const { rows } = await threes(THREES_ROW);
    expect(rows[0]?.record).toMatchObject({
      market: 'threes',
      player_lookup: 'tovenobrand',
      home_abbr: 'BOS',
      away_abbr: 'UTA',
      slate: '2024-12-01',
      event_id: null,
      side: 'both',
      over_price: -160,
      under_price: 124,
      snapshot_at: null,
      snapshot_quality: 'unknown',
      file_date: null,
    });
  });

  it.each([
    ['a game with one team', THREES_ROW.replace('Utah Jazz @ ', ''), 'missing_field home_team'],
    ['no game', THREES_ROW.replace('Utah Jazz @ Boston Celtics', ''), 'missing_field game'],
    ['another market', THREES_ROW.replace('player_threes', 'player_dunks'), 'unknown_market market'],
  ])('rejects %s', async (_what, row, reason) => {
    expect(outcome(await threes(row)).rejected).toEqual([reason]);
  });
});

describe('unreadable files of quotes', () => {
  it.each([
    ['an empty file', ''],
    ['another header', 'a,b,c\n1,2,3\n'],
    ['a quote that is never closed', `${PRA_HEADER}\n"Toven,ev`],
  ])('refuses %s', (_what, text) => {
    expect(() => linesPra.parse({ path: 'pra_odds.csv', bytes: new TextEncoder().encode(text) })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT', message: expect.stringContaining('pra_odds.csv') }),
    );
  });
});

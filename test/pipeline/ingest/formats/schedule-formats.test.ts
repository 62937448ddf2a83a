import { describe, expect, test } from 'vitest';
import { schedulePublishedJson } from '#pipeline/ingest/formats/schedule-published-json.ts';
import {
  scheduleMislabelledEastern,
  schedulePlayed,
  scheduleUtcList,
} from '#pipeline/ingest/formats/schedules-csv.ts';
import { csvText, parsed, rejections } from '#test/pipeline/ingest/input.ts';

const EASTERN = {
  gameId: '22400901',
  gameDateTimeEst: '2025-01-10 22:30:00+00:00',
  gameLabel: '',
  gameSubLabel: '',
  seriesText: '',
  hometeamId: 1610612747,
  awayteamId: 1610612738,
};

describe('schedule with Eastern times labelled as UTC', () => {
  const rowOf = async (change: object) =>
    (await parsed(scheduleMislabelledEastern, csvText([{ ...EASTERN, ...change }]))).rows[0]?.record;

  test('reads the time on a New York clock, in winter and in summer time', async () => {
    expect(await rowOf({})).toEqual({
      source_game_key: '0022400901',
      game_id: '0022400901',
      season: '2024-25',
      season_type: 'regular',
      slate: '2025-01-10',
      tipoff_at: '2025-01-11T03:30:00.000Z',
      home_abbr: 'LAL',
      away_abbr: 'BOS',
      status: 'scheduled',
      status_text: null,
      statement: 'published',
      label: null,
      home_score: null,
      away_score: null,
      observed_at: null,
    });
    expect(await rowOf({ gameDateTimeEst: '2025-03-10T22:30:00Z' })).toMatchObject({
      slate: '2025-03-10',
      tipoff_at: '2025-03-11T02:30:00.000Z',
    });
  });

  test('keeps labels that are known before a game and not how a series stands', async () => {
    expect(await rowOf({ gameLabel: 'NBA Paris Game', seriesText: 'Neutral Site' })).toMatchObject({
      label: 'NBA Paris Game, Neutral Site',
    });
    expect(
      await rowOf({ gameLabel: 'First Round', gameSubLabel: 'Game 4', seriesText: 'BOS wins 4-0' }),
    ).toMatchObject({
      label: 'First Round, Game 4',
    });
  });

  test('a pre-season game may be played in September', async () => {
    expect(await rowOf({ gameId: '12400901', gameDateTimeEst: '2024-09-30 19:00:00+00:00' })).toMatchObject({
      season_type: 'preseason',
    });
  });

  test.each([
    [{ gameId: '7' }, '2 gameId unknown_game'],
    [{ gameId: '' }, '2 gameId missing_field'],
    [{ gameDateTimeEst: '2025-02-30 19:00:00+00:00' }, '2 gameDateTimeEst impossible_date'],
    [{ gameDateTimeEst: '2025-02-03 25:00:00+00:00' }, '2 gameDateTimeEst impossible_date'],
    [{ gameDateTimeEst: '2025-02-03 19:00:00-05:00' }, '2 gameDateTimeEst impossible_date'],
    [{ gameDateTimeEst: '2026-02-03 19:00:00+00:00' }, '2 gameDateTimeEst out_of_span'],
    [{ gameDateTimeEst: '2024-09-30 19:00:00+00:00' }, '2 gameDateTimeEst out_of_span'],
    [{ gameDateTimeEst: '' }, '2 gameDateTimeEst missing_field'],
    [{ hometeamId: 15020 }, '2 hometeamId unknown_team'],
    [{ awayteamId: 0 }, '2 awayteamId unknown_team'],
    [{ awayteamId: 1610612747 }, '2 teams impossible_value'],
  ])('quarantines a row with %j', async (change, expected) => {
    expect(
      rejections(await parsed(scheduleMislabelledEastern, csvText([{ ...EASTERN, ...change }]))),
    ).toEqual([expected]);
  });
});

const LISTED = {
  'Match Number': 7,
  'Round Number': 1,
  Date: '11/01/2025 03:30',
  Location: 'A Hall',
  'Home Team': 'Los Angeles Lakers',
  'Away Team': 'LA Clippers',
  Result: '',
};

describe('schedule list with UTC times', () => {
  test('reads day before month, takes the ET date as slate and keys the game by season and match number', async () => {
    const [row] = (await parsed(scheduleUtcList, csvText([LISTED]).replaceAll('\n', '\r\n'))).rows;
    expect(row?.record).toMatchObject({
      source_game_key: '2024-25 match 7',
      game_id: null,
      season: '2024-25',
      season_type: 'regular',
      slate: '2025-01-10',
      tipoff_at: '2025-01-11T03:30:00.000Z',
      home_abbr: 'LAL',
      away_abbr: 'LAC',
      statement: 'published',
    });
  });

  test('a match number that stands twice is a duplicate, or rejected when the games differ', async () => {
    const result = await parsed(
      scheduleUtcList,
      csvText([LISTED, LISTED, { ...LISTED, 'Away Team': 'Boston Celtics' }]),
    );
    expect(result.duplicates).toBe(1);
    expect(rejections(result)).toEqual(['4 row impossible_value']);
  });

  test.each([
    [{ Date: '31/02/2025 03:30' }, '2 Date impossible_date'],
    [{ Date: '01/02/2025 24:30' }, '2 Date impossible_date'],
    [{ Date: '2025-02-01 03:30' }, '2 Date impossible_date'],
    [{ Date: '' }, '2 Date missing_field'],
    [{ 'Match Number': '' }, '2 Match Number missing_field'],
    [{ 'Match Number': 'seven' }, '2 Match Number bad_number'],
    [{ 'Home Team': 'Springfield Atoms' }, '2 Home Team unknown_team'],
    [{ 'Away Team': '' }, '2 Away Team missing_field'],
    [{ 'Away Team': 'Los Angeles Lakers' }, '2 teams impossible_value'],
  ])('quarantines a row with %j', async (change, expected) => {
    expect(rejections(await parsed(scheduleUtcList, csvText([{ ...LISTED, ...change }])))).toEqual([
      expected,
    ]);
  });
});

const HOME = {
  SEASON_ID: '22024',
  TEAM_ABBREVIATION: 'BOS',
  TEAM_NAME: 'Boston Celtics',
  GAME_ID: '0022400901',
  GAME_DATE: '2025-03-09',
  MATCHUP: 'BOS vs. NYK',
  WL: 'W',
};
const AWAY = {
  ...HOME,
  TEAM_ABBREVIATION: 'NYK',
  TEAM_NAME: 'New York Knicks',
  MATCHUP: 'NYK @ BOS',
  WL: 'L',
};

describe('games played', () => {
  const played = (...rows: Readonly<Record<string, string>>[]) => parsed(schedulePlayed, csvText(rows));

  test('the two lines of a game make one row, the second counts as duplicate', async () => {
    const result = await played(AWAY, HOME);
    expect(result).toMatchObject({ read: 2, duplicates: 1, rejected: [] });
    expect(result.rows).toMatchObject([
      {
        line: 2,
        record: {
          game_id: '0022400901',
          slate: '2025-03-09',
          tipoff_at: null,
          home_abbr: 'BOS',
          away_abbr: 'NYK',
          status: 'final',
          statement: 'played',
          label: null,
        },
      },
    ]);
  });

  test('a game with one line is loaded from it', async () => {
    const result = await played(AWAY);
    expect(result.rows).toMatchObject([{ record: { home_abbr: 'BOS', away_abbr: 'NYK' } }]);
    expect(result).toMatchObject({ read: 1, duplicates: 0, rejected: [] });
  });

  test('a line that stands twice is counted, not loaded twice', async () => {
    expect(await played(HOME, HOME, AWAY)).toMatchObject({
      read: 3,
      duplicates: 2,
      rejected: [],
      rows: [{ line: 2 }],
    });
  });

  test('on neutral ground, where both lines say "@", the first line names the home team', async () => {
    const result = await played(AWAY, { ...HOME, MATCHUP: 'BOS @ NYK' });
    expect(result.rows).toMatchObject([
      { record: { home_abbr: 'BOS', away_abbr: 'NYK', label: 'Neutral Site' } },
    ]);
    expect(result.duplicates).toBe(1);
  });

  test.each([
    ['dates', { GAME_DATE: '2025-03-10' }, 'GAME_DATE'],
    ['home teams', { MATCHUP: 'NYK vs. BOS' }, 'MATCHUP'],
    ['opponents', { MATCHUP: 'NYK @ LAL' }, 'MATCHUP'],
    ['winners', { WL: 'W' }, 'WL'],
  ])('lines that disagree on %s are rejected together', async (_what, change, field) => {
    const result = await played(HOME, { ...AWAY, ...change });
    expect(rejections(result)).toEqual([`2 ${field} impossible_value`, `3 ${field} impossible_value`]);
    expect(result.rejected[0]?.reason).toContain('the lines 2 and 3');
  });

  test.each([
    [{ GAME_ID: 'x' }, 'GAME_ID unknown_game'],
    [{ SEASON_ID: '22023' }, 'SEASON_ID impossible_value'],
    [{ GAME_DATE: '2025-03-32' }, 'GAME_DATE impossible_date'],
    [{ GAME_DATE: '2026-03-09' }, 'GAME_DATE out_of_span'],
    [{ TEAM_ABBREVIATION: 'XXX' }, 'TEAM_ABBREVIATION unknown_team'],
    [{ MATCHUP: '' }, 'MATCHUP missing_field'],
    [{ MATCHUP: 'LAL @ BOS' }, 'MATCHUP impossible_value'],
    [{ WL: '' }, 'WL missing_field'],
  ])('quarantines a line with %j and loads the game from the other', async (change, expected) => {
    const result = await played(HOME, { ...AWAY, ...change });
    expect(rejections(result)).toEqual([`3 ${expected}`]);
    expect(result.rows).toHaveLength(1);
  });
});

const GAME = {
  gameId: '0022400901',
  gameStatus: 1,
  gameStatusText: '10:30 pm ET',
  gameDateTimeEst: '2025-01-10T22:30:00Z',
  gameDateTimeUTC: '2025-01-11T03:30:00Z',
  postponedStatus: 'A',
  homeTeam: { teamId: 1610612747, score: 0 },
  awayTeam: { teamId: 1610612738, score: 0 },
};

describe('scheduleLeagueV2', () => {
  const league = (games: readonly object[], time?: string) =>
    parsed(
      schedulePublishedJson,
      JSON.stringify({
        ...(time === undefined ? {} : { meta: { time } }),
        leagueSchedule: {
          seasonYear: '2024-25',
          gameDates: games.map((game) => ({ gameDate: '', games: [game] })),
        },
      }),
      'schedule.json',
    );
  const rowOf = async (change: object, time = '2024-08-20T10:00:00.1234Z') =>
    (await league([{ ...GAME, ...change }], time)).rows[0]?.record;

  test('reads the UTC instant, not the Eastern one that is labelled as UTC', async () => {
    expect(await rowOf({ seriesText: '', gameLabel: 'Cup', gameSubLabel: 'Group A' })).toMatchObject({
      source_game_key: '0022400901',
      slate: '2025-01-10',
      tipoff_at: '2025-01-11T03:30:00.000Z',
      home_abbr: 'LAL',
      away_abbr: 'BOS',
      status: 'scheduled',
      status_text: '10:30 pm ET',
      statement: 'published',
      label: 'Cup, Group A',
      home_score: null,
      observed_at: '2024-08-20T10:00:00.123Z',
    });
  });

  test('a document from during the season, or without a clock, is a current statement', async () => {
    expect(await rowOf({}, '2025-01-11T03:29:59Z')).toMatchObject({ statement: 'published' });
    expect(await rowOf({}, '2025-01-11T03:30:00Z')).toMatchObject({ statement: 'current' });
    expect((await league([GAME])).rows[0]?.record).toMatchObject({ statement: 'current', observed_at: null });
  });

  test.each([
    [
      { gameStatus: 2, gameStatusText: 'Q3 4:00' },
      { status: 'live', home_score: null },
    ],
    [
      {
        gameStatus: 3,
        gameStatusText: 'Final',
        homeTeam: { teamId: 1610612747, score: 101 },
        awayTeam: { teamId: 1610612738, score: 99 },
      },
      { status: 'final', home_score: 101, away_score: 99 },
    ],
    [{ postponedStatus: 'Y' }, { status: 'postponed' }],
    [{ gameStatusText: 'PPD' }, { status: 'postponed' }],
    [{ gameStatusText: 'Cancelled' }, { status: 'cancelled' }],
    [{ gameStatusText: 'TBD' }, { status: 'scheduled', tipoff_at: null }],
    [{ seriesText: 'BOS leads 2-1' }, { label: null }],
  ])('%j gives %j', async (change, expected) => {
    expect(await rowOf(change)).toMatchObject(expected);
  });

  test.each([
    [{ gameId: '1022400901' }, '2 gameId unknown_game'],
    [{ gameDateTimeUTC: '2025-02-30T00:00:00Z' }, '2 gameDateTimeUTC impossible_date'],
    [{ gameDateTimeUTC: '2025-02-03T00:00:00' }, '2 gameDateTimeUTC impossible_date'],
    [{ gameDateTimeUTC: '1900-01-01T17:00:00Z' }, '2 gameDateTimeUTC out_of_span'],
    [{ gameStatus: 9 }, '2 gameStatus bad_status'],
    [{ homeTeam: { teamId: 0, score: 0 } }, '2 homeTeam.teamId unknown_team'],
    [{ awayTeam: { teamId: 15020, score: 0 } }, '2 awayTeam.teamId unknown_team'],
    [{ awayTeam: { teamId: 1610612747, score: 0 } }, '2 teams impossible_value'],
    [{ gameDateTimeUTC: undefined }, '2 gameDateTimeUTC missing_field'],
    [{ homeTeam: undefined }, '2 homeTeam missing_field'],
  ])('quarantines a game with %j', async (change, expected) => {
    const result = await league([
      { ...GAME, gameId: '0022400902' },
      { ...GAME, ...change },
    ]);
    expect(rejections(result)).toEqual([expected]);
    expect(result.rows).toHaveLength(1);
  });

  test.each([
    ['truncated', '{"leagueSchedule": {"gameDates": [{"games": ['],
    ['without games', '{"leagueSchedule": {"seasonYear": "2024-25"}}'],
    [
      'with an unreadable clock',
      '{"meta": {"time": "noon"}, "leagueSchedule": {"seasonYear": "2024-25", "gameDates": []}}',
    ],
    [
      'with a clock that shows a day that does not exist',
      '{"meta": {"time": "2025-02-31T10:00:00Z"}, "leagueSchedule": {"seasonYear": "2024-25", "gameDates": []}}',
    ],
  ])('refuses a document that is %s', async (_what, text) => {
    await expect(async () => parsed(schedulePublishedJson, text)).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });
});

import { describe, expect, test } from 'vitest';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { playerGameLogs, playerPlayoffs, teamGames } from '#pipeline/ingest/formats/box-scores-csv.ts';
import { csvText, parsed, rejections } from '#test/pipeline/ingest/input.ts';

const STATISTICS = {
  MIN: 30,
  PTS: 25,
  FGM: 10,
  FGA: 20,
  FG3M: 3,
  FG3A: 7,
  FTM: 2,
  FTA: 2,
  OREB: 1,
  DREB: 6,
  REB: 7,
  AST: 5,
  STL: 1,
  BLK: 0,
  TOV: 2,
  PF: 3,
  PLUS_MINUS: -4,
};
const GAME = {
  TEAM_ID: 1610612738,
  TEAM_ABBREVIATION: 'BOS',
  GAME_ID: '0022400901',
  GAME_DATE: '2025-03-09',
  MATCHUP: 'BOS vs. NYK',
  WL: 'W',
};
const LOG = {
  SEASON_ID: '22024',
  PLAYER_ID: 900001,
  PLAYER_NAME: 'Zdeněk Novák Jr.',
  ...GAME,
  ...STATISTICS,
  SEASON: '2024-25',
};
const TEAM = { SEASON_ID: '22024', ...GAME, ...STATISTICS, MIN: 240, PLUS_MINUS: '-4.2' };
const PLAYOFF = {
  '': 0,
  ...LOG,
  GAME_ID: '0042400901',
  GAME_DATE: '2025-05-01',
  OPP_ABBREVIATION: 'NYK',
  HOME_GAME: 1,
  START_POSITION: 'F',
  TEAM_GAME_DATE: 'MAY 01 2025',
};

describe('player game logs', () => {
  test('a row becomes a player box score with everything the contract asks for', async () => {
    const result = await parsed(playerGameLogs, csvText([LOG]));
    expect(result.rows).toEqual([
      {
        table: expect.objectContaining({ name: 'player_box_scores' }),
        line: 2,
        record: {
          game_id: '0022400901',
          slate: '2025-03-09',
          season: '2024-25',
          season_type: 'regular',
          team_id: 1610612738,
          team_abbr: 'BOS',
          opponent_abbr: 'NYK',
          is_home: true,
          player_id: 900001,
          player_name: 'Zdeněk Novák Jr.',
          player_lookup: 'zdeneknovak',
          played: true,
          dnp_reason: null,
          minutes: 30,
          is_starter: null,
          points: 25,
          fgm: 10,
          fga: 20,
          fg3m: 3,
          fg3a: 7,
          ftm: 2,
          fta: 2,
          oreb: 1,
          dreb: 6,
          reb: 7,
          ast: 5,
          stl: 1,
          blk: 0,
          tov: 2,
          pf: 3,
          plus_minus: -4,
        },
      },
    ]);
  });

  test('zero minutes are seconds on court, not a game missed; an empty plus-minus is unknown', async () => {
    const [row] = (await parsed(playerGameLogs, csvText([{ ...LOG, MIN: 0, PLUS_MINUS: '' }]))).rows;
    expect(row?.record).toMatchObject({ played: true, minutes: 0, plus_minus: null });
  });

  test.each([
    ['33:24', 33.4],
    ['0:36', 0.6],
    ['33', 33],
    ['33.0', 33],
  ])('minutes are read as %s', async (MIN, minutes) => {
    const [row] = (await parsed(playerGameLogs, csvText([{ ...LOG, MIN }]))).rows;
    expect(row?.record['minutes']).toBe(minutes);
  });

  test('leading zeros a spreadsheet took from the game id come back', async () => {
    const [row] = (await parsed(playerGameLogs, csvText([{ ...LOG, GAME_ID: '22400901' }]))).rows;
    expect(row?.record['game_id']).toBe('0022400901');
  });

  test('the visitor reads the home team as opponent', async () => {
    const [row] = (await parsed(playerGameLogs, csvText([{ ...LOG, MATCHUP: 'BOS @ NYK' }]))).rows;
    expect(row?.record).toMatchObject({ is_home: false, opponent_abbr: 'NYK' });
  });

  test.each([
    [{ GAME_ID: '9922400901' }, '2 GAME_ID unknown_game'],
    [{ GAME_ID: '' }, '2 GAME_ID missing_field'],
    [{ GAME_DATE: '2025-02-30' }, '2 GAME_DATE impossible_date'],
    [{ GAME_DATE: '' }, '2 GAME_DATE missing_field'],
    [{ GAME_DATE: '2024-03-09' }, '2 GAME_DATE out_of_span'],
    [{ SEASON_ID: '42024' }, '2 SEASON_ID impossible_value'],
    [{ SEASON: '2023-24' }, '2 SEASON impossible_value'],
    [{ TEAM_ABBREVIATION: 'XXX' }, '2 TEAM_ABBREVIATION unknown_team'],
    [{ GAME_ID: '0032400001', TEAM_ABBREVIATION: 'STP' }, '2 GAME_ID all_star_game'],
    [{ TEAM_ID: 1610612752 }, '2 TEAM_ID impossible_value'],
    [{ TEAM_ID: 99 }, '2 TEAM_ID unknown_team'],
    [{ MATCHUP: 'BOS NYK' }, '2 MATCHUP impossible_value'],
    [{ MATCHUP: 'BOS vs. BOS' }, '2 MATCHUP impossible_value'],
    [{ MATCHUP: 'BOS vs. XXX' }, '2 MATCHUP unknown_team'],
    [{ MATCHUP: 'LAL vs. NYK' }, '2 MATCHUP impossible_value'],
    [{ PLAYER_NAME: '' }, '2 PLAYER_NAME no_player'],
    [{ PLAYER_ID: 0 }, '2 PLAYER_NAME no_player'],
    [{ MIN: '' }, '2 MIN missing_field'],
    [{ MIN: 71 }, '2 MIN impossible_value'],
    [{ PTS: 'many' }, '2 PTS bad_number'],
    [{ PTS: 26 }, '2 PTS impossible_value'],
    [{ AST: -1 }, '2 AST bad_number'],
    [{ REB: 8 }, '2 REB impossible_value'],
    [{ FGM: 21 }, '2 FGM impossible_value'],
    [{ FG3M: 8 }, '2 FG3M impossible_value'],
    [{ FG3M: 11, FG3A: 12 }, '2 FG3M impossible_value'],
    [{ FTM: 3 }, '2 FTM impossible_value'],
    [{ FGM: 100, FGA: 120, FG3M: 3, PTS: 205 }, '2 PTS impossible_value'],
    [{ PLUS_MINUS: 'x' }, '2 PLUS_MINUS bad_number'],
  ])('quarantines a row with %j', async (change, expected) => {
    const result = await parsed(
      playerGameLogs,
      csvText([
        { ...LOG, ...change },
        { ...LOG, PLAYER_ID: 900002 },
      ]),
    );
    expect(rejections(result)).toEqual([expected]);
    expect(result.rows.map(({ record }) => record['player_id'])).toEqual([900002]);
  });

  test('a repeated row is a duplicate; a second row that says something else is rejected', async () => {
    const result = await parsed(playerGameLogs, csvText([LOG, LOG, { ...LOG, AST: 6 }]));
    expect(result).toMatchObject({ read: 3, duplicates: 1 });
    expect(rejections(result)).toEqual(['4 row impossible_value']);
    expect(result.rejected[0]?.reason).toContain('line 2');
  });

  test('a reason says what was expected and what was seen, and keeps the row as text', async () => {
    const [rejected] = (await parsed(playerGameLogs, csvText([{ ...LOG, PTS: 26 }]))).rejected;
    expect(rejected?.reason).toBe('expected 2 FGM + FG3M + FTM = 25, saw 26');
    expect(rejected?.raw).toContain('900001,Zdeněk Novák Jr.,1610612738,BOS');
  });
});

describe('playoff box scores', () => {
  test.each([
    ['F', true],
    ['', false],
  ])('the position %j says whether the player started', async (START_POSITION, is_starter) => {
    const [row] = (await parsed(playerPlayoffs, csvText([{ ...PLAYOFF, START_POSITION }]))).rows;
    expect(row?.record).toMatchObject({
      is_starter,
      season_type: 'playoffs',
      opponent_abbr: 'NYK',
      is_home: true,
    });
  });

  test.each([
    [{ START_POSITION: 'Q' }, '2 START_POSITION impossible_value'],
    [{ OPP_ABBREVIATION: 'LAL' }, '2 OPP_ABBREVIATION impossible_value'],
    [{ OPP_ABBREVIATION: '' }, '2 OPP_ABBREVIATION missing_field'],
    [{ OPP_ABBREVIATION: 'XXX' }, '2 OPP_ABBREVIATION unknown_team'],
    [{ HOME_GAME: 0 }, '2 HOME_GAME impossible_value'],
    [{ PTS: 1 }, '2 PTS impossible_value'],
  ])('quarantines a row with %j', async (change, expected) => {
    expect(rejections(await parsed(playerPlayoffs, csvText([{ ...PLAYOFF, ...change }])))).toEqual([
      expected,
    ]);
  });
});

describe('team games', () => {
  test('a row becomes a team box score', async () => {
    const [row] = (await parsed(teamGames, csvText([TEAM]))).rows;
    expect(row).toMatchObject({
      table: { name: 'team_box_scores' },
      record: {
        team_abbr: 'BOS',
        opponent_abbr: 'NYK',
        is_home: true,
        won: true,
        minutes: 240,
        points: 25,
        plus_minus: -4.2,
      },
    });
  });

  test('on neutral ground both rows carry one matchup, and the side follows from the team', async () => {
    const result = await parsed(
      teamGames,
      csvText([
        { ...TEAM, MATCHUP: 'NYK @ BOS' },
        { ...TEAM, TEAM_ID: 1610612752, TEAM_ABBREVIATION: 'NYK', MATCHUP: 'NYK @ BOS', WL: 'L' },
      ]),
    );
    expect(
      result.rows.map(({ record }) => [
        record['team_abbr'],
        record['opponent_abbr'],
        record['is_home'],
        record['won'],
      ]),
    ).toEqual([
      ['BOS', 'NYK', true, true],
      ['NYK', 'BOS', false, false],
    ]);
  });

  test.each([
    [{ WL: '' }, '2 WL missing_field'],
    [{ WL: 'T' }, '2 WL impossible_value'],
    [{ MATCHUP: 'LAL @ NYK' }, '2 MATCHUP impossible_value'],
    [{ SEASON_ID: '22023' }, '2 SEASON_ID impossible_value'],
    [{ GAME_DATE: '2025-13-01' }, '2 GAME_DATE impossible_date'],
    [{ REB: 9 }, '2 REB impossible_value'],
  ])('quarantines a row with %j', async (change, expected) => {
    expect(rejections(await parsed(teamGames, csvText([{ ...TEAM, ...change }])))).toEqual([expected]);
  });
});

test.each<[string, InputFormat, object, string]>([
  ['player game logs', playerGameLogs, LOG, 'DREB'],
  ['playoff box scores', playerPlayoffs, PLAYOFF, 'HOME_GAME'],
  ['team games', teamGames, TEAM, 'WL'],
])(
  '%s without a column are refused as a whole, and the column is named',
  async (_name, format, row, column) => {
    const rest = Object.fromEntries(Object.entries(row).filter(([name]) => name !== column)) as Record<
      string,
      string
    >;
    await expect(async () => parsed(format, csvText([rest]))).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      details: { missing: [column] },
    });
  },
);

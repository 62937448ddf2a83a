import { describe, expect, it } from 'vitest';
import { requiredMinutes } from '#pipeline/ingest/formats/fields.ts';
import { nbaBoxScoreLive, nbaBoxScoreMobile, nbaBoxScoreV3 } from '#pipeline/ingest/formats/nba-box-score.ts';
import { nbaBoxScoreV2, nbaGameSummary, nbaScoreboard } from '#pipeline/ingest/formats/nba-games.ts';
import { jsonFile, liveGame, outcome, STATISTICS } from './fixtures.ts';

const live = async (changes: Record<string, unknown> = {}) =>
  nbaBoxScoreLive.parse(jsonFile('boxscore_0022400517.json', liveGame(changes)));

describe('live box score', () => {
  it('reads players who played, players who did not, and team totals', async () => {
    const parsed = await live();
    expect(outcome(parsed)).toEqual({ read: 6, rows: 6, duplicates: 0, rejected: [] });
    const [player, absent, team] = parsed.rows.map(({ record }) => record);
    expect(player).toMatchObject({
      game_id: '0022400517',
      slate: '2025-01-10',
      season: '2024-25',
      season_type: 'regular',
      team_abbr: 'BOS',
      opponent_abbr: 'UTA',
      is_home: true,
      player_id: 100,
      player_lookup: 'tovenobrand',
      played: true,
      dnp_reason: null,
      minutes: 27.5,
      is_starter: true,
      points: 13,
      reb: 7,
      plus_minus: -4,
    });
    expect(absent).toMatchObject({
      played: false,
      dnp_reason: 'INACTIVE_INJURY - Left Knee; Soreness',
      minutes: null,
      points: null,
      plus_minus: null,
      is_starter: false,
    });
    expect(team).toMatchObject({
      team_abbr: 'BOS',
      won: true,
      minutes: 240,
      points: 20,
      plus_minus: 3,
      is_home: true,
    });
    expect(parsed.rows.map(({ table, line }) => [table.name, line])).toEqual([
      ['player_box_scores', 1],
      ['player_box_scores', 2],
      ['team_box_scores', 3],
      ['player_box_scores', 4],
      ['player_box_scores', 5],
      ['team_box_scores', 6],
    ]);
  });

  it('leaves rebounds out of the team’s total that no player is credited with', async () => {
    const { rows } = await live();
    expect(rows[2]?.record['reb']).toBe(7);
  });

  it('takes somebody on court for seconds for a player who played', async () => {
    const game = liveGame().game;
    const seconds = {
      ...game.homeTeam.players[0],
      played: undefined,
      statistics: { ...STATISTICS, minutes: 'PT00M00.00S' },
    };
    const { rows } = await live({ homeTeam: { ...game.homeTeam, players: [seconds] } });
    expect(rows[0]?.record).toMatchObject({ played: true, minutes: 0, points: 13 });
  });

  it.each([
    ['another league', { gameId: '2021900002' }, 'unknown_game gameId'],
    ['the league’s summer games', { gameId: '1522400012' }, 'unknown_game gameId'],
    ['no date', { gameTimeUTC: undefined }, 'missing_field gameTimeUTC'],
    ['a date that does not exist', { gameTimeUTC: '2025-02-30T00:30:00Z' }, 'missing_field gameTimeUTC'],
    ['half a game', { gameStatus: 2, gameStatusText: 'Half' }, 'bad_status gameStatus'],
  ])('rejects every unit of %s', async (_what, change, reason) => {
    expect(outcome(await live(change))).toEqual({
      read: 6,
      rows: 0,
      duplicates: 0,
      rejected: Array(6).fill(reason),
    });
  });

  it.each([
    [
      'gameEt, whose digits are Eastern whatever its zone says',
      { gameTimeUTC: undefined, gameEt: '2025-01-10T19:30:00Z' },
    ],
    ['gameCode', { gameTimeUTC: undefined, gameCode: '20250110/UTABOS' }],
  ])('finds the date in %s', async (_what, change) => {
    const { rows } = await live(change);
    expect(new Set(rows.map(({ record }) => record['slate']))).toEqual(new Set(['2025-01-10']));
  });

  const withPlayer = (player: object) => {
    const { homeTeam } = liveGame().game;
    return { homeTeam: { ...homeTeam, players: [{ ...homeTeam.players[0], ...player }] } };
  };
  const withStatistics = (statistics: object) => withPlayer({ statistics: { ...STATISTICS, ...statistics } });
  it.each([
    ['points that do not follow from the shots', withStatistics({ points: 14 }), 'impossible_value points'],
    ['more made than attempted', withStatistics({ fieldGoalsMade: 10 }), 'impossible_value fieldGoalsMade'],
    ['rebounds that do not add up', withStatistics({ reboundsTotal: 9 }), 'impossible_value reboundsTotal'],
    ['a count that is missing', withStatistics({ assists: undefined }), 'missing_field assists'],
    ['a negative count', withStatistics({ assists: -1 }), 'bad_number assists'],
    ['minutes that are none', withStatistics({ minutes: 'long' }), 'bad_number minutes'],
    ['no minutes', withStatistics({ minutes: '' }), 'impossible_value minutes'],
    ['more minutes than a game has', withStatistics({ minutes: 'PT99M00.00S' }), 'impossible_value minutes'],
    ['no name', withPlayer({ name: '' }), 'no_player name'],
    ['no id', withPlayer({ personId: undefined }), 'missing_field personId'],
  ])('rejects a player with %s', async (_what, change, reason) => {
    expect(outcome(await live(change)).rejected).toEqual([reason]);
  });

  it('rejects teams of no league and a team against itself', async () => {
    const { homeTeam, awayTeam } = liveGame().game;
    expect(outcome(await live({ homeTeam: { ...homeTeam, teamId: 1612709925 } })).rejected).toEqual(
      Array(6).fill('unknown_team teamId'),
    );
    expect(
      outcome(await live({ gameId: '0032400001', homeTeam: { ...homeTeam, teamId: 1610616833 } })).rejected,
    ).toEqual(Array(6).fill('all_star_game gameId'));
    expect(outcome(await live({ awayTeam: { ...awayTeam, teamId: homeTeam.teamId } })).rejected).toEqual(
      Array(6).fill('impossible_value teamId'),
    );
  });

  it('refuses truncated JSON', () => {
    const { bytes } = jsonFile('x.json', liveGame());
    expect(() => nbaBoxScoreLive.parse({ path: 'x.json', bytes: bytes.slice(0, 400) })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT', message: expect.stringContaining('x.json') }),
    );
  });
});

describe('box score of the statistics service', () => {
  const v3 = (path: string) => {
    const { gameId, homeTeam, awayTeam } = liveGame().game;
    const side = (team: typeof homeTeam) => ({
      ...team,
      statistics: { ...team.statistics, minutes: '240:00', reboundsTotal: 7 },
      players: [
        {
          personId: 100,
          firstName: 'Toven',
          familyName: 'Obrand',
          position: 'F',
          comment: '',
          statistics: { ...STATISTICS, minutes: '27:30' },
        },
        {
          personId: 101,
          firstName: 'Ilko',
          familyName: 'Maren',
          position: '',
          comment: "DNP - Coach's Decision",
          statistics: { ...STATISTICS, minutes: '' },
        },
      ],
    });
    return jsonFile(path, {
      meta: { version: 1 },
      boxScoreTraditional: { gameId, homeTeam: side(homeTeam), awayTeam: side(awayTeam) },
    });
  };

  it('is rejected without a date, which this answer never has', async () => {
    expect(outcome(await nbaBoxScoreV3.parse(v3('box.json'))).rejected).toEqual(
      Array(6).fill('missing_field gameTimeUTC'),
    );
  });

  it('is read with the date its recorder put into the path', async () => {
    const { rows } = await nbaBoxScoreV3.parse(v3('2025-01-10/0022400517.json'));
    expect(rows).toHaveLength(6);
    expect(rows[0]?.record).toMatchObject({
      slate: '2025-01-10',
      minutes: 27.5,
      is_starter: true,
      player_name: 'Toven Obrand',
    });
    expect(rows[1]?.record).toMatchObject({
      played: false,
      dnp_reason: "DNP - Coach's Decision",
      is_starter: false,
      points: null,
    });
  });

  it.each([
    ['PT27M30.00S', 27.5],
    ['PT240M00.00S', 240],
    ['27:30', 27.5],
    ['27.000000:30', 27.5],
    ['27', 27],
    ['0:01', 0.017],
  ])('reads minutes "%s" as %s', (text, minutes) => {
    expect(requiredMinutes('minutes', text)).toBe(minutes);
  });

  it.each([
    ['PT', 'bad_number'],
    ['27:75', 'bad_number'],
    ['-3', 'bad_number'],
    ['abc', 'bad_number'],
    ['', 'missing_field'],
  ])('refuses minutes "%s"', (text, reasonCode) => {
    expect(() => requiredMinutes('minutes', text)).toThrow(expect.objectContaining({ reasonCode }));
  });
});

describe('box score of the former mobile feed', () => {
  const counts = {
    fgm: 4,
    fga: 9,
    tpm: 2,
    tpa: 5,
    ftm: 3,
    fta: 4,
    oreb: 1,
    dreb: 6,
    reb: 7,
    ast: 5,
    stl: 1,
    blk: 0,
    tov: 2,
    pf: 3,
  };
  const side = (tid: number) => ({
    tid,
    s: 13,
    tstsg: counts,
    pstsg: [
      { pid: 100, fn: 'Toven', ln: 'Obrand', pos: 'G', min: 36, sec: 3, memo: '', ...counts, pts: 13, pm: 4 },
      {
        pid: 101,
        fn: 'Ilko',
        ln: 'Maren',
        pos: '',
        min: 0,
        sec: 0,
        memo: "DNP - Coach's Decision",
        ...counts,
        pts: 0,
        pm: 0,
      },
    ],
  });

  it('is read by the rules of the live feed', async () => {
    const g = {
      gid: '0021600270',
      gdte: '2016-11-30',
      st: 3,
      stt: 'Final',
      hls: side(1610612738),
      vls: side(1610612762),
    };
    const parsed = await nbaBoxScoreMobile.parse(jsonFile('gamedetail.json', { g }));
    expect(outcome(parsed)).toEqual({ read: 6, rows: 6, duplicates: 0, rejected: [] });
    expect(parsed.rows[0]?.record).toMatchObject({
      slate: '2016-11-30',
      season: '2016-17',
      minutes: 36.05,
      is_starter: true,
      fg3m: 2,
      points: 13,
    });
    expect(parsed.rows[1]?.record).toMatchObject({ played: false, dnp_reason: "DNP - Coach's Decision" });
    expect(parsed.rows[2]?.record).toMatchObject({ points: 13, minutes: null, won: null });
  });
});

describe('older box score', () => {
  const v2 = (gameId: string) =>
    jsonFile('old.json', {
      resource: 'boxscore',
      resultSets: [
        { name: 'PlayerStats', headers: ['GAME_ID', 'TEAM_ID'], rowSet: [[gameId, 1610612738]] },
        { name: 'TeamStats', headers: ['GAME_ID', 'TEAM_ID'], rowSet: [[gameId, 1610612738]] },
      ],
    });

  it.each([
    ['0022100732', 'missing_field GAME_DATE'],
    ['2021900002', 'unknown_game GAME_ID'],
  ])('keeps every unit of game %s as a rejection', async (gameId, reason) => {
    expect(outcome(await nbaBoxScoreV2.parse(v2(gameId)))).toEqual({
      read: 2,
      rows: 0,
      duplicates: 0,
      rejected: [reason, reason],
    });
  });
});

describe('scoreboard', () => {
  const GAME = {
    gameId: '0022400517',
    gameStatus: 3,
    gameStatusText: 'Final',
    gameTimeUTC: '2025-01-11T00:30:00Z',
    gameLabel: 'Cup',
    gameSubLabel: 'Group A',
    homeTeam: { teamId: 1610612738, score: 110 },
    awayTeam: { teamId: 1610612762, score: 101 },
  };
  const parse = async (changes: object = {}) =>
    nbaScoreboard.parse(
      jsonFile('scoreboard.json', {
        meta: { version: 1, time: '2025-01-11T05:00:00.123Z' },
        scoreboard: { games: [{ ...GAME, ...changes }] },
      }),
    );

  it('states what the league says now, with the time it said so', async () => {
    const { rows } = await parse();
    expect(rows[0]?.record).toEqual({
      source_game_key: '0022400517',
      game_id: '0022400517',
      season: '2024-25',
      season_type: 'regular',
      slate: '2025-01-10',
      tipoff_at: '2025-01-11T00:30:00.000Z',
      home_abbr: 'BOS',
      away_abbr: 'UTA',
      status: 'final',
      status_text: 'Final',
      statement: 'current',
      label: 'Cup - Group A',
      home_score: 110,
      away_score: 101,
      observed_at: '2025-01-11T05:00:00.123Z'.replace('.123', '.000'),
    });
  });

  it.each([
    [1, '7:30 pm ET', 'scheduled'],
    [2, 'Q3 4:12', 'live'],
    [1, 'PPD', 'postponed'],
    [1, 'Postponed', 'postponed'],
    [1, 'Cancelled', 'cancelled'],
  ])('reads status %d "%s" as %s, without a score', async (gameStatus, gameStatusText, status) => {
    const { rows } = await parse({ gameStatus, gameStatusText });
    expect(rows[0]?.record).toMatchObject({ status, home_score: null, away_score: null });
  });

  it.each([
    ['another league', { gameId: '1022400517' }, 'unknown_game gameId'],
    ['a status that is none', { gameStatus: 9 }, 'bad_status gameStatus'],
    ['a start that does not exist', { gameTimeUTC: '2025-02-30T00:30:00Z' }, 'impossible_date gameTimeUTC'],
    ['a final game without a score', { homeTeam: { teamId: 1610612738 } }, 'missing_field home_score'],
    ['an unknown team', { homeTeam: { teamId: 5, score: 1 } }, 'unknown_team home_team'],
    ['an All-Star game', { gameId: '0032400001' }, 'all_star_game gameId'],
  ])('rejects %s', async (_what, change, reason) => {
    expect(outcome(await parse(change)).rejected).toEqual([reason]);
  });
});

describe('game summary', () => {
  const summary = (gameId: string, date: string) =>
    jsonFile('summary.json', {
      resource: 'boxscoresummary',
      resultSets: [
        {
          name: 'GameSummary',
          headers: [
            'GAME_DATE_EST',
            'GAME_ID',
            'GAME_STATUS_ID',
            'GAME_STATUS_TEXT',
            'HOME_TEAM_ID',
            'VISITOR_TEAM_ID',
          ],
          rowSet: [[date, gameId, 3, 'Final', 1610612738, 1610612762]],
        },
        {
          name: 'LineScore',
          headers: ['TEAM_ID', 'PTS'],
          rowSet: [
            [1610612762, 101],
            [1610612738, 110],
          ],
        },
      ],
    });

  it('states date, status and score', async () => {
    const { rows } = await nbaGameSummary.parse(summary('0022400517', '2025-01-10T00:00:00'));
    expect(rows[0]?.record).toMatchObject({
      slate: '2025-01-10',
      tipoff_at: null,
      home_score: 110,
      away_score: 101,
      status: 'final',
    });
  });

  it.each([
    ['another league', '2021900002', '2025-01-10T00:00:00', 'unknown_game gameId'],
    ['a date that does not exist', '0022400517', '2025-02-30T00:00:00', 'impossible_date GAME_DATE_EST'],
  ])('rejects %s', async (_what, gameId, date, reason) => {
    expect(outcome(await nbaGameSummary.parse(summary(gameId, date))).rejected).toEqual([reason]);
  });
});

import { describe, expect, it } from 'vitest';
import { espnInjuries, espnScoreboard } from '#pipeline/ingest/formats/espn.ts';
import { espnRoster } from '#pipeline/ingest/formats/player-lists.ts';
import { espnGame, espnInjury, espnTeam, injuriesAnswer, scoreboardAnswer } from './espn.ts';
import { jsonFile, outcome } from './fixtures.ts';

describe('ESPN injuries', () => {
  const parse = async (...groups: Parameters<typeof injuriesAnswer>[0]) =>
    espnInjuries.parse(jsonFile('x.json', injuriesAnswer(groups)));

  it('gives a row for the answer and one per player, known at the clock of the answer', async () => {
    const parsed = await parse(['Boston Celtics', [espnInjury()]]);
    expect(outcome(parsed)).toEqual({ read: 2, rows: 2, duplicates: 0, rejected: [] });
    expect(parsed.rows.map(({ record }) => record)).toEqual([
      {
        report_at: '2025-01-11T03:00:00.000Z',
        label_at: null,
        made_at: null,
        pages: null,
        player_statements: 1,
        team_statements: 0,
      },
      {
        report_at: '2025-01-11T03:00:00.000Z',
        last_report_at: null,
        // Ten in the evening of the day before in New York.
        slate: '2025-01-10',
        team_abbr: 'BOS',
        opponent_abbr: null,
        player_id: null,
        player_name: 'Toven Obrand Jr.',
        player_lookup: 'tovenobrand',
        status: 'questionable',
        reason: 'Right Quadriceps; Bruise',
        status_printed: 'Day-To-Day',
        noted_at: '2024-11-02T04:24:00.000Z',
        provider_player_id: '4277905',
      },
    ]);
  });

  it.each([
    ['Out', 'out'],
    ['Suspension', 'out'],
    ['Questionable', 'questionable'],
    ['Doubtful', 'doubtful'],
  ])('reads %s as %s', async (status, expected) => {
    const { rows } = await parse(['Utah Jazz', [espnInjury({ status })]]);
    expect(rows[1]?.record).toMatchObject({ status: expected, status_printed: status, team_abbr: 'UTA' });
  });

  it('takes the team of the group, which is right before the athlete is', async () => {
    const traded = espnInjury({ team: 'Milwaukee Bucks' });
    expect((await parse(['Portland Trail Blazers', [traded]])).rows[1]?.record).toMatchObject({
      team_abbr: 'POR',
    });
  });

  it('says nothing of teams that are absent, and is a report when nobody is hurt', async () => {
    expect(outcome(await parse())).toEqual({ read: 1, rows: 1, duplicates: 0, rejected: [] });
  });

  it.each([
    ['a status it does not know', 'Boston Celtics', { status: 'Fine' }, 'bad_status status'],
    ['a team of no league', 'Boston Bees', {}, 'unknown_team team'],
    ['no name', 'Boston Celtics', { name: '' }, 'no_player displayName'],
    [
      'a note on a day that does not exist',
      'Boston Celtics',
      { date: '2025-02-30T04:24Z' },
      'impossible_date date',
    ],
  ])('rejects %s and keeps the rest', async (_what, team, changes, reason) => {
    const parsed = await parse([team, [espnInjury(changes)]], ['Miami Heat', [espnInjury()]]);
    expect(outcome(parsed)).toEqual({ read: 3, rows: 2, duplicates: 0, rejected: [reason] });
  });

  it('rejects everything when the answer has no clock, since nothing says when it was known', async () => {
    const file = jsonFile('x.json', {
      ...injuriesAnswer([['Boston Celtics', [espnInjury()]]]),
      timestamp: '',
    });
    expect(outcome(await espnInjuries.parse(file)).rejected).toEqual([
      'missing_field timestamp',
      'missing_field timestamp',
    ]);
  });

  it('refuses half an answer', () => {
    const half = jsonFile('x.json', injuriesAnswer([['Boston Celtics', [espnInjury()]]])).bytes.slice(0, 200);
    expect(() => espnInjuries.parse({ path: 'x.json', bytes: half })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

describe('the ESPN scoreboard', () => {
  const parse = async (games: readonly object[], fetchedAt?: string) =>
    espnScoreboard.parse({
      ...jsonFile('x.json', scoreboardAnswer(games)),
      ...(fetchedAt === undefined ? {} : { fetchedAt }),
    });

  it('reads a finished game without an id of the league, known when it was fetched', async () => {
    const parsed = await parse(
      [espnGame({ status: 'STATUS_FINAL', scores: ['110', '104'] })],
      '2025-01-11T06:00:00.000Z',
    );
    expect(outcome(parsed)).toEqual({ read: 1, rows: 1, duplicates: 0, rejected: [] });
    expect(parsed.rows[0]?.record).toEqual({
      source_game_key: '401766123',
      game_id: null,
      season: '2024-25',
      season_type: 'regular',
      slate: '2025-01-10',
      tipoff_at: '2025-01-11T00:30:00.000Z',
      home_abbr: 'GSW',
      away_abbr: 'UTA',
      status: 'final',
      status_text: 'detail',
      statement: 'current',
      label: null,
      home_score: 110,
      away_score: 104,
      observed_at: '2025-01-11T06:00:00.000Z',
    });
  });

  it.each([
    ['STATUS_SCHEDULED', 'scheduled'],
    ['STATUS_IN_PROGRESS', 'live'],
    ['STATUS_HALFTIME', 'live'],
    ['STATUS_POSTPONED', 'postponed'],
    ['STATUS_CANCELED', 'cancelled'],
  ])('reads %s as %s, without a score', async (status, expected) => {
    expect((await parse([espnGame({ status })])).rows[0]?.record).toMatchObject({
      status: expected,
      home_score: null,
      away_score: null,
    });
  });

  it('knows the final of the cup, the play-in and the playoffs, and a time that is not fixed', async () => {
    const of = async (changes: Parameters<typeof espnGame>[0]) =>
      (await parse([espnGame(changes)])).rows[0]?.record;
    expect(await of({ note: 'Emirates NBA Cup - Championship' })).toMatchObject({ season_type: 'cup_final' });
    expect(await of({ seasonType: 5 })).toMatchObject({ season_type: 'play_in' });
    expect(await of({ seasonType: 3, note: 'East 1st Round - Game 7' })).toMatchObject({
      season_type: 'playoffs',
      label: 'East 1st Round - Game 7',
    });
    expect(await of({ timeValid: false })).toMatchObject({ tipoff_at: null });
  });

  it('is sound on a day without games', async () => {
    expect(outcome(await parse([]))).toEqual({ read: 0, rows: 0, duplicates: 0, rejected: [] });
  });

  it.each([
    ['a status it does not know', { status: 'STATUS_RAIN' }, 'bad_status status'],
    ['a final without a score', { status: 'STATUS_FINAL', scores: ['', '90'] }, 'missing_field home score'],
    ['teams of an all-star game', { home: 'Team Stars' }, 'unknown_team home'],
  ] as const)('rejects %s', async (_what, changes, reason) => {
    expect(outcome(await parse([espnGame(changes)])).rejected).toEqual([reason]);
  });

  it.each([
    ['another league', { leagues: [{ abbreviation: 'WNBA' }], events: [] }],
    ['an answer without a list of games', { leagues: [{ abbreviation: 'NBA' }] }],
  ])('refuses %s', (_what, payload) => {
    expect(() => espnScoreboard.parse(jsonFile('x.json', payload))).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

describe('an ESPN roster', () => {
  it('reads players with the ids of the provider', async () => {
    const file = jsonFile('x.json', espnTeam('2', 'Boston Celtics', ['Toven Obrand']));
    const parsed = await espnRoster.parse({ ...file, fetchedAt: '2025-01-11T06:00:00.000Z' });
    expect(parsed.rows.map(({ record }) => record)).toEqual([
      {
        observed_at: '2025-01-11T06:00:00.000Z',
        season: null,
        player_id: null,
        provider_player_id: '2001',
        player_name: 'Toven Obrand',
        player_lookup: 'tovenobrand',
        team_abbr: 'BOS',
        is_on_roster: true,
        position: 'SG',
        jersey: '7',
        from_year: 2016,
        to_year: null,
      },
    ]);
  });

  it('refuses a team without a list of players', () => {
    expect(() => espnRoster.parse(jsonFile('x.json', { team: { id: '2', uid: 'u' } }))).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

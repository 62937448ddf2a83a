import { cp } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { type FetchReport, fetchSlate } from '#app/fetch.ts';
import { type FetchSources, fetchSources } from '#app/fetch-sources.ts';
import { addDays, parseSlate } from '#core/calendar.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { fetchHttp } from '#pipeline/ingest/providers/http.ts';
import { askInOrder, type Source } from '#pipeline/ingest/providers/sources.ts';
import { watchedHttp } from '#pipeline/ingest/providers/watched-http.ts';
import { EVER, undoFile } from '#pipeline/ingest/undo.ts';
import { refreshSummaries } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { itForSpread } from '#test/depth.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import {
  espnGame,
  espnInjury,
  espnTeam,
  injuriesAnswer,
  scoreboardAnswer,
} from '#test/pipeline/ingest/formats/espn.ts';
import { liveGame } from '#test/pipeline/ingest/formats/fixtures.ts';
import { type Cell, pdfDocument } from '#test/pipeline/ingest/formats/pdf.ts';
import { type Loopback, loopback, type Scripted } from '#test/pipeline/ingest/providers/loopback.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const SLATE = parseSlate('2025-01-11');
/** Noon in New York. */
const NOW = '2025-01-11T17:00:00Z';

const scheduled = (gameId: string, instant: string, home: number, away: number) => ({
  gameId,
  gameStatus: 1,
  gameStatusText: '7:30 pm ET',
  gameDateTimeUTC: instant,
  postponedStatus: 'A',
  homeTeam: { teamId: home, score: 0 },
  awayTeam: { teamId: away, score: 0 },
});
const SEASON = {
  meta: { time: '2025-01-11T10:00:00.000Z' },
  leagueSchedule: {
    seasonYear: '2024-25',
    gameDates: [
      {
        gameDate: '',
        games: [
          scheduled('0022400517', '2025-01-11T00:30:00Z', 1610612738, 1610612762),
          scheduled('0022400533', '2025-01-12T02:00:00Z', 1610612756, 1610612762),
        ],
      },
    ],
  },
};
const SCOREBOARD = { meta: { version: 1, time: '2025-01-11 17:00:00.000' }, scoreboard: { games: [] } };
const EVENT = {
  id: 'evening',
  commence_time: '2025-01-12T02:10:00Z',
  home_team: 'Phoenix Suns',
  away_team: 'Utah Jazz',
};
const ODDS = {
  ...EVENT,
  sport_key: 'basketball_nba',
  bookmakers: [
    {
      key: 'draftkings',
      markets: [
        {
          key: 'player_points',
          last_update: '2025-01-11T16:00:00Z',
          outcomes: [
            { name: 'Over', description: 'Toven Obrand', price: -115, point: 21.5 },
            { name: 'Under', description: 'Toven Obrand', price: -105, point: 21.5 },
          ],
        },
      ],
    },
  ],
};
const REPORT: readonly Cell[] = [
  [250, 560, 'Injury Report: 01/11/25 11:30 AM'],
  ...['Game Date', 'Game Time', 'Matchup', 'Team', 'Player Name', 'Current Status', 'Reason'].map(
    (title, index): Cell => [20 + 100 * index, 530, title],
  ),
  ...['01/11/2025', '09:00 (ET)', 'UTA@PHX', 'Phoenix Suns', 'Obrand, Toven', 'Out', 'Rest'].map(
    (text, index): Cell => [20 + 100 * index, 500, text],
  ),
  [400, 20, 'Page 1 of 1'],
];
const PDF = pdfDocument([REPORT]);
const table = (resource: string, name: string, row: Readonly<Record<string, unknown>>) => ({
  resource,
  parameters: { Season: '2024-25' },
  resultSets: [{ name, headers: Object.keys(row), rowSet: [Object.values(row)] }],
});
const PERSON = { PERSON_ID: 99001, FROM_YEAR: '2024', TO_YEAR: '2024', TEAM_ID: 1610612756 };

const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): Scripted => ({
  body: JSON.stringify(value),
  headers,
});

/** Everybody answers. */
const answers = (path: string): Scripted => {
  if (path.includes('scheduleLeagueV2')) return json(SEASON, { etag: '"season"' });
  if (path.includes('todaysScoreboard')) return json(SCOREBOARD);
  if (path.includes('boxscore_0022400517')) return json(liveGame());
  // The report of noon is not out yet, the one of eleven is.
  if (path.includes('Injury-Report_2025-01-11_11AM'))
    return { body: PDF, headers: { 'last-modified': 'Sat, 11 Jan 2025 16:31:00 GMT' } };
  if (path.includes('Injury-Report_2026-02-08_06_15PM')) return { body: PDF };
  if (path.includes('/referee/injury/')) return { status: 403 };
  if (path.includes('/commonallplayers'))
    return json(
      table('commonallplayers', 'CommonAllPlayers', {
        ...PERSON,
        DISPLAY_FIRST_LAST: 'Ny Komling',
        ROSTERSTATUS: 1,
      }),
    );
  if (path.includes('/playerindex'))
    return json(
      table('playerindex', 'PlayerIndex', {
        ...PERSON,
        PLAYER_FIRST_NAME: 'Ny',
        PLAYER_LAST_NAME: 'Komling',
        ROSTER_STATUS: 1,
      }),
    );
  if (path.includes('/nba/injuries'))
    return json(injuriesAnswer([['Phoenix Suns', [espnInjury()]]], '2025-01-11T17:00:00Z'));
  if (path.includes('/nba/scoreboard'))
    return json(scoreboardAnswer(path.includes('20250110') ? [espnGame()] : []));
  if (path.includes('/nba/teams/')) return json(espnTeam('2', 'Boston Celtics', ['Toven Obrand']));
  if (path.includes('/odds'))
    return json(ODDS, { 'x-requests-remaining': '478', 'x-requests-used': '22', 'x-requests-last': '22' });
  if (path.includes('/events')) return json([EVENT]);
  return { status: 404 };
};

interface Opened {
  readonly app: App;
  readonly clock: VirtualClock;
  readonly server: Loopback;
  readonly run: () => Promise<FetchReport>;
  /** Rows of a table, counted. */
  readonly count: (from: string) => Promise<number>;
}

interface Opening {
  /** The key of The Odds API. */
  readonly key?: string | undefined;
  /** The home that is copied; one without rows when absent. */
  readonly made?: string;
  readonly clock?: VirtualClock;
  /** When to close and remove it: at the end of the test when absent. */
  readonly atEnd?: ((work: () => Promise<void>) => void) | undefined;
}

/** Opens a home whose providers are a server. */
const openWith = (home: string, server: Loopback, clock: VirtualClock, key?: string): Promise<App> =>
  openApp(
    readConfig({
      TIPOFF_HOME: home,
      TIPOFF_NBA_URL: server.url,
      TIPOFF_NBA_STATS_URL: server.url,
      TIPOFF_INJURY_REPORT_URL: server.url,
      TIPOFF_ESPN_URL: server.url,
      TIPOFF_ODDS_URL: server.url,
      ODDS_API_KEY: key,
    }),
    { command: 'fetch', clock, write: () => undefined },
  );

const fetchFor = (app: App, clock: VirtualClock): Promise<FetchReport> =>
  fetchSlate(app, SLATE, fetchHttp({ clock, timeoutMs: 2_000 }));

async function openedAt(server: Loopback, opening: Opening): Promise<Opened> {
  const { key, made, clock = virtualClock(NOW), atEnd = onTestFinished } = opening;
  const folder = await temporaryFolder();
  if (made === undefined) await homeWithoutRows(folder.path);
  else await cp(made, folder.path, { recursive: true });
  const app = await openWith(folder.path, server, clock, key);
  // Nobody opens the home again: what was loaded need not get into its file.
  await app.warehouse.execute('PRAGMA disable_checkpoint_on_shutdown');
  atEnd(async () => {
    await app.close();
    await folder.remove();
  });
  return {
    app,
    clock,
    server,
    run: () => fetchFor(app, clock),
    count: async (from) =>
      (await app.warehouse.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${from}`))[0]?.n ?? 0,
  };
}

async function opened(
  answer: (path: string, request: number) => Scripted,
  key?: string,
  atEnd?: Opening['atEnd'],
): Promise<Opened> {
  return openedAt(await loopback(answer, atEnd), { key, atEnd });
}

const outcomes = ({ attempts }: FetchReport) =>
  attempts.map(({ subject, provider, outcome }) => `${subject} ${provider} ${outcome}`);

describe('fetch', () => {
  it('loads what the first sources give, and the box scores that are missing once the schedule is known', async () => {
    const { app, run } = await opened(answers, 'hush');
    const first = await run();
    expect([first.failures, first.takenOver]).toEqual([[], []]);
    expect(first.ingested.tables).toEqual({
      schedule_games: 2,
      availability_reports: 1,
      injury_reports: 1,
      roster_players: 2,
      player_lines: 1,
    });
    expect(first.quota).toEqual({ remaining: 478, used: 22, spent: 22 });
    await refreshSummaries({
      warehouse: app.warehouse,
      clock: app.clock,
      runId: 'test',
      codeVersion: 'test',
    });
    const second = await run();
    expect(second.ingested.tables).toMatchObject({ player_box_scores: 4, team_box_scores: 2 });
    expect((await run()).ingested.loaded).toBe(0);
  });

  it('asks again for every hole of the season, the newest first, within a budget, and fails for the newest only', async () => {
    const { app, run } = await opened(
      (path) => (path.includes('boxscore') ? { status: 404 } : answers(path)),
      'hush',
    );
    const games = Array.from({ length: 45 }, (_, i) => ({
      ...gameRow(addDays(SLATE, -1 - i), i),
      status: 'final',
    }));
    await app.warehouse.append(schedule, games);
    const report = await run();
    const asked = report.attempts.filter(({ subject }) => subject === 'box_score');
    expect(asked).toHaveLength(40);
    expect(report.failures.map(({ what }) => what)).toEqual(
      [1, 2, 3].map((number) => `box score 002240000${number}`),
    );
    expect(report.stillMissing).toHaveLength(37);
    expect(report.stillMissing[0]).toMatchObject({ what: 'box score 0022400004', slate: addDays(SLATE, -4) });
    expect(report.skipped.join('; ')).toContain(
      `5 box scores from ${addDays(SLATE, -45)} to ${addDays(SLATE, -41)}: a run asks for 40`,
    );
  });

  it('asks for no other box score where three in a row got no answer, and fails', async () => {
    const { app, run } = await opened(
      (path) => (path.includes('boxscore') ? { failure: 'cut' } : answers(path)),
      'hush',
    );
    const games = Array.from({ length: 12 }, (_, i) => ({
      ...gameRow(addDays(SLATE, -1 - i), i),
      status: 'final',
    }));
    await app.warehouse.append(schedule, games);
    const report = await run();
    expect(report.attempts.filter(({ subject }) => subject === 'box_score')).toHaveLength(3);
    expect(report.failures).toHaveLength(3);
    expect(report.skipped.join('; ')).toContain('other box scores: 3 requests in a row got no answer');
  });

  it('leaves a receipt per answer and a heartbeat, and asks only for what has changed', async () => {
    const { app, server, run, count } = await opened(
      (path) => (path.includes('scheduleLeagueV2') ? seasonOrUnchanged() : answers(path)),
      'hush',
    );
    let conditional = false;
    const seasonOrUnchanged = (): Scripted =>
      conditional ? { status: 304 } : json(SEASON, { etag: '"season"' });
    await run();
    expect(
      await count(
        "nba_orchestration.provider_requests WHERE outcome = 'fetched' AND requested_at >= TIMESTAMP '2025-01-01'",
      ),
    ).toBe(8);
    const receipts = await app.warehouse.query(
      `SELECT subject, outcome, status, etag FROM nba_orchestration.provider_requests
       WHERE requested_at >= TIMESTAMP '2025-01-01' AND subject IN ('schedule', 'availability') ORDER BY requested_at`,
    );
    expect(receipts).toEqual([
      { subject: 'schedule', outcome: 'fetched', status: 200, etag: '"season"' },
      // The report of noon was not there; a known one was; the one of eleven was.
      { subject: 'availability', outcome: 'absent', status: 403, etag: null },
      { subject: 'availability', outcome: 'fetched', status: 200, etag: null },
      { subject: 'availability', outcome: 'fetched', status: 200, etag: null },
    ]);
    const beats = await app.warehouse.query(
      'SELECT job, detail FROM nba_orchestration.heartbeats WHERE succeeded_at IS NOT NULL',
    );
    expect(beats).toEqual([{ job: 'fetch', detail: '6 answers, 7 rows new' }]);

    conditional = true;
    const asked = server.requests.length;
    const second = await run();
    expect(outcomes(second)[0]).toBe('schedule NBA.com unchanged');
    expect(second.failures).toEqual([]);
    const headers = server.headers.slice(asked);
    const of = (part: string) =>
      headers[server.requests.slice(asked).findIndex((path) => path.includes(part))];
    expect(of('scheduleLeagueV2')?.['if-none-match']).toBe('"season"');
    expect(of('_11AM')?.['if-modified-since']).toBe('Sat, 11 Jan 2025 16:31:00 GMT');
    expect(second.skipped).toEqual(['players: the lists are less than 20 hours old']);
    expect(
      JSON.stringify(
        await app.warehouse.query(
          "SELECT * FROM nba_orchestration.provider_requests WHERE requested_at >= TIMESTAMP '2025-01-01'",
        ),
      ),
    ).not.toContain('hush');
  });

  describe('of a complete box score', () => {
    /** Five players a side. */
    const whole = (assists: number) => {
      const { meta, game } = liveGame();
      const five = (side: typeof game.homeTeam) => ({
        ...side,
        players: ['Ay', 'Bee', 'Cee', 'Dee', 'Eff'].flatMap((name, i) =>
          side.players.slice(0, 1).map((player) => ({
            ...player,
            personId: player.personId + 10 * i,
            name: `${name} Obrand`,
            statistics: { ...player.statistics, assists },
          })),
        ),
      });
      return { meta, game: { ...game, homeTeam: five(game.homeTeam), awayTeam: five(game.awayTeam) } };
    };
    let assists: number | undefined;
    let server: Loopback;
    let made: Awaited<ReturnType<typeof temporaryFolder>>;
    let madeAt: string;
    // A league that answers conditional requests, and a home with its box score.
    beforeAll(async () => {
      assists = 5;
      server = await loopback((path) => {
        if (!path.includes('boxscore_')) return answers(path);
        if (assists === undefined) return { status: 404 };
        const isKnown = server.headers.at(-1)?.['if-none-match'] === `"${assists}"`;
        return isKnown ? { status: 304 } : json(whole(assists), { etag: `"${assists}"` });
      }, afterAll);
      made = await temporaryFolder();
      await homeWithoutRows(made.path);
      const clock = virtualClock(NOW);
      const app = await openWith(made.path, server, clock);
      await fetchFor(app, clock);
      await refreshSummaries({ warehouse: app.warehouse, clock, runId: 'test', codeVersion: 'test' });
      const { tables } = (await fetchFor(app, clock)).ingested;
      expect(tables).toMatchObject({ player_box_scores: 10, team_box_scores: 2 });
      expect(server.requests.filter(isOfBox)).toHaveLength(1);
      await app.close();
      madeAt = clock.now().toISOString();
    });
    afterAll(() => made.remove());
    const isOfBox = (path: string) => path.includes('boxscore_0022400517');

    /** A copy of that home, open, and what the league says now. */
    const withBox = async () => {
      assists = 5;
      const asked = server.requests.length;
      const world = await openedAt(server, { made: made.path, clock: virtualClock(madeAt) });
      const { app, clock } = world;
      /** How often it was asked for since it was loaded. */
      const boxes = () => server.requests.slice(asked).filter(isOfBox).length;
      const counted = async () => {
        const rows = await app.warehouse.query<{ ast: number }>(
          `SELECT ast FROM nba_raw.player_box_scores WHERE slate = DATE '2025-01-10'
           QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY ingested_at DESC, row_id) = 1`,
        );
        return [...new Set(rows.map(({ ast }) => ast))];
      };
      const hours = (n: number) => clock.advance(n * 3_600_000);
      const say = (n: number | undefined) => {
        assists = n;
      };
      return { ...world, boxes, counted, hours, say };
    };

    it('asks again for what the league has corrected, which counts although the league takes it back', async () => {
      const { run, boxes, counted, hours, say } = await withBox();
      say(7);
      hours(1);
      await run();
      expect([boxes(), await counted()]).toEqual([0, [5]]);
      hours(7);
      await run();
      expect([boxes(), await counted()]).toEqual([1, [7]]);
      say(5);
      hours(7);
      await run();
      expect([boxes(), await counted()]).toEqual([2, [5]]);
      hours(7);
      await run();
      expect([boxes(), await counted()]).toEqual([3, [5]]);
    });

    it('asks at once for those of a slate of the past that is named', async () => {
      const { app, clock, boxes, counted, say } = await withBox();
      say(8);
      const http = fetchHttp({ clock, timeoutMs: 2_000 });
      const report = await fetchSlate(app, addDays(SLATE, -1), http);
      expect([report.failures, boxes(), await counted()]).toEqual([[], 1, [8]]);
    });

    it('says that it got no correction, and fails only where that was asked for', async () => {
      const { app, clock, run, hours, say } = await withBox();
      say(undefined);
      hours(7);
      const daily = await run();
      expect(daily.failures).toEqual([]);
      expect(daily.skipped.join('; ')).toContain('corrections of box score 0022400517: ');
      const named = await fetchSlate(app, addDays(SLATE, -1), fetchHttp({ clock, timeoutMs: 2_000 }));
      expect(named.failures.map(({ what }) => what)).toEqual(['box score 0022400517']);
    });

    it('asks anew for the rows that were taken back', async () => {
      const { app, clock, run, counted } = await withBox();
      const [receipt] = await app.warehouse.query<{ source_file: string }>(
        "SELECT source_file FROM nba_raw.ingested_files WHERE STRPOS(source_file, 'boxscore_') > 0",
      );
      await undoFile(
        { warehouse: app.warehouse, clock },
        { file: receipt?.source_file ?? '', since: EVER, reason: 'test', isDryRun: false },
      );
      expect(await counted()).toEqual([]);
      await run();
      expect(await counted()).toEqual([5]);
    });
  });

  describe('with games still to come', () => {
    const toCome = async (events: readonly unknown[]): Promise<FetchReport> => {
      const { app, run } = await opened(
        (path) => (path.includes('/events') && !path.includes('/odds') ? json(events) : answers(path)),
        'hush',
      );
      const game = { ...gameRow(SLATE, 0, '2025-01-12T02:00:00Z'), home_abbr: 'PHX', away_abbr: 'UTA' };
      const other = { ...gameRow(SLATE, 1, '2025-01-12T03:00:00Z'), home_abbr: 'LAL', away_abbr: 'BOS' };
      await app.warehouse.append(schedule, [game, other]);
      return run();
    };

    it('takes a provider of props that lists no event for a failure', async () => {
      const { failures, attempts } = await toCome([]);
      expect(failures.map(({ what, message }) => `${what}: ${message}`)).toEqual([
        `player props: The Odds API: expected events of 2 games of ${SLATE} still to come, saw none`,
      ]);
      expect(attempts.find(({ subject }) => subject === 'props')).toMatchObject({ outcome: 'failed' });
    });

    it('names the game that it does not list', async () => {
      const { failures, skipped } = await toCome([EVENT]);
      expect(failures).toEqual([]);
      expect(skipped).toEqual(['player props of BOS@LAL: the provider lists no such event']);
    });
  });

  it.each([
    ['schedule', 'scheduleLeagueV2', { ...SEASON, leagueSchedule: { seasonYear: '2024-25', gameDates: [] } }],
    [
      'players',
      '/commonallplayers',
      {
        ...table('commonallplayers', 'CommonAllPlayers', {}),
        resultSets: [{ name: 'CommonAllPlayers', headers: [], rowSet: [] }],
      },
    ],
  ])('asks the next source for the %s where the first one gives an empty list', async (what, at, empty) => {
    const { run } = await opened((path) => (path.includes(at) ? json(empty) : answers(path)), 'hush');
    const { takenOver, failures } = await run();
    expect(failures).toEqual([]);
    expect(takenOver).toEqual([
      expect.objectContaining({ what, by: 'ESPN', message: expect.stringContaining('saw no record') }),
    ]);
  });

  it('says what was not asked for and why', async () => {
    const { run } = await opened(answers);
    expect((await run()).skipped).toEqual(['player props: ODDS_API_KEY is not set']);
  });

  describe('when the first source fails', () => {
    const html = '<html><body>Access Denied</body></html>';
    itForSpread<[string, (path: string) => Scripted, string]>(
      [
        ['is down', (): Scripted => ({ status: 503 }), 'failed'],
        ['cuts the connection', (): Scripted => ({ failure: 'cut' }), 'failed'],
        ['refuses', (): Scripted => ({ status: 403 }), 'refused'],
        ['answers with a page of a website', (): Scripted => ({ body: html }), 'failed'],
        ['answers by half', (path: string): Scripted => half(answers(path)), 'failed'],
        ['answers something else', (): Scripted => json(SCOREBOARD.meta), 'failed'],
      ],
      2,
    )(
      'because it %s, the next one takes over, which is said, and the rest goes on',
      async ([_what, fail, outcome]) => {
        const isFirst = (path: string) =>
          /scheduleLeagueV2|todaysScoreboard|\/referee\/injury\/|\/stats\//.test(path);
        const { run } = await opened((path) => (isFirst(path) ? fail(path) : answers(path)), 'hush');
        const report = await run();
        expect(outcomes(report)).toEqual([
          `schedule NBA.com ${outcome}`,
          'schedule ESPN fetched',
          `scoreboard NBA.com ${outcome}`,
          'scoreboard ESPN fetched',
          `availability NBA.com injury report ${outcome}`,
          'availability ESPN fetched',
          `players NBA.com statistics ${outcome}`,
          'players ESPN fetched',
          'props The Odds API fetched',
        ]);
        expect(report.failures).toEqual([]);
        expect(report.takenOver.map(({ what, failed, by }) => [what, failed, by])).toEqual([
          ['schedule', 'NBA.com', 'ESPN'],
          ['scoreboard', 'NBA.com', 'ESPN'],
          ['availability', 'NBA.com injury report', 'ESPN'],
          ['players', 'NBA.com statistics', 'ESPN'],
        ]);
        expect(report.takenOver.every(({ message }) => /expected .+, saw .+/.test(message))).toBe(true);
        expect(report.ingested.tables).toMatchObject({
          schedule_games: 1,
          injury_reports: 1,
          roster_players: 30,
          player_lines: 1,
        });
        expect(report.ingested.failed).toBe(0);
      },
    );

    const half = (whole: Scripted): Scripted => {
      const body = whole.body ?? '';
      return { ...whole, body: body.slice(0, Math.floor(body.length / 2)) };
    };

    it('because it is slow, nobody waits for it longer than for two tries', async () => {
      const isSlow = (url: string): boolean => url.includes('/referee/injury/');
      const { app, clock, server } = await opened((path) =>
        isSlow(path) ? { failure: 'silence' } : answers(path),
      );
      // The time an attempt may take guards a socket and runs on the machine's timer: who answers has plenty.
      const http = fetchHttp({ clock, timeoutMs: 5_000 });
      const report = await fetchSlate(app, SLATE, {
        get: (url, request) => http.get(url, { ...request, ...(isSlow(url) ? { timeoutMs: 50 } : {}) }),
      });
      expect(outcomes(report)).toContain('availability ESPN fetched');
      expect(server.requests.filter(isSlow)).toHaveLength(2);
      expect(report.takenOver[0]?.message).toContain('nothing within');
    });
  });

  describe('one source after the other', () => {
    interface Case {
      readonly name: string;
      readonly of: (sources: FetchSources) => Source | undefined;
      /** The requests that fail. */
      readonly path: RegExp;
      /** What they would give; as the others when absent. */
      readonly whole?: object;
      /** The name under which an answer has its records, and what is said when it has another one. */
      readonly list?: readonly [name: string, sentence: string];
      /** The same of a field of a record. */
      readonly field?: readonly [name: string, sentence: string];
    }
    const TODAY = {
      ...scheduled('0022400533', '2025-01-12T02:00:00Z', 1610612756, 1610612762),
      gameTimeUTC: '2025-01-12T02:00:00Z',
    };
    const noValue = (name: string) => `in ${name}: expected a value in ${name}, saw nothing`;
    const noName = `in displayName: expected a player's name in displayName, saw ""`;
    const noHome = 'in competitors: expected a home team, saw none';
    const CASES: readonly Case[] = [
      {
        name: 'the schedule of NBA.com',
        of: ({ schedule: [own] }) => own,
        path: /scheduleLeagueV2/,
        list: ['gameDates', 'expected array, received undefined'],
        field: ['gameId', '2 of 2 records damaged, the first in gameId: expected a game of scheduleLeagueV2'],
      },
      {
        name: 'the schedule of ESPN',
        of: ({ schedule: [, own] }) => own,
        path: /nba\/scoreboard/,
        list: ['events', 'expected a list under "events", saw undefined'],
        field: ['competitors', noHome],
      },
      {
        name: 'the scoreboard of NBA.com',
        of: ({ scoreboard: [own] }) => own,
        path: /todaysScoreboard/,
        whole: { ...SCOREBOARD, scoreboard: { games: [TODAY] } },
        list: ['games', 'expected a list under "games", saw undefined'],
        field: ['gameId', noValue('gameId')],
      },
      {
        name: 'the scoreboard of ESPN',
        of: ({ scoreboard: [, own] }) => own,
        path: /nba\/scoreboard/,
        whole: scoreboardAnswer([espnGame()]),
        list: ['events', 'expected a list under "events", saw undefined'],
        field: ['competitors', noHome],
      },
      {
        name: 'a box score of NBA.com',
        of: (all) => all.boxScore('0022400517')[0],
        path: /boxscore_/,
        list: ['homeTeam', 'expected an object under "homeTeam", saw undefined'],
        field: ['personId', `4 of 6 records damaged, the first ${noValue('personId')}`],
      },
      { name: 'the report of the league', of: ({ availability: [own] }) => own, path: /_11AM/ },
      {
        name: 'the injuries of ESPN',
        of: ({ availability: [, own] }) => own,
        path: /nba\/injuries/,
        list: ['injuries', 'expected one of'],
        field: ['athlete', noName],
      },
      {
        name: 'the players of NBA.com',
        of: ({ players: [own] }) => own,
        path: /commonallplayers/,
        list: ['resultSets', 'expected a result set CommonAllPlayers, saw none'],
        field: ['PERSON_ID', noValue('PERSON_ID')],
      },
      {
        name: 'the player index of NBA.com',
        of: ({ players: [own] }) => own,
        path: /playerindex/,
        list: ['resultSets', 'expected a result set PlayerIndex, saw none'],
        field: ['PERSON_ID', noValue('PERSON_ID')],
      },
      {
        name: 'a roster of ESPN',
        of: ({ players: [, own] }) => own,
        path: /nba\/teams\//,
        list: ['athletes', 'expected a list under "athletes", saw undefined'],
        field: ['displayName', noName],
      },
      {
        name: 'the events of The Odds API',
        of: ({ props }) => props?.sources[0],
        path: /events(?!.*odds)/,
        field: ['commence_time', 'expected events with id and commence_time'],
      },
      {
        name: 'the props of The Odds API',
        of: ({ props }) => props?.sources[0],
        path: /\/odds/,
        list: ['bookmakers', 'expected one of'],
        field: ['point', noValue('point')],
      },
    ];
    const NO_ANSWER = 'expected an answer within \\d attempts, saw';
    const wholeOf = (path: string, { whole }: Case): Scripted =>
      whole === undefined ? answers(path) : json(whole);
    const renamed = (path: string, one: Case, name = ''): Scripted => {
      const given = wholeOf(path, one);
      return { ...given, body: String(given.body).replaceAll(`"${name}"`, `"new_${name}"`) };
    };
    const FAILURES: readonly {
      readonly does: string;
      readonly answer: (path: string, one: Case) => Scripted;
      readonly outcome: string;
      readonly sentence: (one: Case) => string | RegExp | undefined;
    }[] = [
      {
        does: 'is down',
        answer: () => ({ status: 503 }),
        outcome: 'failed',
        sentence: () => new RegExp(`${NO_ANSWER} status 503$`),
      },
      {
        does: 'hangs up',
        answer: () => ({ failure: 'cut' }),
        outcome: 'failed',
        sentence: () => new RegExp(`${NO_ANSWER} other side closed$`),
      },
      {
        does: 'is slow',
        answer: () => ({ failure: 'silence' }),
        outcome: 'failed',
        sentence: () => new RegExp(`${NO_ANSWER} nothing within \\d+ ms$`),
      },
      {
        does: 'throttles',
        answer: () => ({ status: 429 }),
        outcome: 'refused',
        sentence: () => new RegExp(`${NO_ANSWER} status 429$`),
      },
      {
        does: 'refuses',
        answer: () => ({ status: 403 }),
        outcome: 'refused',
        // Of the league's report a refusal is no report under that name, unless a known one is refused too.
        sentence: ({ list, field }) =>
          (list ?? field) && /^[\w. ]+: expected status 200 from http\S+, saw 403$/,
      },
      {
        does: 'gives half an answer',
        answer: (path, one) => half(wholeOf(path, one)),
        outcome: 'failed',
        sentence: () =>
          /: expected a (?:complete |whole )?(?:JSON|PDF) document|: expected one of \d+ formats/,
      },
      {
        does: 'gives a page of a website',
        answer: () => ({ body: '<html>Access Denied</html>' }),
        outcome: 'failed',
        sentence: () => /saw text that begins "<html>Access Denied<\/html>"$|saw 26 bytes that are none$/,
      },
      {
        does: 'renames a list',
        answer: (path, one) => renamed(path, one, one.list?.[0]),
        outcome: 'failed',
        sentence: ({ list }) => list?.[1],
      },
      {
        does: 'renames a field',
        answer: (path, one) => renamed(path, one, one.field?.[0]),
        outcome: 'failed',
        sentence: ({ field }) => field?.[1],
      },
    ];

    /** What fails, and how; nothing is loaded, so that one home serves every failure. */
    let failing: { readonly one: Case; readonly answer: (typeof FAILURES)[number]['answer'] } | undefined;
    let app: App;
    beforeAll(async () => {
      const world = await opened(
        (path) => (failing?.one.path.test(path) === true ? failing.answer(path, failing.one) : answers(path)),
        'hush',
        afterAll,
      );
      app = world.app;
    });

    it.each(FAILURES)('that $does is told in a sentence', async ({ does, answer, outcome, sentence }) => {
      const clock = virtualClock(NOW);
      for (const one of CASES) {
        const expected = sentence(one);
        if (expected === undefined) continue;
        failing = { one, answer };
        const watched = watchedHttp({
          http: fetchHttp({ clock, timeoutMs: does === 'is slow' ? 10 : 5_000 }),
          clock,
        });
        const source = one.of(fetchSources({ ...app, clock }, SLATE, watched.http));
        if (source === undefined) throw new Error(`nobody to ask for ${one.name}`);
        const { attempts } = await askInOrder('subject', [source], { watched, clock, formats: FORMATS });
        const [attempt] = attempts;
        expect(`${one.name} ${attempt?.outcome}`).toBe(`${one.name} ${outcome}`);
        expect(attempt?.failure?.message, one.name).toMatch(expected);
        expect(JSON.stringify(attempt), one.name).not.toContain('hush');
      }
    });

    const half = (given: Scripted): Scripted => {
      const body = given.body ?? '';
      return { ...given, body: body.slice(0, Math.floor(body.length / 2)) };
    };

    it('with a report whose titles have changed', async () => {
      const titles = REPORT.map(
        (cell): Cell => (cell[2] === 'Player Name' ? [cell[0], cell[1], 'Athlete'] : cell),
      );
      const { run, count } = await opened((path) =>
        path.includes('_11AM') ? { body: pdfDocument([titles]) } : answers(path),
      );
      const report = await run();
      expect(report.takenOver[0]?.message).toContain(
        'expected a title line with Team, Player Name and Current Status',
      );
      expect(await count("nba_raw.injury_reports WHERE source = 'espn_injuries_json'")).toBe(1);
    });

    it.each([
      [
        'has paid for nothing more',
        { 'x-requests-remaining': '0', 'x-requests-used': '500' },
        200,
        /expected \d+ requests left for an event, saw 0$/,
      ],
      ['says that the quota is used up', {}, 401, /expected status 200 from \S+\/odds, saw 401$/],
    ] as const)(
      'with an account that %s, whose failure names the event and nothing else',
      async (_what, headers, status, sentence) => {
        const { run } = await opened(
          (path) =>
            path.includes('/odds')
              ? { status }
              : path.includes('/events')
                ? json([EVENT], headers)
                : answers(path),
          'hush',
        );
        const report = await run();
        expect(report.failures.map(({ what }) => what)).toEqual(['player props']);
        expect(report.failures[0]?.message).toMatch(sentence);
        expect(report.failures[0]?.hint).toMatch(/quota|next period/);
        expect(report.ingested.tables).toMatchObject({
          schedule_games: 2,
          injury_reports: 1,
          roster_players: 2,
        });
      },
    );
  });

  it('tells a report that is not there from a league that refuses', async () => {
    const silent = await opened((path) =>
      path.includes('_11AM') || path.includes('_10AM') || path.includes('_09AM')
        ? { status: 403 }
        : answers(path),
    );
    const absent = await silent.run();
    expect(outcomes(absent)).toContain('availability NBA.com injury report absent');
    expect(absent.takenOver[0]?.message).toContain('expected a report of the last 3 hours');
    const refusing = await opened((path) =>
      path.includes('/referee/injury/') ? { status: 403 } : answers(path),
    );
    const refused = await refusing.run();
    expect(outcomes(refused)).toContain('availability NBA.com injury report refused');
    expect(refused.takenOver[0]?.message).toContain('the league refuses this machine, or throttles it');
  });

  // One list of the league's and two rosters of ESPN's came before the failures.
  it('keeps what came of many answers when one of them fails', async () => {
    const { run } = await opened((path) =>
      path.includes('/playerindex') || path.includes('/nba/teams/3?') ? { status: 500 } : answers(path),
    );
    const report = await run();
    expect(report.failures.map(({ what, code }) => [what, code])).toEqual([
      ['players', 'TIPOFF_PROVIDER_DOWN'],
      ['players', 'TIPOFF_PROVIDER_DOWN'],
    ]);
    expect(report.ingested.tables).toMatchObject({ roster_players: 3, injury_reports: 1 });
  });

  it('goes on when nobody answers, names it, marks the run as not done, and shows no key', async () => {
    const { app, run } = await opened(
      (path) => (path.includes('events') || path.includes('injur') ? { status: 401 } : answers(path)),
      'hush',
    );
    const report = await run();
    expect(report.ingested.tables).toMatchObject({ schedule_games: 2 });
    expect(report.failures.map(({ what }) => what)).toEqual(['availability', 'availability', 'player props']);
    expect(JSON.stringify(report)).not.toContain('hush');
    const beats = await app.warehouse.query(
      'SELECT job, succeeded_at, detail FROM nba_orchestration.heartbeats',
    );
    expect(beats).toEqual([
      { job: 'fetch', succeeded_at: null, detail: expect.stringContaining('missing: availability') },
    ]);
  });

  it('a damaged report is a failure, never a report of no injuries', async () => {
    const damaged = PDF.map((byte, at) => (at > 560 && at < 600 ? 0x20 : byte));
    const { run, count } = await opened((path) =>
      path.includes('_11AM') ? { body: damaged } : answers(path),
    );
    const report = await run();
    expect(report.takenOver).toEqual([
      expect.objectContaining({ what: 'availability', message: expect.stringContaining('a damaged stream') }),
    ]);
    expect(
      await count(
        "nba_raw.availability_reports WHERE source = 'injury_report_pdf' AND report_at >= TIMESTAMP '2025-01-01'",
      ),
    ).toBe(0);
  });
});

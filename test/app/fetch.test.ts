import { describe, expect, it, onTestFinished } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { fetchSlate } from '#app/fetch.ts';
import { parseSlate } from '#core/calendar.ts';
import { fetchHttp } from '#pipeline/ingest/providers/http.ts';
import { refreshSummaries } from '#pipeline/refresh.ts';
import { virtualClock } from '#platform/clock.ts';
import { liveGame } from '#test/pipeline/ingest/formats/fixtures.ts';
import { loopback, type Scripted } from '#test/pipeline/ingest/providers/loopback.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const SLATE = parseSlate('2025-01-11');
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

const answers = (path: string): Scripted => {
  if (path.includes('scheduleLeagueV2')) return { body: JSON.stringify(SEASON) };
  if (path.includes('boxscore_0022400517')) return { body: JSON.stringify(liveGame()) };
  if (path.includes('/odds'))
    return {
      body: JSON.stringify(ODDS),
      headers: { 'x-requests-remaining': '490', 'x-requests-used': '10' },
    };
  if (path.includes('/events')) return { body: JSON.stringify([EVENT]) };
  return { status: 404 };
};

async function opened(
  answer: (path: string) => Scripted,
  key?: string,
): Promise<{ app: App; run: () => ReturnType<typeof fetchSlate> }> {
  const server = await loopback(answer);
  const folder = await temporaryFolder();
  const clock = virtualClock(NOW);
  const config = readConfig({
    TIPOFF_HOME: folder.path,
    TIPOFF_NBA_URL: server.url,
    TIPOFF_ODDS_URL: server.url,
    ODDS_API_KEY: key,
  });
  const app = await openApp(config, { command: 'fetch', clock, write: () => undefined });
  onTestFinished(async () => {
    await app.close();
    await folder.remove();
  });
  return { app, run: () => fetchSlate(app, SLATE, fetchHttp({ clock })) };
}

describe('fetch', () => {
  it('loads schedule and props, and the box scores that are missing once the schedule is known', async () => {
    const { app, run } = await opened(answers, 'hush');
    const first = await run();
    expect(first.failures).toEqual([expect.objectContaining({ what: 'scoreboard' })]);
    expect(first.ingested.tables).toMatchObject({ schedule_games: 2, player_lines: 1 });
    expect(first.quota).toEqual({ remaining: 490, used: 10 });
    await refreshSummaries({
      warehouse: app.warehouse,
      clock: app.clock,
      runId: 'test',
      codeVersion: 'test',
    });
    const second = await run();
    expect(second.ingested.tables).toMatchObject({ player_box_scores: 4, team_box_scores: 2 });
    const third = await run();
    expect(third.ingested.loaded).toBe(0);
  });

  it('says what was not asked for and why', async () => {
    const { run } = await opened(answers);
    expect((await run()).skipped).toEqual(['player props: ODDS_API_KEY is not set']);
  });

  it('goes on when a provider fails, names it, and shows no key', async () => {
    const { run } = await opened(
      (path) => (path.includes('events') ? { status: 401 } : answers(path)),
      'hush',
    );
    const report = await run();
    expect(report.ingested.tables).toMatchObject({ schedule_games: 2 });
    expect(report.failures.map(({ what }) => what)).toEqual(['scoreboard', 'player props']);
    expect(JSON.stringify(report)).not.toContain('hush');
  });
});

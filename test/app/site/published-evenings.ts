import { cp } from 'node:fs/promises';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { liveDays, ONE_RUN, proofSlates, type SettableClock, settableClock } from '#app/healthy-league.ts';
import type { Slate } from '#core/calendar.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { refreshSummaries } from '#pipeline/refresh.ts';
import { madeOnce, simulatedLeague } from '#test/fakes/leagues.ts';

/** The league of the evenings: its last slate has no results. */
export const LEAGUE = {
  seed: 11,
  seasons: ['2024-25'],
  teams: 8,
  gamesPerTeam: 24,
  through: '2024-11-30',
} as const;
/** 17:15 in New York on the second evening. */
const EVENING = new Date('2024-11-30T22:15:00Z');

/** A home with two published evenings of a small league: the first graded, the second tonight. */
export interface PublishedEvenings {
  readonly app: App;
  readonly clock: SettableClock;
  readonly yesterday: Slate;
  readonly tonight: Slate;
}

/** What decides what is in the home. */
const SOURCES = ['src', 'test/app/site/published-evenings.ts', 'test/fakes/leagues.ts'];

/** A league that small, and both of its evenings, are made once for all who ask: treat the home as read-only, and copy it. */
export async function homeOfEvenings(): Promise<string> {
  return madeOnce('published evenings', SOURCES, async (home) => {
    const league = simulatedLeague(LEAGUE);
    const slates = proofSlates(league);
    const clock = settableClock(new Date(`${slates[0]}T12:00:00Z`));
    const app = await opened(home, clock);
    await liveDays(await dayDeps(app, 'test'), { league, clock, slates, hours: ONE_RUN });
    await app.close();
  });
}

/** Lets a small league live through two days in a folder; the clock is left at the second evening. */
export async function publishedEvenings(home: string): Promise<PublishedEvenings> {
  await cp(await homeOfEvenings(), home, { recursive: true });
  const [yesterday, tonight] = proofSlates(simulatedLeague(LEAGUE));
  if (yesterday === undefined || tonight === undefined) throw new Error('the league has no two evenings');
  const clock = settableClock(EVENING);
  const app = await opened(home, clock);
  // Nobody opens the copy after this.
  await app.warehouse.execute('PRAGMA disable_checkpoint_on_shutdown');
  return { app, clock, yesterday, tonight };
}

/** Corrects every box score of yesterday by seven points from the line, as a later answer of a provider does, and grades again. */
export async function correctBoxScores({ app, clock, yesterday }: PublishedEvenings): Promise<void> {
  await app.warehouse.execute(
    `INSERT INTO nba_raw.player_box_scores BY NAME
     SELECT * REPLACE (points + 7 AS points, ftm + 7 AS ftm, fta + 7 AS fta, row_id || 'corrected' AS row_id, TIMESTAMPTZ '2024-11-30T21:00:00Z' AS ingested_at)
     FROM nba_raw.player_box_scores WHERE slate = DATE '${yesterday}' AND points IS NOT NULL`,
  );
  await refreshSummaries(await dayDeps(app, 'test'));
  await grade({ warehouse: app.warehouse, clock }, { from: yesterday, to: yesterday });
}

function opened(home: string, clock: SettableClock): Promise<App> {
  return openApp(readConfig({ TIPOFF_HOME: home }), { command: 'test', clock, write: () => undefined });
}

import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { liveDays, ONE_RUN, proofSlates, type SettableClock, settableClock } from '#app/healthy-league.ts';
import type { Slate } from '#core/calendar.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';

/** 17:15 in New York on the second evening. */
const EVENING = new Date('2024-11-30T22:15:00Z');

/** A home with two published evenings of a small league: the first graded, the second tonight. */
export interface PublishedEvenings {
  readonly app: App;
  readonly clock: SettableClock;
  readonly yesterday: Slate;
  readonly tonight: Slate;
}

/** Lets a small league live through two days in a folder; the clock is left at the second evening. */
export async function publishedEvenings(home: string): Promise<PublishedEvenings> {
  const league = simulatedLeague({
    seed: 11,
    seasons: ['2024-25'],
    teams: 8,
    gamesPerTeam: 24,
    through: '2024-11-30',
  });
  const [yesterday, tonight] = proofSlates(league);
  if (yesterday === undefined || tonight === undefined) throw new Error('the league has no two evenings');
  const clock = settableClock(EVENING);
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'test',
    clock,
    write: () => undefined,
  });
  clock.set(new Date(`${yesterday}T12:00:00Z`));
  await liveDays(await dayDeps(app, 'test'), { league, clock, slates: [yesterday, tonight], hours: ONE_RUN });
  clock.set(EVENING);
  return { app, clock, yesterday, tonight };
}

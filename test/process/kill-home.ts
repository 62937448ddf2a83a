import { cp } from 'node:fs/promises';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps, trainDeps } from '#app/day.ts';
import { parseSlate } from '#core/calendar.ts';
import { train } from '#model/train-run.ts';
import { DAILY_WAITING, refresh } from '#pipeline/refresh.ts';
import { shiftedClock } from '#platform/clock.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';
import { madeOnce } from '#test/fakes/leagues.ts';

/** The slate of the kill test: it has schedule, lines and reports, and waits for its predictions. */
export const KILL_SLATE = parseSlate('2024-11-30');
/** 11:00 in New York on that day. */
export const KILL_MORNING = '2024-11-30T16:00:00.000Z';

/** What decides what is in the home. */
const SOURCES = ['src', 'test/process/kill-home.ts'];

/**
 * A home with a small simulated league, features of the slate and a champion model; nothing was predicted yet. It is computed once
 * for every suite that asks.
 */
export async function makeTemplate(home: string): Promise<void> {
  await copyTemplate(await madeOnce('kill test', SOURCES, computeTemplate), home);
}

async function computeTemplate(home: string): Promise<void> {
  const league = simulateLeague({
    seed: 11,
    seasons: ['2023-24', '2024-25'],
    teams: 4,
    gamesPerTeam: 20,
    playersPerTeam: 12,
    through: KILL_SLATE,
  });
  const clock = shiftedClock(KILL_MORNING);
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'kill test',
    clock,
    write: () => undefined,
  });
  try {
    await loadLeague(app.warehouse, league, { clock });
    await refresh(await dayDeps(app, 'kill test'), KILL_SLATE, DAILY_WAITING);
    await train(trainDeps(app), { cutoff: KILL_SLATE, by: 'kill test', promote: true });
  } finally {
    await app.close();
  }
}

/** A home of its own for one run. */
export async function copyTemplate(template: string, home: string): Promise<void> {
  await cp(template, home, { recursive: true });
}

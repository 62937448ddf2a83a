import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from './compose.ts';
import type { Config } from './config.ts';
import { dayDeps } from './day.ts';
import {
  HEALTHY_AS_OF,
  healthyLeague,
  liveDays,
  ONE_RUN,
  proofSlates,
  settableClock,
} from './healthy-league.ts';

/**
 * Runs some work on a temporary home in which two days of a small simulated league have passed through all phases, and removes
 * it afterwards. The clock is set to the last evening of the league. Nothing of the caller's data is opened.
 */
export async function inHealthyHome<T>(
  config: Config,
  { command, say }: { readonly command: string; readonly say: (line: string) => void },
  work: (app: App) => Promise<T>,
): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'tipoff-healthy-'));
  const clock = settableClock(HEALTHY_AS_OF);
  // The running version is by definition the deployed one here: the version check is proved against itself.
  const own: Config = {
    ...config,
    profile: 'embedded',
    home,
    expectedVersion: config.codeVersion,
    missingSettings: [],
    misspeltSettings: [],
    scheduledJobs: [],
    backup: { place: join(home, 'saved'), github: {} },
  };
  try {
    const app = await openApp(own, { command, clock, write: say });
    try {
      const league = healthyLeague();
      say('A healthy league: two simulated days run through all phases.');
      clock.set(new Date(`${proofSlates(league)[0]}T12:00:00Z`));
      await liveDays(await dayDeps(app, command), {
        league,
        clock,
        slates: proofSlates(league),
        hours: ONE_RUN,
      });
      clock.set(HEALTHY_AS_OF);
      return await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupDeps, createBackup, restoreBackup } from '#app/backup.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { healthyLeague, liveDays, ONE_RUN, settableClock } from '#app/healthy-league.ts';
import { addDays, easternInstant, type Slate } from '#core/calendar.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { sealedWith } from '#platform/backup/seal.ts';
import { openGitHubRelease } from '#platform/objects/github-release.ts';
import { loadLeague } from '#simulate/league.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

/** The key under which the home is saved: nothing of it outlives the test. */
const KEY = 'a key for nothing but tests';

/** GitHub, Slack and the simulated league around a home that lies in a release, and in no folder of this machine. */
export interface World {
  readonly github: FakeGitHub;
  readonly slack: FakeSlack;
  /** Variables of a run, but for its home and its instant. */
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** The league goes on until an instant: what became known since then is saved, as by somebody who loads files. */
  goOn(until: Date, change?: (app: App) => Promise<void>): Promise<void>;
  /** Looks into the newest saved home. */
  look<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** A folder that is not there yet. */
  fresh(): string;
  close(): Promise<void>;
}

/** The instant of a day at which its run starts: after noon in New York, before any tip-off. */
export const runAt = (slate: Slate): Date => easternInstant(slate, '12:37');

/** A world whose home knows everything until the day before `first`, which was predicted. */
export async function openWorld(first: Slate): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tipoff-github-'));
  const [github, slack] = [await fakeGitHub(), await fakeSlack()];
  const league = healthyLeague();
  const clock = settableClock(runAt(addDays(first, -1)));
  let count = 0;
  const fresh = (): string => join(folder, `home-${++count}`);
  const at = (home: string): BackupDeps => ({
    home,
    clock,
    codeVersion: 'test',
    seal: sealedWith(KEY),
    store: openGitHubRelease({
      repository: FAKE_REPOSITORY,
      tag: 'tipoff-home',
      token: FAKE_GITHUB_TOKEN,
      apiUrl: github.url,
    }),
  });
  const within = async <T>(home: string, work: (app: App) => Promise<T>): Promise<T> => {
    const app = await openApp(
      { ...readConfig({}), home },
      { command: 'test', clock, write: () => undefined },
    );
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  };
  const restored = async <T>(work: (home: string) => Promise<T>): Promise<T> => {
    const home = fresh();
    await restoreBackup(at(home));
    try {
      return await work(home);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  };
  let since: string | undefined;
  const load = async (app: App, until: Date): Promise<void> => {
    clock.set(until);
    await loadLeague(app.warehouse, league, { clock, ...omitUndefined({ since }) });
    since = until.toISOString();
  };
  const home = fresh();
  await within(home, async (app) => {
    const yesterday = addDays(first, -1);
    await liveDays(await dayDeps(app, 'test'), { league, clock, slates: [yesterday], hours: ONE_RUN });
    since = clock.now().toISOString();
  });
  await createBackup(at(home), { adopt: true });
  await rm(home, { recursive: true });
  return {
    github,
    slack,
    variables: { TIPOFF_BACKUP: 'github' },
    secrets: { TIPOFF_BACKUP_KEY: KEY, TIPOFF_SLACK_TOKEN: FAKE_TOKEN },
    goOn: (until, change) =>
      restored(async (here) => {
        await within(here, async (app) => {
          await load(app, until);
          await change?.(app);
        });
        await createBackup(at(here));
      }),
    look: (work) => restored((here) => within(here, work)),
    fresh,
    close: async () => {
      await Promise.all([github.close(), slack.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

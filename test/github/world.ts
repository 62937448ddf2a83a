import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupDeps, createBackup, restoreBackup } from '#app/backup.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { healthyLeague, liveDays, settableClock } from '#app/healthy-league.ts';
import { addDays, easternInstant, type Slate } from '#core/calendar.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { runDay } from '#pipeline/day.ts';
import { sealedWith } from '#platform/backup/seal.ts';
import type { Clock } from '#platform/clock.ts';
import { openGitHubRelease } from '#platform/objects/github-release.ts';
import { loadLeague } from '#simulate/league.ts';
import { FakeReleases } from '#test/fakes/github-releases.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { madeOnce } from '#test/fakes/leagues.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { injuriesAnswer } from '#test/pipeline/ingest/formats/espn.ts';

/** The key under which the home is saved: nothing of it outlives the test. */
export const KEY = 'a key for nothing but tests';

/** The providers of the league, whose data comes by files here. */
export interface FakeProviders {
  readonly url: string;
  /** What they answer: that nothing is new (304), that they are down (503), that they refuse this machine (403). */
  status: 304 | 503 | 403;
  close(): Promise<void>;
}

/** Starts all providers on one free loopback port. */
export async function fakeProviders(): Promise<FakeProviders> {
  const server = createServer((request, response) => {
    // Who is asked for the first time has something to say.
    if (fake.status === 304 && request.url?.endsWith('/injuries') === true)
      response.end(JSON.stringify(injuriesAnswer([], '2024-11-30T17:00:00Z')));
    else response.writeHead(fake.status).end();
  });
  const fake: FakeProviders = {
    url: '',
    status: 304,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** The variables by which every provider is asked at one address. */
export const providersAt = (url: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['NBA', 'NBA_STATS', 'INJURY_REPORT', 'ESPN', 'ODDS'].map((name) => [`TIPOFF_${name}_URL`, url]),
  );

/** GitHub, Slack and the simulated league around a home that lies in a release, and in no folder of this machine. */
export interface World {
  readonly github: FakeGitHub;
  readonly slack: FakeSlack;
  readonly providers: FakeProviders;
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

/** The commit that the pocket runner runs. */
const SHA = '0'.repeat(40);

/** Works on a home at the instant of a clock. */
async function within<T>(home: string, clock: Clock, work: (app: App) => Promise<T>): Promise<T> {
  const config = { ...readConfig({ TIPOFF_CODE_VERSION: SHA }), home };
  const app = await openApp(config, { command: 'test', clock, write: () => undefined });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** When the one run of a day that is lived without workflows is made, in New York. */
const LIVED_AT = '12:15';
/** What decides what is in a home in which a day was lived. */
const SOURCES = ['src', 'test/github/world.ts'];

/**
 * Makes a home of the healthy league in which one day was lived, after noon and without workflows, and returns the instant up to
 * which it knows the league. The day is lived once for every suite that asks.
 */
async function homeAfter(slate: Slate, home: string): Promise<string> {
  const lived = await madeOnce(`lived ${slate}`, SOURCES, async (path) => {
    const clock = settableClock(runAt(slate));
    const options = {
      league: healthyLeague(),
      clock,
      slates: [slate],
      hours: [{ at: LIVED_AT, run: true }] as const,
    };
    await within(path, clock, async (app) => liveDays(await dayDeps(app, 'test'), options));
  });
  await cp(lived, home, { recursive: true });
  return easternInstant(slate, LIVED_AT).toISOString();
}

/** A world whose home knows everything until the day before `first`, which was predicted. */
export async function openWorld(first: Slate): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tipoff-github-'));
  const [github, slack, providers] = await Promise.all([fakeGitHub(), fakeSlack(), fakeProviders()]);
  const league = healthyLeague();
  const clock = settableClock(runAt(addDays(first, -1)));
  let count = 0;
  const fresh = (): string => join(folder, `home-${++count}`);
  const at = (home: string): BackupDeps => vault(github, home, clock);
  // The home that was saved last, for as long as no other one is saved.
  let newest: { readonly assets: string; readonly home: string } | undefined;
  const savedAssets = (): string =>
    github.releases
      .assets()
      .map(({ id }) => id)
      .join();
  const restored = async <T>(work: (home: string) => Promise<T>): Promise<T> => {
    if (newest?.assets !== savedAssets()) {
      if (newest !== undefined) await rm(newest.home, { recursive: true, force: true });
      const home = fresh();
      await restoreBackup(at(home));
      newest = { assets: savedAssets(), home };
    }
    return work(newest.home);
  };
  const load = async (app: App, until: Date): Promise<void> => {
    clock.set(until);
    await loadLeague(app.warehouse, league, { clock, since });
    since = until.toISOString();
  };
  const home = fresh();
  let since = await homeAfter(addDays(first, -1), home);
  await createBackup(at(home), { adopt: true });
  newest = { assets: savedAssets(), home };
  return {
    github,
    slack,
    providers,
    variables: { TIPOFF_BACKUP: 'github' },
    secrets: { TIPOFF_BACKUP_KEY: KEY, TIPOFF_SLACK_TOKEN: FAKE_TOKEN },
    goOn: (until, change) =>
      restored(async (here) => {
        await within(here, clock, async (app) => {
          await load(app, until);
          await change?.(app);
        });
        await createBackup(at(here));
      }),
    look: (work) => restored((here) => within(here, clock, work)),
    fresh,
    close: async () => {
      await Promise.all([github.close(), slack.close(), providers.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A healthy home as it is saved on one evening of the league. */
export interface SavedEvening {
  /** After noon, before its day ran. */
  readonly noon: FakeReleases;
  /** After the day of noon. */
  readonly day: FakeReleases;
  /** Just before the last tip-off, after a day before the first one. */
  readonly late: FakeReleases;
}

/** The instants of the saved evening at which something runs, in New York. */
export const EVENING_HOURS = { noon: '12:37', before: '17:40', late: '19:15' } as const;

/** Runs an evening through without workflows, and keeps what a release would hold at three times of it. */
export async function saveEvening(slate: Slate): Promise<SavedEvening> {
  const folder = await mkdtemp(join(tmpdir(), 'tipoff-evening-'));
  const github = await fakeGitHub();
  const league = healthyLeague();
  const at = (hour: string): Date => easternInstant(slate, hour);
  const clock = settableClock(at(EVENING_HOURS.noon));
  const home = join(folder, 'home');
  let since = await homeAfter(addDays(slate, -1), home);
  const load = async ({ warehouse }: App, hour: string): Promise<void> => {
    clock.set(at(hour));
    await loadLeague(warehouse, league, { clock, since });
    since = clock.now().toISOString();
  };
  const day = async (app: App): Promise<void> => {
    const { state } = await runDay(await dayDeps(app, 'test'), { slate, by: 'test' });
    for (const job of ['fetch', 'day'] as const)
      await beat(app, { job, ok: true, maxSilenceSeconds: JOBS[job], detail: state });
  };
  const stage = async (work: (app: App) => Promise<void>): Promise<FakeReleases> => {
    await within(home, clock, work);
    await createBackup(vault(github, home, clock), { adopt: true });
    const saved = new FakeReleases();
    saved.adopt(github.releases);
    return saved;
  };
  try {
    const noon = await stage((app) => load(app, EVENING_HOURS.noon));
    const afterDay = await stage(day);
    const late = await stage(async (app) => {
      await load(app, EVENING_HOURS.before);
      await day(app);
      await load(app, EVENING_HOURS.late);
    });
    return { noon, day: afterDay, late };
  } finally {
    await github.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a home is saved: in a release of the fake GitHub, under the key of the tests. */
const vault = (github: FakeGitHub, home: string, clock: Clock): BackupDeps => ({
  home,
  clock,
  codeVersion: SHA,
  seal: sealedWith(KEY),
  store: openGitHubRelease({
    repository: FAKE_REPOSITORY,
    tag: 'tipoff-home',
    token: FAKE_GITHUB_TOKEN,
    apiUrl: github.url,
  }),
});

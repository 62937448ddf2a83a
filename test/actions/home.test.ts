import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { action as keepEvening } from '#actions/keep-evening/main.ts';
import type { ActionDeps } from '#actions/lib/action.ts';
import { readContext } from '#actions/lib/context.ts';
import { virtualClock } from '#platform/clock.ts';
import { within } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { emptyHome } from '#test/app/empty-home.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';

const { run, folder } = actionRunner();
let github: FakeGitHub;
beforeEach(async () => {
  github = await fakeGitHub();
});
afterEach(() => github.close());
const env = (home: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  TIPOFF_HOME: home,
  TIPOFF_BACKUP: 'github',
  TIPOFF_BACKUP_KEY: 'a key for nothing but tests',
  GITHUB_REPOSITORY: FAKE_REPOSITORY,
  GITHUB_API_URL: github.url,
  GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
  ...more,
});
const savedHome = async (): Promise<string> => {
  const home = join(folder(), 'home');
  await emptyHome(home);
  expect(await run('save-home', {}, env(home))).toMatchObject({ code: 0, outputs: { generation: '1' } });
  return home;
};

describe('restore-home', () => {
  it.each([
    ['no key', { TIPOFF_BACKUP_KEY: '' }, 'the secret TIPOFF_BACKUP_KEY is missing'],
    ['no place', { TIPOFF_BACKUP: '' }, 'TIPOFF_BACKUP names no place'],
    ['nothing saved', {}, 'No home has been saved yet'],
  ])('is green with %s, says what to do, and makes nothing', async (_what, more, says) => {
    const home = join(folder(), 'home');
    const ran = await run('restore-home', {}, env(home, more));
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'skipped', ready: 'false', generation: '' } });
    expect(ran.summary).toContain(says);
    expect(ran.summary).toContain('workflow "setup"');
    expect([existsSync(home), github.writes()]).toEqual([false, []]);
  });

  it('brings the home, and is red when none can be used', async () => {
    await savedHome();
    const fresh = join(folder(), 'home');
    expect(await run('restore-home', {}, env(fresh))).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', ready: 'true', generation: '1' },
    });
    expect(await run('restore-home', {}, env(fresh))).toMatchObject({
      code: 0,
      outputs: { ready: 'true', generation: '' },
    });
    const other = { TIPOFF_BACKUP_KEY: 'another key, just as long' };
    const ran = await run('restore-home', {}, env(join(folder(), 'home'), other));
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error', ready: 'false' } });
    expect(ran.summary).toContain('TIPOFF_BACKUP_KEY');
  });

  it('is red when GitHub does not answer', async () => {
    github.readOnly = false;
    github.troubles.push({ status: 403, message: 'Resource not accessible by integration' });
    const ran = await run('restore-home', {}, env(join(folder(), 'home')));
    expect(ran).toMatchObject({ outputs: { verdict: 'error', ready: 'false' } });
    expect(ran.summary).toContain('contents: write');
  });
});

describe('save-home', () => {
  it('does the work again on the home of a run that saved first, and loses neither', async () => {
    const mine = await savedHome();
    const theirs = join(folder(), 'home');
    await run('restore-home', {}, env(theirs));
    await within(theirs, ({ state }) => state.create('incidents', 'theirs', { of: 'another run' }));
    expect(await run('save-home', {}, env(theirs))).toMatchObject({ outputs: { generation: '2' } });
    const refused = await run('save-home', {}, env(mine));
    expect(refused).toMatchObject({ code: 1, outputs: { verdict: 'error', saved: 'false' } });
    const ran = await run('save-home', { redo: 'canary run --only contract_drift\n' }, env(mine));
    expect(ran).toMatchObject({ code: 0, outputs: { generation: '3', saved: 'true' } });
    expect(ran.log).toContain('tipoff canary run --only contract_drift');
    expect(await within(mine, ({ state }) => state.get('incidents', 'theirs'))).toBeDefined();
  });

  it('has nothing to do where no back-up is declared', async () => {
    const home = folder();
    await emptyHome(home);
    expect(await run('save-home', {}, env(home, { TIPOFF_BACKUP: '' }))).toMatchObject({
      code: 0,
      outputs: { verdict: 'skipped', saved: 'false' },
    });
  });
});

describe('run-day', () => {
  it('takes a season without a single known game for an error, and summer for what it is', async () => {
    const home = folder();
    await emptyHome(home);
    const winter = await run('run-day', {}, env(home, { TIPOFF_AT: '2025-01-10T17:00:00Z' }));
    expect(winter).toMatchObject({ outputs: { verdict: 'error', state: 'no_games' } });
    expect(winter.code).not.toBe(0);
    expect(winter.summary).toContain('not one game is known around 2025-01-10');
    const summer = await run('run-day', {}, env(home, { TIPOFF_AT: '2025-08-10T17:00:00Z' }));
    expect(summer).toMatchObject({ code: 0, outputs: { verdict: 'nothing', games: '0' } });
  });
});

describe('check-setup', () => {
  it('says in words what is missing, and fails for that without which nothing runs', async () => {
    const nobody = Object.fromEntries(
      ['NBA', 'NBA_STATS', 'INJURY_REPORT', 'ESPN', 'ODDS'].map((name) => [
        `TIPOFF_${name}_URL`,
        `${github.url}/nobody`,
      ]),
    );
    const ran = await run('check-setup', {}, env(folder(), { ...nobody, TIPOFF_BACKUP_KEY: '' }));
    expect(ran).toMatchObject({ code: 1, outputs: { verdict: 'failed', missing: '2' } });
    for (const words of ['TIPOFF_BACKUP_KEY', 'ODDS_API_KEY is not set', 'TIPOFF_SLACK_TOKEN is not set'])
      expect(ran.log).toContain(words);
    // The probe of the permission leaves nothing behind.
    expect(github.releases.assets()).toEqual([]);
  });
});

describe('keep-evening', () => {
  const evening = async (answers: (verb: string) => unknown = () => ({})) => {
    const clock = virtualClock('2025-01-10T23:00:00Z');
    const verbs: string[] = [];
    const deps: ActionDeps = {
      context: readContext({}),
      clock,
      profile: 'embedded',
      tipoff: async (...args) => {
        verbs.push(`${clock.now().toISOString().slice(11, 16)} ${args.join(' ')}`);
        return { code: 0, json: answers(args[0] ?? ''), err: '' };
      },
      withApp: async (_command, work) =>
        work({
          warehouse: {
            query: async () =>
              ['00:00', '00:30', '03:00'].map((time) => ({ tipoff_at: `2025-01-11T${time}:00Z` })),
          },
        } as never),
      http: () => async () => ({ status: 200, body: {} }),
      gcloud: (async () => undefined) as never,
      log: () => undefined,
      slackUrl: undefined,
      slackOwners: undefined,
    };
    const { run: begin } = keepEvening.begin((name) => (name === 'minutes' ? '120' : ''), deps.context);
    return { verbs, result: await begin(deps) };
  };

  it('updates before each tip-off, and leaves what is beyond its time to the next one', async () => {
    const { verbs, result } = await evening();
    expect(verbs).toEqual([
      '23:38 fetch 2025-01-10',
      '23:38 day 2025-01-10 --mode LINE_UPDATE',
      '23:38 canary run',
      '00:08 fetch 2025-01-10',
      '00:08 day 2025-01-10 --mode LINE_UPDATE',
      '00:08 canary run',
    ]);
    expect(result).toMatchObject({ outputs: { rounds: 2, left: 1 }, report: { verdict: 'ok' } });
  });

  it('goes on after a round with trouble, and says it', async () => {
    const broken = { error: { code: 'TIPOFF_PROVIDER_DOWN', message: 'no answer', hint: 'later' } };
    const { result } = await evening((verb) => (verb === 'fetch' ? broken : {}));
    expect(result).toMatchObject({ outputs: { rounds: 2 }, report: { verdict: 'warning' } });
    expect(JSON.stringify(result.report.rows)).toContain('fetch: TIPOFF_PROVIDER_DOWN');
  });
});

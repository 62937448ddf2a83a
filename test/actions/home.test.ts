import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { action as keepEvening } from '#actions/keep-evening/main.ts';
import type { ActionDeps } from '#actions/lib/action.ts';
import { readContext } from '#actions/lib/context.ts';
import { action as loadSeason } from '#actions/load-season/main.ts';
import { action as runDay } from '#actions/run-day/main.ts';
import { virtualClock } from '#platform/clock.ts';
import { within } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
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
  await homeWithoutRows(home);
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
    await homeWithoutRows(home);
    expect(await run('save-home', {}, env(home, { TIPOFF_BACKUP: '' }))).toMatchObject({
      code: 0,
      outputs: { verdict: 'skipped', saved: 'false' },
    });
  });
});

describe('run-day', () => {
  it('takes a season without a single known game for an error, and summer for what it is', async () => {
    const home = folder();
    await homeWithoutRows(home);
    const winter = await run('run-day', {}, env(home, { TIPOFF_AT: '2025-01-10T17:00:00Z' }));
    expect(winter).toMatchObject({ outputs: { verdict: 'error', state: 'no_games' } });
    expect(winter.code).not.toBe(0);
    expect(winter.summary).toContain('not one game is known around 2025-01-10');
    const summer = await run('run-day', {}, env(home, { TIPOFF_AT: '2025-08-10T17:00:00Z' }));
    expect(summer).toMatchObject({ code: 0, outputs: { verdict: 'nothing', games: '0' } });
  });

  it('says what the first weeks of a season lack where no earlier one is known', async () => {
    const why = 'TIPOFF_NO_MODEL: too little history before 2024-11-08: expected 3 weeks, saw 0';
    const day = {
      ...{ slate: '2024-11-08', mode: 'RETRY', state: 'failed', reason: 'nobody was predicted', games: 13 },
      ...{ expected: 383, predicted: 0, predictions: 0, actionable: 0, phases: [], failed: { [why]: 383 } },
    };
    const { run: begin } = runDay.begin((name) => (name === 'slate' ? day.slate : ''), readContext({}));
    const deps = {
      clock: virtualClock('2024-11-08T17:00:00Z'),
      tipoff: async () => ({ code: 1, json: day, err: '' }),
    } as unknown as ActionDeps;
    const { report } = await begin(deps);
    expect(report).toMatchObject({
      verdict: 'failed',
      summary: expect.stringContaining('forecasts begin about five weeks after the first game'),
      repair: 'tipoff ingest path/to/files',
      runbook: 'docs/github.md',
    });
  });
});

describe('check-setup', () => {
  const nobody = (): Record<string, string> =>
    Object.fromEntries(
      ['NBA', 'NBA_STATS', 'INJURY_REPORT', 'ESPN', 'ODDS'].map((name) => [
        `TIPOFF_${name}_URL`,
        `${github.url}/nobody`,
      ]),
    );

  it('says in words what is missing, and fails for that without which nothing runs', async () => {
    const ran = await run('check-setup', {}, env(folder(), { ...nobody(), TIPOFF_BACKUP_KEY: '' }));
    expect(ran).toMatchObject({ code: 1, outputs: { verdict: 'failed', missing: '2' } });
    for (const words of ['TIPOFF_BACKUP_KEY', 'ODDS_API_KEY is not set', 'TIPOFF_SLACK_TOKEN is not set'])
      expect(ran.log).toContain(words);
    // The probe of the permission leaves nothing behind.
    expect(github.releases.assets()).toEqual([]);
  });

  it('turns on what GitHub turns off in a fork, and leaves alone what a person turned off', async () => {
    const states = { 'day.yml': 'disabled_fork', 'watchdog.yml': 'disabled_inactivity', 'ci.yml': 'active' };
    for (const [file, state] of Object.entries({ ...states, 'canaries.yml': 'disabled_manually' }))
      github.workflows.push({ id: github.workflows.length + 1, path: `.github/workflows/${file}`, state });
    const asked = async () => run('check-setup', { token: FAKE_GITHUB_TOKEN }, env(folder(), nobody()));
    expect((await asked()).log).toContain(
      'turned on: day.yml, watchdog.yml; turned off by hand: canaries.yml',
    );
    expect(github.workflows.map(({ state }) => state)).toEqual([
      'active',
      'active',
      'active',
      'disabled_manually',
    ]);
    expect((await asked()).log).toContain('all that GitHub turns off are on');
    Object.assign(github.workflows[0] ?? {}, { state: 'disabled_manually' });
    expect((await asked()).log).toContain('day.yml is turned off');
  });
});

describe('load-season', () => {
  /** A season with so many games that are over, 40 of which a run asks for once the schedule was read. */
  const season = (games: number, broken = 0) => {
    const verbs: string[] = [];
    let [isRead, isKnown, left] = [false, false, games];
    const deps = {
      clock: virtualClock('2024-12-16T17:00:00Z'),
      log: () => undefined,
      tipoff: async (verb: string) => {
        verbs.push(verb);
        if (verb === 'backfill') {
          isRead = isKnown;
          return { code: 0, json: {}, err: '' };
        }
        const asked = isRead ? Math.min(40, left) : 0;
        const loaded = isKnown ? Math.max(0, asked - broken) : 1400;
        [isKnown, left] = [true, left - Math.max(0, asked - broken)];
        const rest = isRead ? left - Math.min(left, broken) : 0;
        const json = {
          ingested: { loaded },
          failures: [],
          stillMissing: Array.from({ length: isRead ? Math.min(broken, asked) : 0 }, (_, i) => ({
            what: `box score ${i}`,
            message: 'saw 403',
          })),
          skipped: rest > 0 ? [`${rest} box scores from 2024-10-22 to 2024-11-01: a run asks for 40`] : [],
        };
        return { code: 0, json, err: '' };
      },
    } as unknown as ActionDeps;
    const { run: begin } = loadSeason.begin(() => '', readContext({}));
    return { verbs, ended: begin(deps) };
  };

  it('reads the schedule first, and then asks for every box score of it', async () => {
    const { verbs, ended } = season(90);
    const { report, outputs } = await ended;
    expect(verbs).toEqual(['fetch', 'backfill', 'fetch', 'fetch', 'fetch', 'backfill']);
    expect(outputs).toEqual({ rows: 1490, missing: 0 });
    expect(report.verdict).toBe('ok');
  });

  it('is over at once where everything is there, and warns of what nobody gives', async () => {
    expect((await season(0).ended).outputs).toEqual({ rows: 1400, missing: 0 });
    const { verbs, ended } = season(90, 40);
    const { report } = await ended;
    expect(verbs).toEqual(['fetch', 'backfill', 'fetch', 'backfill']);
    expect(report.verdict).toBe('warning');
    expect(report.summary).toContain('41 answers missing');
  });
});

describe('keep-evening', () => {
  const SLATE = '2025-01-10';
  /** What a home knows of its evening: when its slate was last looked at, and every look that was saved. */
  interface EveningHome {
    lookedAt: string | null;
    looks: string[];
  }
  type Answers = (verb: string) => unknown;

  /** An evening with three tip-offs in New York, on a home that lies in a store. `dieAt` is the verb in which the job is stopped. */
  const evening = (
    stored: { home: EveningHome },
    {
      from = '2025-01-10T23:00:00Z',
      minutes = 120,
      answers = () => ({}),
      dieAt = Number.POSITIVE_INFINITY,
    }: { from?: string; minutes?: number; answers?: Answers; dieAt?: number } = {},
  ) => {
    const clock = virtualClock(from);
    const home = structuredClone(stored.home);
    const verbs: string[] = [];
    let stopped = (): void => undefined;
    const death = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const deps: ActionDeps = {
      context: readContext({}),
      clock,
      profile: 'embedded',
      tipoff: async (...args) => {
        verbs.push(`${clock.now().toISOString().slice(11, 16)} ${args.join(' ')}`);
        if (verbs.length >= dieAt) {
          stopped();
          // The machine is gone: nothing comes after this.
          return new Promise(() => undefined);
        }
        const json = answers(args[0] ?? '');
        const isFine = JSON.stringify(json) === '{}';
        if (args[0] === 'day' && isFine) {
          home.lookedAt = clock.now().toISOString();
          home.looks.push(home.lookedAt.slice(11, 16));
        }
        if (args[0] === 'backup') {
          stored.home = structuredClone(home);
          return { code: 0, json: { generation: 1, rows: 1, written: 1 }, err: '' };
        }
        return { code: 0, json, err: '' };
      },
      withApp: async (_command, work) =>
        work({
          clock,
          warehouse: {
            query: async (sql: string) =>
              sql.includes('phase_runs')
                ? [{ looked_at: home.lookedAt }]
                : ['00:00', '00:30', '03:00'].map((time) => ({ tipoff_at: `2025-01-11T${time}:00Z` })),
          },
        } as never),
      http: () => async () => ({ status: 200, body: {} }),
      gcloud: (async () => undefined) as never,
      log: () => undefined,
      slackUrl: undefined,
      slackOwners: undefined,
    };
    const { run: begin } = keepEvening.begin(
      (name) => (name === 'minutes' ? String(minutes) : ''),
      deps.context,
    );
    return { verbs, ended: begin(deps), death };
  };
  const fresh = (): { home: EveningHome } => ({ home: { lookedAt: `${SLATE}T22:30:00Z`, looks: [] } });

  beforeEach(() => vi.stubEnv('TIPOFF_BACKUP', 'github'));
  afterEach(() => vi.unstubAllEnvs());

  it('looks when the slate is due, and leaves what is beyond its time to the next one', async () => {
    const { verbs, ended } = evening(fresh());
    const round = (time: string): string[] =>
      [`fetch ${SLATE}`, `day ${SLATE} --due`, 'canary run', 'backup create'].map(
        (verb) => `${time} ${verb}`,
      );
    expect(await ended).toMatchObject({ outputs: { rounds: 3, left: true }, report: { verdict: 'ok' } });
    // 20 minutes before 00:00, 180 before 03:00, 20 before 00:30.
    expect(verbs).toEqual([...round('23:40'), ...round('00:00'), ...round('00:10')]);
  });

  it('may be stopped in any verb: its successor looks at what is left, and nothing is lost', async () => {
    const undisturbed = fresh();
    const whole = evening(undisturbed, { minutes: 350 });
    await whole.ended;
    const looks = undisturbed.home.looks;
    expect(looks).toEqual(['23:40', '00:00', '00:10', '02:40']);
    for (let dieAt = 1; dieAt <= whole.verbs.length; dieAt++) {
      const stored = fresh();
      const first = evening(stored, { minutes: 350, dieAt });
      await first.death;
      const died = first.verbs.at(-1)?.slice(0, 5) ?? '';
      const day = died >= '22:00' ? SLATE : '2025-01-11';
      await evening(stored, { minutes: 350, from: `${day}T${died}:00Z` }).ended;
      expect(stored.home.looks, `stopped in ${first.verbs.at(-1)}`).toEqual(looks);
    }
  });

  it('goes on after a round with trouble, says it, and saves what there is', async () => {
    const broken = { error: { code: 'TIPOFF_PROVIDER_DOWN', message: 'no answer', hint: 'later' } };
    const stored = fresh();
    const result = await evening(stored, { answers: (verb) => (verb === 'fetch' ? broken : {}) }).ended;
    expect(result).toMatchObject({ outputs: { rounds: 3 }, report: { verdict: 'warning' } });
    expect(JSON.stringify(result.report.rows)).toContain('fetch: TIPOFF_PROVIDER_DOWN');
    expect(stored.home.looks).toHaveLength(3);
  });

  it('tries a look again that did not get as far as the statuses, every five minutes until the tip-off', async () => {
    const held = { error: { code: 'TIPOFF_SQL', message: 'no', hint: 'look' } };
    const { verbs, ended } = evening(fresh(), {
      minutes: 70,
      answers: (verb) => (verb === 'day' ? held : {}),
    });
    await ended;
    expect(
      verbs
        .filter((verb) => verb.includes(' day '))
        .slice(0, 4)
        .map((verb) => verb.slice(0, 5)),
    ).toEqual(['23:40', '23:45', '23:50', '23:55']);
  });
});

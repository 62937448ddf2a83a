import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { backfillStatus } from '#guard/backfill/ledger.ts';
import { leagueHome, within } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { playsAll } from '#test/depth.ts';
import { FAKE_GITHUB_TOKEN, FAKE_REPOSITORY, fakeGitHub } from '#test/fakes/github-server.ts';
import { runHere } from '#test/workflows/run-here.ts';

const { run, folder } = actionRunner();
// Every piece is two jobs, each of which restores a home.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const KEY = 'a key for nothing but tests';

// That a backfill goes on where its time was up is shown within one process as well (`test/guard/backfill/resume.test.ts`).
it.skipIf(!playsAll)(
  `${playsAll ? '' : 'played by npm run test:all: '}a backfill that reaches the limit of its job is saved and carried on by the next one, until all is done`,
  async () => {
    const [github, league] = [await fakeGitHub(), await leagueHome()];
    const env = {
      GITHUB_API_URL: github.url,
      GITHUB_REPOSITORY: FAKE_REPOSITORY,
      GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
    };
    const at = '2024-11-20T22:30:00Z';
    try {
      await run(
        'save-home',
        {},
        { ...env, TIPOFF_HOME: league.path, TIPOFF_BACKUP: 'github', TIPOFF_BACKUP_KEY: KEY },
      );
      let inputs: Readonly<Record<string, string>> | undefined = {
        ...{ from: '2024-11-01', to: '2024-11-19', phases: 'analytics', mode: 'all' },
        ...{ reason: 'new home', dry_run: 'false' },
      };
      const pieces: Readonly<Record<string, string>>[] = [];
      while (inputs !== undefined) {
        pieces.push(inputs);
        const ran = await runHere(
          {
            ...{ file: 'backfill.yml', event: 'workflow_dispatch', at, inputs },
            // Of a job that has no time at all one chunk is done.
            vars: { TIPOFF_BACKUP: 'github', TIPOFF_BACKFILL_MINUTES: '0.0001' },
            secrets: { TIPOFF_BACKUP_KEY: KEY },
          },
          env,
        );
        expect(
          ran.jobs.map(({ result }) => result),
          ran.log,
        ).toEqual(['success', 'success']);
        inputs = github.dispatches[pieces.length - 1]?.inputs;
      }
      expect(pieces.length).toBeGreaterThan(2);
      expect(
        pieces
          .slice(1)
          .every(({ resume, from, mode }) => resume === 'true' && from === '2024-11-01' && mode === 'all'),
      ).toBe(true);
      const home = join(folder(), 'home');
      await run(
        'restore-home',
        {},
        { ...env, TIPOFF_HOME: home, TIPOFF_BACKUP: 'github', TIPOFF_BACKUP_KEY: KEY },
      );
      const status = await within(home, ({ state }) => backfillStatus(state));
      // One run in all: what was done in an earlier piece was not forced again.
      expect(status.runs).toMatchObject([{ state: 'finished', from: '2024-11-01', to: '2024-11-19' }]);
      expect(status.runs[0]?.done_units).toBe(status.runs[0]?.planned_units);
      expect(status.failures).toEqual([]);
    } finally {
      await Promise.all([github.close(), league.remove()]);
    }
  },
);

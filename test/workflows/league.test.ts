import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { type Home, leagueHome, lookInto } from '#test/actions/prepared-home.ts';
import { actionRunner, withVariables } from '#test/actions/run-action.ts';
import { type RanHere, runHere } from '#test/workflows/run-here.ts';

// A league is computed by workflows alone.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const { folder } = actionRunner();
const TONIGHT = '2024-11-20';
/** Half an hour after a batch of tonight was started that nobody works on. */
const NOW = `${TONIGHT}T22:30:00Z`;
let home: Home;
beforeAll(async () => {
  home = await leagueHome();
});
afterAll(() => home.remove());

const start = (
  home: string,
  file: string,
  event: string,
  inputs: Readonly<Record<string, string>> = {},
): Promise<RanHere> => runHere({ file, event, inputs, at: NOW, home }, { USER: 'ann' });
const summary = ({ jobs }: RanHere): string => jobs.map((job) => job.summary).join('\n');
const results = ({ jobs }: RanHere): string[] => jobs.map(({ job, result }) => `${job} ${result}`);

describe('the simulated league, by workflows alone', () => {
  it('is computed by a backfill that was looked at first; a stuck batch is named by the canaries, reset, and named no more', async () => {
    const here = home.copy(folder());
    const range = { from: '2024-11-15', to: TONIGHT, phases: 'analytics,precompute', reason: 'new home' };
    const plan = await start(here, 'backfill.yml', 'workflow_dispatch', range);
    expect(results(plan)).toEqual(['plan success', 'dispatch skipped']);
    expect(summary(plan)).toContain('| MLFeatureStore |');
    expect(summary(plan)).toContain('ETA in seconds');
    const real = await start(here, 'backfill.yml', 'workflow_dispatch', { ...range, dry_run: 'false' });
    expect(results(real)).toEqual(['plan success', 'dispatch success']);
    // Today is never finished; the days before it are.
    const past = { ...range, to: '2024-11-19', dry_run: 'false' };
    const again = await start(here, 'backfill.yml', 'workflow_dispatch', past);
    expect(results(again)).toEqual(['plan success', 'dispatch skipped']);
    expect(summary(again)).toContain('every unit of the range is up to date');

    const batch = ['batch', 'start', TONIGHT, '--mode', 'FIRST', '--at', `${TONIGHT}T22:00:00Z`];
    const started = await withVariables({ TIPOFF_HOME: here }, () =>
      main(batch, { out: () => undefined, err: () => undefined }),
    );
    expect(started).toBe(0);
    const alarm = await start(here, 'canaries.yml', 'schedule');
    expect(alarm.jobs.map(({ result }) => result)).toEqual(['success']);
    expect(summary(alarm)).toMatch(
      /^\| 🔴 \| batch_stuck \| 2024-11-20 \| .* 2024-11-20-first-001: running/m,
    );

    const looked = { game_date: TONIGHT, reason: 'stuck' };
    const reset = { ...looked, dry_run: 'false' };
    expect(summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', looked))).toContain(
      '1 batch would be reset',
    );
    expect(summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', reset))).toContain(
      '1 batch reset',
    );
    expect((await lookInto(here)).states).toEqual({ '2024-11-20-first-001': 'reset' });
    expect(summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', reset))).toContain(
      'Nothing changed',
    );
    expect(summary(await start(here, 'canaries.yml', 'schedule'))).not.toContain('batch_stuck');

    const cleanup = await start(here, 'staging-cleanup.yml', 'schedule');
    expect(cleanup.jobs).toMatchObject([{ result: 'success' }]);
    const others = cleanup.jobs[0]?.steps
      .filter(({ outcome }) => outcome === 'not here')
      .map(({ name }) => name);
    expect(others).toEqual([expect.stringContaining('actions/checkout@'), './actions/setup']);
  });
});

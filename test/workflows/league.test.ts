import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Home, leagueHome, lookInto } from '#test/actions/prepared-home.ts';
import { actionRunner, ROOT } from '#test/actions/run-action.ts';
import { type Ran, runWorkflow } from '#test/workflows/run-workflow.ts';

// A league is computed by workflows alone.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const { folder } = actionRunner();
const run = promisify(execFile);
const TONIGHT = '2024-11-20';
/** Half an hour after a batch of tonight was started that nobody works on. */
const NOW = `${TONIGHT}T22:30:00Z`;
let home: Home;
beforeAll(async () => {
  home = await leagueHome();
});
afterAll(() => home.remove());

const start = (here: string, file: string, event: string, ...inputs: readonly string[]): Promise<Ran> =>
  runWorkflow(folder(), `.github/workflows/${file}`, event, [
    ...['--home', here, '--at', NOW],
    ...inputs.flatMap((input) => ['--input', input]),
  ]);
const summary = ({ jobs }: Ran): string => jobs.map((job) => job.summary).join('\n');

describe('the simulated league, by workflows alone', () => {
  it('is computed by a backfill that was looked at first; a stuck batch is named by the canaries, reset, and named no more', async () => {
    const here = home.copy(folder());
    const range = ['from=2024-11-15', `to=${TONIGHT}`, 'phases=analytics,precompute', 'reason=new home'];
    const plan = await start(here, 'backfill.yml', 'workflow_dispatch', ...range);
    expect(plan.jobs.map(({ job, result }) => `${job} ${result}`)).toEqual([
      'plan success',
      'dispatch skipped',
    ]);
    expect(summary(plan)).toContain('| MLFeatureStore |');
    expect(summary(plan)).toContain('ETA in seconds');
    const real = await start(here, 'backfill.yml', 'workflow_dispatch', ...range, 'dry_run=false');
    expect(real.jobs.map(({ job, result }) => `${job} ${result}`)).toEqual([
      'plan success',
      'dispatch success',
    ]);
    // Today is never finished; the days before it are.
    const past = range.with(1, 'to=2024-11-19');
    const again = await start(here, 'backfill.yml', 'workflow_dispatch', ...past, 'dry_run=false');
    expect(again.jobs.map(({ job, result }) => `${job} ${result}`)).toEqual([
      'plan success',
      'dispatch skipped',
    ]);
    expect(summary(again)).toContain('every unit of the range is up to date');

    const batch = [
      'batch',
      'start',
      TONIGHT,
      '--mode',
      'FIRST',
      '--home',
      here,
      '--at',
      `${TONIGHT}T22:00:00Z`,
    ];
    await run(process.execPath, [join(ROOT, 'src/app/cli/tipoff.ts'), ...batch]);
    const alarm = await start(here, 'canaries.yml', 'schedule');
    expect(alarm.code).toBe(0);
    expect(summary(alarm)).toMatch(
      /^\| 🔴 \| batch_stuck \| 2024-11-20 \| .* 2024-11-20-first-001: running/m,
    );

    const reset = ['game_date=2024-11-20', 'reason=stuck'];
    expect(summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', ...reset))).toContain(
      '1 batch would be reset',
    );
    expect(
      summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', ...reset, 'dry_run=false')),
    ).toContain('1 batch reset');
    expect((await lookInto(here)).states).toEqual({ '2024-11-20-first-001': 'reset' });
    expect(
      summary(await start(here, 'reset-batch.yml', 'workflow_dispatch', ...reset, 'dry_run=false')),
    ).toContain('Nothing changed');
    expect(summary(await start(here, 'canaries.yml', 'schedule'))).not.toContain('batch_stuck');

    const cleanup = await start(here, 'staging-cleanup.yml', 'schedule');
    expect(cleanup).toMatchObject({ code: 0 });
    const others = cleanup.jobs[0]?.steps
      .filter(({ outcome }) => outcome === 'not here')
      .map(({ name }) => name);
    expect(others).toEqual([expect.stringContaining('actions/checkout@'), './actions/setup']);
  });
});

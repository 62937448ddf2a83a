import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, lookInto, preparedHome, SLATE, within } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';

const { run, folder } = actionRunner();
let home: Home;
beforeAll(async () => {
  home = await preparedHome({ done: 'published', stuck: 'running', waits: 'held', lost: 'unknown' });
});
afterAll(() => home.remove());

const at = (path: string) => ({ TIPOFF_HOME: path });
const table = (batch: string) => `_staging_${batch}__u00_1`;

describe('clean-staging', () => {
  it('changes nothing unless it is told to', async () => {
    const here = home.copy(folder());
    const ran = await run('clean-staging', {}, at(here));
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'warning', dropped: '0', would_drop: '1', errors: '0' },
    });
    expect((await lookInto(here)).tables).toHaveLength(4);
  });

  it('drops what is merged, warns of what nobody merged, and finds nothing the second time', async () => {
    const here = home.copy(folder());
    const ran = await run('clean-staging', { dry_run: 'false' }, at(here));
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'warning', dropped: '1', would_drop: '0' } });
    expect(ran.log).toMatch(
      new RegExp(`^::warning title=Unmerged predictions::${table('lost')}: 2 rows`, 'm'),
    );
    expect(ran.summary.replaceAll('\\', '')).toContain(`nba_predictions.${table('done')}`);
    expect((await lookInto(here)).tables).toEqual([table('lost'), table('stuck'), table('waits')]);
    const again = await run('clean-staging', { dry_run: 'false' }, at(here));
    expect(again).toMatchObject({ code: 0, outputs: { dropped: '0' } });
    expect(again.summary).toContain('the run changed nothing');
  });

  it('leaves the one sign of life of its job when it does its work, and none when it only looks', async () => {
    const here = home.copy(folder());
    const signs = () =>
      within(here, ({ warehouse }) =>
        warehouse.query('SELECT job, max_silence_seconds, detail FROM nba_orchestration.heartbeats'),
      );
    await run('clean-staging', {}, { ...at(here), GITHUB_EVENT_NAME: 'schedule' });
    expect(await signs()).toEqual([]);
    const played = { ...at(here), GITHUB_EVENT_NAME: 'schedule', TIPOFF_AT: '2030-01-01T00:00:00Z' };
    expect(await run('clean-staging', { dry_run: 'false' }, played)).toMatchObject({ code: 0 });
    expect(await signs()).toEqual([
      {
        job: 'staging-cleanup',
        max_silence_seconds: 108_000,
        detail: expect.stringContaining('tables dropped'),
      },
    ]);
    const silent = await run(
      'run-canaries',
      { only: 'job_heartbeats' },
      { ...at(here), TIPOFF_AT: '2030-01-02T07:00:00Z' },
    );
    expect(silent).toMatchObject({ code: 0, outputs: { failing: '["job_heartbeats"]' } });
    expect(silent.summary).toContain('staging-cleanup');
  });

  it.each(['tomorrow', '2025-02-31T10:00:00Z'])('refuses the instant %s', async (instant) => {
    expect(await run('clean-staging', {}, { TIPOFF_AT: instant })).toMatchObject({
      code: 2,
      outputs: { verdict: 'error' },
    });
  });

  it('lists every bad input at once, with safe outputs, and touches nothing', async () => {
    const ran = await run('clean-staging', { max_age_hours: 'abc', dry_run: 'yes' });
    expect(ran).toMatchObject({
      code: 2,
      outputs: { verdict: 'error', dropped: '0', would_drop: '0', errors: '0' },
    });
    expect(ran.summary).toContain('max_age_hours: expected a number from 1 to 8760, saw "abc"');
    expect(ran.summary).toContain('dry_run: expected true or false, saw "yes"');
  });
});

describe('reset-batch', () => {
  it('shows what it would reset, resets it with who asked and why, and finds nothing the second time', async () => {
    const here = home.copy(folder());
    const asked = { game_date: SLATE, reason: 'stuck at 70 %' };
    const dry = await run('reset-batch', asked, at(here));
    expect(dry).toMatchObject({ code: 0, outputs: { verdict: 'ok', reset: '0' } });
    expect(dry.summary).toContain('| stuck | running |');
    expect((await lookInto(here)).states).toMatchObject({ stuck: 'running' });

    const real = await run('reset-batch', { ...asked, dry_run: 'false' }, at(here));
    expect(real).toMatchObject({ code: 0, outputs: { verdict: 'ok', reset: '2' } });
    expect(real.outputs['request_id']).toMatch(/^reset-[0-9a-f]{12}$/);
    expect((await lookInto(here)).states).toEqual({ done: 'published', stuck: 'reset', waits: 'reset' });

    const again = await run('reset-batch', { ...asked, dry_run: 'false' }, at(here));
    expect(again).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', reset: '0', request_id: real.outputs['request_id'] },
    });
    expect(again.summary).toContain('Nothing changed');
  });

  it.each([
    ['neither a date nor a batch', { reason: 'x' }, 'expected either game_date or batch_id'],
    ['both', { reason: 'x', game_date: SLATE, batch_id: 'b' }, 'expected either game_date or batch_id'],
    ['a date that does not exist', { reason: 'x', game_date: '2025-02-30' }, '2025-02-30'],
    ['no reason', { game_date: SLATE }, 'reason: expected why the batch is reset'],
    ['an unknown batch', { reason: 'x', batch_id: 'nope' }, 'there is no batch nope'],
  ])('refuses %s', async (_what, inputs, says) => {
    const ran = await run('reset-batch', inputs, at(home.copy(folder())));
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error', reset: '0' } });
    expect(ran.log).toContain(says);
  });
});

describe('run-canaries', () => {
  it('ends well when a check fails, names it in outputs and annotations, and leaves the report', async () => {
    const ran = await run(
      'run-canaries',
      { only: 'schedule_ahead', as_of: '2025-01-10T20:00:00Z' },
      at(home.copy(folder())),
    );
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'failed', failed: '1', failing: '["schedule_ahead"]' },
    });
    expect(ran.log).toMatch(/^::error title=schedule_ahead FAIL/m);
    expect(ran.report).toMatchObject({ key: 'run-canaries:schedule_ahead', verdict: 'failed' });
    expect(ran.summary).toContain('docs/runbooks/schedule_ahead.md');
  });

  it('refuses a past that does not exist', async () => {
    const ran = await run(
      'run-canaries',
      { only: 'schedule_ahead', as_of: '2025-02-31T20:00:00Z' },
      at(home.copy(folder())),
    );
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
    expect(ran.log).toContain('as_of');
  });

  it('refuses a check that does not exist', async () => {
    const ran = await run('run-canaries', { only: 'nope' });
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error', failed: '0', failing: '[]' } });
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { heartbeats } from '#core/contracts/nba_orchestration.ts';
import { players } from '#core/contracts/nba_reference.ts';
import { lastBeats } from '#guard/canaries/heartbeats.ts';
import { virtualClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let letGo: () => void;
beforeEach(async () => {
  folder = await temporaryFolder();
  await homeWithoutRows(folder.path);
  letGo = await holdWarehouse(folder.path);
});
afterEach(async () => {
  letGo();
  await folder.remove();
});

async function tipoff(
  ...args: string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const streams = { out: '', err: '' };
  const code = await main([...args, '--home', folder.path], {
    out: (text) => {
      streams.out += text;
    },
    err: (text) => {
      streams.err += text;
    },
  });
  return { code, ...streams };
}

const JANUARY = ['--at', '2025-01-10T17:00:00Z'];
const JULY = ['--at', '2025-07-10T17:00:00Z'];

describe('tipoff canary', () => {
  it('lists every check with its runbook', async () => {
    const { code, out } = await tipoff('canary', 'list', '--json');
    const listed: { id: string; runbook: string }[] = JSON.parse(out);
    expect(code).toBe(0);
    expect(listed.length).toBeGreaterThanOrEqual(30);
    expect(listed.find(({ id }) => id === 'prediction_gap')).toMatchObject({
      runbook: 'docs/runbooks/prediction_gap.md',
      looks_at: 'tonight',
    });
  });

  it('exits 0 when nothing is wrong, 1 when a check fails', async () => {
    expect((await tipoff('canary', 'run', '--only', 'schedule_ahead', ...JULY)).code).toBe(0);
    const { code, out } = await tipoff(
      'canary',
      'run',
      '--only',
      'schedule_ahead',
      'prediction_gap',
      ...JANUARY,
    );
    expect(code).toBe(1);
    expect(out).toContain('schedule: 0 games in the next nine days');
    expect(out).toContain('0 passed, 1 failed, 0 could not run, 1 skipped.');
  });

  it('exits 3 when a check could not run', async () => {
    await tipoff('canary', 'run', '--only', 'schedule_ahead', ...JULY);
    const warehouse = await openWarehouse({ path: join(folder.path, 'warehouse.duckdb'), tables: 'none' });
    await warehouse.dropTable(heartbeats);
    await warehouse.createTable(players, heartbeats);
    await warehouse.close();
    const { code, out } = await tipoff(
      'canary',
      'run',
      '--only',
      'job_heartbeats',
      '--as-of',
      '2025-01-10T17:00:00Z',
    );
    expect(code).toBe(3);
    expect(out).toContain('1 could not run');
  });

  it('gives one document with every answer', async () => {
    const { out } = await tipoff('canary', 'run', '--json', ...JANUARY);
    const report: {
      runs: { slate: string }[];
      results: { check: string; status: string; offenders: string[] }[];
    } = JSON.parse(out);
    expect(report.runs.map(({ slate }) => slate)).toEqual(['2025-01-10']);
    expect(
      report.results
        .filter(({ status }) => status === 'fail' || status === 'error')
        .map(({ check }) => check),
    ).toEqual(['schedule_ahead']);
  });

  it('refuses a check that is none and an instant without a zone', async () => {
    expect((await tipoff('canary', 'run', '--only', 'nonsense')).code).toBe(2);
    expect((await tipoff('canary', 'run', '--as-of', '2025-01-10 17:00')).code).toBe(2);
  });

  it('skips while a halt is in force, and says when one is over', async () => {
    const until = ['--until', '2025-01-11T17:00:00Z', '--reason', 'moving house'];
    expect((await tipoff('canary', 'halt', ...until, ...JANUARY)).code).toBe(0);
    expect((await tipoff('canary', 'run', '--at', '2025-01-10T18:00:00Z')).out).toContain('moving house');
    const after = await tipoff('canary', 'run', '--only', 'operator_halt', '--at', '2025-01-12T17:00:00Z');
    expect(after.code).toBe(1);
    expect(after.out).toContain('was not lifted');
    expect((await tipoff('canary', 'resume')).out).toContain('Lifted');
    expect(
      (await tipoff('canary', 'run', '--only', 'operator_halt', '--at', '2025-01-12T17:00:00Z')).code,
    ).toBe(0);
  });
});

describe('tipoff canary run tells people', () => {
  let slack: FakeSlack;
  beforeEach(async () => {
    slack = await fakeSlack();
    vi.stubEnv('TIPOFF_SLACK_TOKEN', FAKE_TOKEN);
    vi.stubEnv('TIPOFF_SLACK_API_URL', slack.url);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await slack.close();
  });
  const AT_NOON = '2025-01-10T17:00:00Z';
  const HALF_PAST = '2025-01-10T17:30:00Z';

  it('nothing but the daily digest when all is well', async () => {
    expect((await tipoff('canary', 'run', ...JULY)).code).toBe(0);
    expect(slack.posts).toMatchObject([
      { text: expect.stringContaining('Daily digest: nothing is failing') },
    ]);
  });

  it('once per failure and edits after that, with the repair', async () => {
    const first = await tipoff('canary', 'run', '--at', AT_NOON);
    expect(first.code).toBe(1);
    expect(first.out).toContain('incidents: 1 open, 1 opened, 0 resolved; 2 new messages');
    expect((await tipoff('canary', 'run', '--at', HALF_PAST)).code).toBe(1);
    const failures = slack.top().filter(({ text }) => !text.includes('Daily digest'));
    expect(failures).toMatchObject([{ edits: 1, text: expect.stringContaining('CRITICAL: schedule_ahead') }]);
    expect(failures[0]?.text).toContain('tipoff fetch 2025-01-10');
  });

  it('not of a look at some checks or at the past, which is no watch either', async () => {
    expect((await tipoff('canary', 'run', '--only', 'schedule_ahead', '--at', AT_NOON)).code).toBe(1);
    expect((await tipoff('canary', 'run', '--as-of', AT_NOON, '--at', HALF_PAST)).code).toBe(1);
    expect(slack.posts).toEqual([]);
    const warehouse = await openWarehouse({ path: join(folder.path, 'warehouse.duckdb'), tables: 'none' });
    const state = openSqliteState(join(folder.path, 'state.sqlite'), { clock: virtualClock(AT_NOON) });
    expect(await lastBeats({ warehouse, state })).toEqual([]);
    await state.close();
    expect(
      await warehouse.query(
        "SELECT canary_id FROM nba_orchestration.canary_results WHERE as_of > TIMESTAMP '2000-01-01'",
      ),
    ).not.toEqual([]);
    await warehouse.close();
  });

  it('or ends with 3, says so in the summary and on the fallback, and delivers later', async () => {
    slack.troubles.push({ error: 'channel_not_found' }, { error: 'channel_not_found' });
    const summary = join(folder.path, 'summary.md');
    const down = await tipoff('canary', 'run', '--summary', summary, '--at', AT_NOON);
    expect(down.code).toBe(3);
    expect(down.out).toContain('[CRITICAL] schedule_ahead');
    expect(down.out).toContain('Alert not delivered: schedule_ahead');
    expect(await readFile(summary, 'utf8')).toMatch(
      /Alert not delivered: schedule_ahead.*channel_not_found.*it is on the fallback channel/s,
    );
    expect((await tipoff('canary', 'run', '--at', HALF_PAST)).code).toBe(1);
    expect(slack.top().filter(({ text }) => text.includes('schedule_ahead:'))).toHaveLength(1);
  });

  it('even when the checks before it told the console', async () => {
    vi.stubEnv('TIPOFF_SLACK_TOKEN', '');
    expect((await tipoff('canary', 'run', '--at', AT_NOON)).out).toContain('[CRITICAL] schedule_ahead');
    vi.stubEnv('TIPOFF_SLACK_TOKEN', FAKE_TOKEN);
    expect((await tipoff('canary', 'run', '--at', HALF_PAST)).code).toBe(1);
    expect(slack.top().filter(({ text }) => text.includes('CRITICAL: schedule_ahead'))).toHaveLength(1);
    vi.stubEnv('TIPOFF_SLACK_TOKEN', '');
    expect((await tipoff('canary', 'run', '--at', '2025-01-10T18:00:00Z')).code).toBe(1);
  });
});

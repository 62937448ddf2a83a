import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { type Home, preparedHome, SLATE } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { type FakeCoordinator, fakeCoordinator } from '#test/fakes/coordinator-server.ts';
import { FAKE_GITHUB_TOKEN, type FakeGitHub, fakeGitHub } from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { runNode } from '#test/platform/run-node.ts';

const { run, folder } = actionRunner();
let github: FakeGitHub;
let slack: FakeSlack;
let coordinator: FakeCoordinator;
beforeEach(async () => {
  // Nobody here waits for anything but the next try.
  vi.spyOn(systemClock, 'sleep').mockResolvedValue();
  [github, slack, coordinator] = await Promise.all([fakeGitHub(), fakeSlack(), fakeCoordinator()]);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([github.close(), slack.close(), coordinator.close()]);
});

/** A folder with one generated file. */
function generated(): string {
  const path = join(folder(), 'snapshot');
  mkdirSync(path);
  writeFileSync(join(path, 'nba_raw.json'), '{}');
  return path;
}
const proposing = () => ({
  path: generated(),
  branch: 'tipoff/snapshot',
  title: 'Snapshot',
  body: 'New.',
  token: FAKE_GITHUB_TOKEN,
});
const watching = { workflows: 'canaries.yml=1.5', token: FAKE_GITHUB_TOKEN };
const backfilling = () => ({
  from: '2025-01-01',
  to: '2025-01-31',
  reason: 'late feed',
  service_url: coordinator.url,
  dry_run: 'false',
});

describe('GitHub', () => {
  it.each([
    ['watch-schedules', () => watching],
    ['propose-change', proposing],
  ])(
    'that does not answer ends %s as could not run, after four tries, with nothing written',
    async (name, inputs) => {
      github.isDown = true;
      const ran = await run(name, inputs(), { GITHUB_API_URL: github.url });
      expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error' } });
      expect(ran.log).toContain('expected an answer from GitHub');
      expect(ran.log).toContain('it answered 503');
      expect(github.calls).toHaveLength(4);
      expect(ran.log + ran.summary).not.toContain(FAKE_GITHUB_TOKEN);
    },
  );

  it('that limits is waited for by watch-schedules and by propose-change', async () => {
    github.workflows.push({
      id: 1,
      path: '.github/workflows/canaries.yml',
      state: 'active',
      last: new Date().toISOString(),
    });
    for (const [name, inputs] of [
      ['watch-schedules', watching],
      ['propose-change', proposing()],
    ] as const) {
      github.troubles.push({ status: 429, headers: { 'retry-after': '0' } });
      expect(await run(name, inputs, { GITHUB_API_URL: github.url })).toMatchObject({
        code: 0,
        outputs: { verdict: 'ok' },
      });
    }
  });

  it('that is away fails post-report, which still tells Slack', async () => {
    github.isDown = true;
    const event = join(folder(), 'event.json');
    writeFileSync(
      event,
      JSON.stringify({ pull_request: { number: 5, head: { sha: 'beef01', repo: null } } }),
    );
    const ran = await run(
      'post-report',
      { source: 'x', token: FAKE_GITHUB_TOKEN, comment: 'always', check: 'true', slack_token: FAKE_TOKEN },
      { GITHUB_API_URL: github.url, GITHUB_EVENT_PATH: event, TIPOFF_SLACK_API_URL: slack.url },
    );
    expect(ran).toMatchObject({ code: 1, outputs: { comment: 'failed', check: 'failed', slack: 'created' } });
  });
});

describe('Slack', () => {
  it('that does not answer fails post-report, and the log names it', async () => {
    slack.isDown = true;
    const ran = await run(
      'post-report',
      { source: 'x', slack_token: FAKE_TOKEN },
      { TIPOFF_SLACK_API_URL: slack.url },
    );
    expect(ran).toMatchObject({ code: 1, outputs: { verdict: 'failed', slack: 'failed' } });
    expect(ran.log).toMatch(/^::error title=x%3A slack not delivered::.*503/m);
  });
});

describe('the coordinator', () => {
  const service = () => ({
    service: 'tipoff-worker',
    service_url: coordinator.url,
    expected_version: 'abc',
    wait_seconds: '0',
  });

  it('that is gone ends dispatch-backfill as could not run and verify-deployment red', async () => {
    // No port of a server that was closed: another process may have got it.
    const gone = { service_url: 'http://127.0.0.1:2' };
    const asked = await run('dispatch-backfill', { ...backfilling(), ...gone });
    expect(asked).toMatchObject({ code: 3, outputs: { verdict: 'error', units: '0', dispatched: 'false' } });
    expect(asked.log).toContain('ECONNREFUSED');
    const verified = await run('verify-deployment', { ...service(), ...gone });
    expect(verified).toMatchObject({
      code: 1,
      outputs: { verdict: 'failed', healthy: 'false', seen_version: '' },
    });
  });

  it('that limits is waited for, and asked again under the same id', async () => {
    const plan = { units: [], skipped: [], slates: 31, estimated_seconds: 0 };
    coordinator.answers.set('POST /backfill/plan', [
      { status: 429, body: {} },
      { status: 200, body: plan },
    ]);
    expect(await run('dispatch-backfill', backfilling())).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing' },
    });
    coordinator.answers.set('GET /version', [
      { status: 429, body: {} },
      { status: 200, body: { version: 'abc', roles: ['worker'] } },
    ]);
    coordinator.answers.set('GET /health/deep', [{ status: 200, body: {} }]);
    const [first, second] = [
      await run('verify-deployment', service()),
      await run('verify-deployment', service()),
    ];
    expect(first).toMatchObject({ code: 0, outputs: { healthy: 'true' } });
    expect(second.outputs['verdict']).toBe(first.outputs['verdict']);
  });
});

describe('a home that another process holds', () => {
  let home: Home;
  beforeAll(async () => {
    home = await preparedHome({ stuck: 'running' });
  });
  afterAll(() => home.remove());

  it('is not touched: every action says who holds it and ends as could not run', async () => {
    const env = { TIPOFF_HOME: home.path };
    const backfill = { from: '2025-01-01', to: '2025-01-31', reason: 'late feed' };
    const holder = runNode('home/hold.ts', [home.path, 'hold']);
    await holder.firstLine;
    const asked: readonly (readonly [name: string, inputs?: Readonly<Record<string, string>>])[] = [
      ['run-canaries'],
      ['clean-staging', { dry_run: 'false' }],
      ['reset-batch', { game_date: SLATE, reason: 'stuck', dry_run: 'false' }],
      ['dispatch-backfill', backfill],
      ['check-quality'],
      ['check-schema-drift', { against: 'live' }],
    ];
    try {
      for (const [name, inputs] of asked) {
        const ran = await run(name, inputs, env);
        expect(ran, name).toMatchObject({ code: 3, outputs: { verdict: 'error' } });
        expect(ran.log, name).toMatch(/^::error .*TIPOFF_HOME_LOCKED/m);
        expect(ran.log, name).toContain(`process ${holder.child.pid} (hold hold)`);
      }
    } finally {
      holder.child.kill();
      await holder.ended;
    }
  });
});

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionRunner } from '#test/actions/run-action.ts';
import { type FakeCoordinator, fakeCoordinator } from '#test/fakes/coordinator-server.ts';
import { FAKE_GITHUB_TOKEN, type FakeGitHub, fakeGitHub } from '#test/fakes/github-server.ts';

const { run, runProcess, folder } = actionRunner();
let coordinator: FakeCoordinator;
let github: FakeGitHub;
beforeEach(async () => {
  [coordinator, github] = await Promise.all([fakeCoordinator(), fakeGitHub()]);
});
afterEach(async () => {
  await Promise.all([coordinator.close(), github.close()]);
});

const answers = (route: string, ...list: { status: number; body: unknown }[]) =>
  coordinator.answers.set(route, list);

describe('reset-batch with a coordinator', () => {
  const result = { batch_id: 'b1', transitioned: true, state: 'reset', staged: 'keep', tables: 3 };
  const asked = () => ({
    game_date: '2025-01-10',
    reason: 'stuck',
    service_url: coordinator.url,
    service_token: 'a.b.c',
  });

  it('asks it with the reason, the person and the run, and sends an identity token', async () => {
    answers('POST /reset', { status: 200, body: { dry_run: false, results: [result] } });
    const ran = await run('reset-batch', { ...asked(), dry_run: 'false' });
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'ok', reset: '1' } });
    expect(coordinator.calls).toHaveLength(1);
    expect(coordinator.calls[0]?.headers['authorization']).toBe('Bearer a.b.c');
    expect(coordinator.calls[0]?.body).toEqual({
      game_date: '2025-01-10',
      staged: 'keep',
      reason: 'stuck (asked by ann, https://github.com/someone/tipoff/actions/runs/77/attempts/2)',
      dry_run: false,
    });
  });

  it('keeps within the length of a reason, and never loses who asked', async () => {
    answers('POST /reset', { status: 200, body: { dry_run: true, results: [] } });
    await run('reset-batch', { ...asked(), reason: 'long '.repeat(100), service_token: 'k'.repeat(30) });
    const { reason } = (coordinator.calls[0]?.body ?? { reason: '' }) as { reason: string };
    expect(reason.length).toBeLessThanOrEqual(200);
    expect(reason).toContain('asked by ann');
    expect(coordinator.calls[0]?.headers['x-api-key']).toBe('k'.repeat(30));
  });

  it('tries again while it is busy', async () => {
    answers(
      'POST /reset',
      { status: 503, body: {} },
      { status: 200, body: { dry_run: false, results: [{ ...result, transitioned: false }] } },
    );
    expect(await run('reset-batch', { ...asked(), dry_run: 'false' })).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing' },
    });
    expect(coordinator.calls).toHaveLength(2);
  });

  it.each([
    [403, 'run.invoker', 3],
    [404, 'no such batch', 3],
    [400, 'no such batch', 2],
  ])('says what it said when it refuses with %s', async (status, says, code) => {
    answers('POST /reset', { status, body: { code: 'X', message: 'no such batch', hint: 'look again' } });
    const ran = await run('reset-batch', { ...asked(), dry_run: 'false' });
    expect(ran).toMatchObject({ code, outputs: { verdict: 'error', reset: '0' } });
    expect(ran.log).toContain(says);
    expect(ran.log).not.toContain('a.b.c');
  });

  it('ends when it is down, without the token in the log', async () => {
    // No port of a server that was closed: another process may have got it.
    const ran = await run('reset-batch', { ...asked(), service_url: 'http://127.0.0.1:2', dry_run: 'false' });
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error' } });
    expect(ran.log).toContain('ECONNREFUSED');
  });
});

describe('dispatch-backfill with a coordinator', () => {
  const unit = {
    step: 'MLFeatureStore',
    phase: 'precompute',
    month: '2025-01',
    slates: ['2025-01-02', '2025-01-03'],
    reason: 'stale',
    seconds: 0.4,
  };
  const skipped = [{ step: 'TeamGameSummary', month: '2025-01', slates: 31, reason: 'done' }];
  const plan = {
    from: '2025-01-01',
    to: '2025-01-31',
    units: [unit],
    skipped,
    slates: 31,
    estimated_seconds: 12,
    bytes: 1200,
    cost_usd: 0.01,
    reading: {
      stops_before: { step: 'MLFeatureStore', from: '2025-01-02', bytes: 1200 },
      not_estimated: ['rows that the run adds'],
    },
  };
  const asked = () => ({
    from: '2025-01-01',
    to: '2025-01-31',
    reason: 'late feed',
    service_url: coordinator.url,
  });

  it('shows units, bytes, cost and ETA in the summary and starts nothing on a dry run', async () => {
    answers('POST /backfill/plan', { status: 200, body: plan });
    const ran = await run('dispatch-backfill', asked());
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'ok', units: '1', dispatched: 'false' } });
    for (const text of [
      'units to run',
      'bytes',
      '1200 \\(0.0 MiB\\)',
      'cost in USD',
      '0.0100',
      'before MLFeatureStore from 2025-01-02',
      'rows that the run adds',
      'ETA in seconds',
      '| 2025-01 | MLFeatureStore | 2 | stale |',
      'left out, done',
    ])
      expect(ran.summary).toContain(text);
    expect(coordinator.calls.map(({ route }) => route)).toEqual(['POST /backfill/plan']);
  });

  it('asks once under an id that the same inputs always have; a known request is nothing new', async () => {
    answers('POST /backfill/plan', { status: 200, body: plan });
    const progress = { step: 'Grades', done_slates: 120, planned_slates: 514, eta_seconds: 40.2 };
    answers(
      'POST /backfill',
      { status: 202, body: { state: 'queued' } },
      { status: 200, body: { state: 'running', progress } },
    );
    const first = await run('dispatch-backfill', { ...asked(), dry_run: 'false' });
    expect(first).toMatchObject({ code: 0, outputs: { verdict: 'ok', dispatched: 'true' } });
    expect(coordinator.calls.at(-1)?.body).toMatchObject({
      request_id: first.outputs['request_id'],
      by: 'dispatch-backfill by ann',
    });
    const second = await run('dispatch-backfill', {
      ...asked(),
      phases: 'grade,predict, export,precompute,analytics',
      dry_run: 'false',
    });
    expect(second).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', dispatched: 'false', request_id: first.outputs['request_id'] },
    });
    expect(second.summary).toContain(
      'is running already, 120 of 514 slates, 40 s left: nothing was started again',
    );
  });

  it('says what it said when it refuses, and that nothing was dispatched', async () => {
    answers('POST /backfill/plan', { status: 200, body: plan });
    answers('POST /backfill', {
      status: 409,
      body: { code: 'TIPOFF_CONFLICT', message: 'the id runs with other work', hint: 'another id' },
    });
    const ran = await run('dispatch-backfill', { ...asked(), dry_run: 'false' });
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error', dispatched: 'false' } });
    expect(ran.log).toContain('the id runs with other work');
  });

  it('refuses to work through it on a runner where the data is not on this machine', async () => {
    // A plan as well: it brings schedule and names up to date, which the identity of a plan may not write.
    for (const dry_run of ['false', 'true']) {
      const asking = { from: '2025-01-01', to: '2025-01-31', reason: 'late feed', dry_run };
      const ran = await run('dispatch-backfill', asking, { TIPOFF_PROFILE: 'gcp' });
      expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error', dispatched: 'false' } });
      expect(ran.log).toContain('TIPOFF_COORDINATOR_URL');
    }
  });

  it('has nothing to ask for when the plan is empty', async () => {
    answers('POST /backfill/plan', { status: 200, body: { ...plan, units: [] } });
    expect(await run('dispatch-backfill', { ...asked(), dry_run: 'false' })).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', units: '0' },
    });
    expect(coordinator.calls).toHaveLength(1);
  });

  it.each([
    ['dates the wrong way round', { from: '2025-02-01', to: '2025-01-01' }, 'expected from ≤ to'],
    ['a phase that is none', { phases: 'analytics,cooking' }, 'expected a list of analytics'],
    ['a mode that is none', { mode: 'fast' }, 'expected one of'],
  ])('refuses %s before it asks anybody', async (_what, inputs, says) => {
    const ran = await run('dispatch-backfill', { ...asked(), ...inputs });
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error', units: '0', dispatched: 'false' } });
    expect(ran.log).toContain(says);
    expect(coordinator.calls).toEqual([]);
  });
});

describe('verify-deployment', () => {
  const asked = (wait = '0') => ({
    service: 'tipoff-worker',
    service_url: coordinator.url,
    expected_version: 'abc',
    wait_seconds: wait,
  });

  it('is green when the version and the deep health are right', async () => {
    answers('GET /version', { status: 200, body: { name: 'tipoff', version: 'abc', roles: ['worker'] } });
    answers('GET /health/deep', { status: 200, body: { status: 'healthy' } });
    expect(await run('verify-deployment', asked())).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', healthy: 'true', seen_version: 'abc' },
    });
  });

  it('is red for another version and for a service that is not healthy', async () => {
    answers('GET /version', { status: 200, body: { version: 'old', roles: ['worker'] } });
    const old = await run('verify-deployment', asked());
    expect(old).toMatchObject({
      code: 1,
      outputs: { verdict: 'failed', healthy: 'false', seen_version: 'old' },
    });
    expect(old.log).toContain('expected version abc, saw "old"');
    answers('GET /version', { status: 200, body: { version: 'abc', roles: ['worker'] } });
    const checks = [
      { check: 'model', status: 'fail', expected: 'a model may serve today', seen: 'there is none' },
      { check: 'warehouse_read', status: 'pass', expected: 'rows', seen: 'rows' },
    ];
    answers('GET /health/deep', { status: 503, body: { status: 'unhealthy', checks } });
    const ill = await run('verify-deployment', asked());
    expect(ill).toMatchObject({ code: 1, outputs: { healthy: 'false' } });
    expect(ill.summary).toContain('model: expected a model may serve today, saw there is none');
    expect(ill.summary).not.toContain('warehouse_read');
  });

  it('waits for a revision that is still starting', async () => {
    answers(
      'GET /version',
      { status: 200, body: { version: 'old', roles: ['worker'] } },
      { status: 200, body: { version: 'abc', roles: ['worker'] } },
    );
    answers('GET /health/deep', { status: 200, body: {} });
    expect(await run('verify-deployment', asked('1'))).toMatchObject({
      code: 0,
      outputs: { healthy: 'true' },
    });
  });
});

describe('watch-schedules', () => {
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  const asked = (workflows: string) =>
    [{ workflows, token: FAKE_GITHUB_TOKEN }, { GITHUB_API_URL: github.url }] as const;

  it('keeps on what is on and its own, turns on what inactivity turned off and not what a person turned off, and names what is late', async () => {
    github.workflows.push(
      { id: 1, path: '.github/workflows/canaries.yml', state: 'active', last: ago(0.4) },
      { id: 2, path: '.github/workflows/cleanup.yml', state: 'disabled_inactivity', last: ago(20) },
      { id: 3, path: '.github/workflows/quality.yml', state: 'disabled_manually', last: ago(90) },
      { id: 4, path: '.github/workflows/watchdog.yml', state: 'active', last: ago(12) },
    );
    const [inputs, env] = asked('canaries.yml=6, cleanup.yml=30, quality.yml=30, gone.yml=1');
    const own = { GITHUB_WORKFLOW_REF: 'someone/tipoff/.github/workflows/watchdog.yml@refs/heads/main' };
    const ran = await run('watch-schedules', inputs, { ...env, ...own });
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'failed', enabled: '1', silent: '2' } });
    expect(github.workflows.map(({ state }) => state)).toEqual([
      'active',
      'active',
      'disabled_manually',
      'active',
    ]);
    expect(ran.log).toContain('quality.yml is late');
    expect(ran.log).toContain('Its last run is 90.0 h old; 30 h is its limit. State: disabled_manually.');
    expect(ran.log).toContain('gone.yml does not exist');
    expect(github.writes()).toEqual([4, 1, 2].map((id) => `PUT /actions/workflows/${id}/enable`));
    const again = await run('watch-schedules', ...asked('canaries.yml=6, cleanup.yml=30'));
    expect(again).toMatchObject({ code: 0, outputs: { verdict: 'ok', enabled: '0', silent: '0' } });
  });

  it('gives one that has never run its limit from the day it came, and says what a fork has to do', async () => {
    const path = (file: string) => `.github/workflows/${file}`;
    github.workflows.push(
      { id: 1, path: path('canaries.yml'), state: 'active', created_at: ago(17) },
      { id: 2, path: path('cleanup.yml'), state: 'active', created_at: ago(31) },
      { id: 3, path: path('quality.yml'), state: 'disabled_fork', created_at: ago(31) },
    );
    const ran = await run('watch-schedules', ...asked('canaries.yml=18, cleanup.yml=30, quality.yml=30'));
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'failed', enabled: '0', silent: '2' } });
    expect(ran.log).toContain('It has never run on schedule; 30 h is its limit. State: active.');
    expect(ran.log).toContain(
      'State: disabled_fork. GitHub turns the schedules of a fork off: run the workflow setup',
    );
    expect(github.workflows[2]?.state).toBe('disabled_fork');
  });

  it('asks whether a schedule runs, not how it ends: what it finds is told by itself', async () => {
    github.workflows.push({
      ...{ id: 1, path: '.github/workflows/canaries.yml', state: 'active' },
      ...{ last: ago(2), conclusion: 'failure' },
    });
    const ran = await run('watch-schedules', ...asked('canaries.yml=6'));
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'ok', silent: '0' } });
    expect(ran.summary).toMatch(/canaries\.yml \| active \| \S+ failure \| 6 h/);
  });

  it('is green when everything speaks', async () => {
    github.workflows.push({ id: 1, path: '.github/workflows/canaries.yml', state: 'active', last: ago(1.4) });
    expect(await run('watch-schedules', ...asked(''))).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', silent: '0' },
    });
  });

  it('finds when the coordinator is not healthy, and says what is wrong with it', async () => {
    github.workflows.push({ id: 1, path: '.github/workflows/canaries.yml', state: 'active', last: ago(0.4) });
    answers('GET /health/deep', {
      status: 500,
      body: { code: 'X', message: 'the queue is gone', hint: 'look' },
    });
    const [inputs, env] = asked('canaries.yml=1.5');
    const ran = await run('watch-schedules', { ...inputs, service_url: coordinator.url }, env);
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'failed', silent: '0' } });
    expect(ran.log).toContain('the queue is gone');
  });

  it('refuses a list it cannot read, and a missing token without repeating one', async () => {
    expect((await run('watch-schedules', ...asked('canaries.yml'))).log).toContain('expected file.yml=hours');
    const ran = await run(
      'watch-schedules',
      { workflows: 'a.yml=1', token: 'wrong' },
      { GITHUB_API_URL: github.url },
    );
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error' } });
    expect(ran.log).toContain('Bad credentials');
  });
});

describe('propose-change', () => {
  const asked = () =>
    [
      {
        path: join(at, 'snapshot'),
        branch: 'tipoff/snapshot',
        title: 'Snapshot',
        body: 'New.',
        token: FAKE_GITHUB_TOKEN,
      },
      { GITHUB_API_URL: github.url },
    ] as const;
  let at = '';
  beforeEach(() => {
    at = folder();
    mkdirSync(join(at, 'snapshot'));
    writeFileSync(join(at, 'snapshot/nba_raw.json'), '{}');
  });

  it('opens one pull request, brings it up to date, and does nothing when nothing is new', async () => {
    expect(await run('propose-change', ...asked())).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', changed: 'true' },
    });
    expect(github.pulls).toMatchObject([{ head: 'tipoff/snapshot', title: 'Snapshot' }]);
    expect(await run('propose-change', ...asked())).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', changed: 'false' },
    });
    writeFileSync(join(at, 'snapshot/nba_raw.json'), '{"a":1}');
    expect(await run('propose-change', ...asked())).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', changed: 'true' },
    });
    expect(github.pulls).toHaveLength(1);
    github.branches.set('main', github.branches.get('tipoff/snapshot') ?? '');
    const writes = github.writes().filter((call) => call !== 'POST /git/trees').length;
    expect(await run('propose-change', ...asked())).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing' },
    });
    expect(github.writes().filter((call) => call !== 'POST /git/trees')).toHaveLength(writes);
  });

  it('proposes that a file goes which was not generated again', async () => {
    writeFileSync(join(at, 'snapshot/nba_old.json'), '{}');
    await run('propose-change', ...asked());
    github.branches.set('main', github.branches.get('tipoff/snapshot') ?? '');
    rmSync(join(at, 'snapshot/nba_old.json'));
    expect(await run('propose-change', ...asked())).toMatchObject({
      outputs: { verdict: 'ok', changed: 'true' },
    });
    expect(github.branches.get('tipoff/snapshot')).not.toBe(github.branches.get('main'));
    github.branches.set('main', github.branches.get('tipoff/snapshot') ?? '');
    expect(await run('propose-change', ...asked())).toMatchObject({ outputs: { verdict: 'nothing' } });
  });

  it('says so when there is nothing to propose from', async () => {
    const [inputs, env] = asked();
    expect(await run('propose-change', { ...inputs, path: join(at, 'absent') }, env)).toMatchObject({
      code: 2,
      outputs: { verdict: 'error' },
    });
  });
});

describe('start-workflow', () => {
  const asked = {
    workflow: 'backfill.yml',
    inputs: '{"from":"2025-01-01","dry_run":false}',
    token: FAKE_GITHUB_TOKEN,
  };

  it('starts it with the inputs of this run, and with what is set besides', async () => {
    const ran = await run(
      'start-workflow',
      { ...asked, set: 'resume=true\n' },
      { GITHUB_API_URL: github.url },
    );
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok' },
      report: { key: 'start-workflow:backfill.yml' },
    });
    expect(github.dispatches).toEqual([
      { workflow: 'backfill.yml', inputs: { from: '2025-01-01', dry_run: 'false', resume: 'true' } },
    ]);
  });

  it.each([
    [{ inputs: '[1]' }, 'inputs: expected a JSON object'],
    [{ inputs: '{' }, 'inputs: expected a JSON object'],
    [{ set: 'resume' }, 'set: expected name=value'],
  ])('refuses %o', async (wrong, says) => {
    const ran = await run('start-workflow', { ...asked, ...wrong }, { GITHUB_API_URL: github.url });
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
    expect(ran.log).toContain(says);
    expect(github.dispatches).toEqual([]);
  });

  it('is red where the job may not start anything', async () => {
    github.readOnly = true;
    const ran = await run('start-workflow', asked, { GITHUB_API_URL: github.url });
    expect(ran).toMatchObject({ outputs: { verdict: 'error' } });
    expect(ran.summary).toContain('may lack a permission');
  });
});

describe('an action without GitHub around it', () => {
  it.each([
    ['watch-schedules', { workflows: 'canaries.yml=1.5' }, 'Without a token no schedule was looked at'],
    ['start-workflow', { workflow: 'backfill.yml' }, 'Without a token nothing is started'],
    [
      'propose-change',
      { path: 'schema/snapshot', branch: 'b', title: 'T', body: 'B' },
      'Without a token nothing is proposed',
    ],
  ])(
    '%s runs without a token and says what it left out; on GitHub a missing token is a mistake',
    async (name, inputs, says) => {
      const alone = await run(name, inputs, { GITHUB_ACTIONS: '', GITHUB_API_URL: github.url });
      expect(alone).toMatchObject({ code: 0, outputs: { verdict: 'skipped' } });
      expect(alone.summary).toContain(says);
      expect(await run(name, inputs, { GITHUB_API_URL: github.url })).toMatchObject({
        code: 2,
        outputs: { verdict: 'error' },
      });
      expect(github.calls).toEqual([]);
    },
  );

  it('runs at a terminal: no token, no files, the same report on the screen', async () => {
    answers('GET /version', { status: 200, body: { version: 'abc', roles: ['worker'] } });
    answers('GET /health/deep', { status: 200, body: {} });
    const bare = {
      GITHUB_ACTIONS: '',
      GITHUB_OUTPUT: '',
      GITHUB_STEP_SUMMARY: '',
      GITHUB_REPOSITORY: '',
      GITHUB_RUN_ID: '',
    };
    const inputs = { service: 'tipoff-worker', service_url: coordinator.url, expected_version: 'abc' };
    const ran = await runProcess('verify-deployment', inputs, bare);
    expect(ran).toMatchObject({ code: 0, outputs: {}, summary: '' });
    expect(ran.log).toContain('✅ Deployment of tipoff-worker');
    expect(ran.log).not.toContain('::');
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Home, lookInto, preparedHome, SLATE } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import { type RanHere, runHere } from '#test/workflows/run-here.ts';
import { type Ran, runWorkflow } from '#test/workflows/run-workflow.ts';

// Most tests run workflows with a process for each step.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const { folder } = actionRunner();
const workflow = (
  file: string,
  event: string,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> => runWorkflow(folder(), file, event, options, env);

const steps = ({ jobs }: Ran | RanHere) =>
  jobs.flatMap((job) => job.steps.map(({ name, outcome }) => `${name}: ${outcome}`));

describe('the pocket runner', () => {
  it('does what GitHub does with conditions, outputs, variables, needs and a matrix', async () => {
    const ran = await workflow(
      `on: { workflow_dispatch: { inputs: { who: { type: string, default: world }, loud: { type: boolean, default: false } } } }
env: { A: one }
jobs:
  last:
    needs: [first, red]
    if: always()
    runs-on: x
    steps:
      - id: tell
        run: echo "saw $FIRST and $RED" >> "$GITHUB_STEP_SUMMARY"
        env: { FIRST: "\${{ needs.first.outputs.greeting }}", RED: "\${{ needs.red.result }}" }
  first:
    runs-on: x
    env: { B: "\${{ env.A }} two" }
    outputs: { greeting: "\${{ steps.greet.outputs.text }}" }
    steps:
      - uses: actions/checkout@0000000000000000000000000000000000000000 # v1.0.0
      - run: echo "C=$B three" >> "$GITHUB_ENV"
      - id: greet
        run: |
          printf 'text<<end\\n%s\\nend\\n' "hello $WHO, $C" >> "$GITHUB_OUTPUT"
        env: { WHO: "\${{ inputs.who }}" }
      - name: quiet
        if: inputs.loud
        run: exit 9
  red:
    runs-on: x
    strategy: { matrix: { n: [1, 2] } }
    steps:
      - { name: soft, run: exit 1, continue-on-error: true }
      - { name: breaks, run: "exit \${{ matrix.n }}" }
      - { name: after, run: "true" }
      - { name: care, if: "failure() && github.event_name == 'workflow_dispatch'", run: "true" }
  never:
    needs: red
    runs-on: x
    steps: [{ run: exit 1 }]
`,
      'workflow_dispatch',
      ['--input', 'who=Ann'],
    );
    expect(ran.code).toBe(1);
    expect(ran.jobs.map(({ job, result: how }) => `${job} ${how}`)).toEqual([
      'first success',
      'red failure',
      'red failure',
      'last success',
      'never skipped',
    ]);
    expect(ran.jobs[0]?.outputs).toEqual({ greeting: 'hello Ann, one two three' });
    expect(ran.jobs[0]?.steps).toMatchObject([
      { outcome: 'not here' },
      {},
      {},
      { name: 'quiet', outcome: 'skipped' },
    ]);
    const red = ['soft: failure', 'breaks: failure', 'after: skipped', 'care: success'];
    expect(steps({ ...ran, jobs: ran.jobs.slice(1, 3) })).toEqual([...red, ...red]);
    expect(ran.jobs[3]?.summary).toBe('saw hello Ann, one two three and failure\n');
  });

  it('does not let a value become code', async () => {
    const ran = await workflow(
      `on: { workflow_dispatch: { inputs: { who: { type: string } } } }
jobs: { a: { runs-on: x, steps: [{ run: 'printf "%s" "$WHO" >> "$GITHUB_STEP_SUMMARY"', env: { WHO: "\${{ inputs.who }}" } }] } }
`,
      'workflow_dispatch',
      ['--input', 'who=$(echo pwned)"; exit 3'],
    );
    expect(ran).toMatchObject({ code: 0, jobs: [{ summary: '$(echo pwned)"; exit 3' }] });
  });

  it.each([
    ['an event the workflow does not answer', 'push', {}, 'not push'],
    ['an input that is not declared', 'workflow_dispatch', { speed: '9' }, 'there is no input speed'],
    ['an input that is missing', 'workflow_dispatch', {}, 'reason is required'],
    [
      'a choice that is none',
      'workflow_dispatch',
      { reason: 'x', staged: 'burn' },
      'staged: expected one of',
    ],
  ])('refuses %s', async (_what, event, inputs, says) => {
    await expect(runHere({ file: 'reset-batch.yml', event, inputs }, {})).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      message: expect.stringContaining(says),
    });
  });

  it('ends with 2 when it refuses, and says why', async () => {
    const ran = await workflow('.github/workflows/reset-batch.yml', 'push');
    expect(ran).toMatchObject({ code: 2, jobs: [] });
    expect(ran.log).toContain('not push');
  });
});

describe('on this machine', () => {
  let home: Home;
  beforeAll(async () => {
    home = await preparedHome({ done: 'published', stuck: 'running' });
  });
  afterAll(() => home.remove());

  it('the cleanup drops on schedule and only looks when a person starts it', async () => {
    const here = home.copy(folder());
    const cleanup = (event: string) => runHere({ file: 'staging-cleanup.yml', event, home: here }, {});
    const byHand = await cleanup('workflow_dispatch');
    expect(byHand.jobs).toMatchObject([{ result: 'success' }]);
    expect(byHand.jobs[0]?.summary).toContain('1 of 2 staging tables would be dropped');
    const onSchedule = await cleanup('schedule');
    expect(onSchedule.jobs[0]?.summary).toContain('1 of 2 staging tables dropped');
    expect(steps(onSchedule)).toEqual([
      expect.stringMatching(/^actions\/checkout@\w+: not here$/),
      './actions/setup: not here',
      'Identity on Google Cloud: skipped',
      'Restore / run: success',
      'clean / run: success',
      // This machine keeps its home: nothing was restored, so nothing is saved elsewhere.
      'Save: skipped',
      'Tell people: success',
    ]);
    expect((await lookInto(here)).tables).toEqual(['_staging_stuck__u00_1']);
  });

  it('people are told when a runner could not be set up', async () => {
    const slack = await fakeSlack();
    const secrets = [
      '--secret',
      `TIPOFF_SLACK_TOKEN=${FAKE_TOKEN}`,
      '--var',
      'TIPOFF_SLACK_CHANNEL=#canary-alerts',
    ];
    const options = ['--broken', './actions/setup', ...secrets];
    const ran = await workflow('.github/workflows/staging-cleanup.yml', 'schedule', options, {
      TIPOFF_SLACK_API_URL: slack.url,
    }).finally(() => slack.close());
    expect(steps(ran)).toContain('./actions/setup: failure');
    expect(ran.jobs).toMatchObject([{ result: 'failure' }]);
    expect(slack.posts.map(({ text }) => text)).toEqual([
      expect.stringContaining('clean-staging left no report'),
    ]);
  });

  it('the reset frees the slate', async () => {
    const here = home.copy(folder());
    const options = ['--input', `game_date=${SLATE}`, '--input', 'reason=stuck', '--input', 'dry_run=false'];
    const ran = await workflow('.github/workflows/reset-batch.yml', 'workflow_dispatch', options, {
      TIPOFF_HOME: here,
    });
    expect(ran.code).toBe(0);
    expect((await lookInto(here)).states).toEqual({ done: 'published', stuck: 'reset' });
  });

  it('the canaries find a home without a schedule, which is no failed job, and say why', async () => {
    const inputs = { only: 'schedule_ahead', as_of: '2025-01-10T20:00:00Z' };
    const run = { file: 'canaries.yml', event: 'workflow_dispatch', inputs, home: home.copy(folder()) };
    const ran = await runHere(run, {});
    expect(ran.jobs).toMatchObject([{ result: 'success' }]);
    expect(ran.jobs[0]?.summary).toMatch(/0 passed, 1 failed[\s\S]*schedule_ahead/);
  });
});

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Home, preparedHome, SLATE } from '#test/actions/prepared-home.ts';
import { ROOT } from '#test/actions/run-action.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { runWorkflow } from '#test/workflows/run-workflow.ts';

// Each step of a workflow is a process, and Slack that is down is asked again.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The workflows that look at a home or change it, as a schedule or a person starts them. */
const WORKFLOWS = {
  canaries: ['schedule'],
  'training-quality': ['schedule'],
  'staging-cleanup': ['schedule'],
  'schema-drift': ['schedule'],
  watchdog: ['schedule'],
  'reset-batch': ['workflow_dispatch', `game_date=${SLATE}`, 'reason=stuck', 'dry_run=false'],
  backfill: ['workflow_dispatch', 'from=2024-10-22', 'to=2024-10-24', 'reason=try'],
  incidents: ['workflow_dispatch', 'incident=schedule_ahead', 'note=on it'],
} as const;
type Name = keyof typeof WORKFLOWS;

/** What can be the case. */
const STATES = [
  'not set up',
  'empty home',
  'Slack down',
  'GitHub refuses',
  'GitHub down',
  'set-up fails',
] as const;
type State = (typeof STATES)[number];

/**
 * How the jobs end, and whether somebody is told on Slack, in the order of the states. A finding is green and told; red means that
 * it could not look, could not do its work, or could not tell. What a person started and was answered in its run is not told.
 */
const EXPECTED: Readonly<Record<Name, readonly string[]>> = {
  canaries: ['green', 'green, told', 'red', 'green, told', 'green, told', 'red, told'],
  'training-quality': ['green', 'green, told', 'red', 'green, told', 'green, told', 'red, told'],
  'staging-cleanup': ['green', 'green', 'red', 'green', 'green', 'red, told'],
  'schema-drift': ['green', 'green, told', 'red', 'green, told', 'green, told', 'red, told'],
  watchdog: ['green', 'green', 'red', 'red, told', 'red, told', 'red, told'],
  'reset-batch': ['green', 'green, told', 'red', 'green, told', 'green, told', 'red, told'],
  backfill: ['green', 'green', 'green', 'green', 'green', 'red'],
  incidents: ['green', 'red', 'red', 'red', 'red', 'red'],
};

let home: Home;
beforeAll(async () => {
  home = await preparedHome({ stuck: 'running' });
});
afterAll(() => home.remove());

/** Runs a workflow in a state, on fakes of GitHub and Slack. */
async function play(name: Name, state: State): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-state-'));
  const [github, slack]: [FakeGitHub, FakeSlack] = await Promise.all([fakeGitHub(), fakeSlack()]);
  try {
    for (const [at, file] of readdirSync(join(ROOT, '.github/workflows')).entries())
      github.workflows.push({
        ...{ id: at + 1, path: `.github/workflows/${file}`, state: 'active' },
        last: new Date().toISOString(),
      });
    if (state === 'GitHub down') github.isDown = true;
    if (state === 'GitHub refuses')
      github.troubles.push(...Array.from({ length: 40 }, () => ({ status: 403 })));
    if (state === 'Slack down') slack.isDown = true;
    const [event, ...inputs] = WORKFLOWS[name];
    const options = [
      ...['--home', state === 'not set up' ? join(folder, 'home') : home.copy(folder)],
      ...inputs.flatMap((input) => ['--input', input]),
      ...(state === 'set-up fails' ? ['--broken', './actions/setup'] : []),
      ...(state === 'not set up'
        ? []
        : ['--secret', `TIPOFF_SLACK_TOKEN=${FAKE_TOKEN}`, '--var', 'TIPOFF_SLACK_CHANNEL=#canary-alerts']),
    ];
    const ran = await runWorkflow(folder, `.github/workflows/${name}.yml`, event, options, {
      TIPOFF_SLACK_API_URL: slack.url,
      GITHUB_API_URL: github.url,
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: FAKE_REPOSITORY,
      GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
    });
    const isRed = ran.jobs.some(({ result }) => result === 'failure');
    const colour = ran.jobs.length === 0 ? `nothing ran: ${ran.log}` : isRed ? 'red' : 'green';
    return `${colour}${slack.top().length > 0 ? ', told' : ''}`;
  } finally {
    await Promise.all([github.close(), slack.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(STATES)('when the state is: %s', (state) => {
  it.each(Object.keys(WORKFLOWS) as Name[])('%s ends as it should', async (name) => {
    expect(await play(name, state)).toBe(EXPECTED[name][STATES.indexOf(state)]);
  });
});

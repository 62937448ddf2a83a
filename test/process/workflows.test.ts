import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { WorkflowRun } from '#actions/runner/workflow.ts';
import { easternInstant, parseSlate } from '#core/calendar.ts';
import { systemClock } from '#platform/clock.ts';
import { type Home, preparedHome, SLATE } from '#test/actions/prepared-home.ts';
import { ROOT, startHere } from '#test/actions/run-action.ts';
import { itForSpread } from '#test/depth.ts';
import { FakeReleases } from '#test/fakes/github-releases.ts';
import { FAKE_GITHUB_TOKEN, FAKE_REPOSITORY, fakeGitHub } from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import {
  EVENING_HOURS,
  fakeProviders,
  KEY,
  providersAt,
  type SavedEvening,
  saveEvening,
  type World,
} from '#test/github/world.ts';
import { runHere, type StandIn } from '#test/workflows/run-here.ts';

// Some runs ask several times what is down.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The last evening of the simulated league. */
const TONIGHT = parseSlate('2024-11-30');

/** The commit of the action that `fork-report` gets the report with. */
const [, DOWNLOAD = ''] =
  /actions\/download-artifact@([0-9a-f]{40})/.exec(
    readFileSync(join(ROOT, '.github/workflows/fork-report.yml'), 'utf8'),
  ) ?? [];

type Start = Pick<WorkflowRun, 'file' | 'event'> & Partial<WorkflowRun>;

const dispatched = (file: string, inputs: Readonly<Record<string, string>> = {}): Start => ({
  file,
  event: 'workflow_dispatch',
  inputs,
});
const scheduled = (file: string, payload: Start['payload'] = {}): Start => ({
  file,
  event: 'schedule',
  payload,
});

/** Every workflow but ci (which runs these tests), as a schedule, an event or a person starts it. */
const WORKFLOWS = {
  day: scheduled('day.yml', {
    schedule: '37 17 * 1-6,10-12 *',
    repository: { visibility: 'private' },
  }),
  evening: scheduled('day.yml', {
    schedule: '52 2 * 1-6,10-12 *',
    repository: { visibility: 'public' },
  }),
  setup: dispatched('setup.yml'),
  canaries: scheduled('canaries.yml'),
  'training-quality': scheduled('training-quality.yml'),
  'staging-cleanup': scheduled('staging-cleanup.yml'),
  'schema-drift': scheduled('schema-drift.yml'),
  'schema-snapshot': scheduled('schema-snapshot.yml'),
  watchdog: scheduled('watchdog.yml'),
  'reset-batch': dispatched('reset-batch.yml', { game_date: SLATE, reason: 'stuck', dry_run: 'false' }),
  backfill: dispatched('backfill.yml', {
    ...{ from: '2024-11-28', to: '2024-11-29', phases: 'analytics' },
    ...{ reason: 'try', dry_run: 'false', mode: 'all' },
  }),
  incidents: dispatched('incidents.yml', { incident: 'schedule_ahead', note: 'on it' }),
  'fork-report': {
    file: 'fork-report.yml',
    event: 'workflow_run',
    payload: {
      workflow_run: {
        ...{ id: 7, event: 'pull_request', head_sha: 'beef01', head_branch: 'change' },
        head_repository: { full_name: 'guest/tipoff' },
      },
    },
  },
  deploy: { file: 'deploy.yml', event: 'workflow_call' },
  release: dispatched('release.yml', { version: '1.2.3' }),
} as const satisfies Readonly<Record<string, Start>>;
type Name = keyof typeof WORKFLOWS;

/** What can be the case. */
const STATES = [
  'not set up',
  'empty home',
  'healthy home',
  'finding',
  'providers down',
  'Slack down',
  'GitHub refuses',
  'GitHub down',
  'set-up fails',
] as const;
type State = (typeof STATES)[number];

/**
 * How the jobs end: `!` when somebody is told on Slack, `-` when no job runs. A finding is green and told; red means that it could
 * not look, could not do its work, or could not tell. What a person started is told when it is done, and answered in its run when
 * it cannot be.
 */
const EXPECTED = `
|                  | not set up | empty home | healthy home | finding | providers down | Slack down | GitHub refuses | GitHub down | set-up fails |
| day              | green      | red!       | green        | red!    | green!         | red        | red!           | red!        | red!         |
| evening          | green      | green      | green        | green   | green!         | red        | red!           | red!        | red!         |
| setup            | red        | red!       | green!       | red!    | red!           | red        | red!           | red!        | red!         |
| canaries         | green      | green!     | green        | green!  | green!         | red        | red!           | red!        | red!         |
| training-quality | green      | green!     | green        | green!  | green!         | red        | red!           | red!        | red!         |
| staging-cleanup  | green      | green      | green        | green!  | green!         | red        | red!           | red!        | red!         |
| schema-drift     | green      | green!     | green        | green   | green          | red        | red!           | red!        | red!         |
| schema-snapshot  | green      | green      | green        | green   | green          | red        | red!           | red!        | red!         |
| watchdog         | green      | green      | green        | green!  | green          | red        | red!           | red!        | red!         |
| reset-batch      | green      | green!     | green!       | green!  | green!         | red        | red!           | red!        | red!         |
| backfill         | green      | green      | green!       | green   | green          | green      | red            | red         | red          |
| incidents        | green      | red        | red          | green!  | green!         | red        | red            | red         | red          |
| fork-report      | green      | green      | green        | green   | green          | green      | red            | red         | green        |
| deploy           | -          | -          | -            | -       | -              | -          | -              | -           | -            |
| release          | green      | green      | green        | green   | green          | green      | green          | green       | red          |
`;

const [head = [], ...body] = EXPECTED.trim()
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
const CASES = body.flatMap(([name = '', ...cells]) =>
  cells.map((expected, at) => ({ name: name as Name, state: head[at + 1] as State, expected })),
);

const NOW = new Date(`${SLATE}T17:37:00Z`);

let [saved, empty, finding]: [SavedEvening, Home, Home] = [] as never;
beforeAll(async () => {
  [saved, empty, finding] = [
    await saveEvening(TONIGHT),
    await preparedHome({}, NOW),
    await preparedHome({ stuck: 'running', lost: 'unknown' }, NOW),
  ];
  // Incidents are open there, so that there is something to answer.
  await startHere('run-canaries', { TIPOFF_HOME: finding.path, TIPOFF_AT: NOW.toISOString() });
});
afterAll(() => Promise.all([empty.remove(), finding.remove()]));

// Most cells try something again, and nobody waits for that; the limits of checks are longer pauses, and stay.
const MAX_PAUSE_MS = 20_000;
beforeAll(() => {
  const real = systemClock.sleep;
  vi.spyOn(systemClock, 'sleep').mockImplementation(async (milliseconds, signal) => {
    signal?.throwIfAborted();
    if (milliseconds > MAX_PAUSE_MS) await real(milliseconds, signal);
    else await new Promise(setImmediate);
  });
});
afterAll(() => vi.restoreAllMocks());

const servers = ({ github, slack, providers }: Pick<World, 'github' | 'slack' | 'providers'>) => ({
  USER: 'ann',
  ...providersAt(providers.url),
  TIPOFF_SLACK_API_URL: slack.url,
  GITHUB_API_URL: github.url,
  GITHUB_REPOSITORY: FAKE_REPOSITORY,
  GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
});

/** Workflows that ask providers. */
const ASKING: readonly Name[] = ['day', 'evening', 'setup'];

/** When a workflow runs, and on what: the approvals of schema changes, which drift reads, are of the present. */
function stage(name: Name, state: State, folder: string) {
  // Those that ask the providers have a day to go on with when they are down.
  if (state === 'healthy home' || (state === 'providers down' && ASKING.includes(name))) {
    const hour = (time: string): Date => easternInstant(TONIGHT, time);
    if (name === 'evening') return { at: hour(EVENING_HOURS.late), releases: saved.late };
    if (name === 'day') return { at: hour(EVENING_HOURS.noon), releases: saved.noon };
    return { at: hour('13:37'), releases: saved.day };
  }
  if (state === 'empty home') return { at: NOW, home: empty.copy(folder) };
  const isLocal = state === 'finding' || state === 'providers down' || state === 'Slack down';
  return isLocal ? { at: NOW, home: finding.copy(folder) } : { at: NOW };
}

/** How a workflow ends in a state, on fakes of GitHub, Slack and the providers. */
async function play(name: Name, state: State): Promise<{ readonly ends: string; readonly detail: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-state-'));
  const [github, slack, providers] = await Promise.all([fakeGitHub(), fakeSlack(), fakeProviders()]);
  try {
    const { at, home, releases } = {
      home: undefined,
      releases: new FakeReleases(),
      ...stage(name, state, folder),
    };
    for (const [id, file] of readdirSync(join(ROOT, '.github/workflows')).entries())
      github.workflows.push({
        ...{ id: id + 1, path: `.github/workflows/${file}`, state: 'active' },
        // The home of `finding` is at fault for most; the watchdog finds a schedule that stopped.
        last: new Date(at.getTime() - (state === 'finding' ? 9 * 86_400_000 : 0)).toISOString(),
      });
    github.pulls.push({ number: 5, title: 'A change', head: 'change', sha: 'beef01', owner: 'guest' });
    github.releases.adopt(releases);
    github.isDown = state === 'GitHub down';
    if (state === 'GitHub refuses')
      github.troubles.push(...Array.from({ length: 200 }, () => ({ status: 403 })));
    slack.isDown = state === 'Slack down';
    if (state === 'providers down') providers.status = 403;
    const isSetUp = state !== 'not set up';
    const ran = await runHere(
      {
        ...WORKFLOWS[name],
        at: name === 'schema-drift' ? undefined : at.toISOString(),
        home,
        vars: isSetUp ? { TIPOFF_BACKUP: 'github', TIPOFF_SLACK_CHANNEL: '#canary-alerts' } : {},
        secrets: !isSetUp ? {} : { TIPOFF_BACKUP_KEY: KEY, TIPOFF_SLACK_TOKEN: FAKE_TOKEN },
        broken: state === 'set-up fails' ? ['./actions/setup'] : [],
        actions: { [`actions/download-artifact@${DOWNLOAD}`]: standIn(folder) },
      },
      servers({ github, slack, providers }),
      elsewhere,
    );
    const alarms = slack.top().filter(({ key }) => key?.startsWith('digest:') !== true);
    const results = ran.jobs.map(({ result }) => result);
    const colour = results.includes('failure') ? 'red' : results.includes('success') ? 'green' : '-';
    const detail = [
      ...ran.jobs.flatMap(({ job, steps }) => steps.map((step) => `${job} / ${step.name}: ${step.outcome}`)),
      ...alarms.map(({ text }) => text),
      ...ran.log.split('\n').filter((line) => line.startsWith('::error')),
    ];
    return { ends: `${colour}${alarms.length > 0 ? '!' : ''}`, detail: detail.join('\n') };
  } finally {
    await Promise.all([github.close(), slack.close(), providers.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is tested where it is done, and would change the checkout: the bundles of a release, the files of a snapshot. */
const elsewhere: StandIn = (script) =>
  /^(?:npm|tar) |^npx tipoff schema snapshot/.test(script)
    ? Promise.resolve({ code: 0, outputs: {}, env: {}, summary: '' })
    : undefined;

/** In the place of the action that brings the report of a fork's run. */
function standIn(folder: string): string {
  const at = join(folder, 'stand-in');
  mkdirSync(at);
  writeFileSync(
    join(at, 'action.yml'),
    'name: stand-in\ninputs: { name: {}, path: {}, run-id: {}, github-token: {} }\nruns: { using: composite, steps: [] }\n',
  );
  return at;
}

it('every workflow is asked in every state', () => {
  expect(new Set(CASES.map(({ name, state }) => `${name} ${state}`))).toEqual(
    new Set(Object.keys(WORKFLOWS).flatMap((name) => STATES.map((state) => `${name} ${state}`))),
  );
  const files = Object.values(WORKFLOWS).map(({ file }) => file);
  expect(
    readdirSync(join(ROOT, '.github/workflows')).filter((file) => !files.includes(file as never)),
  ).toEqual(['ci.yml']);
});

// Every second one: each workflow in half of the states, and in each state half of the workflows.
itForSpread(CASES, Math.ceil(CASES.length / 2))(
  'when the state is $state, $name ends $expected',
  async ({ name, state, expected }) => {
    const { ends, detail } = await play(name, state);
    expect(ends, detail).toBe(expected);
  },
);

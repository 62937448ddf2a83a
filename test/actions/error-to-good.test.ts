import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actionRunner, ROOT } from '#test/actions/run-action.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

const { run, folder } = actionRunner();
let github: FakeGitHub;
let slack: FakeSlack;
beforeEach(async () => {
  [github, slack] = await Promise.all([fakeGitHub(), fakeSlack()]);
});
afterEach(() => Promise.all([github.close(), slack.close()]));

/** Every action that leaves a report, with inputs that are right: the others are those that tell people, and set-up. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'check-quality': {},
  'check-schema-drift': {},
  'check-setup': {},
  'clean-staging': {},
  'deploy-service': {
    ...{ service: 'tipoff-worker', project: 'p', region: 'r', image: 'i', version: 'v' },
  },
  'dispatch-backfill': { from: '2025-01-01', to: '2025-01-31', reason: 'late feed' },
  'keep-evening': {},
  'load-season': {},
  'propose-change': { path: 'schema/snapshot', branch: 'tipoff/x', title: 'T', body: 'B' },
  'reset-batch': { game_date: '2025-01-10', reason: 'stuck' },
  'restore-home': {},
  'run-canaries': {},
  'run-day': {},
  'save-home': {},
  'start-workflow': { workflow: 'backfill.yml' },
  'verify-deployment': { service: 'tipoff-worker', service_url: 'http://127.0.0.1:9', expected_version: 'v' },
  'watch-schedules': { workflows: 'canaries.yml=18' },
};
const TELLING = ['post-report'];

it('every action that leaves a report is asked', () => {
  const all = readdirSync(join(ROOT, 'actions')).filter(
    (name) =>
      existsSync(join(ROOT, 'actions', name, 'main.ts')) &&
      existsSync(join(ROOT, 'actions', name, 'action.yml')),
  );
  expect(Object.keys(INPUTS).concat(TELLING).sort()).toEqual(all.sort());
});

describe.each(Object.entries(INPUTS))('%s that could not do its work, and then did it', (name, inputs) => {
  const env = () => {
    const event = join(folder(), 'event.json');
    const head = { sha: 'beef01', repo: { full_name: FAKE_REPOSITORY } };
    writeFileSync(event, JSON.stringify({ pull_request: { number: 5, draft: false, head } }));
    return {
      ...{ GITHUB_EVENT_PATH: event, GITHUB_EVENT_NAME: 'pull_request' },
      ...{ GITHUB_API_URL: github.url, TIPOFF_SLACK_API_URL: slack.url },
    };
  };
  const post = (report: string) =>
    run(
      'post-report',
      {
        ...{ report, source: name, token: FAKE_GITHUB_TOKEN, comment: 'problems', check: 'true' },
        ...{ slack_token: FAKE_TOKEN, slack_channel: '#canary-alerts' },
      },
      env(),
    );

  it('leaves nothing red: no message, no comment, no check', async () => {
    // It left no report at all; it did not know what it is about; it knew, and could not go on.
    await post('');
    const unread = Object.keys(inputs).length === 0 ? [] : [{}];
    for (const given of [...unread, inputs]) {
      const failed = await run(name, given, { TIPOFF_AT: 'tomorrow' });
      expect(failed).toMatchObject({ outputs: { verdict: 'error' } });
      await post(failed.outputs['report'] ?? '');
    }
    const isRed = (): boolean[] => [
      slack.top().some(({ text }) => /^(?:CRITICAL|ERROR|WARNING)/.test(text)),
      github.comments.length > 0,
      github.checks.some(({ conclusion }) => conclusion === 'failure'),
    ];
    expect(isRed()).toEqual([true, true, true]);
    // What a good run leaves has the key that it takes from its inputs, as the failure had.
    const failed = await run(name, inputs, { TIPOFF_AT: 'tomorrow' });
    const path = failed.outputs['report'] ?? '';
    const good = { ...JSON.parse(readFileSync(path, 'utf8')), verdict: 'ok', summary: 'Done.', outcomes: [] };
    writeFileSync(path, JSON.stringify(good));
    await post(path);
    expect(isRed()).toEqual([false, false, false]);
  });
});

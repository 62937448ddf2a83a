import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '#core/check.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

const { run, runProcess, folder } = actionRunner();
let github: FakeGitHub;
let slack: FakeSlack;
beforeEach(async () => {
  [github, slack] = await Promise.all([fakeGitHub(), fakeSlack()]);
});
afterEach(async () => {
  await Promise.all([github.close(), slack.close()]);
});

const FAILED = {
  key: 'schema-drift',
  title: 'Schema drift',
  verdict: 'failed',
  summary: '1 difference.',
  facts: [['tables', 34]],
  columns: ['table', 'column'],
  rows: [['nba_raw.shots', 'zone | <b>@team</b>']],
  outcomes: [
    outcome({
      check: 'schema_drift',
      title: 'Schema drift',
      status: 'fail',
      reason: 'zone is gone',
      place: { file: 'src/core/contracts/nba_raw/shots.ts', line: 7 },
    }),
  ],
  runbook: 'docs/runbooks/actions/schema-drift.md',
};
const OK = { ...FAILED, verdict: 'ok', summary: 'The contracts agree.', rows: [], outcomes: [] };

function left(report: object): string {
  const path = join(folder(), 'report.json');
  writeFileSync(path, JSON.stringify(report));
  return path;
}

/** What a step on a pull request is given. */
function onPull(report: object, { fork = false, draft = false } = {}) {
  const event = join(folder(), 'event.json');
  const head = { sha: 'beef01', repo: { full_name: fork ? 'stranger/tipoff' : FAKE_REPOSITORY } };
  writeFileSync(event, JSON.stringify({ pull_request: { number: 5, draft, head } }));
  return [
    {
      report: left(report),
      source: 'check-schema-drift',
      token: FAKE_GITHUB_TOKEN,
      comment: 'always',
      check: 'true',
    },
    { GITHUB_EVENT_PATH: event, GITHUB_EVENT_NAME: 'pull_request', GITHUB_API_URL: github.url },
  ] as const;
}

const onSlack = (report: object, more: Readonly<Record<string, string>> = {}) =>
  [
    {
      report: left(report),
      source: 'clean-staging',
      slack_token: FAKE_TOKEN,
      slack_channel: '#canary-alerts',
      ...more,
    },
    { TIPOFF_SLACK_API_URL: slack.url },
  ] as const;

describe('a report on a pull request', () => {
  it('is one comment and one check on the head commit; the second run changes nothing and says so; a new verdict edits both', async () => {
    const first = await runProcess('post-report', ...onPull(FAILED));
    expect(first).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', comment: 'created', check: 'created', slack: 'left out' },
    });
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain(
      '<!-- tipoff:schema-drift -->\n## ❌ Schema drift\n\n1 difference.',
    );
    expect(github.comments[0]?.body).toContain('| nba_raw.shots | zone \\| &lt;b&gt;&#64;team&lt;/b&gt; |');
    expect(github.checks).toMatchObject([
      { head_sha: 'beef01', name: 'tipoff / Schema drift', conclusion: 'failure' },
    ]);
    expect(github.checks[0]?.output.annotations).toMatchObject([
      {
        path: 'src/core/contracts/nba_raw/shots.ts',
        start_line: 7,
        annotation_level: 'failure',
        message: 'zone is gone',
      },
    ]);

    const writes = github.writes();
    const second = await run('post-report', ...onPull(FAILED));
    expect(second).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', comment: 'unchanged', check: 'unchanged' },
    });
    expect(github.writes()).toEqual(writes);

    expect(await run('post-report', ...onPull(OK))).toMatchObject({
      code: 0,
      outputs: { comment: 'edited', check: 'edited' },
    });
    expect(github.comments).toMatchObject([{ edits: 1 }]);
    expect(github.comments[0]?.body).toContain('✅');
    expect(github.checks).toMatchObject([{ conclusion: 'success' }]);
  });

  it('is gone when nothing is wrong any more, where comments are for problems', async () => {
    const [failed, env] = onPull(FAILED);
    const asked = { ...failed, check: 'false', comment: 'problems' };
    expect(await run('post-report', asked, env)).toMatchObject({ outputs: { comment: 'created' } });
    expect(await run('post-report', { ...asked, report: left(OK) }, env)).toMatchObject({
      code: 0,
      outputs: { comment: 'removed' },
    });
    expect(github.comments).toEqual([]);
    expect(await run('post-report', { ...asked, report: left(OK) }, env)).toMatchObject({
      outputs: { verdict: 'nothing', comment: 'left out' },
    });
  });

  it('finds its comment on the second page, and takes neither another report nor a stranger for itself', async () => {
    const body = '<!-- tipoff:schema-drift -->\nmine, says a stranger';
    github.comments.push({ id: 9000, body, user: { login: 'stranger' }, edits: 0 });
    github.comments.push({
      id: 9001,
      body: '<!-- tipoff:other -->\n',
      user: { login: 'github-actions[bot]' },
      edits: 0,
    });
    for (let i = 0; i < 120; i++)
      github.comments.push({ id: 10_000 + i, body: `talk ${i}`, user: { login: 'ann' }, edits: 0 });
    github.comments.push({
      id: 20_000,
      body: '<!-- tipoff:schema-drift -->\nold',
      user: { login: 'github-actions[bot]' },
      edits: 0,
    });
    expect(await run('post-report', ...onPull(FAILED))).toMatchObject({ outputs: { comment: 'edited' } });
    expect(github.comments.filter(({ edits }) => edits > 0).map(({ id }) => id)).toEqual([20_000]);
  });

  it('keeps within the limits of a comment and a check, and says what is left out', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => [
      `nba_raw.table_${i}`,
      'a column with a rather long name',
    ]);
    const [drift] = FAILED.outcomes;
    const outcomes = Array.from({ length: 120 }, (_, i) => ({
      ...drift,
      place: { ...drift?.place, line: i + 1 },
    }));
    expect(await run('post-report', ...onPull({ ...FAILED, rows, outcomes }))).toMatchObject({
      code: 0,
      outputs: { comment: 'created' },
    });
    expect(Buffer.byteLength(github.comments[0]?.body ?? '')).toBeLessThanOrEqual(65_535);
    expect(github.comments[0]?.body).toMatch(/\d+ more rows are left out here/);
    expect(github.checks[0]?.output.annotations).toHaveLength(120);
  });

  it('of a fork is in the summary only, and that is no failure', async () => {
    github.readOnly = true;
    const ran = await run('post-report', ...onPull(FAILED, { fork: true }));
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'warning', comment: 'not allowed', check: 'not allowed' },
    });
    expect(ran.log).toContain('::notice title=Schema drift%3A comment not delivered::');
  });

  it('of a fork is brought by a run that may write, to the pull request that still has this commit', async () => {
    const event = join(folder(), 'event.json');
    const ended = {
      head_sha: 'beef01',
      head_branch: 'zone',
      head_repository: { full_name: 'stranger/tipoff' },
    };
    writeFileSync(event, JSON.stringify({ workflow_run: ended }));
    const env = { GITHUB_EVENT_PATH: event, GITHUB_EVENT_NAME: 'workflow_run', GITHUB_API_URL: github.url };
    const [given] = onPull({ ...FAILED, key: 'check-schema-drift' });
    github.pulls.push({ number: 5, head: 'zone', title: 'Zone', owner: 'stranger', sha: 'newer' });
    expect(await run('post-report', given, env)).toMatchObject({
      code: 0,
      outputs: { comment: 'left out', check: 'created' },
    });
    github.pulls.splice(0, 1, { number: 5, head: 'zone', title: 'Zone', owner: 'stranger', sha: 'beef01' });
    expect(await run('post-report', given, env)).toMatchObject({
      code: 0,
      outputs: { comment: 'created', check: 'unchanged' },
    });
    expect(github.checks).toMatchObject([{ head_sha: 'beef01', conclusion: 'failure' }]);
    const [disguised] = onPull({ ...FAILED, key: 'deploy-service' });
    expect(await run('post-report', disguised, env)).toMatchObject({
      code: 2,
      outputs: { comment: 'left out' },
    });
  });

  it('of a draft gets a check and no comment', async () => {
    expect(await run('post-report', ...onPull(OK, { draft: true }))).toMatchObject({
      outputs: { comment: 'left out', check: 'created' },
    });
  });

  it('waits as long as GitHub asks when it limits, and fails when GitHub stays away', async () => {
    github.troubles.push(
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 403, headers: { 'retry-after': '0' }, message: 'secondary rate limit' },
    );
    expect(await run('post-report', ...onPull(OK))).toMatchObject({
      code: 0,
      outputs: { comment: 'created', check: 'created' },
    });
    github.troubles.push({
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' },
    });
    const limited = await run('post-report', ...onPull(FAILED));
    expect(limited).toMatchObject({ code: 1, outputs: { comment: 'failed', check: 'edited' } });
    expect(limited.log).toContain('asks to wait');
  });
});

describe('a report on Slack', () => {
  it('is one message that is edited and turns green', async () => {
    expect(await run('post-report', ...onSlack(FAILED))).toMatchObject({
      code: 0,
      outputs: { slack: 'created' },
    });
    expect(await run('post-report', ...onSlack(FAILED))).toMatchObject({
      code: 0,
      outputs: { slack: 'edited' },
    });
    expect(await run('post-report', ...onSlack(OK))).toMatchObject({ code: 0, outputs: { slack: 'edited' } });
    expect(slack.posts).toHaveLength(1);
    expect(slack.posts[0]?.text).toContain('RESOLVED: Schema drift');
    expect(JSON.stringify(slack.posts[0]?.blocks)).toContain('docs/runbooks/actions/schema-drift.md');
  });

  it('is left out when all is well and nobody asked for good news', async () => {
    expect(await run('post-report', ...onSlack(OK))).toMatchObject({
      code: 0,
      outputs: { slack: 'left out' },
    });
    expect(await run('post-report', ...onSlack(OK, { slack_when: 'always' }))).toMatchObject({
      outputs: { slack: 'created' },
    });
  });

  it('that Slack refuses fails the step, names the reason and never the token', async () => {
    const ran = await run('post-report', ...onSlack(FAILED, { slack_token: 'xoxb-wrong' }));
    expect(ran).toMatchObject({ code: 1, outputs: { verdict: 'failed', slack: 'failed' } });
    expect(ran.log).toContain('invalid_auth');
    expect(ran.log + ran.summary).not.toContain('xoxb-wrong');
  });

  it('waits for a limit and goes on', async () => {
    slack.troubles.push({ limit: 0 });
    expect(await run('post-report', ...onSlack(FAILED))).toMatchObject({
      code: 0,
      outputs: { slack: 'created' },
    });
  });

  it('does not hold up the comment when Slack is not to be had', async () => {
    const [inputs, env] = onPull(FAILED);
    const ran = await run(
      'post-report',
      { ...inputs, slack_token: 'xoxb-wrong', slack_channel: '#canary-alerts' },
      { ...env, TIPOFF_SLACK_API_URL: slack.url },
    );
    expect(ran).toMatchObject({ code: 1, outputs: { comment: 'created', slack: 'failed' } });
  });
});

describe('an action that could not look and then can', () => {
  it('turns its message, its comment and its check green: they have one key', async () => {
    const [given, env] = onPull(OK);
    const token = FAKE_GITHUB_TOKEN;
    github.workflows.push({ id: 1, path: '.github/workflows/canaries.yml', state: 'active' });
    const post = async (inputs: Readonly<Record<string, string>>) => {
      const ran = await run('watch-schedules', inputs, env);
      const { report = '' } = ran.outputs;
      const slackInputs = { slack_token: FAKE_TOKEN, slack_channel: '#canary-alerts' };
      await run(
        'post-report',
        { ...given, ...slackInputs, report },
        { ...env, TIPOFF_SLACK_API_URL: slack.url },
      );
      return ran.outputs['verdict'];
    };
    expect(await post({ workflows: 'nonsense', token })).toBe('error');
    expect(github.checks).toMatchObject([{ name: 'tipoff / Watchdog', conclusion: 'failure' }]);
    for (const workflow of github.workflows) workflow.last = new Date().toISOString();
    expect(await post({ workflows: 'canaries.yml=1.5', token })).toBe('ok');
    expect(github.checks).toMatchObject([{ name: 'tipoff / Watchdog', conclusion: 'success' }]);
    expect(github.comments).toMatchObject([{ edits: 1 }]);
    expect(github.comments[0]?.body).toContain('✅');
    expect(slack.posts).toHaveLength(1);
    expect(slack.posts[0]?.text).toContain('RESOLVED');
  });
});

describe('a report about one thing of many', () => {
  it.each([
    ['', 'the action itself'],
    [':tipoff-worker', 'the thing it is about'],
  ])('turns green what was said before it was known what it is about (%s: %s)', async (about) => {
    const key = `deploy-service${about}`;
    const lost = { source: key, report: '', slack_token: FAKE_TOKEN, slack_channel: '#canary-alerts' };
    await run('post-report', lost, { TIPOFF_SLACK_API_URL: slack.url });
    await run('post-report', ...onSlack({ ...FAILED, key: 'deploy-service', verdict: 'error' }));
    expect(slack.top().filter(({ text }) => text.startsWith('CRITICAL')).length).toBeGreaterThan(0);
    await run('post-report', ...onSlack({ ...OK, key: 'deploy-service:tipoff-worker' }));
    if (about === '') await run('post-report', ...onSlack({ ...OK, key }));
    expect(slack.top().map(({ text }) => text.split(':')[0])).not.toContain('CRITICAL');
  });

  it('has one check on a commit, whatever it is called', async () => {
    const [given, env] = onPull(OK);
    await run('post-report', { ...given, source: 'schema-drift', report: '' }, env);
    expect(github.checks).toMatchObject([{ name: 'tipoff / schema-drift', conclusion: 'failure' }]);
    await run('post-report', given, env);
    expect(github.checks).toMatchObject([{ name: 'tipoff / Schema drift', conclusion: 'success' }]);
  });
});

describe('a slip of whoever started a workflow', () => {
  it('concerns nobody else; on a schedule it does', async () => {
    const [given, env] = onSlack({ ...FAILED, verdict: 'error', code: 'TIPOFF_BAD_INPUT' });
    const byHand = await run('post-report', given, { ...env, GITHUB_EVENT_NAME: 'workflow_dispatch' });
    expect(byHand).toMatchObject({ code: 0, outputs: { slack: 'left out' } });
    expect(slack.calls).toEqual([]);
    const onSchedule = await run('post-report', given, { ...env, GITHUB_EVENT_NAME: 'schedule' });
    expect(onSchedule).toMatchObject({ code: 0, outputs: { slack: 'created' } });
  });

  it('carries its code from the action to the step that posts', async () => {
    expect(await run('clean-staging', { dry_run: 'perhaps' })).toMatchObject({
      report: { key: 'clean-staging', verdict: 'error', code: 'TIPOFF_BAD_INPUT' },
    });
  });
});

describe('a step that leaves no report', () => {
  it('is told when it fails, turns green when it succeeds, and is passed over when it did not run', async () => {
    const [{ report: _, ...given }, env] = onSlack(OK);
    const ended = async (outcome: string) =>
      (await run('post-report', { ...given, source: 'image-of-the-commit', outcome }, env)).outputs['slack'];
    expect([await ended('success'), await ended('skipped')]).toEqual(['left out', 'left out']);
    expect(await ended('failure')).toBe('created');
    expect(slack.posts[0]?.text).toContain('The step image-of-the-commit failed');
    expect(await ended('success')).toBe('edited');
    expect(slack.posts.map(({ text }) => text.split('\n')[0])).toEqual(['RESOLVED: image-of-the-commit']);
  });
});

describe('a report in another repository than that of the actions', () => {
  it('links to the runbooks where they are', async () => {
    const [given, env] = onSlack(FAILED);
    await run('post-report', given, { ...env, GITHUB_ACTION_REPOSITORY: 'owner/tipoff' });
    expect(JSON.stringify(slack.posts[0]?.blocks)).toContain(
      'https://github.com/owner/tipoff/blob/main/docs/runbooks/actions/schema-drift.md',
    );
  });
});

describe('a step that left no report', () => {
  it('is told as such: silence is a failure', async () => {
    const ran = await run(
      'post-report',
      { source: 'clean-staging', slack_token: FAKE_TOKEN, report: '' },
      { TIPOFF_SLACK_API_URL: slack.url },
    );
    expect(ran).toMatchObject({ code: 0, outputs: { slack: 'created' } });
    expect(slack.posts[0]?.text).toContain('The step clean-staging left no report');
  });

  it('is told apart from one whose report is not one', async () => {
    const ran = await run('post-report', { source: 'x', report: left({ title: 'half' }) });
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
    expect(ran.log).toContain('::error title=Report posted%3A TIPOFF_BAD_INPUT::');
  });
});

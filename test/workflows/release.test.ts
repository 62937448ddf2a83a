import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type BundledFile, releaseFiles, writeFiles } from '#scripts/bundle.ts';
import { actionRunner, ROOT } from '#test/actions/run-action.ts';
import { fakeBigQuery } from '#test/fakes/bigquery-server.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import { type Act, findAct } from '#test/github/act.ts';
import { runWorkflow } from '#test/workflows/run-workflow.ts';

// All actions are bundled, and programs are started.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** act, or why it is not here: the pocket runner always is. */
const ACT = findAct({ build: false });
const { folder } = actionRunner();
const run = promisify(execFile);
const ACTIONS = readdirSync(join(ROOT, 'actions')).filter((name) =>
  ['action.yml', 'main.ts'].every((file) => existsSync(join(ROOT, 'actions', name, file))),
);
let files: readonly BundledFile[] = [];
beforeAll(async () => {
  files = await releaseFiles();
});

/** What a user of another repository writes. */
const WORKFLOW = `
on: workflow_dispatch
jobs:
  drift:
    runs-on: ubuntu-24.04
    env:
      TIPOFF_PROFILE: gcp
      TIPOFF_GCP_PROJECT: \${{ vars.GCP_PROJECT }}
      TIPOFF_GCP_BUCKET: \${{ vars.GCP_BUCKET }}
    steps:
      - id: drift
        uses: someone/tipoff/actions/check-schema-drift@v1
        with:
          against: live
      - if: always()
        uses: someone/tipoff/actions/post-report@v1
        with:
          report: \${{ steps.drift.outputs.report }}
          source: check-schema-drift
          slack_token: \${{ secrets.SLACK }}
          slack_channel: "#canary-alerts"
`;

describe('a release of the actions', () => {
  it('is used from an empty repository, where nothing is installed', async () => {
    const [release, empty] = [folder(), folder()];
    writeFiles(release, files);
    const [bigQuery, slack] = [await fakeBigQuery(), await fakeSlack()];
    const ran = await runWorkflow(
      empty,
      WORKFLOW,
      'workflow_dispatch',
      [
        ...['--workspace', empty, '--actions', `someone/tipoff@v1=${release}`],
        ...[
          '--var',
          'GCP_PROJECT=tipoff-test',
          '--var',
          'GCP_BUCKET=tipoff-test',
          '--secret',
          `SLACK=${FAKE_TOKEN}`,
        ],
      ],
      { TIPOFF_GCP_BIGQUERY_URL: bigQuery.url, TIPOFF_SLACK_API_URL: slack.url },
    ).finally(() => Promise.all([bigQuery.close(), slack.close()]));
    expect(ran.jobs.flatMap(({ steps }) => steps.map(({ outcome }) => outcome))).toEqual([
      'success',
      'success',
    ]);
    expect(bigQuery.arrived.length).toBeGreaterThan(0);
    expect(ran.jobs[0]?.summary).toContain('there is no table nba_raw.schedule_games');
    expect(ran.jobs[0]?.summary).toContain('the contracts were compared, no statement was read');
    expect(slack.top()).toMatchObject([{ text: expect.stringContaining('Schema drift') }]);
  });

  it('has a program for every action, the inputs and outputs of each, and no folder of this machine', () => {
    const byPath = new Map(files.map(({ path, text }) => [path, text]));
    for (const name of ACTIONS) {
      const released = parse(byPath.get(`actions/${name}/action.yml`) ?? '');
      const own = parse(readFileSync(join(ROOT, 'actions', name, 'action.yml'), 'utf8'));
      expect(released).toMatchObject({
        name,
        inputs: own.inputs,
        runs: { using: 'node24', main: `../../lib/${name}.js` },
      });
      expect(Object.keys(released.outputs)).toEqual(Object.keys(own.outputs));
      expect(byPath.has(`lib/${name}.js`)).toBe(true);
    }
    expect(files.filter(({ text }) => text.includes(ROOT)).map(({ path }) => path)).toEqual([]);
    // 8 MB, of which Google's clients are two thirds: what a runner fetches each time.
    expect(files.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(12_000_000);
  });

  it.skipIf(typeof ACT === 'string')('is used from an empty repository in nektos/act as well', async () => {
    const { program, options, env } = ACT as Act;
    const [release, empty] = [folder(), folder()];
    writeFiles(release, files);
    await run('git', ['init', '-q', empty]);
    writeFileSync(join(empty, 'drift.yml'), WORKFLOW);
    const [bigQuery, slack] = [await fakeBigQuery(), await fakeSlack()];
    const pairs = (flag: string, values: Readonly<Record<string, string>>): string[] =>
      Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
    const ran = await run(
      program,
      [
        ...['workflow_dispatch', '-W', 'drift.yml', ...options],
        ...['--local-repository', `someone/tipoff@v1=${release}`],
        ...pairs('--env', { TIPOFF_GCP_BIGQUERY_URL: bigQuery.url, TIPOFF_SLACK_API_URL: slack.url }),
        ...pairs('--var', { GCP_PROJECT: 'tipoff-test', GCP_BUCKET: 'tipoff-test' }),
        ...pairs('-s', { SLACK: FAKE_TOKEN }),
      ],
      { cwd: empty, env: { ...env } },
    ).finally(() => Promise.all([bigQuery.close(), slack.close()]));
    expect(ran.stdout).toContain('Job succeeded');
    expect(bigQuery.arrived.length).toBeGreaterThan(0);
    expect(slack.top()).toMatchObject([{ text: expect.stringContaining('Schema drift') }]);
  });

  it('has programs that load where nothing is installed, all of them', async () => {
    const [release, empty] = [folder(), folder()];
    writeFiles(release, files);
    const programs = ACTIONS.map((name) => pathToFileURL(join(release, 'lib', `${name}.js`)).href);
    const load = 'for (const program of process.argv.slice(1)) await import(program); console.log("loaded");';
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', load, ...programs], {
      cwd: empty,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(stdout).toBe('loaded\n');
    // And one of each kind begins its work: it reads its inputs, and refuses an instant that is none.
    for (const name of ['run-canaries', 'start-workflow']) {
      const env = { PATH: process.env['PATH'] ?? '', TIPOFF_AT: 'tomorrow', INPUT_WORKFLOW: 'x.yml' };
      const program = join(release, 'lib', `${name}.js`);
      await expect(run(process.execPath, [program], { cwd: empty, env })).rejects.toMatchObject({
        code: 2,
        stdout: expect.stringContaining('TIPOFF_AT'),
      });
    }
  });

  it('is one commit per version: the same files change nothing, others need another version', async () => {
    const [remote, release] = [folder(), join(folder(), 'release')];
    await run('git', ['init', '-q', '--bare', remote]);
    const git = async (...args: string[]) => (await run('git', ['-C', remote, ...args])).stdout.trim();
    const publish = async (version: string, text: string) => {
      mkdirSync(join(release, 'lib'), { recursive: true });
      writeFileSync(join(release, 'lib/a.js'), text);
      const env = { PATH: process.env['PATH'] ?? '', HOME: remote, REMOTE: remote, SOURCE: 'c0ffee' };
      return (await run(join(ROOT, '.github/publish-release'), [release, version], { env })).stdout;
    };
    await publish('1.0.0', 'one');
    const first = await git('rev-parse', 'v1');
    expect(await publish('1.0.0', 'one')).toContain('nothing was changed');
    await expect(publish('1.0.0', 'two')).rejects.toThrow(/a version never changes/);
    await publish('1.1.0', 'two');
    expect(await git('rev-parse', 'v1.0.0')).toBe(first);
    expect(await git('rev-parse', 'v1^')).toBe(first);
    expect(await git('rev-parse', 'v1', 'v1.1.0', 'releases/v1')).toMatch(/^(\w{40})\n\1\n\1$/);
    expect(await git('log', '-1', '--format=%B', 'v1')).toBe('Release v1.1.0\n\nBundled from c0ffee.');
    await expect(publish('one', 'two')).rejects.toThrow(/expected a version/);
  });
});

const steps = z.array(z.object({ uses: z.string(), with: z.record(z.string(), z.unknown()).default({}) }));

describe('the README of an action', () => {
  it.each(ACTIONS)('of %s has an example that gives the inputs it has and those it needs', (name) => {
    const page = readFileSync(join(ROOT, 'actions', name, 'README.md'), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { inputs = {} } = parse(readFileSync(join(ROOT, 'actions', name, 'action.yml'), 'utf8'));
    const own = steps.parse(parse(example)).find(({ uses }) => uses === `OWNER/tipoff/actions/${name}@v1`);
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? { nothing: true })));
    const required = Object.keys(inputs).filter((input) => inputs[input].required === true);
    expect(Object.keys(own?.with ?? {})).toEqual(expect.arrayContaining(required));
  });
});

import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { postReportBundle } from '#scripts/bundle.ts';
import { actionRunner, ROOT } from '#test/actions/run-action.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';

const { folder } = actionRunner();
const run = promisify(execFile);

/** Files of the bundle that are not what the sources give. */
async function stale(...options: Parameters<typeof postReportBundle>): Promise<string[]> {
  const files = await postReportBundle(...options);
  return files
    .filter(({ path, text }) => readFileSync(join(ROOT, path), 'utf8') !== text)
    .map(({ path }) => path);
}

describe('the bundle of post-report', () => {
  it('is what the sources give, and knows no folder of this machine', async () => {
    expect(await stale()).toEqual([]);
    const text = readFileSync(join(ROOT, 'actions/post-report/dist/index.js'), 'utf8');
    expect(text).not.toContain(ROOT);
    expect(text).not.toMatch(/[^.]node_modules\//);
  });

  it('is out of date once a source that it is made of says something else', async () => {
    const transform = (code: string, id: string) =>
      id.endsWith('/actions/post-report/main.ts') ? code.replace('left no report', 'is gone') : undefined;
    expect(await stale([{ name: 'planted change', transform }])).toEqual([
      'actions/post-report/dist/index.js',
    ]);
  });

  it('tells people on a runner where nothing could be installed', async () => {
    const slack = await fakeSlack();
    const here = folder();
    for (const path of ['package.json', 'actions/post-report'])
      cpSync(join(ROOT, path), join(here, path), { recursive: true });
    try {
      const env = {
        INPUT_SOURCE: 'check-quality',
        INPUT_SLACK_TOKEN: FAKE_TOKEN,
        INPUT_SLACK_CHANNEL: '#canary-alerts',
        TIPOFF_SLACK_API_URL: slack.url,
        GITHUB_ACTIONS: 'true',
        GITHUB_RUN_ID: '77',
        GITHUB_REPOSITORY: 'someone/tipoff',
        RUNNER_TEMP: here,
      };
      await run(process.execPath, [join(here, 'actions/post-report/dist/index.js')], { cwd: here, env });
      expect(slack.posts).toHaveLength(1);
      expect(slack.posts[0]?.text).toContain('The step check-quality left no report');
    } finally {
      await slack.close();
    }
  });
});

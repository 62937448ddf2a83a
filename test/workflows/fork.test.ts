import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { main } from '#app/cli/program.ts';
import { actionRunner, ROOT, withVariables } from '#test/actions/run-action.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { FAKE_GITHUB_TOKEN, fakeGitHub } from '#test/fakes/github-server.ts';

const { folder } = actionRunner();
const run = promisify(execFile);
const PAGE = readFileSync(join(ROOT, 'docs/github.md'), 'utf8');
const [key = '', history = ''] = [...PAGE.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, text = '']) =>
  text.trim(),
);

describe('the page from fork to first slate', () => {
  it('makes a key, and saves a history that was loaded elsewhere to where the next run takes it from', async () => {
    const { stdout } = await run('bash', ['-c', key]);
    expect(Buffer.from(stdout.trim(), 'base64')).toHaveLength(32);
    const here = folder();
    writeFileSync(join(here, 'gh'), `#!/bin/sh\n[ "$*" = "auth token" ] && echo ${FAKE_GITHUB_TOKEN}\n`);
    chmodSync(join(here, 'gh'), 0o755);
    const lines = history.replace('OWNER', 'someone').replace('the-key-of-step-2', stdout.trim()).split('\n');
    const settings = lines.filter((line) => line.startsWith('export '));
    const last = lines.at(-1) ?? '';
    expect(last).toMatch(/^npx tipoff backup create/);
    const { stdout: set } = await run('bash', ['-c', `${settings.join('\n')}\nenv`], {
      env: { PATH: `${here}:${process.env['PATH']}` },
    });
    const env = Object.fromEntries(
      [...set.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    const home = join(here, 'home');
    await homeWithoutRows(home);
    const github = await fakeGitHub();
    try {
      let said = '';
      const say = (text: string): void => {
        said += text;
      };
      const code = await withVariables({ ...env, GITHUB_API_URL: github.url, TIPOFF_HOME: home }, () =>
        main(last.split(' ').slice(2), { out: say, err: say }),
      );
      expect([code, said]).toEqual([0, expect.stringContaining('Generation 1')]);
      expect(github.releases.assets().length).toBeGreaterThan(1);
    } finally {
      await github.close();
    }
  });

  it('names secrets and variables as the workflows read them', () => {
    const workflows = readdirSync(join(ROOT, '.github/workflows'))
      .map((name) => readFileSync(join(ROOT, '.github/workflows', name), 'utf8'))
      .join('\n');
    const table = PAGE.slice(
      PAGE.indexOf('| variable or secret |'),
      PAGE.indexOf('A history of earlier seasons'),
    );
    const named = [...table.matchAll(/`((?:TIPOFF|ODDS)_[A-Z_]+)`( \(secret\))?/g)];
    expect(named.length).toBeGreaterThan(8);
    for (const [, name = '', secret] of named)
      expect(workflows, name).toContain(`${secret === undefined ? 'vars' : 'secrets'}.${name}`);
  });
});

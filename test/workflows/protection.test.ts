import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { actionRunner, ROOT } from '#test/actions/run-action.ts';

const { folder } = actionRunner();
const run = promisify(execFile);
const SCRIPT = join(ROOT, '.github/protect-repository');

/** GitHub's command line as far as the script goes: keeps what it was asked, and remembers what it was told to make. */
const GH = `#!/usr/bin/env bash
set -euo pipefail
shift 3 # api -H <header>
body=
case "$*" in *--input*) body=$(cat) ;; esac
echo "$* $body" >>"$LOG"
case "$*" in
  users/ann*) echo 42 ;;
  *POST*deployment-branch-policies*) echo main >>"$LOG.policies" ;;
  *deployment-branch-policies*) cat "$LOG.policies" 2>/dev/null || true ;;
  *POST*rulesets*) echo 7 >"$LOG.ruleset" ;;
  *--jq*name*) cat "$LOG.ruleset" 2>/dev/null || true ;;
esac
`;

describe('the protection of the repository', () => {
  it('is made by a script, which changes nothing that is right when it runs again', async () => {
    const here = folder();
    writeFileSync(join(here, 'gh'), GH);
    chmodSync(join(here, 'gh'), 0o755);
    const log = join(here, 'log');
    const env = { PATH: `${here}:${process.env['PATH']}`, LOG: log };
    const protect = async () => {
      writeFileSync(log, '');
      const { stdout } = await run(SCRIPT, ['someone/tipoff', 'ann'], { env });
      const asked = readFileSync(log, 'utf8').split('\n');
      return { stdout, made: asked.filter((line) => line.includes('POST')), all: asked.join('\n') };
    };
    const first = await protect();
    expect(first.stdout).toContain('environment production: from main only, after ann');
    expect(first.all).toMatch(
      /environments\/production .*"reviewers":\[\{"type":"User","id":42\}\].*"custom_branch_policies":true/,
    );
    expect(first.all).toMatch(/rulesets .*"context":"Gate".*"context":"tipoff \/ Schema drift"/);
    expect(first.made.length).toBeGreaterThan(1);
    expect((await protect()).made).toEqual([]);
  });

  it('knows every environment that a workflow names, and asks for checks that there are', () => {
    const script = readFileSync(SCRIPT, 'utf8');
    const ci = z.object({ jobs: z.record(z.string(), z.looseObject({ name: z.string() })) });
    const { jobs } = ci.parse(parse(readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8')));
    expect(Object.values(jobs).map(({ name }) => name)).toContain('Gate');
    const page = readFileSync(join(ROOT, '.github/README.md'), 'utf8');
    const environments = [...page.matchAll(/^\| `(\w+)` \| `TIPOFF_SLACK_TOKEN`/gm)].map(([, name]) => name);
    expect(environments).toEqual(['alerts', 'records', 'maintenance', 'production']);
    for (const name of environments) expect(script).toContain(`\nenvironment ${name} `);
  });
});

describe('the manifest of the Slack app', () => {
  it('asks for every scope that the code names, and each is explained', () => {
    const page = readFileSync(join(ROOT, 'docs/slack.md'), 'utf8');
    const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const manifest = z.object({ oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }) });
    const { bot } = manifest.parse(parse(text)).oauth_config.scopes;
    const code = ['notifier.ts', 'retry.ts']
      .map((name) => readFileSync(join(ROOT, 'src/platform/notify/slack', name), 'utf8'))
      .join('\n');
    const named = new Set(
      [...code.matchAll(/\b(?:chat|channels|groups):[a-z.]*[a-z]/g)].map(([scope]) => scope),
    );
    expect(named.size).toBeGreaterThan(4);
    expect(bot.toSorted()).toEqual([...named].toSorted());
    for (const scope of bot) expect(page).toMatch(new RegExp(`^\\|.*\`${scope}\`.*\\|`, 'm'));
  });
});

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ShellRun {
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs one `run:` as GitHub does: bash that stops at the first error, with files for outputs, variables and summary. */
export async function runShell(
  script: string,
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly folder: string;
    readonly log: (text: string) => void;
  },
): Promise<ShellRun> {
  const file = (name: string): string => {
    const path = join(options.folder, name);
    writeFileSync(path, '');
    return path;
  };
  const [path, output, env, summary] = [file('step.sh'), file('output'), file('env'), file('summary')];
  writeFileSync(path, script);
  const code = await new Promise<number>((done, failed) => {
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', path], {
      cwd: options.cwd,
      env: { ...options.env, GITHUB_OUTPUT: output, GITHUB_ENV: env, GITHUB_STEP_SUMMARY: summary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => options.log(text));
    }
    child.on('error', failed);
    child.on('close', (status) => done(status ?? 1));
  });
  return {
    code,
    outputs: readPairs(output),
    env: readPairs(env),
    summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
  };
}

/** Reads `name=value` lines and `name<<end … end` blocks; a later value of a name replaces an earlier one. */
function readPairs(path: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  const lines = readFileSync(path, 'utf8').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const block = /^([^=<]+)<<(.+)$/.exec(line);
    if (block?.[1] !== undefined) {
      const end = lines.indexOf(block[2] ?? '', at + 1);
      pairs[block[1]] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (line.includes('=')) {
      pairs[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    }
  }
  return pairs;
}

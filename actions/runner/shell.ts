import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ShellRun {
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface ShellOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly log: (text: string) => void;
}

/** Runs a script with its variables, and gives what it left in the files that those name. */
export type Shell = (script: string, options: ShellOptions) => Promise<ShellRun>;

/** Runs one `run:` as GitHub does: bash that stops at the first error, with files for outputs, variables and summary. */
export const runShell: Shell = (script, options) => {
  const path = join(options.folder, 'step.sh');
  writeFileSync(path, script);
  return withFiles(options, async (env) => {
    return new Promise<number>((done, failed) => {
      const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', path], {
        cwd: options.cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => options.log(text));
      }
      child.on('error', failed);
      child.on('close', (status) => done(status ?? 1));
    });
  });
};

/** Gives a step its files for outputs, variables and summary, and reads what it leaves there. */
export async function withFiles(
  options: ShellOptions,
  run: (env: Readonly<Record<string, string>>) => Promise<number>,
): Promise<ShellRun> {
  const file = (name: string): string => {
    const path = join(options.folder, name);
    writeFileSync(path, '');
    return path;
  };
  const [output, env, summary] = [file('output'), file('env'), file('summary')];
  const code = await run({
    ...options.env,
    GITHUB_OUTPUT: output,
    GITHUB_ENV: env,
    GITHUB_STEP_SUMMARY: summary,
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

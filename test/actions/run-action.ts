import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, vi } from 'vitest';
import { FAKE_REPOSITORY } from '#test/fakes/github-server.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT_MS = 60_000;

/** How an action ended, and everything it left. */
export interface ActionRun {
  readonly code: number | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The report it left for other steps. */
  readonly report: unknown;
}

/** Runs an action as a workflow does: a process of its own, inputs and GitHub's files by variables, nothing else inherited. */
export type RunAction = (
  name: string,
  inputs?: Readonly<Record<string, string>>,
  env?: Readonly<Record<string, string>>,
) => Promise<ActionRun>;

/** A runner of actions with a folder of its own per test; call it once in a test file. */
export function actionRunner(): { readonly run: RunAction; readonly folder: () => string } {
  // Every test starts processes of its own, which a busy machine takes its time over.
  vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'tipoff-action-'));
    folders.push(path);
    return path;
  };
  const run: RunAction = async (name, inputs = {}, env = {}) => {
    const here = folder();
    const [output, summary] = [join(here, 'output'), join(here, 'summary')];
    writeFileSync(output, '');
    writeFileSync(summary, '');
    const given = Object.fromEntries(
      Object.entries(inputs).map(([input, value]) => [`INPUT_${input.toUpperCase()}`, value]),
    );
    const child = spawn(process.execPath, [join(ROOT, 'actions', name, 'main.ts')], {
      env: {
        PATH: process.env['PATH'] ?? '',
        // Compiled once, not once per process.
        NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache'),
        TIPOFF_HOME: join(here, 'home'),
        GITHUB_ACTIONS: 'true',
        GITHUB_REPOSITORY: FAKE_REPOSITORY,
        GITHUB_RUN_ID: '77',
        GITHUB_RUN_ATTEMPT: '2',
        GITHUB_ACTOR: 'ann',
        GITHUB_SHA: 'c0ffee',
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        RUNNER_TEMP: here,
        ...given,
        ...env,
      },
      cwd: ROOT,
      timeout: LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        log += text;
      });
    }
    const code = await new Promise<number | null>((done, failed) => {
      child.on('error', failed);
      child.on('close', done);
    });
    const outputs = readOutputs(output);
    const left = outputs['report'] ?? '';
    return {
      code,
      // What is masked is known to the runner, which shows neither the command nor the value.
      log: log.replaceAll(/^::add-mask::.*\n/gm, ''),
      outputs,
      summary: readFileSync(summary, 'utf8'),
      report: left === '' ? undefined : JSON.parse(readFileSync(left, 'utf8')),
    };
  };
  return { run, folder };
}

function readOutputs(path: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const pattern = /^([^\n<]+)<<(ghadelimiter_[\w-]+)\n([\s\S]*?)\n\2$/gm;
  for (const [, name = '', , value = ''] of readFileSync(path, 'utf8').matchAll(pattern))
    outputs[name] = value;
  return outputs;
}

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, vi } from 'vitest';
import type { Action } from '#actions/lib/action.ts';
import { perform } from '#actions/lib/main.ts';
import { FAKE_REPOSITORY } from '#test/fakes/github-server.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
// A process opens a home or waits for a service that does not answer.
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

/** Runs an action with inputs and GitHub's files by variables, and nothing else inherited. */
type RunAction = (
  name: string,
  inputs?: Readonly<Record<string, string>>,
  env?: Readonly<Record<string, string>>,
) => Promise<ActionRun>;

export interface ActionRunner {
  /** In this process, one after the other: what most tests ask does not depend on how the action was started. */
  readonly run: RunAction;
  /** As a workflow does it, in a process of its own. */
  readonly runProcess: RunAction;
  /** A new folder, removed after the test. */
  readonly folder: () => string;
}

/** The summary of the toolkit remembers its file for as long as the process lives, so that all runs have the same. */
const SUMMARY = join(tmpdir(), `tipoff-action-summary-${process.pid}`);
process.once('exit', () => rmSync(SUMMARY, { force: true }));

/** A runner of actions with a folder of its own per test; call it once in a test file. */
export function actionRunner(): ActionRunner {
  // Actions open homes and some start processes, which a busy machine takes its time over.
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
  const runWith =
    (start: Start): RunAction =>
    async (name, inputs = {}, env = {}) => {
      const here = folder();
      const [output, summary] = [join(here, 'output'), join(here, 'summary')];
      writeFileSync(output, '');
      writeFileSync(summary, '');
      const given = Object.fromEntries(
        Object.entries(inputs).map(([input, value]) => [`INPUT_${input.toUpperCase()}`, value]),
      );
      const { code, log } = await start(name, {
        PATH: process.env['PATH'] ?? '',
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
  return {
    run: runWith(startHere),
    runProcess: runWith(startProcess),
    folder,
  };
}

/** Runs an action with the variables of its process, and gives its exit code and what it printed. */
type Start = (
  name: string,
  env: Readonly<Record<string, string>>,
) => Promise<{ readonly code: number | null; readonly log: string }>;

export const startHere: Start = async (name, env) => {
  const { action } = (await import(pathToFileURL(mainOf(name)).href)) as { readonly action: Action };
  let log = '';
  const printed = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    log += String(text);
    return true;
  });
  writeFileSync(SUMMARY, '');
  try {
    const code = await withVariables({ ...env, GITHUB_STEP_SUMMARY: SUMMARY }, () =>
      perform(action, process.env),
    );
    copyFileSync(SUMMARY, env['GITHUB_STEP_SUMMARY'] ?? SUMMARY);
    return { code, log };
  } finally {
    printed.mockRestore();
  }
};

/** Does a piece of work with the variables of another process, and nothing inherited. */
export async function withVariables<T>(
  env: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const inherited = process.env;
  process.env = { ...env };
  try {
    return await work();
  } finally {
    process.env = inherited;
  }
}

const startProcess: Start = async (name, env) => {
  const bundle = join(ROOT, 'actions', name, 'dist/index.js');
  const child = spawn(process.execPath, [existsSync(bundle) ? bundle : mainOf(name)], {
    // Compiled once, not once per process.
    env: { TMPDIR: tmpdir(), NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache'), ...env },
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
  return { code, log };
};

const mainOf = (name: string): string => join(ROOT, 'actions', name, 'main.ts');

function readOutputs(path: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const pattern = /^([^\n<]+)<<(ghadelimiter_[\w-]+)\n([\s\S]*?)\n\2$/gm;
  for (const [, name = '', , value = ''] of readFileSync(path, 'utf8').matchAll(pattern))
    outputs[name] = value;
  return outputs;
}

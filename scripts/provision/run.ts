import { spawnSync } from 'node:child_process';
import { TipoffError } from '#core/errors.ts';
import { type Command, typed } from './step.ts';

/** Runs one command and returns what it wrote. Throws TIPOFF_PROVIDER with its words when it failed. */
export type Run = (command: Command) => string;

/** Starts a tool with arguments; what it wrote, and its exit code. */
export type Start = (
  tool: Command['tool'],
  args: readonly string[],
) => { readonly status: number; readonly text: string };

/** Runs commands by the Google Cloud CLI, without questions. */
export function cloudTools(start: Start = startTool): Run {
  return (command) => {
    const { tool, args } = command;
    const { status, text } = start(tool, tool === 'gcloud' ? [...args, '--quiet'] : ['--headless', ...args]);
    if (status === 0) return text;
    throw new TipoffError('TIPOFF_PROVIDER', `${typed(command)}\n${text.trim()}`, {
      hint: hintFor(text),
      details: { status, said: text },
    });
  };
}

function startTool(tool: string, args: readonly string[]): { status: number; text: string } {
  const done = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: LARGEST_ANSWER });
  if (done.error !== undefined) {
    throw new TipoffError(
      'TIPOFF_PROVIDER',
      `expected the Google Cloud CLI, could not start ${tool}: ${done.error.message}`,
      {
        hint: 'Install the Google Cloud CLI, which has gcloud and bq, and run `gcloud auth login`.',
        cause: done.error,
      },
    );
  }
  if (done.status === 0) return { status: 0, text: done.stdout };
  // bq tells its errors on the standard output.
  return { status: done.status ?? 1, text: `${done.stderr}\n${tool === 'bq' ? done.stdout : ''}` };
}

const LARGEST_ANSWER = 64 * 1024 * 1024;

function hintFor(said: string): string {
  if (/active account|auth login|reauthentication|credentials/i.test(said))
    return 'Run `gcloud auth login`, then this again.';
  if (/PERMISSION_DENIED|does not have permission|Access Denied|403/i.test(said)) {
    return 'Ask an owner of the project to run this, or to give you what the message names; then run it again.';
  }
  if (/billing/i.test(said)) return 'Connect the project to a billing account, then run this again.';
  if (/ALREADY_EXISTS|already exists/i.test(said))
    return 'Somebody else made it at the same time: run this again.';
  return 'Correct what the message names and run this again: what stands is left as it is.';
}

const ABSENT =
  /NOT_FOUND|not ?found|does not exist|Unknown service account|Cannot find (?:service|job)|could not be found/i;
/** A thing of an API that is not enabled yet does not exist either. */
const NOT_ENABLED = /SERVICE_DISABLED|has not been used in project|API .* not enabled/i;

/** The JSON a look answers, or undefined when what it looks for does not exist. Any other failure is thrown. */
export function lookWith(run: Run): (command: Command) => unknown {
  const seen = new Map<string, unknown>();
  return (command) => {
    const key = typed(command);
    if (seen.has(key)) return seen.get(key);
    const answer = answerOf(run, command);
    seen.set(key, answer);
    return answer;
  };
}

function answerOf(run: Run, command: Command): unknown {
  try {
    const text = run(command).trim();
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    const said = error instanceof TipoffError ? String(error.details?.['said'] ?? '') : '';
    if (ABSENT.test(said) || NOT_ENABLED.test(said)) return undefined;
    throw error;
  }
}

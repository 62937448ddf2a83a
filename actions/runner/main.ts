import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { processEnvironment, userName } from '#app/config/process.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { eventsOf, readWorkflow } from './documents.ts';
import { dispatchInputs } from './inputs.ts';
import { type JobResult, runJobs } from './jobs.ts';

const USAGE = `Runs the local steps of a workflow on this machine, against the embedded home (TIPOFF_HOME, or .tipoff).
  npm run workflow -- FILE --event EVENT [--input name=value]… [--at INSTANT] [--home DIR]
    [--var NAME=value]… [--secret NAME=value]… [--payload FILE.json] [--json]
    [--broken STEP]…             a step that fails instead of running: its id, name or \`uses\`
    [--workspace DIR]            the checkout of the workflow, when it is not this repository
    [--actions OWNER/NAME@REF=DIR]…  where the actions of another repository lie
`;

interface Options {
  readonly file: string;
  readonly event: string;
  /** Instant that counts as now, for homes that live in the past. */
  readonly at: string | undefined;
  readonly home: string | undefined;
  readonly inputs: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly broken: readonly string[];
  readonly workspace: string | undefined;
  readonly actions: Readonly<Record<string, string>>;
  readonly json: boolean;
}

function options(): Options {
  const list = { type: 'string', multiple: true, default: [] as string[] } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      event: { type: 'string' },
      at: { type: 'string' },
      home: { type: 'string' },
      input: list,
      var: list,
      secret: list,
      payload: { type: 'string' },
      broken: list,
      workspace: { type: 'string' },
      actions: list,
      json: { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined || values.event === undefined) throw bad('expected a file and --event');
  return {
    file,
    event: values.event,
    at: values.at,
    home: values.home,
    inputs: pairs(values.input),
    vars: pairs(values.var),
    secrets: pairs(values.secret),
    payload: values.payload === undefined ? {} : readPayload(values.payload),
    broken: values.broken,
    workspace: values.workspace,
    actions: pairs(values.actions),
    json: values.json,
  };
}

const document = z.record(z.string(), z.unknown());

/** The document of an event, as GitHub would send it. */
function readPayload(path: string): Record<string, unknown> {
  try {
    return document.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw bad(`--payload: expected a JSON document in ${path}: ${messageOf(error)}`);
  }
}

function pairs(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw bad(`expected name=value, saw "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function bad(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: USAGE });
}

async function run(given: Options): Promise<JobResult[]> {
  const root = resolve(given.workspace ?? resolve(import.meta.dirname, '../..'));
  const workflow = readWorkflow(resolve(root, given.file));
  const events = eventsOf(workflow);
  if (!events.names.includes(given.event))
    throw bad(`${given.file} answers ${events.names.join(', ')}, not ${given.event}`);
  const inputs = given.event === 'workflow_dispatch' ? dispatchInputs(events.inputs, given.inputs) : {};
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-event-'));
  const here = Object.fromEntries(
    Object.entries(processEnvironment()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const github = {
    event_name: given.event,
    event: { ...given.payload, inputs },
    actor: here['GITHUB_ACTOR'] ?? userName() ?? 'somebody',
    repository: here['GITHUB_REPOSITORY'] ?? 'local/tipoff',
    repository_owner: 'local',
    server_url: 'https://github.com',
    sha: here['GITHUB_SHA'] ?? '0'.repeat(40),
    ref: 'refs/heads/main',
    run_id: '0',
    run_attempt: '1',
    token: here['GITHUB_TOKEN'] ?? '',
    workspace: root,
    workflow: workflow.name ?? given.file,
  };
  // No repository and no commit but those that were given: a link to a page that does not exist helps nobody.
  const env = {
    ...here,
    // What set-up would put first.
    PATH: `${dirname(process.execPath)}${delimiter}${here['PATH'] ?? ''}`,
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_EVENT_NAME: given.event,
    GITHUB_ACTOR: github.actor,
    GITHUB_WORKSPACE: root,
    ...(given.home === undefined ? {} : { TIPOFF_HOME: resolve(given.home) }),
    ...(given.at === undefined ? {} : { TIPOFF_AT: given.at }),
  };
  writeFileSync(env.GITHUB_EVENT_PATH, JSON.stringify(github.event));
  try {
    const contexts = {
      github,
      inputs,
      vars: given.vars,
      secrets: { GITHUB_TOKEN: github.token, ...given.secrets },
      needs: {},
      matrix: {},
      strategy: {},
    };
    return await runJobs(workflow, contexts, {
      workspace: root,
      env,
      broken: given.broken,
      repositories: given.actions,
      log: (text) => void (given.json ? process.stderr : process.stdout).write(text),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function show(results: readonly JobResult[]): string {
  const lines = results.flatMap(({ job, result, why, steps }) => [
    `${result.padEnd(8)} ${job}${why === undefined ? '' : ` (${why})`}`,
    ...steps.map(
      (step) => `  ${step.outcome.padEnd(8)} ${step.name}${step.why === undefined ? '' : ` (${step.why})`}`,
    ),
  ]);
  const summary = results.map((one) => one.summary).join('\n');
  return `\n${summary.trim() === '' ? '' : `${summary.trim()}\n\n`}${lines.join('\n')}\n`;
}

try {
  const given = options();
  const results = await run(given);
  process.stdout.write(given.json ? `${JSON.stringify(results, null, 2)}\n` : show(results));
  process.exitCode = results.some(({ result }) => result === 'failure') ? 1 : 0;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${error instanceof TipoffError ? error.hint : ''}\n`);
  process.exitCode = 2;
}

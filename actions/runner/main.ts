import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { processEnvironment } from '#app/config.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { eventsOf, readWorkflow } from './documents.ts';
import { dispatchInputs } from './inputs.ts';
import { type JobResult, runJobs } from './jobs.ts';

const USAGE = `Runs the local steps of a workflow on this machine, against the embedded home.
  npm run workflow -- FILE --event EVENT [--input name=value]… [--var NAME=value]… [--secret NAME=value]… [--payload FILE.json] [--json]
`;

interface Options {
  readonly file: string;
  readonly event: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly json: boolean;
}

async function options(): Promise<Options> {
  const list = { type: 'string', multiple: true, default: [] as string[] } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      event: { type: 'string' },
      input: list,
      var: list,
      secret: list,
      payload: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined || values.event === undefined) throw bad('expected a file and --event');
  const payload = values.payload === undefined ? {} : (await import('node:fs')).readFileSync(values.payload, 'utf8');
  return {
    file,
    event: values.event,
    inputs: pairs(values.input),
    vars: pairs(values.var),
    secrets: pairs(values.secret),
    payload: typeof payload === 'string' ? (JSON.parse(payload) as Record<string, unknown>) : payload,
    json: values.json,
  };
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
  const root = resolve(import.meta.dirname, '../..');
  const workflow = readWorkflow(resolve(root, given.file));
  const events = eventsOf(workflow);
  if (!events.names.includes(given.event)) throw bad(`${given.file} answers ${events.names.join(', ')}, not ${given.event}`);
  const inputs = given.event === 'workflow_dispatch' ? dispatchInputs(events.inputs, given.inputs) : {};
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-event-'));
  const here = Object.fromEntries(
    Object.entries(processEnvironment()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const github = {
    event_name: given.event,
    event: { ...given.payload, inputs },
    actor: here['GITHUB_ACTOR'] ?? here['USER'] ?? 'somebody',
    repository: here['GITHUB_REPOSITORY'] ?? 'local/tipoff',
    repository_owner: 'local',
    sha: here['GITHUB_SHA'] ?? '0'.repeat(40),
    ref: 'refs/heads/main',
    run_id: '0',
    run_attempt: '1',
    token: here['GITHUB_TOKEN'] ?? '',
    workspace: root,
    workflow: workflow.name ?? given.file,
  };
  const env = {
    ...here,
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_EVENT_NAME: given.event,
    GITHUB_ACTOR: github.actor,
    GITHUB_REPOSITORY: github.repository,
    GITHUB_SHA: github.sha,
    GITHUB_WORKSPACE: root,
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
      log: (text) => void (given.json ? process.stderr : process.stdout).write(text),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function show(results: readonly JobResult[]): string {
  const lines = results.flatMap(({ job, result, why, steps }) => [
    `${result.padEnd(8)} ${job}${why === undefined ? '' : ` (${why})`}`,
    ...steps.map((step) => `  ${step.outcome.padEnd(8)} ${step.name}${step.why === undefined ? '' : ` (${step.why})`}`),
  ]);
  const summary = results.map((one) => one.summary).join('\n');
  return `\n${summary.trim() === '' ? '' : `${summary.trim()}\n\n`}${lines.join('\n')}\n`;
}

try {
  const given = await options();
  const results = await run(given);
  process.stdout.write(given.json ? `${JSON.stringify(results, null, 2)}\n` : show(results));
  process.exitCode = results.some(({ result }) => result === 'failure') ? 1 : 0;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${error instanceof TipoffError ? error.hint : ''}\n`);
  process.exitCode = 2;
}

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { processEnvironment, userName } from '#app/config/process.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { JobResult } from './jobs.ts';
import { runWorkflow, type WorkflowRun } from './workflow.ts';

const USAGE = `Runs the local steps of a workflow on this machine, against the embedded home (TIPOFF_HOME, or .tipoff).
  npm run workflow -- FILE --event EVENT [--input name=value]… [--at INSTANT] [--home DIR]
    [--var NAME=value]… [--secret NAME=value]… [--payload FILE.json] [--json]
    [--broken STEP]…             a step that fails instead of running: its id, name or \`uses\`
    [--workspace DIR]            the checkout of the workflow, when it is not this repository
    [--actions OWNER/NAME@REF=DIR]…  where the actions of another repository lie
`;

function options(): WorkflowRun & { readonly json: boolean } {
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
  const here = Object.fromEntries(
    Object.entries(processEnvironment()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const log = (text: string): void => void (given.json ? process.stderr : process.stdout).write(text);
  const results = await runWorkflow(given, { env: { GITHUB_ACTOR: userName() ?? 'somebody', ...here }, log });
  process.stdout.write(given.json ? `${JSON.stringify(results, null, 2)}\n` : show(results));
  process.exitCode = results.some(({ result }) => result === 'failure') ? 1 : 0;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${error instanceof TipoffError ? error.hint : ''}\n`);
  process.exitCode = 2;
}

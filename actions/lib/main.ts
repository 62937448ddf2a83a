import { mkdirSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import * as core from '@actions/core';
import { processEnvironment } from '#app/config/process.ts';
import { exitCodeOf, outcome, type Report } from '#core/check.ts';
import { ERROR_CODES, type ErrorCode, messageOf, TipoffError } from '#core/errors.ts';
import { duration } from '#core/format.ts';
import { parseInstant } from '#core/instants.ts';
import { type Clock, shiftedClock, systemClock } from '#platform/clock.ts';
import { stepAnnotations } from '#platform/report/check-run.ts';
import { consoleLines } from '#platform/report/console.ts';
import { escapeLogLine } from '#platform/report/escape.ts';
import { jsonReport } from '#platform/report/json.ts';
import { markdownReport } from '#platform/report/markdown.ts';
import { type Action, type ActionDeps, type Outputs, type ReportBody, reportBody } from './action.ts';
import { type RunContext, readContext } from './context.ts';
import { gcloudCommand } from './gcloud.ts';
import { withHeartbeat } from './heartbeat.ts';
import { jsonHttp } from './http.ts';
import { isSecret } from './inputs.ts';
import { commandLine } from './tipoff.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs an action when its file was started as a program (`isMain`; otherwise the import only defines the action) and sets the
 * exit code of the process: 0 fine, or a guard has found something; 1 the work failed; 2 bad input; 3 could not run.
 */
export async function main(isMain: boolean, action: Action): Promise<void> {
  if (!isMain) return;
  // The steps of a job share compiled code.
  enableCompileCache();
  // A closed pipe is not a failure of the action.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await perform(action, processEnvironment());
}

/**
 * Runs an action and returns its exit code: sets the initial outputs, reads the inputs, does the work and renders the report.
 * An error becomes a report too, under the same key. The toolkit reads inputs and GitHub's files from the environment.
 */
export async function perform(action: Action, environment: Environment): Promise<number> {
  const context = readContext(environment);
  setOutputs(context, action.outputs);
  let [key, title] = [action.name, action.title];
  let code: number | undefined;
  let ending: { report: ReportBody; outputs?: Outputs };
  try {
    if (context.isGitHub) maskSecrets(action);
    const { about, run } = action.begin(core.getInput, context);
    if (about.key !== undefined) key = `${action.name}:${about.key}`.toLowerCase();
    title = about.title ?? title;
    const deps = depsOf(context, environment);
    const began = systemClock.now().getTime();
    const { report, outputs = {} } = await run(deps);
    const took = duration((systemClock.now().getTime() - began) / 1000);
    const isWork = !action.isGuard && report.verdict === 'ok';
    const facts = isWork ? [...report.facts, ['took', took] as const] : report.facts;
    ending = { report: await withHeartbeat(action, { ...report, facts }, deps), outputs };
  } catch (error) {
    code = error instanceof TipoffError ? ERROR_CODES[error.code].exit : 3;
    if (!(error instanceof TipoffError)) core.info(stackOf(error));
    ending = { report: errorBody(action, error) };
  }
  const report = { ...ending.report, key, title };
  await show(report, context);
  setOutputs(context, {
    ...ending.outputs,
    verdict: report.verdict,
    report: context.outputFile === undefined ? '' : keep(action, report, context),
  });
  return code ?? (action.isGuard && report.verdict === 'failed' ? 0 : exitCodeOf(report.verdict));
}

function depsOf(context: RunContext, environment: Environment): ActionDeps {
  const clock = clockAt(environment['TIPOFF_AT'] || undefined);
  const log = (text: string): void => {
    for (const line of text.trimEnd().split('\n')) core.info(escapeLogLine(line));
  };
  const place = { home: environment['TIPOFF_HOME'] || undefined, at: environment['TIPOFF_AT'] || undefined };
  const tipoff = commandLine(place, log);
  return {
    context,
    clock,
    profile: environment['TIPOFF_PROFILE'] || 'embedded',
    tipoff: (...args) =>
      context.isGitHub
        ? core.group(escapeLogLine(`tipoff ${args.join(' ')}`), () => tipoff(...args))
        : tipoff(...args),
    withApp: async (command, work) => {
      const [{ openApp }, { readConfig }] = await Promise.all([
        import('#app/compose.ts'),
        import('#app/config.ts'),
      ]);
      const app = await openApp(readConfig(environment), { command, clock, write: log });
      try {
        for (const note of app.notes) log(note);
        return await work(app);
      } finally {
        await app.close();
      }
    },
    // Services run in real time, whatever instant is simulated.
    http: (who) => jsonHttp(who, systemClock),
    gcloud: gcloudCommand(environment, log),
    log,
    slackOwners: environment['TIPOFF_SLACK_OWNERS'] || undefined,
    slackUrl: environment['TIPOFF_SLACK_API_URL'] || undefined,
  };
}

/** The system clock, or one that starts at the instant for which a workflow is tried out. Throws TIPOFF_BAD_INPUT. */
function clockAt(at: string | undefined): Clock {
  return at === undefined ? systemClock : shiftedClock(parseInstant(at, 'TIPOFF_AT'));
}

/** The report of an action that failed: what was expected, what was seen, what to do. */
function errorBody(action: Action, error: unknown): ReportBody {
  const hint =
    error instanceof TipoffError ? error.hint : 'This is a defect: please report it with the log of the run.';
  const code: ErrorCode = error instanceof TipoffError ? error.code : 'TIPOFF_UNEXPECTED';
  const reason = `${messageOf(error)}. ${hint}`;
  return reportBody({
    verdict: 'error',
    summary: reason,
    code,
    facts: [['code', code]],
    outcomes: [outcome({ check: action.name, title: `${action.title}: ${code}`, status: 'error', reason })],
  });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** Shows the report as log, annotations and job summary; at a terminal as log only. */
async function show(report: Report, context: RunContext): Promise<void> {
  for (const line of consoleLines(report)) core.info(line);
  if (context.isGitHub) {
    // On a pull request the check run carries the annotations of source lines.
    const shown = stepAnnotations(report).filter(
      ({ file }) => file === undefined || context.pull === undefined,
    );
    for (const { level, message, title, file, line } of shown) {
      const place = file === undefined ? {} : { file, ...(line === undefined ? {} : { startLine: line }) };
      ANNOTATE[level](message, { title, ...place });
    }
  }
  if (context.summaryFile === undefined) return;
  const links = { run: context.runUrl, files: context.filesUrl };
  await core.summary.addRaw(markdownReport(report, links), true).write();
}

/** Masks secrets in the log that do not come from the repository's secrets, which GitHub masks itself. */
function maskSecrets({ inputs }: Action): void {
  for (const name of Object.keys(inputs.shape).filter(isSecret)) {
    const value = core.getInput(name);
    if (value !== '') core.setSecret(value);
  }
}

function setOutputs(context: RunContext, outputs: Outputs): void {
  if (context.outputFile === undefined) return;
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

/** Writes the report for the step that posts it, and returns its path. */
function keep(action: Action, report: Report, context: RunContext): string {
  const folder = join(context.folder, 'tipoff-reports');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${action.name}.json`);
  writeFileSync(path, JSON.stringify(jsonReport(report), null, 2));
  return path;
}

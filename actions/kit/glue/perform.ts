import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf, outcome, type Report, report } from '#core/check.ts';
import { ERROR_CODES, messageOf, TipoffError } from '#core/errors.ts';
import { parseInstant } from '#core/instants.ts';
import { type Clock, shiftedClock, systemClock } from '#platform/clock.ts';
import { annotationCommands } from '#platform/report/check-run.ts';
import { consoleLines } from '#platform/report/console.ts';
import { escapeLogLine } from '#platform/report/escape.ts';
import { jsonReport } from '#platform/report/json.ts';
import { markdownReport } from '#platform/report/markdown.ts';
import type { ActionDeps, ActionResult, AnyAction } from './action.ts';
import { type RunContext, readContext } from './context.ts';
import { gcloudCommand } from './gcloud.ts';
import { beatOf } from './heartbeat.ts';
import { jsonHttp } from './http.ts';
import type { Environment } from './inputs.ts';
import { writeOutputs } from './outputs.ts';
import { commandLine } from './tipoff.ts';

/** Where an action writes its log. */
export type Log = (line: string) => void;

/**
 * Runs one action from its environment to its exit code: safe outputs, inputs, work, then every rendering of the report. An
 * error is a report too. Exit codes are those of the command line: 0 fine, 1 a check failed, 2 bad input, 3 could not run.
 */
export async function perform(action: AnyAction, environment: Environment, log: Log): Promise<number> {
  const context = readContext(environment);
  writeOutputs(context.outputFile, action.outputs);
  let code: number | undefined;
  let result: ActionResult;
  try {
    const work = action.begin(environment);
    const deps = depsOf(context, environment, log);
    result = await work(deps);
    result = { ...result, report: await beatOf(action, result.report, deps) };
  } catch (error) {
    code = error instanceof TipoffError ? ERROR_CODES[error.code].exit : 3;
    if (!(error instanceof TipoffError))
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    result = { report: errorReport(action, error) };
  }
  publish(action, result, context, log);
  return code ?? exitCodeOf(result.report.verdict);
}

function depsOf(context: RunContext, environment: Environment, log: Log): ActionDeps {
  const clock = clockAt(environment['TIPOFF_AT'] || undefined);
  const lines = (text: string): void => {
    for (const line of text.trimEnd().split('\n')) log(escapeLogLine(line));
  };
  return {
    context,
    clock,
    profile: environment['TIPOFF_PROFILE'] || 'embedded',
    tipoff: commandLine(
      { home: environment['TIPOFF_HOME'] || undefined, at: environment['TIPOFF_AT'] || undefined },
      lines,
    ),
    withApp: async (command, work) => {
      const [{ openApp }, { readConfig }] = await Promise.all([
        import('#app/compose.ts'),
        import('#app/config.ts'),
      ]);
      const app = await openApp(readConfig(environment), {
        command,
        clock,
        write: (line) => log(escapeLogLine(line)),
      });
      try {
        for (const note of app.notes) log(escapeLogLine(note));
        return await work(app);
      } finally {
        await app.close();
      }
    },
    // The outside world lives in the present, whatever instant is played.
    http: (who) => jsonHttp(who, systemClock),
    gcloud: gcloudCommand(environment, lines),
    log,
    slackUrl: environment['TIPOFF_SLACK_API_URL'] || undefined,
  };
}

/** The wall clock, or one that starts at the instant a person tries a workflow at. Throws TIPOFF_BAD_INPUT. */
function clockAt(at: string | undefined): Clock {
  if (at === undefined) return systemClock;
  return shiftedClock(parseInstant(at, 'TIPOFF_AT'));
}

/** What could not be done, as a report: what was expected, what was seen, what to do. */
function errorReport(action: AnyAction, error: unknown): Report {
  const hint =
    error instanceof TipoffError ? error.hint : 'This is a defect: please report it with the log of the run.';
  const code = error instanceof TipoffError ? error.code : 'TIPOFF_UNEXPECTED';
  return report({
    key: action.name,
    title: action.title,
    verdict: 'error',
    summary: `${messageOf(error)}. ${hint}`,
    facts: [['code', code]],
    outcomes: [
      outcome({
        check: action.name,
        title: `${action.title}: ${code}`,
        status: 'error',
        reason: `${messageOf(error)}. ${hint}`,
      }),
    ],
  });
}

function publish(
  action: AnyAction,
  { report: said, outputs }: ActionResult,
  context: RunContext,
  log: Log,
): void {
  for (const line of consoleLines(said)) log(line);
  if (context.isGitHub) for (const line of annotationCommands(said)) log(line);
  if (context.summaryFile !== undefined && context.summaryFile !== '') {
    appendFileSync(
      context.summaryFile,
      `${markdownReport(said, { run: context.runUrl, files: context.filesUrl })}\n`,
    );
  }
  const path =
    context.outputFile === undefined || context.outputFile === '' ? '' : keep(action, said, context);
  writeOutputs(context.outputFile, { ...outputs, verdict: said.verdict, report: path });
}

function keep(action: AnyAction, said: Report, context: RunContext): string {
  const folder = join(context.folder, 'tipoff-reports');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${action.name}.json`);
  writeFileSync(path, JSON.stringify(jsonReport(said), null, 2));
  return path;
}

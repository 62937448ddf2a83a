import { join } from 'node:path';
import type { JobResult } from '#actions/runner/jobs.ts';
import { runShell, type Shell, withFiles } from '#actions/runner/shell.ts';
import { runWorkflow, type WorkflowRun } from '#actions/runner/workflow.ts';
import { main } from '#app/cli/program.ts';
import { startHere, withVariables } from '#test/actions/run-action.ts';

/** How a workflow ended, job by job, and what its steps printed. */
export interface RanHere {
  readonly jobs: readonly JobResult[];
  readonly log: string;
}

/** Takes the place of some scripts; undefined for those that run as they are. */
export type StandIn = (...run: Parameters<Shell>) => ReturnType<Shell> | undefined;

/**
 * Runs a workflow of the repository in this process: its actions and verbs are called and not started, which is the same work
 * without a process for each step. Other scripts run in a shell. One run at a time.
 */
export async function runHere(
  run: Pick<WorkflowRun, 'file' | 'event'> & Partial<WorkflowRun>,
  env: Readonly<Record<string, string>>,
  standIn: StandIn = () => undefined,
): Promise<RanHere> {
  let log = '';
  const jobs = await runWorkflow(
    {
      ...{ at: undefined, home: undefined, workspace: undefined },
      ...{ inputs: {}, vars: {}, secrets: {}, payload: {}, broken: [], actions: {} },
      ...run,
      file: join('.github/workflows', run.file),
    },
    {
      env: { PATH: process.env['PATH'] ?? '', GITHUB_ACTIONS: 'true', ...env },
      log: (text) => {
        log += text;
      },
      shell: (script, { env: variables, ...options }) => {
        // A job begins on an empty machine, unless the home of this one is named.
        const machine =
          run.home === undefined ? { TIPOFF_HOME: join(variables['RUNNER_TEMP'] ?? '', 'home') } : {};
        const inner = { ...options, env: { ...variables, ...machine } };
        return standIn(script, inner) ?? callHere(script, inner) ?? runShell(script, inner);
      },
    },
  );
  return { jobs, log };
}

/** Calls what a script starts, where that is one action or one verb; undefined for any other script. */
const callHere: StandIn = (script, options) => {
  const action = script.includes('$GITHUB_ACTION_PATH/main.ts')
    ? /[^/]+$/.exec(options.env['GITHUB_ACTION_PATH'] ?? '')?.[0]
    : /actions\/([\w-]+)\/dist\/index\.js/.exec(script)?.[1];
  if (action !== undefined)
    return withFiles(options, async (env) => {
      const { code, log } = await startHere(action, env);
      options.log(log);
      return code ?? 1;
    });
  const verb = /^npx tipoff (.*)$/.exec(script.trim())?.[1];
  if (verb === undefined) return undefined;
  const words = verb.match(/"[^"]*"|\S+/g) ?? [];
  const args = words.map((word) =>
    word.replaceAll('"', '').replaceAll(/\$(\w+)/g, (_, name: string) => options.env[name] ?? ''),
  );
  const { log } = options;
  return withFiles(options, (env) => withVariables(env, () => main(args, { out: log, err: log })));
};

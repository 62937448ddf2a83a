import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import { parseInstant } from '#core/instants.ts';
import { shiftedClock } from '#platform/clock.ts';
import { eventsOf, readWorkflow } from './documents.ts';
import { dispatchInputs } from './inputs.ts';
import { type JobResult, runJobs } from './jobs.ts';
import { runShell, type Shell } from './shell.ts';

/** A workflow, and the event that starts it. */
export interface WorkflowRun {
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
}

/** Where a workflow runs. */
interface Place {
  /** Variables that every step sees. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
  /** How a script runs; in a bash process of its own when absent. */
  readonly shell?: Shell;
}

/** Runs the jobs of a workflow. Throws TIPOFF_NOT_FOUND or TIPOFF_BAD_INPUT for a missing or invalid file, event or input. */
export async function runWorkflow(
  given: WorkflowRun,
  { env: here, log, shell = runShell }: Place,
): Promise<JobResult[]> {
  const root = resolve(given.workspace ?? resolve(import.meta.dirname, '../..'));
  const workflow = readWorkflow(resolve(root, given.file));
  const events = eventsOf(workflow);
  if (!events.names.includes(given.event))
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${given.file} answers ${events.names.join(', ')}, not ${given.event}`,
      { hint: 'Choose an event that it answers.' },
    );
  const inputs = given.event === 'workflow_dispatch' ? dispatchInputs(events.inputs, given.inputs) : {};
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-event-'));
  const github = {
    event_name: given.event,
    event: { ...given.payload, inputs },
    actor: here['GITHUB_ACTOR'] ?? 'somebody',
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
      clock: given.at === undefined ? undefined : shiftedClock(parseInstant(given.at, '--at')),
      log,
      shell,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

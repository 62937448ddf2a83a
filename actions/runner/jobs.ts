import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import type { Job, Workflow } from './documents.ts';
import { type Contexts, fill, holds } from './expressions.ts';
import { filled, runSteps, type Stage, type StepResult } from './steps.ts';

export interface JobResult {
  readonly job: string;
  readonly result: 'success' | 'failure' | 'skipped';
  readonly why?: string;
  readonly steps: readonly StepResult[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Where the jobs of a workflow run. */
export interface Machine extends Pick<Stage, 'workspace' | 'broken' | 'repositories' | 'clock' | 'shell'> {
  /** Variables every step sees. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
}

/** Runs the jobs of a workflow one after another, each after those it needs, once per value of its matrix. */
export async function runJobs(
  workflow: Workflow,
  contexts: Contexts,
  machine: Machine,
): Promise<JobResult[]> {
  const results: JobResult[] = [];
  for (const name of inOrder(workflow)) {
    const job = workflow.jobs[name];
    if (job === undefined) continue;
    const needed = results.filter((result) => job.needs.includes(result.job));
    const needs = Object.fromEntries(needed.map(({ job: id, result, outputs }) => [id, { result, outputs }]));
    const status = needed.some(({ result }) => result !== 'success') ? 'failure' : 'success';
    if (!holds(job.if, { ...contexts, needs }, status)) {
      const why = job.if === undefined ? 'a job before it did not succeed' : `if: ${String(job.if)}`;
      results.push({ job: name, result: 'skipped', why, steps: [], outputs: {}, summary: '' });
      continue;
    }
    if (job.uses !== undefined) {
      const why = `it calls ${job.uses}, which is run by its own name here`;
      results.push({ job: name, result: 'skipped', why, steps: [], outputs: {}, summary: '' });
      continue;
    }
    for (const matrix of combinations(job))
      results.push(await runJob(name, job, workflow, { ...contexts, needs, matrix }, machine));
  }
  return results;
}

async function runJob(
  name: string,
  job: Job,
  workflow: Workflow,
  contexts: Contexts,
  machine: Machine,
): Promise<JobResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-workflow-'));
  const stage: Stage = {
    workspace: machine.workspace,
    broken: machine.broken,
    repositories: machine.repositories,
    clock: machine.clock,
    shell: machine.shell,
    folder,
    env: { ...machine.env, RUNNER_TEMP: folder },
    results: [],
    summaries: [],
    log: machine.log,
  };
  try {
    const all = { ...contexts, runner: { os: 'Linux', temp: folder } };
    const outer = filled(workflow.env, all, 'success');
    const env = { ...outer, ...filled(job.env, { ...all, env: outer }, 'success') };
    const ran = await runSteps(job.steps, all, env, stage);
    const outputs = filled(job.outputs, { ...all, steps: ran.steps }, ran.status);
    const shown = job.name === undefined ? name : fill(job.name, all, 'success');
    const why =
      job.environment === undefined
        ? {}
        : { why: `${shown}: the approval of the environment ${job.environment} is taken for granted here` };
    return {
      job: name,
      result: ran.status,
      ...why,
      steps: stage.results,
      outputs,
      summary: stage.summaries.join('\n'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names of jobs, each after those it needs. Throws TIPOFF_BAD_INPUT for a job that needs itself or nobody. */
function inOrder({ jobs }: Workflow): string[] {
  const order: string[] = [];
  let left = Object.keys(jobs);
  while (left.length > 0) {
    const ready = left.filter((name) => jobs[name]?.needs.every((need) => order.includes(need)) === true);
    if (ready.length === 0) {
      throw new TipoffError(
        'TIPOFF_BAD_INPUT',
        `the jobs ${left.join(', ')} need each other or a job that does not exist`,
        {
          hint: 'Correct `needs`.',
        },
      );
    }
    order.push(...ready);
    left = left.filter((name) => !ready.includes(name));
  }
  return order;
}

function combinations({ strategy }: Job): Record<string, unknown>[] {
  let all: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(strategy?.matrix ?? {})) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return all;
}

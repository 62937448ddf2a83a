import { join, resolve } from 'node:path';
import type { Clock } from '#platform/clock.ts';
import { readAction, type Step } from './documents.ts';
import { type Contexts, fill, holds, type Status } from './expressions.ts';
import type { Shell } from './shell.ts';

/** The result of a step. */
export interface StepResult {
  readonly name: string;
  readonly outcome: 'success' | 'failure' | 'skipped' | 'not here';
  /** Why it did not run, when it did not. */
  readonly why?: string;
}

/** What the steps of a job share. */
export interface Stage {
  readonly workspace: string;
  /** Steps, by id, name or `uses`, that fail instead of running. */
  readonly broken: readonly string[];
  /** Where actions of other repositories lie: `owner/name@ref` → folder of that repository. */
  readonly repositories: Readonly<Record<string, string>>;
  /** Folder for the files of steps. */
  readonly folder: string;
  /** Variables of the process, of GitHub and of earlier steps. */
  env: Record<string, string>;
  /** The instant that is played goes on from step to step; undefined in the present. */
  readonly clock: Clock | undefined;
  readonly shell: Shell;
  readonly results: StepResult[];
  readonly summaries: string[];
  readonly log: (text: string) => void;
}

interface JobRun {
  readonly status: Status;
  readonly steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>;
}

/** Actions that prepare a runner: this machine is prepared already. */
const PREPARED = ['./actions/setup'];

/** Runs steps in order, composites included. A failed step fails the rest, unless their `if:` says otherwise. */
export async function runSteps(
  steps: readonly Step[],
  contexts: Contexts,
  env: Readonly<Record<string, string>>,
  stage: Stage,
  prefix = '',
  actionFolder?: string,
): Promise<JobRun> {
  let status: Status = 'success';
  const done: JobRun['steps'] = {};
  for (const [index, step] of steps.entries()) {
    const name = `${prefix}${step.name ?? step.id ?? step.uses ?? `step ${index + 1}`}`;
    const visible = { ...contexts, env: { ...env, ...stage.env }, steps: done, job: { status } };
    if (!holds(step.if, visible, status)) {
      stage.results.push({
        name,
        outcome: 'skipped',
        why: step.if === undefined ? 'an earlier step failed' : `if: ${String(step.if)}`,
      });
      if (step.id !== undefined) done[step.id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
      continue;
    }
    const own = { ...env, ...filled(step.env, visible, status) };
    if (prefix === '') stage.log(`▸ ${name}\n`);
    const { ok, outputs } = await runStep(step, name, visible, own, stage, status, actionFolder);
    const outcome = ok ? 'success' : 'failure';
    const conclusion = ok || step['continue-on-error'] ? 'success' : 'failure';
    if (step.id !== undefined) done[step.id] = { outputs, outcome, conclusion };
    if (conclusion === 'failure') status = 'failure';
  }
  return { status, steps: done };
}

async function runStep(
  step: Step,
  name: string,
  contexts: Contexts,
  env: Readonly<Record<string, string>>,
  stage: Stage,
  status: Status,
  actionFolder: string | undefined,
): Promise<{ ok: boolean; outputs: Record<string, string> }> {
  const own = [step.id, step.name, step.uses].filter((one) => one !== undefined);
  if (own.some((one) => stage.broken.includes(one))) {
    stage.results.push({ name, outcome: 'failure', why: 'it is to fail' });
    return { ok: false, outputs: {} };
  }
  if (step.run !== undefined) {
    const cwd = resolve(stage.workspace, fill(step['working-directory'] ?? '.', contexts, status));
    const inAction = actionFolder === undefined ? {} : { GITHUB_ACTION_PATH: actionFolder };
    return runScript(fill(step.run, contexts, status), name, cwd, { ...env, ...inAction }, stage);
  }
  const uses = step.uses ?? '';
  const folder = PREPARED.includes(uses) ? undefined : folderOf(uses, stage);
  if (folder === undefined) {
    const why = uses.startsWith('./') ? 'this machine is prepared already' : 'it belongs to somebody else';
    stage.results.push({
      name: step.name === undefined ? name : `${name} (${uses})`,
      outcome: 'not here',
      why,
    });
    return { ok: true, outputs: {} };
  }
  const action = readAction(folder);
  const given = filled(step.with, contexts, status);
  const github = contexts['github'];
  const bare = { github, runner: contexts['runner'], strategy: {}, matrix: {} };
  const absent = Object.entries(action.inputs).map(([input, { default: value }]) => [
    input,
    fill(value ?? '', bare, 'success'),
  ]);
  const inputs: Record<string, string> = { ...Object.fromEntries(absent), ...given };
  if (action.runs.main !== undefined) {
    const program = `exec '${process.execPath}' '${join(folder, action.runs.main)}'`;
    const variables = Object.entries(inputs).map(([input, value]) => [`INPUT_${input.toUpperCase()}`, value]);
    return runScript(program, name, stage.workspace, { ...env, ...Object.fromEntries(variables) }, stage);
  }
  const inner = { ...bare, inputs };
  const ran = await runSteps(action.runs.steps, inner, env, stage, `${name} / `, folder);
  const outputs = Object.entries(action.outputs).map(([output, { value }]) => [
    output,
    fill(value, { ...inner, steps: ran.steps }, 'success'),
  ]);
  return { ok: ran.status === 'success', outputs: Object.fromEntries(outputs) };
}

/** The folder of an action: of this repository, or of one whose place was named; undefined for others. */
function folderOf(uses: string, { workspace, repositories }: Stage): string | undefined {
  if (uses.startsWith('./')) return join(workspace, uses);
  const [, repository, path = '', ref] = /^([^/]+\/[^/@]+)\/?([^@]*)@(.+)$/.exec(uses) ?? [];
  const root = repositories[`${repository}@${ref}`];
  return root === undefined ? undefined : join(root, path);
}

/** Runs a script as a step, and keeps what it leaves. */
async function runScript(
  script: string,
  name: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  stage: Stage,
): Promise<{ ok: boolean; outputs: Record<string, string> }> {
  const { clock } = stage;
  const ran = await stage.shell(script, {
    cwd,
    env: { ...stage.env, ...env, ...(clock === undefined ? {} : { TIPOFF_AT: clock.now().toISOString() }) },
    folder: stage.folder,
    log: stage.log,
  });
  stage.env = { ...stage.env, ...ran.env };
  if (ran.summary !== '') stage.summaries.push(ran.summary);
  const ok = ran.code === 0;
  const why = ok ? {} : { why: `exit code ${ran.code}` };
  stage.results.push({ name, outcome: ok ? 'success' : 'failure', ...why });
  return { ok, outputs: { ...ran.outputs } };
}

export function filled(
  values: Readonly<Record<string, unknown>>,
  contexts: Contexts,
  status: Status,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, fill(value, contexts, status)]),
  );
}

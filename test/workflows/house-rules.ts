import { parse } from 'yaml';
import { z } from 'zod';
import { SETTINGS } from '#app/config/settings.ts';

/** What is known of the local actions: inputs (true when required) and outputs by folder name. */
export type Known = Readonly<
  Record<string, { readonly inputs: Readonly<Record<string, boolean>>; readonly outputs: readonly string[] }>
>;

const values = z.record(z.string(), z.unknown()).default({});
const step = z.looseObject({
  id: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: values,
});
const job = z.looseObject({
  if: z.unknown().optional(),
  uses: z.string().optional(),
  secrets: z.record(z.string(), z.string()).optional(),
  concurrency: z.unknown().optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  'timeout-minutes': z.number().optional(),
  environment: z
    .union([z.string(), z.looseObject({ name: z.string(), deployment: z.boolean().default(true) })])
    .optional(),
  steps: z.array(step).default([]),
});
const workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: z.unknown().optional(),
  concurrency: z
    .looseObject({ group: z.string().optional(), 'cancel-in-progress': z.unknown().optional() })
    .optional(),
  jobs: z.record(z.string(), job),
});
type Workflow = z.output<typeof workflow>;
type Job = z.output<typeof job>;
const schedule = z.array(z.object({ cron: z.string() })).default([]);
const dispatch = z
  .object({ inputs: z.record(z.string(), z.looseObject({ default: z.unknown().optional() })).default({}) })
  .nullish();

const call = z.object({ secrets: z.record(z.string(), z.unknown()).default({}) }).nullish();

/** Everything a workflow file does that this repository does not do, as sentences. */
export function problemsOf(text: string, known: Known): string[] {
  const parsed = workflow.parse(parse(text));
  return [
    ...ofFile(parsed, text),
    ...Object.entries(parsed.jobs).flatMap(([name, one]) => ofJob(name, one, parsed, text, known)),
  ];
}

function ofFile(file: Workflow, text: string): string[] {
  const problems: string[] = [];
  if (JSON.stringify(file.permissions) !== '{}') problems.push('permissions: expected {} at the top');
  if (file.concurrency?.group === undefined) problems.push('concurrency: expected a group');
  const cancel = file.concurrency?.['cancel-in-progress'];
  if (cancel !== false && !String(cancel).includes("github.event_name == 'pull_request'")) {
    problems.push('concurrency: only a newer push to a pull request may cancel a run');
  }
  for (const { cron } of schedule.parse(file.on['schedule'] ?? [])) {
    if (cron.split(/[ ,]/).some((part, at) => at === 0 && (part === '0' || part.startsWith('*'))))
      problems.push(`schedule: ${cron} is on the full hour`);
  }
  if ('pull_request_target' in file.on)
    problems.push('pull_request_target runs strangers code with our rights');
  const inputs = dispatch.parse(file.on['workflow_dispatch'])?.inputs ?? {};
  if (Object.keys(inputs).length > 25) problems.push('workflow_dispatch: more than 25 inputs');
  // Whoever starts a workflow that changes data is served: without a queue a newer request drops the one that waits.
  if ('dry_run' in inputs && file.concurrency?.['queue'] !== 'max')
    problems.push('concurrency: expected queue: max');
  if ('dry_run' in inputs && inputs['dry_run']?.default !== true)
    problems.push('dry_run: expected true as default');
  if (/secrets:\s*inherit/.test(text)) problems.push('secrets: inherit hands over every secret');
  if ('workflow_call' in file.on) {
    const declared = call.parse(file.on['workflow_call'])?.secrets ?? {};
    for (const name of new Set([...text.matchAll(/secrets\.([A-Z_]+)/g)].map(([, one = '']) => one))) {
      if (!Object.hasOwn(declared, name))
        problems.push(`${name}: a called workflow has no secret that it does not declare`);
    }
  }
  for (const line of text.split('\n')) {
    const uses = /uses:\s*(\S+)(.*)$/.exec(line);
    const [, reference = '', rest = ''] = uses ?? [];
    if (uses === null || /^\.\/(?:actions\/|\.github\/workflows\/[\w-]+\.yml$)/.test(reference)) continue;
    if (!/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(reference))
      problems.push(`${reference}: expected a full commit`);
    if (!/^ # v\d+\.\d+\.\d+$/.test(rest)) problems.push(`${reference}: expected its version as a comment`);
  }
  return problems;
}

function ofJob(name: string, one: Job, file: Workflow, text: string, known: Known): string[] {
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(`${name}: ${problem}`);
  if (one.permissions === undefined) say('expected permissions of its own');
  for (const [scope, level] of Object.entries(one.permissions ?? {})) {
    if (!new RegExp(`^ +${scope}: ${level} # \\S`, 'm').test(text)) say(`${scope}: ${level} has no reason`);
  }
  const minutes = one['timeout-minutes'];
  if (one.uses === undefined && (minutes === undefined || minutes > 355))
    say('expected timeout-minutes below six hours');
  const body = JSON.stringify(one);
  if (/secrets\.(?!GITHUB_TOKEN)/.test(body)) {
    // A call hands on what its workflow declares; the jobs there have environments.
    if (one.environment === undefined && one.uses === undefined)
      say('names a secret outside of an environment');
    const isOpen =
      'pull_request' in file.on && !/github\.event_name == '(?:schedule|push)'/.test(String(one.if ?? ''));
    if (isOpen) say('names a secret on pull requests');
  }
  const isDeployment = ['deploy', 'publish'].includes(name);
  const environment = one.environment;
  const isRecorded = typeof environment === 'string' || environment?.deployment === true;
  if (environment !== undefined && isRecorded !== isDeployment)
    say('only what deploys leaves a record of a deployment: expected deployment: false');
  if (body.includes('google-github-actions/auth@') && one.environment === undefined)
    say('takes an identity outside of an environment');
  for (const [, variable = ''] of body.matchAll(/"(TIPOFF_[A-Z_]+)":/g)) {
    if (!Object.hasOwn(SETTINGS.shape, variable)) say(`nobody reads ${variable}`);
  }
  if (body.includes('id-token') && one.permissions?.['id-token'] === undefined)
    say('asks for an identity it may not have');
  const order = one.steps.map(({ uses = '' }) => uses);
  const at = (prefix: string): number => order.findIndex((uses) => uses.startsWith(prefix));
  // A job that runs nothing but shell of its own, such as a gate, or hands over what others made, has no use for the files.
  if (
    order.some((uses) => uses !== '' && !uses.startsWith('actions/deploy-pages@')) &&
    at('actions/checkout@') !== 0
  )
    say('checkout is not the first step');
  const [setup, identity] = [at('./actions/setup'), at('google-github-actions/auth@')];
  // post-report is a bundle: it needs nothing that set-up makes.
  const needsSetup = order.some((uses) => uses.startsWith('./') && uses !== './actions/post-report');
  if (setup > 1 || (setup === -1 && needsSetup)) say('setup does not follow checkout');
  if (
    identity !== -1 &&
    (identity < setup ||
      order.slice(0, identity).some((uses) => uses.startsWith('./') && uses !== './actions/setup'))
  ) {
    say('identity does not come between setup and the first action');
  }
  for (const { uses = '', run = '', with: given } of one.steps) {
    if (run.includes('${{')) say('an expression inside run');
    if (/npm (?:i|install|exec)\b|\bnpx (?!tipoff )/.test(run))
      say('installs what the lock file does not name');
    if (uses.startsWith('actions/checkout@') && given['persist-credentials'] !== false)
      say('checkout keeps its credentials');
    // Artefacts outlive an attempt, and of two with one name none is deployed; nor are two at once.
    if (
      uses.startsWith('actions/upload-pages-artifact@') &&
      !String(given['name']).includes('github.run_attempt')
    )
      say('the pages of a run that is started again have the name of the first ones');
    if (uses.startsWith('actions/deploy-pages@') && one.concurrency === undefined)
      say('deployments of pages refuse each other: expected a concurrency group');
    const source = String(given['source'] ?? '');
    if (
      uses === './actions/post-report' &&
      !Object.hasOwn(known, source.split(':')[0] ?? '') &&
      !('outcome' in given)
    )
      say(`${source} is the key of no action, and no outcome is given`);
    // Under another key a message would stay red when what it was about is well again.
    for (const [, id = ''] of String(given['report'] ?? '').matchAll(/steps\.([\w-]+)\.outputs\.report/g)) {
      const action = one.steps.find((step) => step.id === id)?.uses?.replace('./actions/', '');
      if (action !== source.split(':')[0]) say(`${source} is told with the report of ${action}`);
    }
    if (uses.startsWith('./'))
      problems.push(...ofCall(name, uses.replace('./actions/', ''), Object.keys(given), known));
  }
  return [...problems, ...ofReferences(name, one, known)];
}

function ofCall(job: string, action: string, given: readonly string[], known: Known): string[] {
  const own = known[action];
  if (own === undefined) return [`${job}: there is no action ${action}`];
  const unknown = given
    .filter((input) => !Object.hasOwn(own.inputs, input))
    .map((input) => `${job}: ${action} has no input ${input}`);
  const missing = Object.entries(own.inputs).flatMap(([input, required]) =>
    required && !given.includes(input) ? [`${job}: ${action} needs ${input}`] : [],
  );
  return [...unknown, ...missing];
}

/** Every `steps.x.outputs.y` names a step of the job and an output of its action. */
function ofReferences(job: string, { steps, ...rest }: Job, known: Known): string[] {
  const text = JSON.stringify({ steps, rest });
  return [...text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)].flatMap(([, id = '', output = '']) => {
    const found = steps.find((one) => one.id === id);
    if (found === undefined) return [`${job}: there is no step ${id}`];
    const action =
      found.uses?.startsWith('./actions/') === true ? known[found.uses.replace('./actions/', '')] : undefined;
    return action === undefined || action.outputs.includes(output)
      ? []
      : [`${job}: ${id} has no output ${output}`];
  });
}

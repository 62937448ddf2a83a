import { z } from 'zod';
import { JOBS_BY_CLOCK } from '#core/clock.ts';
import { SECRETS } from './foundation.ts';
import {
  type Account,
  accountEmail,
  bucketName,
  type Installation,
  SERVICES,
  type Service,
  serviceAddress,
} from './installation.ts';
import { binding } from './roles.ts';
import { type Command, exists, gcloud, type Step } from './step.ts';

/** Whose identity tokens each service accepts. */
const CALLERS: Readonly<Record<Service, readonly Account[]>> = {
  coordinator: ['scheduler', 'reader', 'recorder', 'writer', 'deployer'],
  worker: ['push', 'deployer'],
};
/** Those that only look: a deployment asks for version and health. */
const LOOKERS: readonly Account[] = ['reader', 'recorder', 'deployer'];

/**
 * The coordinator is alone. On demand it has its processor while it answers: the scheduler asks it every five minutes for what
 * its sweeper would do. Always on, it sweeps by itself. The least number of instances is that of the service, not of a
 * revision: a candidate that is tagged and has no traffic would have one too. Workers come and go with what is pushed to them.
 */
const SHAPES: Readonly<Record<Service, readonly string[]>> = {
  coordinator: ['--max-instances=1', '--cpu=1', '--memory=2Gi', '--timeout=300'],
  worker: ['--max-instances=10', '--concurrency=2', '--cpu=1', '--memory=1Gi', '--timeout=120'],
};
const ARGUMENTS: Readonly<Record<Service, readonly string[]>> = {
  coordinator: ['serve', '--coordinator', '--host', '0.0.0.0'],
  worker: ['serve', '--worker', '--workers', '0', '--host', '0.0.0.0'],
};

/** Jobs of the day by name: arguments of the image, and when they start, in New York. */
export const JOBS: Readonly<Record<string, { readonly args: readonly string[]; readonly schedule: string }>> =
  {
    'tipoff-fetch': { args: ['fetch'], schedule: JOBS_BY_CLOCK.fetch.cloud },
    'tipoff-day': { args: ['day'], schedule: JOBS_BY_CLOCK.day.cloud },
    // A report comes out every quarter of an hour; the last one before a tip-off is read 15 to 20 minutes before it.
    'tipoff-statuses': { args: ['fetch', '--statuses'], schedule: JOBS_BY_CLOCK.statuses.cloud },
    'tipoff-last-call': { args: ['day', '--due'], schedule: JOBS_BY_CLOCK['last-call'].cloud },
    'tipoff-canaries': { args: ['canary', 'run'], schedule: JOBS_BY_CLOCK.canaries.cloud },
  };

/** Variables of everything that runs; none of them is a secret. */
export function plainVariables(installation: Installation, service?: Service): Record<string, string> {
  const emailsOf = (accounts: readonly Account[]): string =>
    accounts.map((account) => accountEmail(installation, account)).join(',');
  return {
    TIPOFF_PROFILE: 'gcp',
    TIPOFF_GCP_PROJECT: installation.project,
    TIPOFF_GCP_LOCATION: installation.location,
    TIPOFF_GCP_BUCKET: bucketName(installation),
    // A coordinator on demand has no pulse of its own that the checks could miss.
    TIPOFF_SCHEDULED_JOBS: `day,fetch,staging-cleanup${installation.alwaysOn ? ',services' : ''}`,
    TIPOFF_REPOSITORY_URL: `https://github.com/${installation.repository}`,
    ...(service === undefined
      ? // Without it nobody hears of what the checks find. It is optional all the same: no service is unfit for want of it.
        { TIPOFF_REQUIRED_SETTINGS: 'TIPOFF_SLACK_TOKEN' }
      : {
          TIPOFF_OIDC_AUDIENCE: serviceAddress(installation, service),
          TIPOFF_OIDC_ACCOUNTS: emailsOf(CALLERS[service]),
          TIPOFF_OIDC_READERS: emailsOf(CALLERS[service].filter((account) => LOOKERS.includes(account))),
        }),
  };
}

/** gcloud splits lists at commas; values have commas too, so another sign separates them. */
function variableList(variables: Readonly<Record<string, string>>): string {
  return `^;^${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join(';')}`;
}

/** The secrets that an account runs with and that have a value, by variable. */
function secretsOf({ filledSecrets }: Installation, account: Account): Record<string, string> {
  const own = Object.entries(SECRETS).filter(
    ([variable, { readers }]) => filledSecrets.includes(variable) && readers.includes(account),
  );
  return Object.fromEntries(own.map(([variable, { name }]) => [variable, name]));
}

function secretFlags(secrets: Readonly<Record<string, string>>): string[] {
  const list = Object.entries(secrets).map(([variable, name]) => `${variable}=${name}:latest`);
  return list.length === 0 ? [] : [`--update-secrets=${list.join(',')}`];
}

/** Services and jobs with their triggers, for an installation that has an image. */
export function serviceSteps(installation: Installation, image: string): Step[] {
  return [
    ...SERVICES.map((service) => serviceStep(installation, service, image)),
    ...SERVICES.map((service) => onService(installation, service, 'roles/run.developer', 'deployer')),
    ...Object.keys(JOBS).flatMap((name) => jobSteps(installation, name, image)),
    backUp(installation, 'tipoff-check-stalled', '*/5 * * * *', '/check-stalled'),
    backUp(installation, 'tipoff-start', '15 18 * * *', '/start'),
  ];
}

function serviceStep(installation: Installation, service: Service, image: string): Step {
  const { project, region } = installation;
  const name = `tipoff-${service}`;
  const at = [`--project=${project}`, `--region=${region}`];
  const variables = plainVariables(installation, service);
  const account = accountEmail(installation, service);
  const secrets = secretsOf(installation, service);
  const flags = [
    ...at,
    `--service-account=${account}`,
    `--args=${ARGUMENTS[service].join(',')}`,
    `--update-env-vars=${variableList(variables)}`,
    ...secretFlags(secrets),
    ...SHAPES[service],
    // What an earlier version of this script set for each revision.
    '--min-instances=default',
    ...(service === 'coordinator' && installation.alwaysOn
      ? ['--min=1', '--no-cpu-throttling']
      : ['--min=0', '--cpu-throttling']),
  ];
  return {
    title: `service ${name} at ${serviceAddress(installation, service)}`,
    look: gcloud('run', 'services', 'describe', name, ...at, '--format=json'),
    stands: (answer) => runsAs(answer, { account, args: ARGUMENTS[service], variables, secrets }),
    // Cloud Run removes the signature of tokens it checks itself, and the service, which checks account and audience, needs it.
    make: gcloud(
      'run',
      'deploy',
      name,
      `--image=${image}`,
      ...flags,
      '--no-invoker-iam-check',
      '--startup-probe=httpGet.path=/health',
    ),
    change: gcloud('run', 'services', 'update', name, ...flags),
  };
}

function onService(
  { project, region, ...rest }: Installation,
  service: Service,
  role: string,
  account: Account,
): Step {
  const email = accountEmail({ project, ...rest }, account);
  const at = [`--project=${project}`, `--region=${region}`];
  return binding(
    `service tipoff-${service}`,
    ['run', 'services', `tipoff-${service}`],
    at,
    role,
    `serviceAccount:${email}`,
  );
}

function jobSteps(installation: Installation, name: string, image: string): Step[] {
  const { project, region } = installation;
  const job = JOBS[name];
  if (job === undefined) return [];
  const at = [`--project=${project}`, `--region=${region}`];
  const account = accountEmail(installation, 'pipeline');
  const secrets = secretsOf(installation, 'pipeline');
  const variables = plainVariables(installation);
  const flags = [
    ...[...at, `--service-account=${account}`, `--update-env-vars=${variableList(variables)}`],
    ...[...secretFlags(secrets), '--max-retries=1', '--task-timeout=3600', '--cpu=1', '--memory=2Gi'],
    // At the end: gcloud's checker of commands glues an argument with a dash to a quoted word after it.
    `--args=${job.args.join(',')}`,
  ];
  const role = (who: string, account: Account): Step =>
    binding(
      `job ${name}`,
      ['run', 'jobs', name],
      at,
      who,
      `serviceAccount:${accountEmail(installation, account)}`,
    );
  return [
    {
      title: `job ${name}`,
      look: gcloud('run', 'jobs', 'describe', name, ...at, '--format=json'),
      stands: (answer) => runsAs(answer, { account, args: job.args, variables, secrets }),
      make: gcloud('run', 'jobs', 'create', name, `--image=${image}`, ...setInsteadOfUpdate(flags)),
      change: gcloud('run', 'jobs', 'update', name, ...flags),
    },
    role('roles/run.invoker', 'scheduler'),
    role('roles/run.developer', 'deployer'),
    scheduled(installation, name, job.schedule, [
      `--uri=https://run.googleapis.com/v2/projects/${project}/locations/${region}/jobs/${name}:run`,
      `--oauth-service-account-email=${accountEmail(installation, 'scheduler')}`,
    ]),
  ];
}

/** A job that does not exist yet has nothing to update. */
function setInsteadOfUpdate(flags: readonly string[]): string[] {
  return flags.map((flag) => flag.replace(/^--update-(env-vars|secrets)=/, '--set-$1='));
}

/** The scheduler asks the coordinator for what it or a job should have done already; it answers what there was to do. */
function backUp(installation: Installation, name: string, schedule: string, path: string): Step {
  const address = serviceAddress(installation, 'coordinator');
  return scheduled(installation, name, schedule, [
    ...[
      `--uri=${address}${path}`,
      '--headers=Content-Type=application/json',
      '--message-body={}',
      '--attempt-deadline=60s',
    ],
    ...[
      `--oidc-service-account-email=${accountEmail(installation, 'scheduler')}`,
      `--oidc-token-audience=${address}`,
    ],
  ]);
}

function scheduled(
  { project, region }: Installation,
  name: string,
  schedule: string,
  target: readonly string[],
): Step {
  const at = [`--project=${project}`, `--location=${region}`];
  const flags = [
    ...at,
    `--schedule=${schedule}`,
    '--time-zone=America/New_York',
    '--http-method=POST',
    ...target,
  ];
  const make: Command = gcloud('scheduler', 'jobs', 'create', 'http', name, ...flags);
  return {
    title: `trigger ${name}, ${schedule} in New York`,
    look: gcloud('scheduler', 'jobs', 'describe', name, ...at, '--format=json'),
    stands: exists,
    make,
  };
}

const variable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({ secretKeyRef: z.looseObject({ name: z.string() }) }).optional(),
});
const container = z.looseObject({
  args: z.array(z.string()).default([]),
  env: z.array(variable).default([]),
});
interface Template {
  readonly serviceAccountName?: string | undefined;
  readonly containers?: readonly z.output<typeof container>[] | undefined;
  readonly spec?: Template | undefined;
  readonly template?: Template | undefined;
}
const template: z.ZodType<Template> = z.lazy(() =>
  z.looseObject({
    serviceAccountName: z.string().optional(),
    containers: z.array(container).optional(),
    spec: template.optional(),
    template: template.optional(),
  }),
);

interface Wanted {
  readonly account: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Names of secrets by variable. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Whether what runs has this account, these arguments and at least these variables. Its image is the deployment's business. */
function runsAs(answer: unknown, wanted: Wanted): boolean {
  if (answer === undefined) return false;
  let at = template.parse(answer);
  // A service nests its containers under spec.template.spec, a job one template deeper.
  while (at.containers === undefined) {
    const inner: Template | undefined = at.spec ?? at.template;
    if (inner === undefined) return false;
    at = inner;
  }
  const [first] = at.containers;
  const values = new Map(first?.env.map((one) => [one.name, one]));
  return (
    at.serviceAccountName === wanted.account &&
    first?.args.join(' ') === wanted.args.join(' ') &&
    Object.entries(wanted.variables).every(([name, value]) => values.get(name)?.value === value) &&
    Object.entries(wanted.secrets).every(
      ([name, secret]) => values.get(name)?.valueFrom?.secretKeyRef.name === secret,
    )
  );
}

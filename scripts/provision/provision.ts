import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { SECRETS } from './foundation.ts';
import { providerName } from './github.ts';
import {
  accountEmail,
  bucketName,
  checked,
  type Installation,
  SERVICES,
  serviceAddress,
} from './installation.ts';
import { applyPlan, installationSteps, planSteps, planText } from './plan.ts';
import { lookWith, type Run } from './run.ts';
import { plainVariables } from './services.ts';
import { type Command, gcloud, typed } from './step.ts';

const project = z.looseObject({ projectNumber: z.string() });
const versions = z.array(z.unknown());

/** What a person asks for; the rest is looked up. */
export interface Asked {
  readonly installation: Omit<Installation, 'projectNumber' | 'filledSecrets'>;
  /** False prints the plan and does nothing. */
  readonly isApplied: boolean;
}

/**
 * Looks at everything an installation needs, tells the plan, and carries it out when asked to. Throws TIPOFF_BAD_INPUT for
 * a name that cannot be one, TIPOFF_NOT_FOUND without the project, TIPOFF_PROVIDER when a command failed.
 */
export function provision(
  { installation: given, isApplied }: Asked,
  run: Run,
  tell: (line: string) => void,
): void {
  // Checked before anything of it is in a command; the number is Google's to give.
  checked({ ...given, projectNumber: '000000', filledSecrets: [] });
  const look = lookWith(run);
  const inProject = `--project=${given.project}`;
  const found = look(gcloud('projects', 'describe', given.project, '--format=json'));
  if (found === undefined) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `expected the project ${given.project}, found none`, {
      hint: 'Create it and connect it to a billing account, or log in with an account that sees it.',
    });
  }
  const filledSecrets = Object.entries(SECRETS)
    .filter(([, { name }]) => {
      const list = gcloud(
        'secrets',
        'versions',
        'list',
        name,
        inProject,
        '--filter=state:ENABLED',
        '--format=json',
      );
      return versions.parse(look(list) ?? []).length > 0;
    })
    .map(([variable]) => variable);
  const installation = checked({
    ...given,
    projectNumber: project.parse(found).projectNumber,
    filledSecrets,
  });
  const planned = planSteps(installationSteps(installation), look);
  tell(`Project ${installation.project}, ${isApplied ? 'to be carried out' : 'nothing is changed'}:`);
  tell(planText(planned));
  if (installation.image === undefined)
    tell('Services, jobs and triggers are left out: push an image and name it with --image.');
  const isDone = planned.every(({ verdict }) => verdict === 'stands');
  if (isDone) tell('Everything stands; nothing was changed.');
  else if (isApplied) {
    applyPlan(planned, run, tell);
    tell('Done.');
  } else tell('Run it again with --yes to carry this out.');
  for (const line of pinnedTraffic(installation, look)) tell(line);
  if (isDone || isApplied) tell(variablesText(installation));
}

const traffic = z.looseObject({
  status: z
    .looseObject({
      traffic: z
        .array(z.looseObject({ percent: z.number().default(0), latestRevision: z.boolean().default(false) }))
        .default([]),
    })
    .optional(),
});

/**
 * Services whose traffic does not go to their latest revision, as after a way back: what is changed there makes a revision that
 * nobody reaches.
 */
function pinnedTraffic(installation: Installation, look: (command: Command) => unknown): string[] {
  if (installation.image === undefined) return [];
  const at = [`--project=${installation.project}`, `--region=${installation.region}`];
  return SERVICES.flatMap((service) => {
    const name = `tipoff-${service}`;
    const found = look(gcloud('run', 'services', 'describe', name, ...at, '--format=json'));
    const targets = found === undefined ? [] : (traffic.parse(found).status?.traffic ?? []);
    const isPinned = targets.some(({ percent, latestRevision }) => percent > 0 && !latestRevision);
    if (!isPinned) return [];
    const repair = gcloud('run', 'services', 'update-traffic', name, ...at, '--to-latest');
    return [
      `${name}: its traffic is pinned to a revision, so that changes of settings take no effect until the next deployment, or until: ${typed(repair)}`,
    ];
  });
}

/** What GitHub must know, as commands. */
function variablesText(installation: Installation): string {
  const variables: Readonly<Record<string, string>> = {
    TIPOFF_PROFILE: 'gcp',
    GCP_PROJECT: installation.project,
    GCP_REGION: installation.region,
    GCP_LOCATION: installation.location,
    GCP_BUCKET: bucketName(installation),
    GCP_WORKLOAD_IDENTITY_PROVIDER: providerName(installation),
    GCP_READER: accountEmail(installation, 'reader'),
    GCP_RECORDER: accountEmail(installation, 'recorder'),
    GCP_WRITER: accountEmail(installation, 'writer'),
    GCP_DEPLOYER: accountEmail(installation, 'deployer'),
    // The checks on GitHub miss the jobs that this installation runs.
    TIPOFF_SCHEDULED_JOBS: plainVariables(installation)['TIPOFF_SCHEDULED_JOBS'] ?? '',
    TIPOFF_COORDINATOR_URL: serviceAddress(installation, 'coordinator'),
    TIPOFF_WORKER_URL: serviceAddress(installation, 'worker'),
  };
  const lines = Object.entries(variables).map(
    ([name, value]) => `  gh variable set ${name} --repo ${installation.repository} --body '${value}'`,
  );
  return ['Variables of the repository on GitHub:', ...lines].join('\n');
}

import { z } from 'zod';
import { DATASETS } from '#core/contracts/define.ts';
import {
  type Account,
  accountEmail,
  bucketName,
  DEAD_LETTERS,
  IMAGES,
  type Installation,
  PROBES,
  SERVICES,
  UNITS,
} from './installation.ts';
import { bq, gcloud, type Step } from './step.ts';

/** Datasets, and the function library beside them. */
export const ALL_DATASETS: readonly string[] = [...Object.keys(DATASETS), 'fn'];

/** What each account may do. Nothing is granted on the project that can be granted on one thing of it. */
export interface Grant {
  readonly account: Account;
  /** On the project: only what Google cannot narrow down. */
  readonly project: readonly string[];
  /** Datasets it writes; those of `reads` it only reads. */
  readonly writes: readonly string[];
  readonly reads: readonly string[];
  /** Role on the bucket of exports and models. */
  readonly bucket: string | undefined;
  readonly publishes: boolean;
  readonly subscribes: boolean;
}

const JOBS = 'roles/bigquery.jobUser';
const STATE = 'roles/datastore.user';
const READ_STATE = 'roles/datastore.viewer';
const QUEUE_NAMES = 'roles/pubsub.viewer';
const OBJECTS = 'roles/storage.objectUser';
const READ_OBJECTS = 'roles/storage.objectViewer';
const none = {
  project: [],
  writes: [],
  reads: [],
  bucket: undefined,
  publishes: false,
  subscribes: false,
} as const;

export const GRANTS: readonly Grant[] = [
  {
    account: 'coordinator',
    project: [JOBS, STATE, QUEUE_NAMES],
    // Backfills are worked through here, and they compute everything but what was ingested.
    writes: ['nba_reference', 'nba_analytics', 'nba_precompute', 'nba_predictions', 'nba_orchestration'],
    reads: ['nba_raw', 'fn'],
    bucket: OBJECTS,
    publishes: true,
    subscribes: false,
  },
  {
    account: 'worker',
    project: [JOBS, STATE, QUEUE_NAMES],
    writes: ['nba_predictions'],
    reads: ['nba_raw', 'nba_reference', 'nba_analytics', 'nba_precompute', 'nba_orchestration', 'fn'],
    bucket: READ_OBJECTS,
    publishes: false,
    subscribes: false,
  },
  {
    account: 'pipeline',
    project: [JOBS, STATE, QUEUE_NAMES],
    writes: ALL_DATASETS.filter((name) => name !== 'fn'),
    reads: ['fn'],
    bucket: OBJECTS,
    publishes: true,
    subscribes: true,
  },
  { ...none, account: 'push' },
  { ...none, account: 'scheduler' },
  {
    account: 'reader',
    project: [JOBS, READ_STATE, QUEUE_NAMES],
    writes: [],
    reads: ALL_DATASETS,
    bucket: READ_OBJECTS,
    publishes: false,
    subscribes: false,
  },
  {
    account: 'recorder',
    // Incidents are in the state store, whose roles Google does not narrow down to collections.
    project: [JOBS, STATE, QUEUE_NAMES],
    // Answers of checks, reports on training data, signs of life.
    writes: ['nba_orchestration'],
    reads: ALL_DATASETS.filter((name) => name !== 'nba_orchestration'),
    bucket: READ_OBJECTS,
    publishes: false,
    subscribes: false,
  },
  {
    account: 'writer',
    project: [JOBS, STATE, QUEUE_NAMES],
    writes: ALL_DATASETS,
    reads: [],
    bucket: OBJECTS,
    publishes: true,
    subscribes: true,
  },
  { ...none, account: 'deployer' },
];

const policy = z.object({
  bindings: z.array(z.object({ role: z.string(), members: z.array(z.string()).default([]) })).default([]),
});

/** Whether a policy gives a member a role, without a condition being asked. */
function grants(answer: unknown, role: string, member: string): boolean {
  return (
    answer !== undefined &&
    policy.parse(answer).bindings.some((binding) => binding.role === role && binding.members.includes(member))
  );
}

/** A role of a member on one thing; `where` are the words of gcloud that name it. */
export function binding(
  title: string,
  where: readonly string[],
  flags: readonly string[],
  role: string,
  member: string,
): Step {
  const [name = '', ...group] = [...where].reverse();
  const verbs = group.reverse();
  return {
    title: `${title}: ${role} for ${member}`,
    look: gcloud(...verbs, 'get-iam-policy', name, ...flags, '--format=json'),
    stands: (answer) => grants(answer, role, member),
    make: gcloud(...verbs, 'add-iam-policy-binding', name, ...flags, `--member=${member}`, `--role=${role}`),
  };
}

const access = z.object({
  access: z
    .array(z.looseObject({ role: z.string().optional(), userByEmail: z.string().optional() }))
    .default([]),
});
/** BigQuery answers with the old names of these two. */
const DATASET_ROLES = {
  'roles/bigquery.dataEditor': ['WRITER', 'roles/bigquery.dataEditor'],
  'roles/bigquery.dataViewer': ['READER', 'roles/bigquery.dataViewer'],
} as const;

function datasetGrant(
  { project, location }: Installation,
  dataset: string,
  role: keyof typeof DATASET_ROLES,
  email: string,
): Step {
  const names: readonly string[] = DATASET_ROLES[role];
  const sql = `GRANT \`${role}\` ON SCHEMA \`${project}\`.${dataset} TO "serviceAccount:${email}"`;
  return {
    title: `dataset ${dataset}: ${role} for serviceAccount:${email}`,
    look: bq(`--project_id=${project}`, '--format=json', 'show', '--dataset', dataset),
    stands: (answer) =>
      answer !== undefined &&
      access
        .parse(answer)
        .access.some((entry) => entry.userByEmail === email && names.includes(entry.role ?? '')),
    make: bq(`--project_id=${project}`, `--location=${location}`, 'query', '--use_legacy_sql=false', sql),
  };
}

/** Who may do what on project, datasets, buckets, topics, images and other accounts. */
export function roleSteps(installation: Installation): Step[] {
  const { project, projectNumber, region } = installation;
  const inProject = [`--project=${project}`];
  const member = (account: Account): string => `serviceAccount:${accountEmail(installation, account)}`;
  const queueAgent = `serviceAccount:service-${projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;
  const bucket = `gs://${bucketName(installation)}`;
  const topic = (name: string, role: string, who: string): Step =>
    binding(`topic ${name}`, ['pubsub', 'topics', name], inProject, role, who);
  const subscription = (name: string, role: string, who: string): Step =>
    binding(`subscription ${name}`, ['pubsub', 'subscriptions', name], inProject, role, who);
  const actsAs = (who: Account, whom: Account): Step =>
    binding(
      `account ${accountEmail(installation, whom)}`,
      ['iam', 'service-accounts', accountEmail(installation, whom)],
      inProject,
      'roles/iam.serviceAccountUser',
      member(who),
    );
  const perAccount = GRANTS.flatMap((grant) => [
    ...grant.project.map((role) => {
      const step = binding(`project ${project}`, ['projects', project], [], role, member(grant.account));
      return { ...step, make: gcloud(...step.make.args, '--condition=None') };
    }),
    ...grant.writes.map((name) =>
      datasetGrant(
        installation,
        name,
        'roles/bigquery.dataEditor',
        accountEmail(installation, grant.account),
      ),
    ),
    ...grant.reads.map((name) =>
      datasetGrant(
        installation,
        name,
        'roles/bigquery.dataViewer',
        accountEmail(installation, grant.account),
      ),
    ),
    ...(grant.bucket === undefined
      ? []
      : [
          binding(
            `bucket ${bucket}`,
            ['storage', 'buckets', bucket],
            [],
            grant.bucket,
            member(grant.account),
          ),
        ]),
    ...(grant.publishes ? [topic(UNITS, 'roles/pubsub.publisher', member(grant.account))] : []),
    ...(grant.subscribes ? [subscription(UNITS, 'roles/pubsub.subscriber', member(grant.account))] : []),
  ]);
  return [
    ...perAccount,
    ...SERVICES.flatMap((service) => [
      topic(PROBES, 'roles/pubsub.publisher', member(service)),
      subscription(PROBES, 'roles/pubsub.subscriber', member(service)),
    ]),
    // Pub/Sub itself forwards what was delivered too often, and signs what it pushes.
    topic(DEAD_LETTERS, 'roles/pubsub.publisher', queueAgent),
    subscription(`${UNITS}-push`, 'roles/pubsub.subscriber', queueAgent),
    binding(
      `account ${accountEmail(installation, 'push')}`,
      ['iam', 'service-accounts', accountEmail(installation, 'push')],
      inProject,
      'roles/iam.serviceAccountTokenCreator',
      queueAgent,
    ),
    binding(
      `images ${IMAGES}`,
      ['artifacts', 'repositories', IMAGES],
      [...inProject, `--location=${region}`],
      'roles/artifactregistry.writer',
      member('deployer'),
    ),
    ...([...SERVICES, 'pipeline'] as const).map((runs) => actsAs('deployer', runs)),
    // The operator gets identity tokens of the writing account for the services, and nothing else.
    ...(installation.operator === undefined
      ? []
      : [
          binding(
            `account ${accountEmail(installation, 'writer')}`,
            ['iam', 'service-accounts', accountEmail(installation, 'writer')],
            inProject,
            'roles/iam.serviceAccountOpenIdTokenCreator',
            installation.operator,
          ),
        ]),
  ];
}

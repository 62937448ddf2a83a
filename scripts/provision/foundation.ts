import { z } from 'zod';
import { DATASETS } from '#core/contracts/define.ts';
import { STATE_RETENTION } from '#pipeline/batch/state.ts';
import { EXPIRY_FIELD } from '#platform/state/firestore/documents.ts';
import {
  ACCOUNTS,
  type Account,
  accountEmail,
  bucketName,
  IMAGES,
  type Installation,
} from './installation.ts';
import { ALL_DATASETS, binding } from './roles.ts';
import { bq, exists, gcloud, type Step } from './step.ts';

const APIS = [
  'artifactregistry.googleapis.com',
  'bigquery.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'cloudscheduler.googleapis.com',
  'firestore.googleapis.com',
  'iam.googleapis.com',
  'iamcredentials.googleapis.com',
  'pubsub.googleapis.com',
  'run.googleapis.com',
  'secretmanager.googleapis.com',
  'storage.googleapis.com',
  'sts.googleapis.com',
];

/** Secrets by the variable that gets their value, with the accounts that run with it. */
export const SECRETS: Readonly<
  Record<string, { readonly name: string; readonly readers: readonly Account[] }>
> = {
  TIPOFF_SLACK_TOKEN: { name: 'tipoff-slack-token', readers: ['coordinator', 'pipeline'] },
  ODDS_API_KEY: { name: 'tipoff-odds-api-key', readers: ['pipeline'] },
};

/** Which images are kept, as `gcloud artifacts repositories set-cleanup-policies` reads it. */
const IMAGE_POLICY = 'scripts/provision/image-policy.json';

const enabled = z.array(z.looseObject({ config: z.looseObject({ name: z.string() }) }));

/** APIs, accounts, and where data, objects, images and secrets lie. */
export function foundationSteps(installation: Installation): Step[] {
  const { project, region, location } = installation;
  const inProject = `--project=${project}`;
  const apis: Step = {
    title: `APIs ${APIS.map((name) => name.replace('.googleapis.com', '')).join(', ')}`,
    look: gcloud('services', 'list', '--enabled', inProject, '--format=json(config.name)'),
    stands: (answer) => {
      const names = new Set(enabled.parse(answer ?? []).map(({ config }) => config.name));
      return APIS.every((name) => names.has(name));
    },
    make: gcloud('services', 'enable', ...APIS, inProject),
  };
  const accounts = Object.entries(ACCOUNTS).map(([name, about]): Step => {
    const email = accountEmail(installation, name as Account);
    return {
      title: `account ${email}`,
      look: gcloud('iam', 'service-accounts', 'describe', email, inProject, '--format=json'),
      stands: exists,
      make: gcloud(
        'iam',
        'service-accounts',
        'create',
        `tipoff-${name}`,
        inProject,
        `--display-name=${about}`,
      ),
    };
  });
  const descriptions: Readonly<Record<string, string>> = { ...DATASETS, fn: 'the portable function library' };
  const datasets = ALL_DATASETS.map(
    (name): Step => ({
      title: `dataset ${name}`,
      look: bq(`--project_id=${project}`, '--format=json', 'show', '--dataset', name),
      stands: exists,
      make: bq(
        `--project_id=${project}`,
        `--location=${location}`,
        'mk',
        '--dataset',
        `--description=${descriptions[name]}`,
        name,
      ),
    }),
  );
  const state: Step = {
    title: 'state store (default)',
    look: gcloud('firestore', 'databases', 'describe', '--database=(default)', inProject, '--format=json'),
    stands: exists,
    make: gcloud(
      ...['firestore', 'databases', 'create', '--database=(default)', inProject],
      ...[`--location=${firestoreLocation(location)}`, '--type=firestore-native', '--delete-protection'],
    ),
  };
  const expiries = Object.keys(STATE_RETENTION).map((collection): Step => {
    const on = [`--collection-group=${collection}`, '--database=(default)', inProject];
    return {
      title: `documents of ${collection} go by their ${EXPIRY_FIELD}`,
      look: gcloud('firestore', 'fields', 'ttls', 'list', ...on, '--format=json'),
      stands: (answer) => JSON.stringify(answer ?? []).includes(EXPIRY_FIELD),
      make: gcloud('firestore', 'fields', 'ttls', 'update', EXPIRY_FIELD, ...on, '--enable-ttl', '--async'),
    };
  });
  const name = `gs://${bucketName(installation)}`;
  const bucket: Step = {
    title: `bucket ${name}`,
    look: gcloud('storage', 'buckets', 'describe', name, '--format=json'),
    stands: exists,
    make: gcloud(
      ...['storage', 'buckets', 'create', name, inProject, `--location=${location}`],
      ...['--uniform-bucket-level-access', '--public-access-prevention'],
    ),
  };
  const images: Step = {
    title: `images ${IMAGES}`,
    look: gcloud(
      'artifacts',
      'repositories',
      'describe',
      IMAGES,
      inProject,
      `--location=${region}`,
      '--format=json',
    ),
    stands: exists,
    make: gcloud(
      'artifacts',
      'repositories',
      'create',
      IMAGES,
      inProject,
      `--location=${region}`,
      '--repository-format=docker',
    ),
  };
  const cleanup: Step = {
    title: `images ${IMAGES}: the last ten are kept, others go after 30 days`,
    look: images.look,
    stands: (answer) => answer !== undefined && JSON.stringify(answer).includes('keep-last-ten'),
    make: gcloud(
      ...['artifacts', 'repositories', 'set-cleanup-policies', IMAGES, inProject, `--location=${region}`],
      ...[`--policy=${IMAGE_POLICY}`, '--no-dry-run'],
    ),
  };
  return [
    apis,
    ...accounts,
    ...datasets,
    state,
    ...expiries,
    bucket,
    images,
    cleanup,
    ...secretSteps(installation),
  ];
}

/** Firestore names its two multi-regions in its own way. */
function firestoreLocation(location: string): string {
  return { US: 'nam5', EU: 'eur3' }[location] ?? location;
}

/** Secrets without a value, and who may read them: a value is added by hand and never passes through here. */
function secretSteps(installation: Installation): Step[] {
  const inProject = `--project=${installation.project}`;
  return Object.values(SECRETS).flatMap(({ name, readers }): Step[] => [
    {
      title: `secret ${name} (its value is added by hand)`,
      look: gcloud('secrets', 'describe', name, inProject, '--format=json'),
      stands: exists,
      make: gcloud('secrets', 'create', name, inProject, '--replication-policy=automatic'),
    },
    ...readers.map((account) =>
      binding(
        `secret ${name}`,
        ['secrets', name],
        [inProject],
        'roles/secretmanager.secretAccessor',
        `serviceAccount:${accountEmail(installation, account)}`,
      ),
    ),
  ]);
}

import { type Account, accountEmail, bucketName } from '#scripts/provision/installation.ts';
import { provision } from '#scripts/provision/provision.ts';
import { cloudTools } from '#scripts/provision/run.ts';
import { type CloudCli, fakeCloudCli } from '#test/fakes/cloud-cli.ts';

/** What the roles of provisioning allow, as Google lists their permissions; only those that something here asks for. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'roles/bigquery.jobUser': ['bigquery.jobs.create'],
  'roles/bigquery.dataViewer': ['bigquery.datasets.get', 'bigquery.tables.getData', 'bigquery.routines.get'],
  'roles/bigquery.dataEditor': [
    ...['bigquery.datasets.get', 'bigquery.tables.getData', 'bigquery.tables.create'],
    ...['bigquery.tables.update', 'bigquery.tables.updateData', 'bigquery.tables.delete'],
    ...['bigquery.routines.get', 'bigquery.routines.create', 'bigquery.routines.update'],
  ],
  'roles/datastore.viewer': ['datastore.entities.get'],
  'roles/datastore.user': ['datastore.entities.get', 'datastore.entities.update'],
  'roles/pubsub.viewer': ['pubsub.topics.list', 'pubsub.topics.get', 'pubsub.subscriptions.get'],
  'roles/pubsub.publisher': ['pubsub.topics.publish'],
  'roles/pubsub.subscriber': ['pubsub.subscriptions.consume'],
  'roles/storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
  'roles/storage.objectUser': [
    ...['storage.objects.get', 'storage.objects.list', 'storage.objects.create', 'storage.objects.delete'],
  ],
};
/** How BigQuery names the two roles in the access list of a dataset. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  WRITER: 'roles/bigquery.dataEditor',
  READER: 'roles/bigquery.dataViewer',
};

/** What provisioning has made and granted; everything else does not exist, and is allowed to nobody. */
export interface Provisioned {
  readonly project: string;
  readonly location: string;
  readonly bucket: string;
  readonly datasets: readonly string[];
  readonly topics: readonly string[];
  /** Pulled subscriptions with the topic of each. */
  readonly subscriptions: readonly { readonly name: string; readonly topic: string }[];
  /** The command line that made it: a test takes a role away from its policies. */
  readonly cli: CloudCli;
  /** Whether an account has a permission on the project, or on one thing of it: `dataset nba_raw`, `topic a`. */
  may(account: Account, permission: string, on?: string): boolean;
}

/** Runs the provisioning script against a recorded command line, and reads from the record what it made and granted. */
export function provisioned(project: string, location = 'us-east1'): Provisioned {
  const cli = fakeCloudCli();
  const installation = {
    ...{ project, location, region: 'us-east1', repository: 'ann/tipoff', repositoryId: '4711' },
    ...{
      image: `us-east1-docker.pkg.dev/${project}/tipoff/tipoff:first`,
      operator: undefined,
      alwaysOn: false,
    },
  };
  provision({ installation, isApplied: true }, cloudTools(cli.call), () => undefined);
  const bucket = bucketName({ project });
  const named = (kind: string): string[] =>
    Object.keys(cli.state.things)
      .filter((key) => key.startsWith(`${kind} `))
      .map((key) => key.slice(kind.length + 1));
  const topicOf = (subscription: string): string => {
    const flags = cli.state.things[`pubsub subscriptions ${subscription}`]?.['flags'];
    const topic = Array.isArray(flags) ? flags.find((flag) => String(flag).startsWith('--topic=')) : '';
    return String(topic).slice('--topic='.length);
  };
  const policyOf: Readonly<Record<string, string>> = {
    topic: 'pubsub topics',
    subscription: 'pubsub subscriptions',
    bucket: 'storage buckets',
  };
  const rolesOf = (account: Account, on: string | undefined): string[] => {
    const email = accountEmail({ project }, account);
    const bound = (key: string): string[] =>
      (cli.state.policies[key] ?? [])
        .filter(({ members }) => members.includes(`serviceAccount:${email}`))
        .map(({ role }) => role);
    const onProject = bound(`projects ${project}`);
    if (on === undefined) return onProject;
    const [kind = '', name = ''] = on.split(' ');
    if (kind !== 'dataset') return [...onProject, ...bound(`${policyOf[kind]} ${name}`)];
    const entries = (cli.state.datasets[name] ?? []).filter(({ userByEmail }) => userByEmail === email);
    return [...onProject, ...entries.map(({ role }) => OLD_NAMES[role] ?? role)];
  };
  return {
    ...{ project, location, bucket, cli },
    datasets: Object.keys(cli.state.datasets),
    topics: named('pubsub topics'),
    subscriptions: named('pubsub subscriptions').map((name) => ({ name, topic: topicOf(name) })),
    may: (account, permission, on) =>
      rolesOf(account, on).some((role) => PERMISSIONS[role]?.includes(permission) === true),
  };
}

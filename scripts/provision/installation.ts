import { TipoffError } from '#core/errors.ts';

/** What a person decides about an installation; every name below follows from it. */
export interface Installation {
  readonly project: string;
  /** Of the project; Google gives it. */
  readonly projectNumber: string;
  /** Where services, queue triggers and images live, for example `us-east1`. */
  readonly region: string;
  /** Where datasets, buckets and the state store live; the region unless named. */
  readonly location: string;
  /** `owner/name` on GitHub. */
  readonly repository: string;
  /** Its numeric id: unlike the name, nobody else can ever have it. */
  readonly repositoryId: string;
  /** Image of services and jobs; without it they are left out. */
  readonly image: string | undefined;
  /** Whether the coordinator runs all the time; otherwise it starts when somebody asks, and is billed while it answers. */
  readonly alwaysOn: boolean;
  /** Who calls the services by hand, for example `user:ann@example.com`. */
  readonly operator: string | undefined;
  /** Variables whose secret has a value; only those are given to services. */
  readonly filledSecrets: readonly string[];
}

/** What the names of an installation may look like; anything else would end inside a command. */
const SHAPES = {
  project: [/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'a project id, for example my-forecasts'],
  projectNumber: [/^\d{6,20}$/, 'the number of the project'],
  region: [/^[a-z]+-[a-z]+\d+$/, 'a region, for example us-east1'],
  location: [/^(?:[A-Z]{2}|[a-z]+-[a-z]+\d+)$/, 'a location, for example us-east1'],
  repository: [/^[\w.-]+\/[\w.-]+$/, 'owner/name of the repository on GitHub'],
  repositoryId: [/^\d{1,15}$/, 'the numeric id of the repository: `gh api repos/OWNER/NAME --jq .id`'],
} as const;

/** Refuses an installation with a name that cannot be one: TIPOFF_BAD_INPUT. */
export function checked(installation: Installation): Installation {
  for (const [name, [shape, expected]] of Object.entries(SHAPES)) {
    const value = installation[name as keyof typeof SHAPES];
    if (!shape.test(value)) {
      throw new TipoffError('TIPOFF_BAD_INPUT', `${name}: expected ${expected}, saw "${value}"`, {
        hint: 'Correct the option.',
      });
    }
  }
  if (installation.image !== undefined && !/^[\w.:/@-]+$/.test(installation.image)) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `image: expected the address of an image, saw "${installation.image}"`,
      {
        hint: 'Write it as it was pushed, with its tag or digest.',
      },
    );
  }
  if (
    installation.operator !== undefined &&
    !/^(?:user|group):[^\s@]+@[^\s@]+$/.test(installation.operator)
  ) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `operator: expected user:NAME@DOMAIN or group:NAME@DOMAIN, saw "${installation.operator}"`,
      {
        hint: 'Correct the option.',
      },
    );
  }
  return installation;
}

/** Accounts of an installation, with what each is for. */
export const ACCOUNTS = {
  coordinator: 'Tipoff: runs the coordinator',
  worker: 'Tipoff: runs the worker',
  pipeline: 'Tipoff: runs the jobs of the day',
  push: 'Tipoff: signs what the queue pushes to the worker',
  scheduler: 'Tipoff: signs what the scheduler asks for',
  reader: 'Tipoff: plans and snapshots of GitHub; reads, and writes nothing',
  recorder: 'Tipoff: checks of GitHub; reads, and writes down what they found',
  writer: 'Tipoff: schema, backfill, reset and cleanup of GitHub',
  deployer: 'Tipoff: deployments of GitHub',
} as const;
export type Account = keyof typeof ACCOUNTS;

export function accountEmail({ project }: Pick<Installation, 'project'>, account: Account): string {
  return `tipoff-${account}@${project}.iam.gserviceaccount.com`;
}

/** The address Cloud Run gives a service; known before the service is made. */
export function serviceAddress(
  { projectNumber, region }: Pick<Installation, 'projectNumber' | 'region'>,
  service: Service,
): string {
  return `https://tipoff-${service}-${projectNumber}.${region}.run.app`;
}

export const SERVICES = ['coordinator', 'worker'] as const;
export type Service = (typeof SERVICES)[number];

/** The topic of prediction units, as the queue names it. */
export const UNITS = 'tipoff-predict-units';
export const DEAD_LETTERS = `${UNITS}-dead`;
/** The topic that deep health publishes to and takes from, as the queue names it. */
export const PROBES = 'tipoff-health-probe';
export const IMAGES = 'tipoff';

/** The bucket of exports and models. Names of buckets are unique in the world, so the project is in it. */
export function bucketName({ project }: Pick<Installation, 'project'>): string {
  return `${project}-tipoff`;
}

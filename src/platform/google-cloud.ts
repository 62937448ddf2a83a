import { GoogleAuth } from 'google-auth-library';
import { messageOf, TipoffError } from '#core/errors.ts';

/**
 * Classifies errors of Google Cloud services: whether the network failed, and which role, setting or command helps. The adapters
 * create the error; nothing here calls a service.
 */

/** Failures of a connection after which the same request may succeed, as Node and undici name them. */
const NETWORK =
  /^(?:ECONNRESET|ECONNREFUSED|ECONNABORTED|ETIMEDOUT|EPIPE|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_\w+)$/;

/** True when the network failed, rather than the request or the program. */
export function isNetworkFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (NETWORK.test(code) || /socket hang up|premature close/i.test(error.message)) return true;
  return error.cause !== undefined && error.cause !== error && isNetworkFailure(error.cause);
}

/** How libraries and services word missing, expired or revoked credentials. */
const NO_CREDENTIALS = /could not load the default credentials|missing required authentication credential/i;
const BAD_CREDENTIALS =
  /invalid_grant|invalid_rapt|invalid authentication credentials|invalid credentials|token has been expired|auth metadata|UNAUTHENTICATED/i;

/** True for an error that only a login can resolve. Check it before the status, because libraries report it with one of their own. */
export function isAboutCredentials(message: string): boolean {
  return NO_CREDENTIALS.test(message) || BAD_CREDENTIALS.test(message);
}

/** Roles that hold a permission, with where they are given, the narrowest first. */
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/bigquery\.jobs\.create/, 'roles/bigquery.jobUser on the project'],
  [
    /bigquery\.datasets\.(?:create|update)/,
    'nothing: `npm run provision` makes datasets, and no account of Tipoff changes one',
  ],
  [/bigquery\.\w+\.(?:updateData|update|create|delete)/, 'roles/bigquery.dataEditor on the dataset'],
  [/bigquery|query table/, 'roles/bigquery.dataViewer on the dataset'],
  [/storage\.objects\.(?:create|delete|update)/, 'roles/storage.objectUser on the bucket'],
  [/storage\./, 'roles/storage.objectViewer on the bucket'],
];
/** Refusals that are about a project or an identity and not about a thing of it, with what mends each; no role on a thing would. */
const PROJECT_WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /requires a quota project|user credentials .*not supported/is,
    'The credentials of a person name no project to count quotas in: `gcloud auth application-default set-quota-project PROJECT`, with the project of TIPOFF_GCP_PROJECT.',
  ],
  [
    /permission to use project|serviceusage\.services\.use/i,
    'The account needs roles/serviceusage.serviceUsageConsumer on the project that its credentials count quotas in; or name another one: `gcloud auth application-default set-quota-project PROJECT`.',
  ],
  [
    /has not been used in project|API .*(?:is|been) disabled|SERVICE_DISABLED/i,
    'Run `npm run provision`, which enables the APIs of the project, and wait some minutes; or TIPOFF_GCP_PROJECT names another project than was meant.',
  ],
  [
    /billing (?:has not been|to be|must be|account .*)\s*(?:enabled|disabled|absent)|billing account .*(?:disabled|closed|absent)|BILLING_DISABLED/i,
    'Connect the project to a billing account: `gcloud billing projects link PROJECT --billing-account=ACCOUNT`.',
  ],
  [
    /iam\.serviceAccounts\.getAccessToken/,
    'Who signs in needs roles/iam.serviceAccountTokenCreator on the account that is impersonated, a workflow roles/iam.workloadIdentityUser: `npm run provision` gives the latter by the environment of the job.',
  ],
  [
    /denied on resource:? project|project .*(?:not found|does not exist|has been deleted)|CONSUMER_INVALID/i,
    'TIPOFF_GCP_PROJECT names a project that does not exist or that this account may not use: `gcloud projects list` shows those that it may.',
  ],
];
/** The roles needed for services whose errors name no permission. */
const SERVICE_ROLES = {
  BigQuery:
    'roles/bigquery.jobUser on the project, and roles/bigquery.dataViewer or dataEditor on the dataset',
  Firestore: 'roles/datastore.user on the project',
  'Pub/Sub': 'roles/pubsub.publisher on the topic, or roles/pubsub.subscriber on the subscription',
  'Cloud Storage': 'roles/storage.objectUser on the bucket',
} as const;
export type GoogleService = keyof typeof SERVICE_ROLES;

/**
 * The remedy for an error: a login, a role, a setting, provisioning, `schema apply`, or waiting for a quota. Undefined for an
 * unknown message.
 */
export function remedyFor(service: GoogleService, message: string): string | undefined {
  if (NO_CREDENTIALS.test(message))
    return 'Log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of an account.';
  if (isAboutCredentials(message))
    return 'The credentials are no longer accepted: log in again with `gcloud auth application-default login`.';
  const project = PROJECT_WORDS.find(([words]) => words.test(message));
  if (project !== undefined) return project[1];
  if (/table .*not found in location/i.test(message))
    return 'Run `npx tipoff schema apply`, which makes tables and views; when the table is there, set TIPOFF_GCP_LOCATION to where its dataset lies.';
  if (/not found in location/i.test(message))
    return 'Set TIPOFF_GCP_LOCATION to where the datasets lie: `bq show --format=prettyjson nba_raw` prints it as "location".';
  if (/quota|rate limit|resource_exhausted|exceeded/i.test(message) && /quota|limit/i.test(message))
    return 'Wait until the quota is renewed (those of a day: midnight in Los Angeles), or have it raised: `gcloud alpha services quota list --help`.';
  if (/access denied|permission|not authorized|does not have \S+ access|forbidden/i.test(message)) {
    const other = /bigquery\.jobs\.create permission in project (\S+?)[.\s]*$/.exec(message)?.[1];
    const role = ROLES.find(([words]) => words.test(message))?.[1] ?? SERVICE_ROLES[service];
    const elsewhere =
      other === undefined
        ? ''
        : ` Or TIPOFF_GCP_PROJECT names another project than was meant: it is ${other}.`;
    return `The account that runs this needs ${role}; \`npm run provision\` gives every account its roles.${elsewhere}`;
  }
  if (/not found|does not exist|resource not found/i.test(message)) {
    if (/table|routine|function/i.test(message))
      return 'Run `npx tipoff schema apply`, which makes tables, views and functions.';
    return 'Run `npm run provision`, which makes datasets, topics, subscriptions, bucket and state store; and check TIPOFF_GCP_PROJECT.';
  }
  return undefined;
}

/** Checks once that there are credentials, because some clients end the process when there are none. */
export interface Credentials {
  /** Throws TIPOFF_PROVIDER when none are found. */
  demand(): Promise<void>;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Looks for the application default credentials on the first demand; `isNeeded` is false for an emulator. */
export function applicationCredentials(isNeeded: boolean, service: GoogleService): Credentials {
  let looked: Promise<unknown> | undefined;
  return {
    demand: async () => {
      if (!isNeeded) return;
      looked ??= new GoogleAuth({ scopes: [SCOPE] }).getClient();
      try {
        await looked;
      } catch (error) {
        throw new TipoffError(
          'TIPOFF_PROVIDER',
          `expected credentials for ${service}, found none: ${messageOf(error)}`,
          {
            hint:
              remedyFor(service, messageOf(error)) ?? 'Log in with `gcloud auth application-default login`.',
            cause: error,
          },
        );
      }
    },
  };
}

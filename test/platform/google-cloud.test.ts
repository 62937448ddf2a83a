import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { virtualClock } from '#platform/clock.ts';
import { isAboutCredentials, isNetworkFailure, remedyFor } from '#platform/google-cloud.ts';
import { firestoreError } from '#platform/state/firestore/client.ts';
import { isRetriable, openBudget, tryWithin } from '#platform/warehouse/bigquery/client.ts';

/** An error as Node or a library throws it, with a code. */
function failure(message: string, code?: string | number, cause?: Error): Error {
  return Object.assign(new Error(message, { cause }), code === undefined ? {} : { code });
}

describe('what mends a refusal of Google Cloud', () => {
  it.each([
    [
      'BigQuery',
      'Could not load the default credentials. Browse to …',
      'Log in with `gcloud auth application-default login`',
    ],
    ['Firestore', '16 UNAUTHENTICATED: Request had invalid authentication credentials.', 'log in again'],
    ['Pub/Sub', 'Failed to retrieve auth metadata with error: invalid_grant', 'log in again'],
    [
      'BigQuery',
      'Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.',
      'roles/bigquery.jobUser on the project; `npm run provision`',
    ],
    [
      'BigQuery',
      'Access Denied: Project other: User does not have bigquery.jobs.create permission in project other.',
      'TIPOFF_GCP_PROJECT names another project than was meant: it is other',
    ],
    [
      'BigQuery',
      'Access Denied: Table p:nba_raw.box: User does not have permission to query table p:nba_raw.box',
      'roles/bigquery.dataViewer on the dataset',
    ],
    [
      'BigQuery',
      'Access Denied: Table p:a.b: Permission bigquery.tables.updateData denied on table p:a.b',
      'roles/bigquery.dataEditor on the dataset',
    ],
    ['Firestore', '7 PERMISSION_DENIED: Missing or insufficient permissions.', 'roles/datastore.user'],
    [
      'Pub/Sub',
      '7 PERMISSION_DENIED: User not authorized to perform this action.',
      'roles/pubsub.publisher on the topic',
    ],
    [
      'Cloud Storage',
      'a@p does not have storage.objects.create access to the Google Cloud Storage object.',
      'roles/storage.objectUser on the bucket',
    ],
    ['BigQuery', 'Not found: Dataset p:nba_raw was not found in location US', 'Set TIPOFF_GCP_LOCATION'],
    ['BigQuery', 'Not found: Table p:nba_raw.box was not found in location EU', 'set TIPOFF_GCP_LOCATION'],
    ['BigQuery', 'Not found: Table p:nba_raw.box', 'npx tipoff schema apply'],
    ['Pub/Sub', '5 NOT_FOUND: Resource not found (resource=tipoff-x).', 'npm run provision'],
    ['Cloud Storage', 'The specified bucket does not exist.', 'npm run provision'],
    [
      'BigQuery',
      'Quota exceeded: Your table exceeded quota for imports or query appends per table.',
      'Wait until the quota is renewed',
    ],
    [
      'Firestore',
      'Your application is authenticating by using local Application Default Credentials. The firestore.googleapis.com API requires a quota project, which is not set by default.',
      'gcloud auth application-default set-quota-project',
    ],
    [
      'Pub/Sub',
      '7 PERMISSION_DENIED: Your application has authenticated using end user credentials from the Google Cloud SDK or Google Cloud Shell which are not supported by the pubsub.googleapis.com.',
      'gcloud auth application-default set-quota-project',
    ],
    [
      'Firestore',
      '7 PERMISSION_DENIED: Caller does not have required permission to use project p. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission',
      'roles/serviceusage.serviceUsageConsumer on the project',
    ],
    [
      'Firestore',
      '7 PERMISSION_DENIED: Cloud Firestore API has not been used in project 4711 before or it is disabled. Enable it by visiting …',
      'npm run provision`, which enables the APIs',
    ],
    [
      'BigQuery',
      'Access Denied: BigQuery BigQuery: Billing has not been enabled for this project. Enable billing at …',
      'gcloud billing projects link',
    ],
    [
      'Cloud Storage',
      'The billing account for the owning project is disabled in state absent',
      'gcloud billing projects link',
    ],
    [
      'Pub/Sub',
      '7 PERMISSION_DENIED: This API method requires billing to be enabled. Please enable billing on project #4711 by visiting …',
      'gcloud billing projects link',
    ],
    [
      'BigQuery',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      'roles/iam.serviceAccountTokenCreator on the account',
    ],
    [
      'Firestore',
      '7 PERMISSION_DENIED: Permission denied on resource project other.',
      'TIPOFF_GCP_PROJECT names a project',
    ],
    [
      'Pub/Sub',
      '5 NOT_FOUND: Requested project not found or user does not have access to it',
      'TIPOFF_GCP_PROJECT names a project',
    ],
  ] as const)('%s: %s', (service, message, hint) => {
    expect(remedyFor(service, message)).toContain(hint);
  });

  it('is not guessed for other words', () => {
    expect(remedyFor('BigQuery', 'Syntax error: Unexpected end of script at [1:8]')).toBeUndefined();
  });
});

describe('a failure without a status', () => {
  it.each([
    ['a connection that was reset', failure('read ECONNRESET', 'ECONNRESET'), true],
    ['a server that is not up', failure('connect ECONNREFUSED', 'ECONNREFUSED'), true],
    ['half an answer', failure('socket hang up'), true],
    [
      'the same behind an error of the library',
      failure('fetch failed', undefined, failure('x', 'ETIMEDOUT')),
      true,
    ],
    ['a defect of the program', new TypeError('x is not a function'), false],
    ['an address that does not exist', failure('getaddrinfo ENOTFOUND nowhere', 'ENOTFOUND'), false],
    ['an error with a word for a code', failure('bad argument', 'ERR_INVALID_ARG_TYPE'), false],
    ['no error at all', 'something', false],
  ])('%s', (_what, error, isTransient) => {
    expect(isNetworkFailure(error)).toBe(isTransient);
  });

  it('is tried again by BigQuery only when the network failed, and never for a lack of credentials', async () => {
    const clock = virtualClock('2025-01-10T15:00:00Z');
    const triesOf = async (error: Error): Promise<number> => {
      let tries = 0;
      await tryWithin(openBudget(clock, 3), async () => {
        tries += 1;
        throw error;
      });
      return tries;
    };
    expect(await triesOf(failure('read ECONNRESET', 'ECONNRESET'))).toBe(4);
    expect(await triesOf(new TypeError('x is not a function'))).toBe(1);
    expect(await triesOf(failure('Could not load the default credentials'))).toBe(1);
    expect(isRetriable({ reason: '', message: 'invalid_grant', status: 500 })).toBe(false);
    // A queue that is full empties; other resources that were exceeded do not come back.
    const exceeded = (message: string): boolean =>
      isRetriable({
        reason: 'resourcesExceeded',
        status: 400,
        message: `Resources exceeded during query execution: ${message}`,
      });
    expect(exceeded('Too many DML statements outstanding against table p:a.b, limit is 20.')).toBe(true);
    expect(exceeded('The query could not be executed in the allotted memory.')).toBe(false);
  });

  it('is a permanent error of Firestore unless the network failed', () => {
    const codeOf = (error: Error): string => firestoreError(error).code;
    expect(codeOf(new TypeError('x is not a function'))).toBe('TIPOFF_PROVIDER');
    expect(codeOf(failure('read ECONNRESET', 'ECONNRESET'))).toBe('TIPOFF_PROVIDER_DOWN');
    expect(codeOf(failure('14 UNAVAILABLE', 14))).toBe('TIPOFF_PROVIDER_DOWN');
    expect(codeOf(failure('Getting metadata from plugin failed with error: invalid_grant', 14))).toBe(
      'TIPOFF_PROVIDER',
    );
    expect(isAboutCredentials('14 UNAVAILABLE: no connection')).toBe(false);
  });

  it('keeps an error with a code as it is', () => {
    const own = new TipoffError('TIPOFF_STORAGE', 'closed', { hint: 'Open it.' });
    expect(firestoreError(own)).toBe(own);
  });
});

import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { BigQuery } from '@google-cloud/bigquery';
import { OAuth2Client } from 'google-auth-library';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import {
  applicationCredentials,
  isAboutCredentials,
  isNetworkFailure,
  remedyFor,
} from '#platform/google-cloud.ts';
import { backoff, jitterOf, type RetryBudget, retryBudget } from '#platform/retry.ts';

/** An error of BigQuery, from an HTTP answer or as the result of a job. `status` is absent when there was no answer. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly status?: number;
  /** True when the network failed. Any other error without a status is a defect or a lack of credentials. */
  readonly isNetwork?: true;
}

/** Reasons that pass by themselves, from BigQuery's table of error messages. */
const RETRIABLE_REASONS: readonly string[] = [
  'backendError',
  'internalError',
  'jobBackendError',
  'jobInternalError',
  'jobRateLimitExceeded',
  'rateLimitExceeded',
  'tableUnavailable',
];

/**
 * Statements that lost against other writers of the same table, or that found the queue before it full: BigQuery calls them invalid
 * or too large, but they may be retried.
 */
const LOST_AGAINST_A_WRITER =
  /could not serialize access|concurrent update|aborted due to concurrent|too many DML statements outstanding/i;

/** What a failed request says. */
export function refusalOf(error: unknown): Refusal {
  const message = messageOf(error);
  if (!(error instanceof Error)) return { reason: 'unknown', message };
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const isNetwork = status === undefined && isNetworkFailure(error) ? { isNetwork: true as const } : {};
  const first: unknown = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  const reason = hasText(first, 'reason') ?? '';
  return { reason, message, ...omitUndefined({ status }), ...isNetwork };
}

/** The error that ended a job. */
export function jobRefusal(result: unknown): Refusal {
  return {
    reason: hasText(result, 'reason') ?? 'unknown',
    message: hasText(result, 'message') ?? JSON.stringify(result),
    status: 200,
  };
}

/** True when the same request, or the same statement in a new job, may succeed. */
export function isRetriable({ reason, message, status, isNetwork }: Refusal): boolean {
  if (isAboutCredentials(message)) return false;
  if (status === undefined) return isNetwork === true;
  if (status === 429 || status === 408) return true;
  if (RETRIABLE_REASONS.includes(reason)) return true;
  if (LOST_AGAINST_A_WRITER.test(message)) return true;
  return status >= 500;
}

/** True when the request may have been carried out although its answer was lost. */
export function isOutcomeUnknown({ status, isNetwork }: Refusal): boolean {
  return status === undefined ? isNetwork === true : status >= 500;
}

/** True when the named thing does not exist. */
export function isNotFound({ reason, status }: Refusal): boolean {
  return status === 404 || reason === 'notFound';
}

/** The error with a code for a refusal, with the statement it is about. */
export function bigQueryError(
  refusal: Refusal,
  about: { statement?: string; attempts?: number; cause?: unknown } = {},
): TipoffError {
  if (about.cause instanceof TipoffError) return about.cause;
  const { reason, message } = refusal;
  const details = {
    ...(reason === '' ? {} : { reason }),
    ...omitUndefined({ attempts: about.attempts }),
    ...(about.statement === undefined ? {} : { statement: about.statement.slice(0, 400) }),
  };
  const extra = { details, ...omitUndefined({ cause: about.cause }) };
  if (isRetriable(refusal)) {
    return new TipoffError('TIPOFF_WAREHOUSE_BUSY', `BigQuery did not carry it out: ${message}`, {
      hint: 'Run it again later; if it stays so, look at the quotas of the project and the status page of BigQuery.',
      ...extra,
    });
  }
  if (/cannot be null|required field .* (?:null|missing)|not null constraint/i.test(message)) {
    return new TipoffError('TIPOFF_SCHEMA_MISMATCH', message, {
      hint: 'Give every required column a value, and compare the live table with its contract; nothing was written.',
      ...extra,
    });
  }
  return new TipoffError('TIPOFF_SQL', `BigQuery refused${reason === '' ? '' : ` (${reason})`}: ${message}`, {
    hint: hintFor(reason, message),
    ...extra,
  });
}

function hintFor(reason: string, message: string): string {
  if (reason === 'bytesBilledLimitExceeded')
    return 'Narrow the statement by its partition column, or raise the limit of billed bytes.';
  const words = { accessDenied: 'access denied', quotaExceeded: 'quota' }[reason] ?? '';
  return (
    remedyFor('BigQuery', `${words} ${message}`) ??
    'Correct the statement, or check it against `schema check`.'
  );
}

function hasText(value: unknown, name: 'reason' | 'message'): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === 'string' ? found : undefined;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 20_000;

/** A budget of `retries` for one logical operation, over all its requests and jobs; pauses double, half of each at random. */
export function openBudget(clock: Clock, retries: number): RetryBudget {
  return retryBudget(clock, {
    attempts: retries + 1,
    isTransient: () => true,
    pause: backoff({ first: FIRST_PAUSE_MS, max: MAX_PAUSE_MS, jitter: jitterOf(randomUUID()) }),
  });
}

/** The answer to a request, or the last error when the budget was used up. `before` are the errors that were retried. */
export type Answer<T = unknown> =
  | { readonly body: T; readonly before: readonly Refusal[] }
  | { readonly refusal: Refusal; readonly before: readonly Refusal[]; readonly cause: unknown };

/** Sends a request until it is answered, permanently refused, or the budget is used up. */
export async function tryWithin<T>(budget: RetryBudget, request: () => Promise<T>): Promise<Answer<T>> {
  const before: Refusal[] = [];
  for (;;) {
    try {
      return { body: await request(), before };
    } catch (cause) {
      const refusal = refusalOf(cause);
      if (!isRetriable(refusal) || !(await budget.next(refusal))) return { refusal, before, cause };
      before.push(refusal);
    }
  }
}

/** `tryWithin` for requests whose refusal is an error. */
export async function answered(budget: RetryBudget, request: () => Promise<unknown>): Promise<unknown> {
  const answer = await tryWithin(budget, request);
  if ('body' in answer) return answer.body;
  throw bigQueryError(answer.refusal, { attempts: budget.attempt, cause: answer.cause });
}

export interface BigQueryClientOptions {
  readonly projectId: string;
  /** Where datasets lie and jobs run, for example `US`. */
  readonly location: string;
  /** Base address of an emulator or fake, spoken to without real credentials. */
  readonly endpoint?: string;
  /** How long one request may wait for its answer; five minutes unless given. */
  readonly requestMs?: number;
}

const REQUEST_MS = 300_000;

/** One part of an upload. */
interface Part {
  readonly 'Content-Type': string;
  readonly body: string | Buffer;
}

/** The library takes text, or a stream, which is used up by sending. */
function sendable({ body, ...part }: Part): { 'Content-Type': string; body: string | PassThrough } {
  return { ...part, body: typeof body === 'string' ? body : new PassThrough().end(body) };
}

interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly json?: object;
  readonly parts?: readonly Part[];
}

/** One request of BigQuery's REST interface, signed and sent by the client library, without retries of its own. */
export type Call = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  options?: CallOptions,
) => Promise<unknown>;

/** Calls through the client library. Paths are relative to the project; `upload:` paths go to the upload address. */
export function openBigQueryClient({
  projectId,
  location,
  endpoint,
  requestMs = REQUEST_MS,
}: BigQueryClientOptions): Call {
  const client = new BigQuery({
    projectId,
    location,
    // The adapter retries itself, by reason and with a budget.
    retryOptions: { autoRetry: false },
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint, authClient: anonymous() }),
  });
  const credentials = applicationCredentials(endpoint === undefined, 'BigQuery');
  return async (method, path, { query = {}, json, parts } = {}) => {
    await credentials.demand();
    const uri = path.startsWith('upload:')
      ? `${client.apiEndpoint}/upload/bigquery/v2/projects/${projectId}${path.slice('upload:'.length)}`
      : path;
    return new Promise((resolve, reject) => {
      // Without a time-out, a silently dropped connection would block until the job itself ends.
      const patience = setTimeout(
        () =>
          reject(Object.assign(new Error(`no answer within ${requestMs / 1000} s`), { code: 'ETIMEDOUT' })),
        requestMs,
      );
      client.request(
        {
          method,
          uri,
          qs: { ...query },
          ...omitUndefined({ json }),
          ...(parts === undefined ? {} : { multipart: parts.map(sendable) }),
        },
        (error: Error | null, body?: unknown) => {
          clearTimeout(patience);
          if (error === null) resolve(body);
          else reject(error);
        },
      );
    });
  };
}

/** Dummy credentials: without any, the library searches the machine and fails. */
function anonymous(): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: 'anonymous', expiry_date: Number.MAX_SAFE_INTEGER });
  return client;
}

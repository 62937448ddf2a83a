import { messageOf, TipoffError } from '#core/errors.ts';

/** A refusal as BigQuery words it: by HTTP answer, or as the result of a job. `status` is absent when nothing was answered. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly status?: number;
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

/** Statements that lost against another writer of the same table: BigQuery calls them invalid, but they may be run again. */
const LOST_AGAINST_A_WRITER = /could not serialize access|concurrent update|aborted due to concurrent/i;

/** What a failed request says. */
export function refusalOf(error: unknown): Refusal {
  const message = messageOf(error);
  if (!(error instanceof Error)) return { reason: 'unknown', message };
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const first: unknown = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  const reason = hasText(first, 'reason') ?? '';
  return { reason, message, ...(status === undefined ? {} : { status }) };
}

/** The error that ended a job. */
export function jobRefusal(result: unknown): Refusal {
  return { reason: hasText(result, 'reason') ?? 'unknown', message: hasText(result, 'message') ?? JSON.stringify(result), status: 200 };
}

/** True when the same request, or the same statement in a new job, may succeed. */
export function isRetriable({ reason, message, status }: Refusal): boolean {
  if (status === undefined || status === 429 || status === 408) return true;
  if (RETRIABLE_REASONS.includes(reason)) return true;
  if (LOST_AGAINST_A_WRITER.test(message)) return true;
  return status >= 500;
}

/** True when the request may have been carried out although no answer says so. */
export function isOutcomeUnknown({ status }: Refusal): boolean {
  return status === undefined || status >= 500;
}

/** True when the named thing does not exist. */
export function isNotFound({ reason, status }: Refusal): boolean {
  return status === 404 || reason === 'notFound';
}

/** The error with a code for a refusal, with the statement it is about. */
export function bigQueryError(refusal: Refusal, about: { statement?: string; attempts?: number; cause?: unknown } = {}): TipoffError {
  const { reason, message } = refusal;
  const details = {
    ...(reason === '' ? {} : { reason }),
    ...(about.attempts === undefined ? {} : { attempts: about.attempts }),
    ...(about.statement === undefined ? {} : { statement: about.statement.slice(0, 400) }),
  };
  const extra = { details, ...(about.cause === undefined ? {} : { cause: about.cause }) };
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
    hint: hintFor(reason),
    ...extra,
  });
}

function hintFor(reason: string): string {
  if (reason === 'accessDenied') return 'Give the service account roles/bigquery.jobUser, and roles/bigquery.dataEditor on the dataset.';
  if (reason === 'bytesBilledLimitExceeded') return 'Narrow the statement by its partition column, or raise the limit of billed bytes.';
  if (reason === 'quotaExceeded') return 'A quota of the project is used up; wait for its renewal, or have it raised.';
  return 'Correct the statement, or check it against `schema check`.';
}

function hasText(value: unknown, name: 'reason' | 'message'): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === 'string' ? found : undefined;
}

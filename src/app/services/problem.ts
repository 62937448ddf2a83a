import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, TipoffError } from '#core/errors.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** What every refusal looks like. */
export const problemSchema = z.strictObject({
  code: z.enum(CODES).describe('Stable code of the error'),
  message: z.string().describe('What was expected and what was seen'),
  hint: z.string().describe('What to do next'),
  details: z.record(z.string(), z.unknown()).optional().describe('Particulars for machines'),
});
type Problem = z.infer<typeof problemSchema>;

/** A refusal with its status. */
export interface Refusal {
  readonly status: number;
  readonly problem: Problem;
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  TIPOFF_BAD_INPUT: 400,
  TIPOFF_NOT_FOUND: 404,
  TIPOFF_UNKNOWN_FORMAT: 400,
  TIPOFF_SCHEMA_MISMATCH: 500,
  TIPOFF_CONTRACT: 500,
  TIPOFF_SQL: 500,
  TIPOFF_WAREHOUSE_BUSY: 503,
  TIPOFF_HOME_LOCKED: 503,
  TIPOFF_STATE_CONFLICT: 503,
  TIPOFF_NOT_READY: 503,
  TIPOFF_AUDIT_FAILED: 409,
  TIPOFF_EXPORT_FAILED: 500,
  TIPOFF_FENCED: 409,
  TIPOFF_BATCH_ACTIVE: 409,
  TIPOFF_NO_MODEL: 503,
  TIPOFF_INTEGRITY: 500,
  TIPOFF_CONFLICT: 409,
  TIPOFF_STORAGE: 503,
  TIPOFF_PROVIDER: 502,
  TIPOFF_PROVIDER_DOWN: 503,
  TIPOFF_NOTIFY: 503,
  TIPOFF_UNAUTHORISED: 401,
  TIPOFF_FORBIDDEN: 403,
  TIPOFF_NO_ROUTE: 404,
  TIPOFF_WRONG_METHOD: 405,
  TIPOFF_TOO_LARGE: 413,
  TIPOFF_UNEXPECTED: 500,
};

/** The answer to a failure. What nobody foresaw tells its callers nothing but that it happened; the log has the rest. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof TipoffError)) {
    return refusal(
      'TIPOFF_UNEXPECTED',
      'the service failed in a way nobody foresaw',
      'This is a defect: look at the log of the service and report it.',
    );
  }
  const { code, message, hint, details } = error;
  const problem = { code, message, hint };
  return {
    status: STATUS[code],
    problem: Object.keys(details).length === 0 ? problem : { ...problem, details },
  };
}

/** A refusal of the service itself, before any use case was asked. */
export function refusal(code: ErrorCode, message: string, hint: string): Refusal {
  return { status: STATUS[code], problem: { code, message, hint } };
}

/** A body that does not fit the schema of its endpoint, as TIPOFF_BAD_INPUT naming each field. */
export function badBody(error: z.ZodError, endpoint: string, schema: z.ZodType): TipoffError {
  const fields = error.issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => `${path.length === 0 ? 'body' : path.join('.')}: ${message}`);
  return new TipoffError('TIPOFF_BAD_INPUT', fields.join('; ').slice(0, MAX_MESSAGE_LENGTH), {
    hint: `GET /openapi.json describes every field of ${endpoint}${schema.safeParse({}).success ? '; an empty body means the defaults' : ''}.`,
  });
}

const MAX_ISSUES = 10;
const MAX_MESSAGE_LENGTH = 1000;

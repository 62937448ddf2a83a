/**
 * The one error type of Tipoff. Every expected failure carries a stable code, states what was expected and what was seen, and
 * names the next step. Whether a retry may help is decided by `transient`, never by parsing the message.
 */
export class TipoffError extends Error {
  readonly code: ErrorCode;
  /** What the reader should do next, in one sentence. */
  readonly hint: string;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly transient: boolean;
  /** Machine-readable particulars: table, field, file, line, batch. Never secrets. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TipoffErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TipoffError';
    this.code = code;
    this.hint = options.hint;
    this.transient = ERROR_CODES[code].transient;
    this.details = options.details ?? {};
  }
}

export interface TipoffErrorOptions {
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** What every code means, whether it is worth a retry, and the exit code of the command that ends with it. */
export const ERROR_CODES = {
  TIPOFF_BAD_INPUT: {
    meaning: 'an argument, request or file is not what it should be',
    transient: false,
    exit: 2,
  },
  TIPOFF_NOT_FOUND: {
    meaning: 'a named thing (file, batch, model, table) does not exist',
    transient: false,
    exit: 2,
  },
  TIPOFF_UNKNOWN_FORMAT: { meaning: 'no ingest format recognises this file', transient: false, exit: 2 },
  TIPOFF_SCHEMA_MISMATCH: { meaning: 'a record and its table disagree', transient: false, exit: 1 },
  TIPOFF_CONTRACT: { meaning: 'a table contract is broken or contradicts itself', transient: false, exit: 3 },
  TIPOFF_SQL: { meaning: 'the warehouse refused a statement', transient: false, exit: 3 },
  TIPOFF_WAREHOUSE_BUSY: { meaning: 'the warehouse is held by somebody else', transient: true, exit: 3 },
  TIPOFF_HOME_LOCKED: { meaning: 'another process owns the embedded home', transient: true, exit: 3 },
  TIPOFF_STATE_CONFLICT: { meaning: 'a compare-and-set lost its race too often', transient: true, exit: 3 },
  TIPOFF_NOT_READY: { meaning: 'an input is not there yet', transient: true, exit: 1 },
  TIPOFF_AUDIT_FAILED: { meaning: 'staged rows did not pass the audit', transient: false, exit: 1 },
  TIPOFF_EXPORT_FAILED: {
    meaning: 'something became visible or was withdrawn, and its exports are behind',
    transient: false,
    exit: 1,
  },
  TIPOFF_FENCED: { meaning: 'a lease was lost to somebody with a newer token', transient: false, exit: 1 },
  TIPOFF_BATCH_ACTIVE: { meaning: 'the slate already has an active batch', transient: false, exit: 1 },
  TIPOFF_NO_MODEL: { meaning: 'no model may be used for this slate', transient: false, exit: 1 },
  TIPOFF_INTEGRITY: { meaning: 'stored bytes differ from their recorded hash', transient: false, exit: 3 },
  TIPOFF_CONFLICT: { meaning: 'a precondition on a stored object failed', transient: false, exit: 1 },
  TIPOFF_STORAGE: {
    meaning: 'a store on this machine (state, queue, objects, home) cannot be read or written',
    transient: false,
    exit: 3,
  },
  TIPOFF_PROVIDER: { meaning: 'an outside provider refused the request', transient: false, exit: 3 },
  TIPOFF_PROVIDER_DOWN: { meaning: 'an outside provider did not answer', transient: true, exit: 3 },
  TIPOFF_NOTIFY: { meaning: 'a notification could not be delivered', transient: true, exit: 3 },
  TIPOFF_UNAUTHORISED: {
    meaning: 'a request to a service without a valid key or identity token',
    transient: false,
    exit: 3,
  },
  TIPOFF_FORBIDDEN: {
    meaning: 'a request to a service that would change something, from an account that may only look',
    transient: false,
    exit: 3,
  },
  TIPOFF_NO_ROUTE: { meaning: 'a service has no such endpoint', transient: false, exit: 3 },
  TIPOFF_WRONG_METHOD: {
    meaning: 'an endpoint of a service called with a method it does not have',
    transient: false,
    exit: 3,
  },
  TIPOFF_TOO_LARGE: {
    meaning: 'the body of a request is larger than any request needs',
    transient: false,
    exit: 2,
  },
  TIPOFF_UNEXPECTED: { meaning: 'a failure nobody foresaw: a defect of Tipoff', transient: false, exit: 3 },
} as const satisfies Record<string, { meaning: string; transient: boolean; exit: 1 | 2 | 3 }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** True when a retry may help: a transient TipoffError. Anything else is permanent until proven otherwise. */
export function isTransient(error: unknown): boolean {
  return error instanceof TipoffError && error.transient;
}

/** The text of any thrown value, for wrapping into a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

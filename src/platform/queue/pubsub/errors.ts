import { messageOf, TipoffError } from '#core/errors.ts';

/** gRPC codes after which the same call may succeed: cancelled, deadline, quota, aborted, internal, unavailable. */
const TRANSIENT: readonly number[] = [1, 4, 8, 10, 13, 14];

export const DEADLINE_EXCEEDED = 4;
export const ALREADY_EXISTS = 6;

/** The gRPC code of a client error; undefined for any other error. */
export function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** What Pub/Sub refused or failed to answer, as an error with a code. */
export function pubSubError(error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  const code = grpcCode(error);
  if (code !== undefined && TRANSIENT.includes(code)) {
    return new TipoffError('TIPOFF_PROVIDER_DOWN', `Pub/Sub did not answer: ${messageOf(error)}`, {
      hint: 'Try again; if it stays so, look at the quotas of the project and the status page of Pub/Sub.',
      details: { code },
      cause: error,
    });
  }
  return new TipoffError('TIPOFF_PROVIDER', `Pub/Sub refused the request: ${messageOf(error)}`, {
    hint: 'Check that topic and subscription exist and that the service account may use them.',
    ...(code === undefined ? {} : { details: { code } }),
    cause: error,
  });
}

/** A call with an argument that cannot be. */
export function badInput(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: 'Correct the call.' });
}

import { messageOf, TipoffError } from '#core/errors.ts';

/** The HTTP status of a refusal; undefined when nothing was answered, or the error is none of the client's. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** True when the same request may succeed: no answer, too many requests, or trouble on the other side. */
export function isRetriable(error: unknown): boolean {
  if (error instanceof TipoffError) return error.transient;
  const status = statusOf(error);
  // Errors of the checks carry a word as code; those of the network carry one of node, such as ECONNRESET.
  if (status === undefined) return !isDamaged(error);
  return status === 408 || status === 429 || status >= 500;
}

/** True when there is no such object. A bucket that does not exist is no empty store. */
export function isMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && !/bucket/i.test(messageOf(error));
}

/** What Cloud Storage refused or failed to answer, as an error with a code. */
export function storageError(error: unknown, path: string): TipoffError {
  if (error instanceof TipoffError) return error;
  const status = statusOf(error);
  const more = { details: { path, ...(status === undefined ? {} : { status }) }, cause: error };
  if (isDamaged(error)) {
    return new TipoffError('TIPOFF_INTEGRITY', `the bytes of ${path} differ from their checksum: ${messageOf(error)}`, {
      hint: 'Read the object again; if it stays so, write it anew.',
      ...more,
    });
  }
  if (isRetriable(error)) {
    return new TipoffError('TIPOFF_PROVIDER_DOWN', `Cloud Storage did not answer for ${path}: ${messageOf(error)}`, {
      hint: 'Try again later.',
      ...more,
    });
  }
  return new TipoffError('TIPOFF_PROVIDER', `Cloud Storage refused ${path}: ${messageOf(error)}`, {
    hint: 'Check that the bucket exists and that the service account may use it (roles/storage.objectAdmin).',
    ...more,
  });
}

function isDamaged(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /MISMATCH|NOT_AVAILABLE|NO_UPLOAD/.test(error.code);
}

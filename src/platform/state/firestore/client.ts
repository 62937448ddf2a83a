import { Firestore } from '@google-cloud/firestore';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { isAboutCredentials, isNetworkFailure, remedyFor } from '#platform/google-cloud.ts';

/** Codes of gRPC that this adapter tells apart. */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const;

const TRANSIENT: readonly number[] = [
  GRPC.cancelled,
  GRPC.deadlineExceeded,
  GRPC.resourceExhausted,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
];

/** The gRPC code of a client error; undefined for any other error. */
export function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** True when the write may or may not have landed: the answer did not arrive. */
export function outcomeUnknown(error: unknown): boolean {
  const code = grpcCode(error);
  return (
    code === GRPC.deadlineExceeded ||
    code === GRPC.unavailable ||
    code === GRPC.internal ||
    code === GRPC.cancelled
  );
}

/** The error for a call that Firestore refused or did not answer. */
export function firestoreError(error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  const code = grpcCode(error);
  const isTransient = code === undefined ? isNetworkFailure(error) : TRANSIENT.includes(code);
  if (isTransient && !isAboutCredentials(messageOf(error))) {
    return new TipoffError('TIPOFF_PROVIDER_DOWN', `Firestore did not answer: ${messageOf(error)}`, {
      hint: 'Try again; if it stays so, look at the quotas of the project and the status page of Firestore.',
      ...(code === undefined ? {} : { details: { code } }),
      cause: error,
    });
  }
  return new TipoffError('TIPOFF_PROVIDER', `Firestore refused the request: ${messageOf(error)}`, {
    hint:
      remedyFor('Firestore', messageOf(error)) ??
      'Check that the database exists and that the service account may use it (roles/datastore.user).',
    ...(code === undefined ? {} : { details: { code } }),
    cause: error,
  });
}

export interface FirestoreClientOptions {
  readonly projectId: string;
  /** Database of the project; the default one unless named. */
  readonly databaseId?: string;
  /** `host:port` of an emulator, spoken to without TLS and without credentials. */
  readonly emulator?: string;
}

/** A client of its own connection. Opening makes no call. */
export function openFirestoreClient({ projectId, databaseId, emulator }: FirestoreClientOptions): Firestore {
  return new Firestore({
    projectId,
    ...omitUndefined({ databaseId }),
    ...(emulator === undefined
      ? {}
      : // With the universe named, the client does not search for credentials, which takes seconds where there are none.
        { host: emulator, ssl: false, clientOptions: { universeDomain: 'googleapis.com' } }),
  });
}

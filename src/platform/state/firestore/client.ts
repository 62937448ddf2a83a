import { Firestore } from '@google-cloud/firestore';

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
    ...(databaseId === undefined ? {} : { databaseId }),
    ...(emulator === undefined
      ? {}
      : // With the universe named, the client does not search for credentials, which takes seconds where there are none.
        { host: emulator, ssl: false, clientOptions: { universeDomain: 'googleapis.com' } }),
  });
}

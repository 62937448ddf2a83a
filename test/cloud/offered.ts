import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of the Firestore emulator. */
    firestore: string | undefined;
    /** `host:port` of the Pub/Sub emulator. */
    pubsub: string | undefined;
    /** Base address of a BigQuery emulator. */
    bigquery: string | undefined;
  }
}

/** What the run of the cloud tests was given to work with; undefined for what the machine does not offer. */
export function offered(what: 'firestore' | 'pubsub' | 'bigquery'): string | undefined {
  return inject(what);
}

import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of the Firestore emulator; none where there is none. */
    firestore: readonly string[];
    /** `host:port` of the Pub/Sub emulator. */
    pubsub: readonly string[];
    /** Base addresses of BigQuery emulators, one for each worker. */
    bigquery: readonly string[];
  }
}

/** What the run of the cloud tests was given to work with; undefined for what the machine does not offer. */
export function offered(what: 'firestore' | 'pubsub' | 'bigquery'): string | undefined {
  const all = inject(what);
  // Workers are counted from 1; one emulator serves all of them.
  return all[(Number(process.env['VITEST_POOL_ID']) - 1) % all.length];
}

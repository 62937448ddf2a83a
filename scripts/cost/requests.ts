/** What a command asks of the services. */
export interface CommandUse {
  /** Requests of BigQuery, looks at jobs and tables included. */
  readonly bigquery: number;
  /** Tables that its statements read, each as often as a statement names it: BigQuery bills 10 MiB of each at least. */
  readonly tables: number;
  /** KiB of those tables, whole rows of all partitions: an upper bound of what is read. */
  readonly kib: number;
  /** Requests of Firestore, and documents read and written. */
  readonly firestore: number;
  readonly reads: number;
  readonly writes: number;
  /** Requests of Pub/Sub and of Cloud Storage, and objects written or listed among them. */
  readonly rest: number;
  readonly objects: number;
}

/**
 * As the strict front counted it, in a league of four teams with two seasons (`test/cloud/command-line.cloud.ts`, which fails when
 * a command asks for about a third more, or for so much less that the figure is of the past).
 */
export const COMMANDS = {
  'schema apply': { bigquery: 72, tables: 0, kib: 0, firestore: 1, reads: 0, writes: 1, rest: 0, objects: 0 },
  day: { bigquery: 86, tables: 352, kib: 108696, firestore: 62, reads: 94, writes: 50, rest: 19, objects: 5 },
  'day, nothing new': {
    bigquery: 43,
    tables: 197,
    kib: 55649,
    firestore: 7,
    reads: 5,
    writes: 1,
    rest: 6,
    objects: 1,
  },
  'backfill plan': {
    bigquery: 131,
    tables: 45,
    kib: 17270,
    firestore: 3,
    reads: 3,
    writes: 0,
    rest: 0,
    objects: 0,
  },
  'backfill run': {
    bigquery: 217,
    tables: 376,
    kib: 125032,
    firestore: 170,
    reads: 154,
    writes: 135,
    rest: 24,
    objects: 9,
  },
  'canary run': {
    bigquery: 98,
    tables: 59,
    kib: 19398,
    firestore: 35,
    reads: 87,
    writes: 5,
    rest: 3,
    objects: 0,
  },
} as const satisfies Readonly<Record<string, CommandUse>>;

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
  'schema apply': { bigquery: 73, tables: 0, kib: 0, firestore: 1, reads: 0, writes: 1, rest: 0, objects: 0 },
  day: { bigquery: 75, tables: 370, kib: 111878, firestore: 62, reads: 94, writes: 50, rest: 21, objects: 6 },
  'day, nothing new': {
    bigquery: 36,
    tables: 205,
    kib: 57239,
    firestore: 7,
    reads: 5,
    writes: 1,
    rest: 7,
    objects: 2,
  },
  'backfill plan': {
    bigquery: 130,
    tables: 48,
    kib: 17364,
    firestore: 3,
    reads: 3,
    writes: 0,
    rest: 0,
    objects: 0,
  },
  'backfill run': {
    bigquery: 213,
    tables: 404,
    kib: 129890,
    firestore: 170,
    reads: 154,
    writes: 135,
    rest: 29,
    objects: 13,
  },
  'canary run': {
    bigquery: 99,
    tables: 59,
    kib: 19445,
    firestore: 36,
    reads: 89,
    writes: 5,
    rest: 3,
    objects: 0,
  },
} as const satisfies Readonly<Record<string, CommandUse>>;

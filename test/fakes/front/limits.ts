/** Quotas of the services as their pages state them; a test lowers what it wants to reach. */
export interface Limits {
  /** Load jobs into one table on one day, failed ones included. */
  readonly loadJobsPerTable: number;
  /** Changes of one table's metadata within ten seconds. */
  readonly tableUpdatesPer10Seconds: number;
  /** Statements that change one table and run or wait at one time. */
  readonly dmlPerTable: number;
  /** Partitions that one job may change. */
  readonly partitionsPerJob: number;
  /** Bytes of a request of BigQuery that is no upload. */
  readonly requestBytes: number;
  /** Characters of one statement or script. */
  readonly statementCharacters: number;
  /** Bytes of one document of Firestore, and of one request of it. */
  readonly documentBytes: number;
  readonly stateRequestBytes: number;
  /** Entries that one document may have in indexes: two for each value, one for each element of a list. */
  readonly indexEntries: number;
  /** Bytes of one request of Pub/Sub, messages of one, and bytes of one that acknowledges. */
  readonly publishBytes: number;
  readonly publishMessages: number;
  readonly acknowledgeBytes: number;
}

export const LIMITS: Limits = {
  loadJobsPerTable: 1500,
  tableUpdatesPer10Seconds: 5,
  dmlPerTable: 22,
  partitionsPerJob: 4000,
  requestBytes: 10_000_000,
  statementCharacters: 1_048_576,
  documentBytes: 1_048_576,
  stateRequestBytes: 10_485_760,
  indexEntries: 40_000,
  publishBytes: 10_000_000,
  publishMessages: 1000,
  acknowledgeBytes: 524_288,
};

/** Counts what has a limit, by name. Every name counts for itself. */
export interface Usage {
  /** Counts one more; false when the limit was reached before. */
  use(name: string, limit: number): boolean;
  /** Counts one more among those since `now - milliseconds`. */
  useWithin(name: string, limit: number, now: number, milliseconds: number): boolean;
  release(name: string): void;
}

export function usage(): Usage {
  const counts = new Map<string, number>();
  const instants = new Map<string, number[]>();
  return {
    use: (name, limit) => {
      const used = counts.get(name) ?? 0;
      counts.set(name, used + 1);
      return used < limit;
    },
    useWithin: (name, limit, now, milliseconds) => {
      const recent = (instants.get(name) ?? []).filter((at) => at > now - milliseconds);
      instants.set(name, [...recent, now]);
      return recent.length < limit;
    },
    release: (name) => {
      counts.set(name, (counts.get(name) ?? 1) - 1);
    },
  };
}

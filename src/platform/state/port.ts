/** A stored document. `version` grows by one with every write; `data` is plain JSON. */
export interface Doc<T = Record<string, unknown>> {
  readonly collection: string;
  readonly id: string;
  readonly data: T;
  readonly version: number;
  readonly updatedAt: string;
}

/**
 * One transaction. All reads come before the first write. The function may run several times and must have no side
 * effect but its writes; it sees a consistent snapshot, and the writes land only if nothing it read has changed.
 */
export interface StateTransaction {
  get<T = Record<string, unknown>>(collection: string, id: string): Promise<Doc<T> | undefined>;
  /** All documents of a collection whose top-level fields equal `where`. */
  list<T = Record<string, unknown>>(collection: string, query?: StateQuery): Promise<Doc<T>[]>;
  put(collection: string, id: string, data: object): void;
  delete(collection: string, id: string): void;
}

export interface StateQuery {
  /** Equality on top-level fields. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  /** Ids starting with this prefix. */
  readonly idPrefix?: string;
  readonly limit?: number;
}

/** Days after its last write that a document of a collection is kept; documents of other collections stay. */
export type Retention = Readonly<Record<string, number>>;

/**
 * Small, contended, durable documents: batches, outcomes, leases, incidents, the backfill ledger. Ordered by id.
 * Deliberately out of scope: joins, sorting by field. An update is never lost; losing a race too often is
 * TIPOFF_STATE_CONFLICT (transient). A missing document is `undefined`, never an empty object.
 */
export interface StateStore {
  get<T = Record<string, unknown>>(collection: string, id: string): Promise<Doc<T> | undefined>;
  list<T = Record<string, unknown>>(collection: string, query?: StateQuery): Promise<Doc<T>[]>;
  /** Creates a document; false when the id exists already. */
  create(collection: string, id: string, data: object): Promise<boolean>;
  /** Runs `body` with optimistic concurrency and a bounded number of tries; returns what it returned last. */
  transaction<R>(body: (tx: StateTransaction) => Promise<R>): Promise<R>;
  /** Removes documents past their retention, where the service does not do so itself; returns how many. */
  sweep(): Promise<number>;
  /** Checks that the store answers. Returns its time (ISO) if it has a clock of its own; undefined for a store on this machine. */
  ping(): Promise<string | undefined>;
  close(): Promise<void>;
}

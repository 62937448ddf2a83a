import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { RunMode } from '#core/run-modes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Retention, StateStore, StateTransaction } from '#platform/state/port.ts';

/** The states of a batch, each with the states that may follow it. Every transition is a compare-and-set that records who, when and why. */
export const NEXT_STATES = {
  created: ['dispatching', 'consolidating', 'failed', 'reset'],
  dispatching: ['running', 'consolidating', 'held', 'failed', 'reset'],
  running: ['consolidating', 'held', 'failed', 'reset'],
  consolidating: ['published', 'published_partial', 'held', 'failed', 'reset'],
  held: ['consolidating', 'reset'],
  failed: ['reset'],
  published: [],
  published_partial: [],
  reset: [],
} as const satisfies Record<string, readonly string[]>;
export type BatchState = keyof typeof NEXT_STATES;

const ACTIVE: readonly BatchState[] = ['created', 'dispatching', 'running', 'consolidating'];

/** True while a batch holds its slate, so that no other batch of the slate may start. */
export function isActive(state: BatchState): boolean {
  return ACTIVE.includes(state);
}

/** True while workers may record outcomes for a batch. */
export function acceptsOutcomes(state: BatchState): boolean {
  return state === 'dispatching' || state === 'running';
}

/** True when a batch may go from one state to another. */
export function canMove(from: BatchState, to: BatchState): boolean {
  const next: readonly BatchState[] = NEXT_STATES[from];
  return next.includes(to);
}

/** Throws TIPOFF_CONFLICT unless a batch may go from one state to another. */
function checkMove(batchId: string, from: BatchState, to: BatchState): void {
  if (canMove(from, to)) return;
  throw new TipoffError('TIPOFF_CONFLICT', `batch ${batchId} is ${from}: it cannot become ${to}`, {
    hint: `Look at it with \`tipoff batch show ${batchId}\`; \`tipoff batch reset --batch ${batchId} --reason <reason>\` frees its slate.`,
    details: { batch_id: batchId, from, to },
  });
}

/** Collections of the state store. */
export const COLLECTIONS = {
  /** One document per batch. */
  batches: 'batches',
  /** One per slate: which batch is active, how many there were. */
  slates: 'slates',
  /** One per unit: `<batch>:<unit>`. */
  units: 'units',
  /** One per expected player: `<batch>:<player>`. */
  outcomes: 'outcomes',
  /** One per move of a batch: `<batch>:<number>`. Append-only. */
  events: 'batch_events',
  /** One per slate: who may publish it, with the fencing token. */
  leases: 'publish_leases',
} as const;

/** Days for which a batch and its documents are kept. The predictions themselves stay in the warehouse. */
const RETENTION_DAYS = 90;
export const STATE_RETENTION: Retention = {
  [COLLECTIONS.batches]: RETENTION_DAYS,
  [COLLECTIONS.units]: RETENTION_DAYS,
  [COLLECTIONS.outcomes]: RETENTION_DAYS,
  [COLLECTIONS.events]: RETENTION_DAYS,
};

export interface BatchDoc {
  readonly batch_id: string;
  readonly slate: Slate;
  readonly mode: RunMode;
  readonly state: BatchState;
  readonly by: string;
  readonly caller_key: string | null;
  /** Trace of the request that started it, for the logs; absent when no request did. */
  readonly trace_id?: string;
  /** Games of the slate at the start. */
  readonly games: number;
  /** Players of the context, skipped ones included. */
  readonly expected: number;
  /** Expected players who had a visible prediction at the start; absent in batches of earlier versions. */
  readonly visible?: number;
  readonly units: number;
  readonly created_at: string;
  /** Last time a unit was dispatched or an outcome arrived. */
  readonly progress_at: string;
  readonly closed_at: string | null;
  /** Why the batch is in its state. */
  readonly reason: string | null;
  /** What to do with the staged rows when the batch is closed early. */
  readonly policy: 'publish' | 'hold';
  /** Its publication; null until the batch is published. */
  readonly publication_id: string | null;
  /** Number of consolidations started; each holds the lease of the slate under its own token. */
  readonly attempts: number;
  readonly events: number;
}

export interface SlateDoc {
  readonly slate: Slate;
  readonly active_batch: string | null;
  /** Batches started so far. */
  readonly started: number;
}

export interface UnitDoc {
  readonly batch_id: string;
  readonly unit_id: string;
  readonly players: readonly number[];
  readonly dispatched: number;
  readonly state: 'waiting' | 'done';
  /** Incremented by every worker that takes the unit: each stages into its own table, and the first to finish wins. */
  readonly claim: number;
  /** The staging table of the worker that finished it. */
  readonly staging_table: string | null;
  /** Its columns in the worker's version of the code; absent in units staged by versions that did not record them. */
  readonly columns?: readonly string[];
  readonly rows: number;
}

export type PlayerOutcome = 'predicted' | 'skipped' | 'failed' | 'timed_out';

export interface OutcomeDoc {
  readonly batch_id: string;
  readonly player_id: number;
  readonly outcome: PlayerOutcome;
  /** Rows staged for the player. */
  readonly rows: number;
  /** Digest of these rows as they were made, see `digestOfRows`; absent without rows, and in outcomes of older workers. */
  readonly rows_digest?: string;
  readonly reason: string | null;
  /** True for a skip that withdraws the player's visible predictions. */
  readonly withdraws?: true;
  readonly at: string;
}

export interface EventDoc {
  readonly batch_id: string;
  readonly at: string;
  readonly by: string;
  readonly from: BatchState | null;
  readonly to: BatchState;
  readonly reason: string | null;
}

export const unitKey = (batchId: string, unitId: string): string => `${batchId}:${unitId}`;
export const outcomeKey = (batchId: string, playerId: number): string => `${batchId}:${playerId}`;

/** The queue topic of prediction units; a message is `{ batch_id, unit_id }`, with the `trace_id` of the batch where it has one. */
export const UNIT_TOPIC = 'predict-units';

/** Who moves a batch and why. */
export interface Move {
  readonly by: string;
  readonly reason?: string | undefined;
  /** Fields that change with the state. */
  readonly set?: Partial<Pick<BatchDoc, 'publication_id' | 'policy'>>;
  /** Move only if exactly this many attempts to publish have started. */
  readonly attempts?: number;
}

/** Reads a batch. Throws TIPOFF_NOT_FOUND for an unknown id. */
export async function readBatch(state: Pick<StateStore, 'get'>, batchId: string): Promise<BatchDoc> {
  const doc = await state.get<BatchDoc>(COLLECTIONS.batches, batchId);
  if (doc === undefined) throw unknownBatchError(batchId);
  return doc.data;
}

/** All batches, or those of a slate, oldest first. */
export async function listBatches(state: StateStore, slate?: Slate): Promise<BatchDoc[]> {
  const docs = await state.list<BatchDoc>(
    COLLECTIONS.batches,
    slate === undefined ? {} : { where: { slate } },
  );
  return docs.map(({ data }) => data).sort(byAge);
}

function byAge(a: BatchDoc, b: BatchDoc): number {
  // Two batches may begin in the same millisecond.
  return a.created_at.localeCompare(b.created_at) || batchNumber(a.batch_id) - batchNumber(b.batch_id);
}

/** Which batch of its slate it is: the number at the end of its id. */
export function batchNumber(batchId: string): number {
  return Number(/-(\d+)$/.exec(batchId)?.[1] ?? 0);
}

/** Batches that hold their slate. */
export async function activeBatches(state: StateStore): Promise<BatchDoc[]> {
  // Listed by state, because this runs every few seconds and must not read every batch ever made; one state after the other in
  // the order of a batch's life, so that a batch that moves on in between is found in its next state.
  const batches = new Map<string, BatchDoc>();
  for (const active of ACTIVE)
    for (const { id, data } of await state.list<BatchDoc>(COLLECTIONS.batches, { where: { state: active } }))
      batches.set(id, data);
  return [...batches.values()].sort(byAge);
}

/** The units of a batch. */
export async function readUnits(state: Pick<StateStore, 'list'>, batchId: string): Promise<UnitDoc[]> {
  return (await state.list<UnitDoc>(COLLECTIONS.units, { idPrefix: `${batchId}:` })).map(({ data }) => data);
}

/** The outcomes that have arrived, skips of the gate included. */
export async function readOutcomes(state: Pick<StateStore, 'list'>, batchId: string): Promise<OutcomeDoc[]> {
  return (await state.list<OutcomeDoc>(COLLECTIONS.outcomes, { idPrefix: `${batchId}:` })).map(
    ({ data }) => data,
  );
}

/** Every move of a batch, oldest first. */
export async function readEvents(state: StateStore, batchId: string): Promise<EventDoc[]> {
  return (await state.list<EventDoc>(COLLECTIONS.events, { idPrefix: `${batchId}:` })).map(
    ({ data }) => data,
  );
}

/**
 * Moves a batch to another state within a transaction that has finished reading, and writes the audit event. A batch that
 * stops being active releases its slate. `slateDoc` is the slate's document as the transaction read it.
 */
export function moveIn(
  tx: StateTransaction,
  clock: Clock,
  batch: BatchDoc,
  slateDoc: SlateDoc | undefined,
  to: BatchState,
  { by, reason, set }: Move,
): BatchDoc {
  checkMove(batch.batch_id, batch.state, to);
  const at = clock.now().toISOString();
  const moved: BatchDoc = {
    ...batch,
    ...set,
    state: to,
    reason: reason ?? null,
    progress_at: at,
    closed_at: isActive(to) ? null : at,
    events: batch.events + 1,
  };
  tx.put(COLLECTIONS.batches, batch.batch_id, moved);
  const event: EventDoc = { batch_id: batch.batch_id, at, by, from: batch.state, to, reason: reason ?? null };
  tx.put(COLLECTIONS.events, `${batch.batch_id}:${String(batch.events).padStart(4, '0')}`, event);
  if (slateDoc !== undefined && !isActive(to) && slateDoc.active_batch === batch.batch_id) {
    tx.put(COLLECTIONS.slates, batch.slate, { ...slateDoc, active_batch: null });
  }
  if (slateDoc !== undefined && isActive(to) && slateDoc.active_batch === null) {
    tx.put(COLLECTIONS.slates, batch.slate, { ...slateDoc, active_batch: batch.batch_id });
  }
  return moved;
}

/**
 * Moves a batch from one of the states `from` to another. Undefined when it is in none of them or another batch holds the
 * slate, which means that another process was first.
 */
export async function move(
  deps: { readonly state: StateStore; readonly clock: Clock },
  batchId: string,
  from: readonly BatchState[],
  to: BatchState,
  how: Move,
): Promise<BatchDoc | undefined> {
  return deps.state.transaction(async (tx) => {
    const doc = await tx.get<BatchDoc>(COLLECTIONS.batches, batchId);
    if (doc === undefined) throw unknownBatchError(batchId);
    const slate = await tx.get<SlateDoc>(COLLECTIONS.slates, doc.data.slate);
    if (!from.includes(doc.data.state)) return undefined;
    const holder = slate?.data.active_batch ?? batchId;
    if (isActive(to) && holder !== batchId) return undefined;
    if (how.attempts !== undefined && how.attempts !== doc.data.attempts) return undefined;
    return moveIn(tx, deps.clock, doc.data, slate?.data, to, how);
  });
}

export function unknownBatchError(batchId: string): TipoffError {
  return new TipoffError('TIPOFF_NOT_FOUND', `there is no batch ${batchId}`, {
    hint: 'Copy the id from `tipoff batch list`.',
    details: { batch_id: batchId },
  });
}

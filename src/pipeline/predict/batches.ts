import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';
import {
  type BatchDoc,
  type BatchState,
  COLLECTIONS,
  checkMove,
  type EventDoc,
  isActive,
  type OutcomeDoc,
  type SlateDoc,
  type UnitDoc,
} from './documents.ts';

/** Who moves a batch and why. */
export interface Move {
  readonly by: string;
  readonly reason?: string;
  /** Fields that change with the state. */
  readonly set?: Partial<Pick<BatchDoc, 'publication_id' | 'policy'>>;
  /** Only while this many attempts to publish have begun. */
  readonly attempts?: number;
}

/** Reads a batch. Throws TIPOFF_NOT_FOUND for an unknown id. */
export async function readBatch(state: Pick<StateStore, 'get'>, batchId: string): Promise<BatchDoc> {
  const doc = await state.get<BatchDoc>(COLLECTIONS.batches, batchId);
  if (doc === undefined) throw unknownBatch(batchId);
  return doc.data;
}

/** All batches, or those of a slate, oldest first. */
export async function listBatches(state: StateStore, slate?: Slate): Promise<BatchDoc[]> {
  const docs = await state.list<BatchDoc>(COLLECTIONS.batches, slate === undefined ? {} : { where: { slate } });
  return docs.map(({ data }) => data).sort((a, b) => a.created_at.localeCompare(b.created_at) || ordinal(a) - ordinal(b));
}

/** Which batch of its slate it is: the number at the end of its id. Two may begin in one millisecond. */
function ordinal({ batch_id }: BatchDoc): number {
  return Number(batch_id.slice(batch_id.lastIndexOf('-') + 1));
}

/** Batches that hold their slate. */
export async function activeBatches(state: StateStore): Promise<BatchDoc[]> {
  return (await listBatches(state)).filter((batch) => isActive(batch.state));
}

/** The units of a batch. */
export async function readUnits(state: Pick<StateStore, 'list'>, batchId: string): Promise<UnitDoc[]> {
  return (await state.list<UnitDoc>(COLLECTIONS.units, { idPrefix: `${batchId}:` })).map(({ data }) => data);
}

/** The outcomes that have arrived, skips of the gate included. */
export async function readOutcomes(state: Pick<StateStore, 'list'>, batchId: string): Promise<OutcomeDoc[]> {
  return (await state.list<OutcomeDoc>(COLLECTIONS.outcomes, { idPrefix: `${batchId}:` })).map(({ data }) => data);
}

/** Every move of a batch, oldest first. */
export async function readEvents(state: StateStore, batchId: string): Promise<EventDoc[]> {
  return (await state.list<EventDoc>(COLLECTIONS.events, { idPrefix: `${batchId}:` })).map(({ data }) => data);
}

/**
 * Moves a batch to a state inside a transaction whose reads are done, with its audit event; a batch that no longer
 * holds its slate gives it free. `slateDoc` is the slate's document as the transaction read it.
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
 * Moves a batch from one of some states to another. Undefined when it is in none of them, or another batch has the slate:
 * somebody else was first.
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
    if (doc === undefined) throw unknownBatch(batchId);
    const slate = await tx.get<SlateDoc>(COLLECTIONS.slates, doc.data.slate);
    if (!from.includes(doc.data.state)) return undefined;
    const holder = slate?.data.active_batch ?? batchId;
    if (isActive(to) && holder !== batchId) return undefined;
    if (how.attempts !== undefined && how.attempts !== doc.data.attempts) return undefined;
    return moveIn(tx, deps.clock, doc.data, slate?.data, to, how);
  });
}

export function unknownBatch(batchId: string): TipoffError {
  return new TipoffError('TIPOFF_NOT_FOUND', `there is no batch ${batchId}`, {
    hint: 'Copy the id from `tipoff batch list`.',
    details: { batch_id: batchId },
  });
}

import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { type ConsolidationDeps, consolidate } from './consolidate.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  isActive,
  move,
  moveIn,
  type OutcomeDoc,
  outcomeKey,
  readBatch,
  readUnits,
  type SlateDoc,
  UNIT_TOPIC,
  type UnitDoc,
  unitKey,
  unknownBatch,
} from './state.ts';

interface DispatchDeps {
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
}

/**
 * Hands the units of a batch to the workers. Resumable: run again after a crash it publishes only what was never
 * recorded as published, and a unit published twice is harmless.
 */
export async function dispatch(deps: DispatchDeps, batchId: string, by: string): Promise<void> {
  await move(deps, batchId, ['created'], 'dispatching', { by });
  const batch = await readBatch(deps.state, batchId);
  if (batch.state !== 'dispatching') return;
  for (const unit of await readUnits(deps.state, batchId)) {
    if (unit.dispatched === 0) await dispatchUnit(deps, batch, unit);
  }
  await move(deps, batchId, ['dispatching'], 'running', { by });
}

/** Puts a unit into the queue once more. The key holds two dispatchers to one message. */
export async function dispatchUnit(deps: DispatchDeps, { trace_id }: BatchDoc, unit: UnitDoc): Promise<void> {
  const { batch_id, unit_id } = unit;
  const message = { batch_id, unit_id, ...(trace_id === undefined ? {} : { trace_id }) };
  await deps.queue.publish(UNIT_TOPIC, [message], { dedupeKey: `${batch_id}:${unit_id}:${unit.dispatched}` });
  await deps.state.transaction(async (tx) => {
    const now = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch_id, unit_id));
    const batch = await tx.get<BatchDoc>(COLLECTIONS.batches, batch_id);
    if (now === undefined || batch === undefined) return;
    tx.put(COLLECTIONS.units, unitKey(batch_id, unit_id), { ...now.data, dispatched: unit.dispatched + 1 });
    tx.put(COLLECTIONS.batches, batch_id, { ...batch.data, progress_at: deps.clock.now().toISOString() });
  });
}

/**
 * Closes a batch whatever is missing: players without an outcome are timed out, and what was staged is published as
 * partial or held, as the policy says. With nothing staged the batch has failed.
 */
export async function closeBatch(
  deps: ConsolidationDeps,
  batchId: string,
  how: { readonly by: string; readonly reason: string; readonly policy: 'publish' | 'hold' },
): Promise<BatchDoc> {
  const at = deps.clock.now().toISOString();
  const closing = await deps.state.transaction(async (tx) => {
    const doc = await tx.get<BatchDoc>(COLLECTIONS.batches, batchId);
    if (doc === undefined) throw unknownBatch(batchId);
    const slate = await tx.get<SlateDoc>(COLLECTIONS.slates, doc.data.slate);
    const units = await tx.list<UnitDoc>(COLLECTIONS.units, { idPrefix: `${batchId}:` });
    if (!isActive(doc.data.state)) return undefined;
    const missing = units.filter(({ data }) => data.state !== 'done');
    for (const { data } of missing) {
      for (const player_id of data.players) {
        const outcome: OutcomeDoc = {
          batch_id: batchId,
          player_id,
          outcome: 'timed_out',
          rows: 0,
          reason: how.reason,
          at,
        };
        tx.put(COLLECTIONS.outcomes, outcomeKey(batchId, player_id), outcome);
      }
      tx.put(COLLECTIONS.units, unitKey(batchId, data.unit_id), { ...data, state: 'done' });
    }
    if (doc.data.state === 'consolidating') return doc.data;
    return moveIn(tx, deps.clock, doc.data, slate?.data, 'consolidating', {
      by: how.by,
      reason: how.reason,
      set: { policy: how.policy },
    });
  });
  if (closing === undefined) return readBatch(deps.state, batchId);
  return consolidate(deps, batchId, { by: how.by, reason: how.reason, hold: how.policy === 'hold' });
}

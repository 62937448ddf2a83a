import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  move,
  readBatch,
  readUnits,
  UNIT_TOPIC,
  type UnitDoc,
  unitKey,
} from './state.ts';

export interface DispatchDeps {
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
}

/**
 * Publishes the units of a batch to the workers' queue. Resumable: run again after a crash, it publishes only units not yet
 * recorded as published, and publishing a unit twice is harmless.
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

/** Publishes a unit to the queue. The dedupe key keeps two dispatchers from publishing it twice. */
export async function dispatchUnit(deps: DispatchDeps, { trace_id }: BatchDoc, unit: UnitDoc): Promise<void> {
  const { batch_id, unit_id } = unit;
  const message = { batch_id, unit_id, ...omitUndefined({ trace_id }) };
  await deps.queue.publish(UNIT_TOPIC, [message], { dedupeKey: `${batch_id}:${unit_id}:${unit.dispatched}` });
  await deps.state.transaction(async (tx) => {
    const now = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch_id, unit_id));
    const batch = await tx.get<BatchDoc>(COLLECTIONS.batches, batch_id);
    if (now === undefined || batch === undefined) return;
    tx.put(COLLECTIONS.units, unitKey(batch_id, unit_id), { ...now.data, dispatched: unit.dispatched + 1 });
    tx.put(COLLECTIONS.batches, batch_id, { ...batch.data, progress_at: deps.clock.now().toISOString() });
  });
}

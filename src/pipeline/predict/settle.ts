import { type Closing, type ConsolidationDeps, consolidate } from '#pipeline/publish/consolidate.ts';
import type { Queue } from '#platform/queue/port.ts';
import { move, readBatch, readUnits } from './batches.ts';
import { type BatchDoc, isActive } from './documents.ts';

export interface CoordinatorDeps extends ConsolidationDeps {
  readonly queue: Queue;
}

/**
 * Consolidates and publishes a batch whose units are all done; does nothing while some are not. One caller wins. `resume`
 * takes up a batch that is in consolidation already, which fences off whoever is at it: for a restart, not for everyday
 * calls. Returns the batch as it stands afterwards.
 */
export async function settle(
  deps: CoordinatorDeps,
  batchId: string,
  by: string,
  { resume = false }: { readonly resume?: boolean } = {},
): Promise<BatchDoc> {
  const batch = await readBatch(deps.state, batchId);
  if (!isActive(batch.state) || batch.state === 'created') return batch;
  if (batch.state === 'consolidating') return resume ? consolidate(deps, batchId, closingOf(batch, by)) : batch;
  const units = await readUnits(deps.state, batchId);
  if (units.some((unit) => unit.state !== 'done')) return batch;
  const won = await move(deps, batchId, ['dispatching', 'running'], 'consolidating', { by });
  return won === undefined ? readBatch(deps.state, batchId) : consolidate(deps, batchId, { by });
}

/** A batch that was closed early is closed the same way when its consolidation is taken up again. */
function closingOf(batch: BatchDoc, by: string): Closing {
  return { by, ...(batch.reason === null ? {} : { reason: batch.reason }), hold: batch.policy === 'hold' };
}

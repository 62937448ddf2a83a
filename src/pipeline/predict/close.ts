import { type ConsolidationDeps, consolidate } from '#pipeline/publish/consolidate.ts';
import { moveIn, readBatch, unknownBatch } from './batches.ts';
import { type BatchDoc, COLLECTIONS, isActive, type OutcomeDoc, outcomeKey, type SlateDoc, type UnitDoc, unitKey } from './documents.ts';

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
        const outcome: OutcomeDoc = { batch_id: batchId, player_id, outcome: 'timed_out', rows: 0, reason: how.reason, at };
        tx.put(COLLECTIONS.outcomes, outcomeKey(batchId, player_id), outcome);
      }
      tx.put(COLLECTIONS.units, unitKey(batchId, data.unit_id), { ...data, state: 'done' });
    }
    if (doc.data.state === 'consolidating') return doc.data;
    return moveIn(tx, deps.clock, doc.data, slate?.data, 'consolidating', { by: how.by, reason: how.reason, set: { policy: how.policy } });
  });
  if (closing === undefined) return readBatch(deps.state, batchId);
  return consolidate(deps, batchId, { by: how.by, reason: how.reason, hold: how.policy === 'hold' });
}

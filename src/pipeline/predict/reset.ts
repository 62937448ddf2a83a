import type { Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { consolidate } from '#pipeline/publish/consolidate.ts';
import { endUnpublished } from '#pipeline/publish/ending.ts';
import { listBatches, move, readBatch } from './batches.ts';
import { closeBatch } from './close.ts';
import { type BatchDoc, COLLECTIONS, isActive, type SlateDoc } from './documents.ts';
import type { CoordinatorDeps } from './settle.ts';
import { stagingPrefix } from './staging.ts';

/** What becomes of staged rows when a batch is reset. */
export type StagedPolicy = 'keep' | 'publish' | 'discard';

export interface ResetResult {
  readonly batch_id: string;
  /** False when there was nothing left to do. */
  readonly transitioned: boolean;
  readonly state: BatchDoc['state'];
  readonly staged: StagedPolicy;
  /** Staging tables that were kept or dropped. */
  readonly tables: number;
}

/**
 * Frees a slate: resets one batch, or every unfinished one of a date. Always works, also at 0 % and a second time. Staged
 * rows are kept for inspection, published as partial, or dropped.
 */
export async function reset(
  deps: CoordinatorDeps,
  which: { readonly batchId: string } | { readonly slate: Slate },
  how: { readonly by: string; readonly why: string; readonly staged: StagedPolicy },
): Promise<ResetResult[]> {
  const batches =
    'batchId' in which
      ? [await readBatch(deps.state, which.batchId)]
      : (await listBatches(deps.state, which.slate)).filter(({ state }) => isActive(state) || state === 'held' || state === 'failed');
  const results: ResetResult[] = [];
  for (const batch of batches) results.push(await resetOne(deps, batch, how));
  if ('slate' in which) await freeSlate(deps, which.slate);
  return results;
}

async function resetOne(
  deps: CoordinatorDeps,
  batch: BatchDoc,
  { by, why, staged }: { readonly by: string; readonly why: string; readonly staged: StagedPolicy },
): Promise<ResetResult> {
  const problem = staged === 'publish' ? await publishStaged(deps, batch, by, why) : undefined;
  const reason = problem === undefined ? why : `${why}; publishing what was staged failed: ${problem}`;
  const ended = await endUnpublished(deps, batch.batch_id, 'reset', { by, reason });
  const tables = await deps.warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id));
  if (staged === 'discard' && ended.state === 'reset') for (const table of tables) await deps.warehouse.dropTable(table);
  return {
    batch_id: batch.batch_id,
    transitioned: ended.state !== batch.state,
    state: ended.state,
    staged: ended.state === 'reset' ? (staged === 'discard' ? 'discard' : 'keep') : 'publish',
    tables: tables.length,
  };
}

/**
 * Closes an unfinished batch with what it has; a held one is tried again while nobody else has the slate. A failure is
 * returned and not thrown: the slate is to be free all the same.
 */
async function publishStaged(deps: CoordinatorDeps, batch: BatchDoc, by: string, why: string): Promise<string | undefined> {
  try {
    if (isActive(batch.state)) await closeBatch(deps, batch.batch_id, { by, reason: why, policy: 'publish' });
    if (batch.state !== 'held') return undefined;
    const reopened = await move(deps, batch.batch_id, ['held'], 'consolidating', { by, reason: why, set: { policy: 'publish' } });
    if (reopened !== undefined) await consolidate(deps, batch.batch_id, { by, reason: why });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Clears a slate that points to a batch which no longer holds it. */
async function freeSlate(deps: CoordinatorDeps, slate: Slate): Promise<void> {
  await deps.state.transaction(async (tx) => {
    const doc = await tx.get<SlateDoc>(COLLECTIONS.slates, slate);
    const active = doc?.data.active_batch == null ? undefined : await tx.get<BatchDoc>(COLLECTIONS.batches, doc.data.active_batch);
    if (doc === undefined || doc.data.active_batch === null) return;
    if (active === undefined || !isActive(active.data.state)) tx.put(COLLECTIONS.slates, slate, { ...doc.data, active_batch: null });
  });
}

import type { Slate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { closeBatch, consolidate } from './consolidate.ts';
import { type ConsolidationDeps, endUnpublished } from './ending.ts';
import { stagingPrefix } from './output-gate.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  canMove,
  isActive,
  listBatches,
  move,
  readBatch,
  type SlateDoc,
} from './state.ts';

/** What to do with staged rows when a batch is reset. */
export type StagedPolicy = 'keep' | 'publish' | 'discard';

/** What a reset does with a batch; `none` when it has already ended. */
interface ResetDecision {
  readonly action: 'none' | 'publish' | 'reset';
  /** What to do with its staging tables. */
  readonly staged: StagedPolicy;
}

/** Decides what a reset does with a batch. Changes nothing: a dry run reports this decision and a real run applies it. */
function decideReset({ state, publication_id }: BatchDoc, staged: StagedPolicy): ResetDecision {
  const unpublished = staged === 'discard' ? 'discard' : 'keep';
  if (!canMove(state, 'reset'))
    return { action: 'none', staged: publication_id === null ? unpublished : 'publish' };
  // A failed batch has nothing to publish.
  if (staged === 'publish' && state !== 'failed') return { action: 'publish', staged };
  return { action: 'reset', staged: unpublished };
}

export interface ResetResult {
  readonly batch_id: string;
  /** False when there was nothing left to do. */
  readonly transitioned: boolean;
  /** State of the batch afterwards. */
  readonly state: BatchDoc['state'];
  readonly staged: StagedPolicy;
  /** Staging tables that were kept or dropped. */
  readonly tables: number;
}

export type ResetTarget = { readonly batchId: string } | { readonly slate: Slate };

export interface ResetOptions {
  readonly by: string;
  readonly why: string;
  readonly staged: StagedPolicy;
  /** Decide, and change nothing. */
  readonly dryRun?: boolean;
}

/**
 * Frees a slate: resets one batch, or every unfinished batch of a date. Works at any progress, and is idempotent. Staged rows
 * are kept for inspection, published as partial, or dropped.
 */
export async function reset(
  deps: ConsolidationDeps,
  target: ResetTarget,
  options: ResetOptions,
): Promise<ResetResult[]> {
  const batches =
    'batchId' in target
      ? [await readBatch(deps.state, target.batchId)]
      : (await listBatches(deps.state, target.slate)).filter(({ state }) => canMove(state, 'reset'));
  const results: ResetResult[] = [];
  for (const batch of batches) {
    const decision = decideReset(batch, options.staged);
    const { state, staged } =
      options.dryRun === true
        ? { state: batch.state, staged: decision.staged }
        : await applyReset(deps, batch, decision, options);
    const tables = await deps.warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id));
    if (options.dryRun !== true && staged === 'discard')
      for (const table of tables) await deps.warehouse.dropTable(table);
    results.push({
      batch_id: batch.batch_id,
      transitioned: options.dryRun === true ? decision.action !== 'none' : state !== batch.state,
      state,
      staged,
      tables: tables.length,
    });
  }
  if ('slate' in target && options.dryRun !== true) await freeSlate(deps, target.slate);
  return results;
}

/** Carries out the decision. Publishing may fail, or a receipt may already exist: what counts is the state the batch ends in. */
async function applyReset(
  deps: ConsolidationDeps,
  batch: BatchDoc,
  decision: ResetDecision,
  { by, why, staged }: ResetOptions,
): Promise<{ readonly state: BatchDoc['state']; readonly staged: StagedPolicy }> {
  const problem = decision.action === 'publish' ? await publishStaged(deps, batch, by, why) : undefined;
  const reason = problem === undefined ? why : `${why}; publishing what was staged failed: ${problem}`;
  const ended = await endUnpublished(deps, batch.batch_id, 'reset', { by, reason });
  return { state: ended.state, staged: decideReset(ended, staged).staged };
}

/**
 * Closes an unfinished batch and publishes what it has; a held one is retried while no other batch holds the slate. A failure
 * is returned, not thrown, because the slate must be freed regardless.
 */
async function publishStaged(
  deps: ConsolidationDeps,
  batch: BatchDoc,
  by: string,
  why: string,
): Promise<string | undefined> {
  try {
    if (isActive(batch.state)) await closeBatch(deps, batch.batch_id, { by, reason: why, policy: 'publish' });
    if (batch.state !== 'held') return undefined;
    const reopened = await move(deps, batch.batch_id, ['held'], 'consolidating', {
      by,
      reason: why,
      set: { policy: 'publish' },
    });
    if (reopened !== undefined) await consolidate(deps, batch.batch_id, { by, reason: why });
    return undefined;
  } catch (error) {
    // The batch has been published; only its exports are behind.
    if (error instanceof TipoffError && error.code === 'TIPOFF_EXPORT_FAILED') throw error;
    return messageOf(error);
  }
}

/** Releases a slate from a batch that is no longer active. */
async function freeSlate(deps: ConsolidationDeps, slate: Slate): Promise<void> {
  await deps.state.transaction(async (tx) => {
    const doc = await tx.get<SlateDoc>(COLLECTIONS.slates, slate);
    const active =
      doc?.data.active_batch == null
        ? undefined
        : await tx.get<BatchDoc>(COLLECTIONS.batches, doc.data.active_batch);
    if (doc === undefined || doc.data.active_batch === null) return;
    if (active === undefined || !isActive(active.data.state))
      tx.put(COLLECTIONS.slates, slate, { ...doc.data, active_batch: null });
  });
}

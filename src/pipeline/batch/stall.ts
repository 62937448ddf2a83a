import type { Slate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { type CoordinatorDeps, consolidate, endUnpublished, settle } from './consolidate.ts';
import { closeBatch, dispatch, dispatchUnit } from './dispatch.ts';
import { stagingPrefix } from './output-gate.ts';
import {
  activeBatches,
  type BatchDoc,
  COLLECTIONS,
  isActive,
  listBatches,
  move,
  readBatch,
  readUnits,
  type SlateDoc,
} from './state.ts';

/** When a batch counts as stuck, and what then becomes of what it has. */
export interface StallRules {
  readonly noProgressSeconds: number;
  readonly maxAgeMinutes: number;
  /** `publish` what passed the audit as partial, or `hold` it. */
  readonly policy: 'publish' | 'hold';
}

export const DEFAULT_STALL_RULES: StallRules = {
  noProgressSeconds: 300,
  maxAgeMinutes: 30,
  policy: 'publish',
};

/** Times a unit is dispatched before its batch counts as stalled. */
const MOST_DISPATCHES = 2;

/** What a look at one batch did. */
export interface StallVerdict {
  readonly batch_id: string;
  readonly slate: Slate;
  readonly action: 'none' | 'redispatched' | 'settled' | 'closed' | 'error';
  readonly reason: string | null;
  readonly state: BatchDoc['state'];
}

/**
 * Looks at every active batch, or one: settles what is complete, dispatches missing units once more after 300 s without
 * progress, closes what then still stalls, and closes whatever is older than 30 minutes, be it at 0 %.
 */
export async function checkStalled(
  deps: CoordinatorDeps,
  by: string,
  rules: StallRules = DEFAULT_STALL_RULES,
  batchId?: string,
): Promise<StallVerdict[]> {
  const batches =
    batchId === undefined ? await activeBatches(deps.state) : [await readBatch(deps.state, batchId)];
  const verdicts: StallVerdict[] = [];
  for (const batch of batches) {
    verdicts.push(await guarded(deps, batch, () => checkOne(deps, batch, by, rules)));
  }
  return verdicts;
}

/** Takes up every active batch after a restart: dispatches what was not, consolidates what is complete. One broken batch does not stop the others. */
export async function recover(deps: CoordinatorDeps, by: string): Promise<StallVerdict[]> {
  const verdicts: StallVerdict[] = [];
  for (const batch of await activeBatches(deps.state)) {
    const verdict = guarded(deps, batch, async () => {
      await dispatch(deps, batch.batch_id, by);
      const { state, reason } = await settle(deps, batch.batch_id, by, { resume: true });
      return isActive(state)
        ? verdictOf(batch, 'none', state, reason)
        : verdictOf(batch, 'settled', state, reason);
    });
    verdicts.push(await verdict);
  }
  return verdicts;
}

/** A failure at one batch is told and leaves the others their turn. */
async function guarded(
  deps: CoordinatorDeps,
  batch: BatchDoc,
  look: () => Promise<StallVerdict>,
): Promise<StallVerdict> {
  try {
    return await look();
  } catch (error) {
    const reason = error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error);
    return verdictOf(batch, 'error', (await readBatch(deps.state, batch.batch_id)).state, reason);
  }
}

function verdictOf(
  batch: BatchDoc,
  action: StallVerdict['action'],
  state: BatchDoc['state'],
  reason: string | null,
): StallVerdict {
  return { batch_id: batch.batch_id, slate: batch.slate, action, reason, state };
}

async function checkOne(
  deps: CoordinatorDeps,
  batch: BatchDoc,
  by: string,
  rules: StallRules,
): Promise<StallVerdict> {
  const { batch_id: batchId } = batch;
  const now = deps.clock.now().getTime();
  const seconds = (since: string): number => (now - Date.parse(since)) / 1000;
  const isOld = seconds(batch.created_at) > rules.maxAgeMinutes * 60;
  const isStill = seconds(batch.progress_at) >= rules.noProgressSeconds;
  if (!isActive(batch.state)) return verdictOf(batch, 'none', batch.state, null);
  if (batch.state === 'consolidating') {
    return isStill ? checkConsolidation(deps, batch, by, isOld) : verdictOf(batch, 'none', batch.state, null);
  }
  const settled = await settle(deps, batchId, by);
  if (!isActive(settled.state)) return verdictOf(batch, 'settled', settled.state, settled.reason);
  const close = async (reason: string): Promise<StallVerdict> => {
    const closed = await closeBatch(deps, batchId, { by, reason, policy: rules.policy });
    return verdictOf(batch, 'closed', closed.state, reason);
  };
  if (isOld) return close(`older than ${rules.maxAgeMinutes} minutes`);
  if (!isStill) return verdictOf(batch, 'none', settled.state, null);
  if (batch.state === 'created' || batch.state === 'dispatching') {
    await dispatch(deps, batchId, by);
    return verdictOf(
      batch,
      'redispatched',
      (await readBatch(deps.state, batchId)).state,
      'the dispatch was not finished',
    );
  }
  const missing = (await readUnits(deps.state, batchId)).filter((unit) => unit.state !== 'done');
  const again = missing.filter((unit) => unit.dispatched < MOST_DISPATCHES);
  if (again.length === 0)
    return close(`stalled: no progress for ${rules.noProgressSeconds} s after a second dispatch`);
  for (const unit of again) await dispatchUnit(deps, batch, unit);
  return verdictOf(batch, 'redispatched', batch.state, `no progress for ${rules.noProgressSeconds} s`);
}

/** A consolidation that stands still is taken up again; an old one that fails even so is held, so that the slate is free. */
async function checkConsolidation(
  deps: CoordinatorDeps,
  batch: BatchDoc,
  by: string,
  isOld: boolean,
): Promise<StallVerdict> {
  try {
    const { state, reason } = await settle(deps, batch.batch_id, by, { resume: true });
    return verdictOf(batch, 'settled', state, reason);
  } catch (error) {
    if (!isOld) throw error;
    const reason = `the consolidation did not end: ${messageOf(error)}`;
    const ended = await endUnpublished(deps, batch.batch_id, 'held', { by, reason });
    return verdictOf(batch, 'closed', ended.state, reason);
  }
}

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
      : (await listBatches(deps.state, which.slate)).filter(
          ({ state }) => isActive(state) || state === 'held' || state === 'failed',
        );
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
  if (staged === 'discard' && ended.state === 'reset')
    for (const table of tables) await deps.warehouse.dropTable(table);
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
async function publishStaged(
  deps: CoordinatorDeps,
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
    return messageOf(error);
  }
}

/** Clears a slate that points to a batch which no longer holds it. */
async function freeSlate(deps: CoordinatorDeps, slate: Slate): Promise<void> {
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

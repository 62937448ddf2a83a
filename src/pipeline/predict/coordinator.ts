import type { Slate } from '#core/calendar.ts';
import { type Closing, type ConsolidationDeps, consolidate } from '#pipeline/publish/consolidate.ts';
import type { Queue } from '#platform/queue/port.ts';
import { activeBatches, listBatches, move, moveIn, readBatch, readOutcomes, readUnits, unknownBatch } from './batches.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  isActive,
  type OutcomeDoc,
  outcomeKey,
  type SlateDoc,
  UNIT_TOPIC,
  type UnitDoc,
  unitKey,
} from './documents.ts';
import { stagingPrefix } from './staging.ts';

export interface CoordinatorDeps extends ConsolidationDeps {
  readonly queue: Queue;
}

/** When a batch counts as stuck, and what then becomes of what it has. */
export interface StallRules {
  readonly noProgressSeconds: number;
  readonly maxAgeMinutes: number;
  /** `publish` what passed the audit as partial, or `hold` it. */
  readonly policy: 'publish' | 'hold';
}

export const DEFAULT_STALL_RULES: StallRules = { noProgressSeconds: 300, maxAgeMinutes: 30, policy: 'publish' };

/** Times a unit is dispatched before its batch counts as stalled. */
const MOST_DISPATCHES = 2;

/**
 * Hands the units of a batch to the workers. Resumable: run again after a crash it publishes only what was never
 * recorded as published, and a unit published twice is harmless.
 */
export async function dispatch(deps: CoordinatorDeps, batchId: string, by: string): Promise<void> {
  await move(deps, batchId, ['created'], 'dispatching', { by });
  const batch = await readBatch(deps.state, batchId);
  if (batch.state !== 'dispatching') return;
  for (const unit of await readUnits(deps.state, batchId)) {
    if (unit.dispatched === 0) await dispatchUnit(deps, unit);
  }
  await move(deps, batchId, ['dispatching'], 'running', { by });
}

async function dispatchUnit(deps: CoordinatorDeps, unit: UnitDoc): Promise<void> {
  const { batch_id, unit_id } = unit;
  await deps.queue.publish(UNIT_TOPIC, [{ batch_id, unit_id }], { dedupeKey: `${batch_id}:${unit_id}:${unit.dispatched}` });
  await deps.state.transaction(async (tx) => {
    const now = await tx.get<UnitDoc>(COLLECTIONS.units, unitKey(batch_id, unit_id));
    const batch = await tx.get<BatchDoc>(COLLECTIONS.batches, batch_id);
    if (now === undefined || batch === undefined) return;
    tx.put(COLLECTIONS.units, unitKey(batch_id, unit_id), { ...now.data, dispatched: unit.dispatched + 1 });
    tx.put(COLLECTIONS.batches, batch_id, { ...batch.data, progress_at: deps.clock.now().toISOString() });
  });
}

/**
 * Consolidates and publishes a batch whose units are all done; does nothing while some are not. One caller wins; a batch
 * that was left in consolidation by a crash is taken up again. Returns the batch as it stands afterwards.
 */
export async function settle(deps: CoordinatorDeps, batchId: string, by: string): Promise<BatchDoc> {
  const batch = await readBatch(deps.state, batchId);
  if (!isActive(batch.state) || batch.state === 'created') return batch;
  if (batch.state === 'consolidating') return consolidate(deps, batchId, { by });
  const units = await readUnits(deps.state, batchId);
  if (units.some((unit) => unit.state !== 'done')) return batch;
  const won = await move(deps, batchId, ['dispatching', 'running'], 'consolidating', { by });
  return won === undefined ? readBatch(deps.state, batchId) : consolidate(deps, batchId, { by });
}

/** What a look at one batch did. */
export interface StallVerdict {
  readonly batch_id: string;
  readonly slate: Slate;
  readonly action: 'none' | 'redispatched' | 'settled' | 'closed';
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
  const batches = batchId === undefined ? await activeBatches(deps.state) : [await readBatch(deps.state, batchId)];
  const verdicts: StallVerdict[] = [];
  for (const batch of batches) {
    if (isActive(batch.state)) verdicts.push(await checkOne(deps, batch, by, rules));
    else verdicts.push({ batch_id: batch.batch_id, slate: batch.slate, action: 'none', reason: null, state: batch.state });
  }
  return verdicts;
}

async function checkOne(deps: CoordinatorDeps, batch: BatchDoc, by: string, rules: StallRules): Promise<StallVerdict> {
  const verdict = (action: StallVerdict['action'], state: BatchDoc['state'], reason: string | null): StallVerdict => ({
    batch_id: batch.batch_id,
    slate: batch.slate,
    action,
    reason,
    state,
  });
  const now = deps.clock.now().getTime();
  const seconds = (since: string): number => (now - Date.parse(since)) / 1000;
  const settled = await settle(deps, batch.batch_id, by);
  if (!isActive(settled.state)) return verdict('settled', settled.state, settled.reason);
  if (seconds(batch.created_at) > rules.maxAgeMinutes * 60) {
    const reason = `older than ${rules.maxAgeMinutes} minutes`;
    return verdict('closed', (await close(deps, batch.batch_id, { by, reason, policy: rules.policy })).state, reason);
  }
  if (seconds(batch.progress_at) < rules.noProgressSeconds) return verdict('none', batch.state, null);
  if (batch.state === 'created' || batch.state === 'dispatching') {
    await dispatch(deps, batch.batch_id, by);
    return verdict('redispatched', (await readBatch(deps.state, batch.batch_id)).state, 'the dispatch was not finished');
  }
  const waiting = (await readUnits(deps.state, batch.batch_id)).filter((unit) => unit.state !== 'done');
  if (waiting.length > 0 && waiting.every((unit) => unit.dispatched < MOST_DISPATCHES)) {
    for (const unit of waiting) await dispatchUnit(deps, unit);
    return verdict('redispatched', batch.state, `no progress for ${rules.noProgressSeconds} s`);
  }
  const reason = `stalled: no progress for ${rules.noProgressSeconds} s after a second dispatch`;
  return verdict('closed', (await close(deps, batch.batch_id, { by, reason, policy: rules.policy })).state, reason);
}

/**
 * Closes a batch whatever is missing: players without an outcome are timed out, and what was staged is published as
 * partial or held, as the policy says. With nothing staged the batch has failed.
 */
export async function close(
  deps: CoordinatorDeps,
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
      tx.put(COLLECTIONS.units, unitKey(batchId, data.unit_id), { ...data, state: 'done', claimed_until: null });
    }
    if (doc.data.state === 'consolidating') return doc.data;
    return moveIn(tx, deps.clock, doc.data, slate?.data, 'consolidating', { by: how.by, reason: how.reason });
  });
  if (closing === undefined) return readBatch(deps.state, batchId);
  const closed: Closing = { by: how.by, reason: how.reason, hold: how.policy === 'hold' };
  return consolidate(deps, batchId, closed);
}

/** What becomes of staged rows when a batch is reset. */
export type StagedPolicy = 'keep' | 'publish' | 'discard';

export interface ResetResult {
  readonly batch_id: string;
  /** False when there was nothing left to do. */
  readonly transitioned: boolean;
  readonly state: BatchDoc['state'];
  readonly staged: StagedPolicy;
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
  const tables = await deps.warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id));
  const result = { batch_id: batch.batch_id, staged, tables: tables.length };
  if (staged === 'publish' && isActive(batch.state)) {
    const closed = await close(deps, batch.batch_id, { by, reason: why, policy: 'publish' });
    if (!isActive(closed.state)) return { ...result, transitioned: true, state: closed.state };
  }
  const moved = await move(deps, batch.batch_id, ['created', 'dispatching', 'running', 'consolidating', 'held', 'failed'], 'reset', {
    by,
    reason: why,
  });
  if (staged === 'discard') for (const table of tables) await deps.warehouse.dropTable(table);
  return { ...result, transitioned: moved !== undefined, state: moved?.state ?? batch.state };
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

/** Everything about a batch: its document, units, outcomes by kind and reason. */
export async function describeBatch(
  deps: Pick<CoordinatorDeps, 'state'>,
  batchId: string,
): Promise<{ batch: BatchDoc; units: UnitDoc[]; outcomes: Record<string, number>; reasons: Record<string, number> }> {
  const [batch, units, all] = [
    await readBatch(deps.state, batchId),
    await readUnits(deps.state, batchId),
    await readOutcomes(deps.state, batchId),
  ];
  const tally = (key: (doc: OutcomeDoc) => string | null): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const doc of all) {
      const name = key(doc);
      if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return {
    batch,
    units,
    outcomes: tally(({ outcome }) => outcome),
    reasons: tally(({ outcome, reason }) => (reason === null ? null : `${outcome}: ${reason}`)),
  };
}

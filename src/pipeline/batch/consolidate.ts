import { subsetPicks } from '#core/contracts/nba_predictions.ts';
import { isTransient, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { LiveColumn, Warehouse } from '#platform/warehouse/port.ts';
import { type AuditCheck, audit, REQUIRED } from './audit.ts';
import { acquireLease, breakLease, fenced, type Lease, releaseLease, renewLease } from './lease.ts';
import { checkOutput, stagingTable } from './output-gate.ts';
import { type Copy, choosePicks, copyRows } from './published-rows.ts';
import {
  forbidOlderReceipts,
  publicationIdOf,
  receiptOf,
  removeCopies,
  removeCopiesBefore,
  removeCopy,
  withdraw,
  writeReceipt,
} from './receipt.ts';
import {
  type BatchDoc,
  type BatchState,
  isActive,
  move,
  NEXT_STATES,
  type OutcomeDoc,
  readBatch,
  readOutcomes,
  readUnits,
  type UnitDoc,
} from './state.ts';

interface EndingDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly codeVersion: string;
}

interface Why {
  readonly by: string;
  readonly reason?: string;
}

/** The last move of a batch whose receipt stands. Somebody else may have made it already. */
export async function finishPublished(
  deps: EndingDeps,
  batch: BatchDoc,
  receipt: { readonly publication_id: string; readonly completeness: 'full' | 'partial' },
  { by, reason }: Why,
): Promise<BatchDoc> {
  const to = receipt.completeness === 'full' ? 'published' : 'published_partial';
  const set = { publication_id: receipt.publication_id };
  const moved = await move(deps, batch.batch_id, ['consolidating'], to, {
    by,
    ...(reason === undefined ? {} : { reason }),
    set,
  });
  return moved ?? readBatch(deps.state, batch.batch_id);
}

/**
 * Ends a batch that is not published. Where an attempt to publish it may still be alive, that attempt is fenced off first.
 * A receipt that was written before decides: such a batch is published, whatever was asked for, so that nothing is visible
 * of a batch that ended otherwise. Returns the batch as it stands afterwards.
 *
 * `own` is the lease of the caller's own attempt, which writes no receipt any more. Throws TIPOFF_STATE_CONFLICT when attempts keep beginning.
 */
export async function endUnpublished(
  deps: EndingDeps,
  batchId: string,
  to: Extract<BatchState, 'held' | 'failed' | 'reset'>,
  why: { readonly by: string; readonly reason: string },
  own?: Lease,
): Promise<BatchDoc> {
  for (let round = 0; round < ROUNDS; round++) {
    const batch = await readBatch(deps.state, batchId);
    if (!NEXT_STATES[batch.state].some((next) => next === to)) return batch;
    if (batch.state === 'consolidating' && batch.attempts > 0) {
      const others =
        batch.attempts > (own === undefined ? 0 : 1) ? await fenceOff(deps, batch, why) : undefined;
      const receipt = await receiptOf(deps.warehouse, batch);
      if (receipt !== undefined) return finishPublished(deps, batch, receipt, why);
      // Attempts that can no longer publish: those before the newest token, or the caller's alone.
      if (others !== undefined) await removeCopiesBefore(deps.warehouse, batch, others);
      else if (own !== undefined)
        await removeCopy(deps.warehouse, batch, publicationIdOf(batchId, own.token));
    }
    const moved = await move(deps, batchId, [batch.state], to, { ...why, attempts: batch.attempts });
    if (moved !== undefined) return moved;
  }
  throw new TipoffError(
    'TIPOFF_STATE_CONFLICT',
    `batch ${batchId} changed ${ROUNDS} times while it was to become ${to}`,
    {
      hint: 'Try again.',
      details: { batch_id: batchId, to },
    },
  );
}

/** Makes every attempt that has begun unable to publish, and returns the token that does. */
async function fenceOff(
  deps: EndingDeps,
  batch: BatchDoc,
  why: { readonly by: string; readonly reason: string },
): Promise<number> {
  const token = await breakLease(deps, batch.slate);
  const at = deps.clock.now().toISOString();
  await forbidOlderReceipts(deps.warehouse, batch, { token, ...why, at, codeVersion: deps.codeVersion });
  return token;
}

const ROUNDS = 10;

export interface ConsolidationDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly codeVersion: string;
}

/** Why a batch is closed. */
export interface Closing {
  readonly by: string;
  readonly reason?: string;
  /** Keep what was staged instead of publishing it. */
  readonly hold?: boolean;
}

/**
 * Takes a batch in consolidation to its end: lease, audit beside one atomic copy of the staged rows under the publication id
 * of this attempt, the subset picks, and the receipt that makes them visible. Safe to run again after a crash at any point,
 * also beside an attempt that is still alive: a batch gets one receipt, and the newer token wins. Returns the batch as it
 * stands afterwards.
 *
 * A failed audit, and any permanent error, hold the batch; nothing becomes visible, and the copy is removed. A lease lost to a newer token is
 * TIPOFF_FENCED, and the copy is removed again. Transient errors are thrown and leave the batch in consolidation.
 */
export async function consolidate(
  deps: ConsolidationDeps,
  batchId: string,
  closing: Closing,
): Promise<BatchDoc> {
  const batch = await readBatch(deps.state, batchId);
  if (batch.state !== 'consolidating') return batch;
  const standing = batch.attempts === 0 ? undefined : await receiptOf(deps.warehouse, batch);
  if (standing !== undefined) return swept(deps, await finishPublished(deps, batch, standing, closing));

  const [units, outcomes] = [await readUnits(deps.state, batchId), await readOutcomes(deps.state, batchId)];
  const predicted = new Set(
    outcomes.filter(({ outcome }) => outcome === 'predicted').map(({ player_id }) => player_id),
  );
  if (predicted.size === 0) {
    return endUnpublished(deps, batchId, units.length === 0 ? 'held' : 'failed', {
      by: closing.by,
      reason: nobody(closing, outcomes),
    });
  }
  if (closing.hold === true)
    return endUnpublished(deps, batchId, 'held', {
      by: closing.by,
      reason: closing.reason ?? 'held by policy',
    });

  const lease = await acquireLease(deps, batchId, batch.slate);
  if (lease === undefined) return readBatch(deps.state, batchId);
  try {
    return await attempt(deps, { batch, units, outcomes, predicted, lease, closing });
  } catch (error) {
    if (error instanceof TipoffError && (error.transient || error.code === 'TIPOFF_FENCED')) throw error;
    const reason =
      error instanceof TipoffError
        ? `${error.code}: ${error.message}`
        : `consolidation failed: ${String(error)}`;
    return await endUnpublished(deps, batchId, 'held', { by: closing.by, reason }, lease);
  } finally {
    await releaseLease(deps, lease);
  }
}

interface Work {
  readonly batch: BatchDoc;
  readonly units: readonly UnitDoc[];
  readonly outcomes: readonly OutcomeDoc[];
  /** Players with a prediction. */
  readonly predicted: ReadonlySet<number>;
  readonly lease: Lease;
  readonly closing: Closing;
}

/** Audit, copy, receipt, last move. Throws TIPOFF_AUDIT_FAILED with the checks that failed, TIPOFF_FENCED when overtaken. */
async function attempt(deps: ConsolidationDeps, work: Work): Promise<BatchDoc> {
  const { batch, units, outcomes, predicted, lease, closing } = work;
  const publicationId = publicationIdOf(batch.batch_id, lease.token);
  const copy = {
    slate: batch.slate,
    publicationId,
    token: lease.token,
    units,
    at: deps.clock.now().toISOString(),
  };
  const checks = await auditedCopy(deps, work, copy);
  await renewLease(deps, lease).catch(async (error: unknown) => {
    await removeCopy(deps.warehouse, batch, publicationId);
    throw error;
  });
  const missing = outcomes.filter(({ outcome }) => outcome === 'failed' || outcome === 'timed_out');
  const isWritten = await writeReceipt(deps.warehouse, {
    publicationId,
    batch,
    at: deps.clock.now().toISOString(),
    by: closing.by,
    reason: closing.reason ?? null,
    completeness: missing.length === 0 ? 'full' : 'partial',
    token: lease.token,
    players: predicted.size,
    missing: JSON.stringify(
      missing.map(({ player_id, outcome, reason }) => ({ player_id, outcome, reason })),
    ),
    audit: JSON.stringify(checks),
    codeVersion: deps.codeVersion,
  });
  const standing = isWritten
    ? {
        publication_id: publicationId,
        completeness: missing.length === 0 ? ('full' as const) : ('partial' as const),
      }
    : await receiptOf(deps.warehouse, batch);
  if (standing === undefined) {
    await removeCopy(deps.warehouse, batch, publicationId);
    throw fenced(lease, undefined);
  }
  const ended = await finishPublished(deps, batch, standing, closing);
  if (isWritten && ended.publication_id !== publicationId) {
    // Somebody ended the batch and saw no receipt: where two statements pass that do not see each other, his word stands.
    const reason = `fenced off: the batch was ${ended.state} when its receipt came`;
    await withdraw(deps, {
      publicationId,
      slate: batch.slate,
      by: closing.by,
      reason,
      at: deps.clock.now().toISOString(),
    });
    await removeCopy(deps.warehouse, batch, publicationId);
    throw fenced(lease, undefined);
  }
  return swept(deps, ended);
}

/**
 * Audits the staged rows while they are copied with the picks chosen from them: a copy is not visible, and nothing writes its
 * receipt before the audit has passed. Returns the checks. Throws TIPOFF_AUDIT_FAILED, or else what went wrong, after everything
 * has come to its end; a copy that was made then is removed with the batch's end, or by the attempt that publishes it.
 *
 * Nulls are counted where the table would take them; elsewhere they fail the copy, and are counted after that to say so.
 */
async function auditedCopy(
  { warehouse }: ConsolidationDeps,
  { batch, units, outcomes, predicted }: Work,
  copy: Copy,
): Promise<AuditCheck[]> {
  // The copy takes longest, so it begins first; the picks follow it without waiting for the audit.
  const copied = copyRows(warehouse, copy);
  const chosen = choosePicks(warehouse, copy, predicted);
  const stored = Promise.all([copied, chosen]).then(([, picks]) => warehouse.append(subsetPicks, picks));
  const shape = checkOutput(warehouse, []);
  const takesNulls = shape.then(requiredButNotByTable, () => REQUIRED);
  const [audited, ...others] = await Promise.allSettled([
    takesNulls.then((counted) => audit(warehouse, batch, outcomes, units, counted)),
    shape,
    copied,
    chosen,
    stored,
  ]);
  // The audit and the table's shape are asked first: they say why there was nothing to copy or to choose from.
  if (audited.status === 'rejected') throw audited.reason;
  refuseBroken(batch, audited.value);
  const failed = others.find((one) => one.status === 'rejected');
  if (failed === undefined) return audited.value;
  if (!isTransient(failed.reason)) refuseBroken(batch, await audit(warehouse, batch, outcomes, units));
  throw failed.reason;
}

/** Drops what the batch staged, and the copies of attempts that got no receipt, once it is published. */
async function swept(deps: ConsolidationDeps, batch: BatchDoc): Promise<BatchDoc> {
  if (batch.publication_id === null) return batch;
  if (batch.attempts > 1) await removeCopies(deps.warehouse, batch, batch.publication_id);
  for (const unit of await readUnits(deps.state, batch.batch_id)) {
    // Every worker that took the unit may have left a table, named after its claim.
    for (let claim = 1; claim <= unit.claim; claim++)
      await deps.warehouse.dropTable(stagingTable(batch.batch_id, unit.unit_id, claim));
  }
  return batch;
}

/** Columns no row may be empty in, and in which the table would take an empty one. */
function requiredButNotByTable(live: readonly LiveColumn[]): string[] {
  const byTable = new Set(live.flatMap(({ name, required }) => (required ? [name] : [])));
  return REQUIRED.filter((name) => !byTable.has(name));
}

/** Throws TIPOFF_AUDIT_FAILED when a check failed that is no warning. */
function refuseBroken(batch: BatchDoc, checks: readonly AuditCheck[]): void {
  const broken = checks.filter((check) => !check.ok && check.severity === 'error');
  if (broken.length === 0) return;
  const sentences = broken.map(({ name, expected, seen }) => `${name} (expected ${expected}, saw ${seen})`);
  throw new TipoffError('TIPOFF_AUDIT_FAILED', sentences.join('; '), {
    hint: `Look at the staging tables of ${batch.batch_id}; they are kept. \`tipoff batch reset\` ends the batch.`,
    details: { batch_id: batch.batch_id, checks: broken },
  });
}

/** Why there is nothing to publish: what closed the batch, who was skipped, and what the failures were. */
function nobody({ reason }: Closing, outcomes: readonly OutcomeDoc[]): string {
  const skipped = outcomes.filter(({ outcome }) => outcome === 'skipped').length;
  const failures = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.outcome === 'skipped') continue;
    const what = outcome.reason ?? outcome.outcome;
    failures.set(what, (failures.get(what) ?? 0) + 1);
  }
  return [
    ...(reason === undefined ? [] : [reason]),
    `nobody was predicted: ${skipped} of ${outcomes.length} players were skipped by the gate`,
    ...[...failures].slice(0, 3).map(([what, count]) => `${count} failed: ${what}`),
  ].join('; ');
}

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
  if (batch.state === 'consolidating')
    return resume ? consolidate(deps, batchId, closingOf(batch, by)) : batch;
  const units = await readUnits(deps.state, batchId);
  if (units.some((unit) => unit.state !== 'done')) return batch;
  const won = await move(deps, batchId, ['dispatching', 'running'], 'consolidating', { by });
  return won === undefined ? readBatch(deps.state, batchId) : consolidate(deps, batchId, { by });
}

/** A batch that was closed early is closed the same way when its consolidation is taken up again. */
function closingOf(batch: BatchDoc, by: string): Closing {
  return { by, ...(batch.reason === null ? {} : { reason: batch.reason }), hold: batch.policy === 'hold' };
}

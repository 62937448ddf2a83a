import { type Outcome, outcome } from '#core/check.ts';
import { subsetPicks } from '#core/contracts/nba_predictions.ts';
import { countBy } from '#core/count-by.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import type { LiveColumn } from '#platform/warehouse/port.ts';
import { audit, auditColumn, brokenIn, REQUIRED } from './audit.ts';
import { type ConsolidationDeps, endUnpublished, finishPublished } from './ending.ts';
import { acquireLease, fencedError, type Lease, releaseLease, renewLease } from './lease.ts';
import { checkOutput, stagingTable } from './output-gate.ts';
import { SKIP_REASONS, type SkipReason } from './plan.ts';
import { DEFAULT_RULES } from './prediction-rows.ts';
import { type Copy, choosePicks, copyRows, digestOfAll } from './published-rows.ts';
import {
  lostMarkets,
  publicationIdOf,
  receiptOf,
  removeCopies,
  removeCopy,
  withdraw,
  withdrawalParams,
  withdrawPlayers,
  writeReceipt,
} from './receipt.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  isActive,
  move,
  moveIn,
  type OutcomeDoc,
  outcomeKey,
  readBatch,
  readOutcomes,
  readUnits,
  type SlateDoc,
  type UnitDoc,
  unitKey,
  unknownBatchError,
} from './state.ts';

/** Why a batch is closed. */
export interface Closing {
  readonly by: string;
  readonly reason?: string | undefined;
  /** Keep what was staged instead of publishing it. */
  readonly hold?: boolean;
}

/**
 * Publishes a batch that is in consolidation: takes the lease, audits the staged rows while they are copied atomically under
 * this attempt's publication id, writes the subset picks, and writes the receipt that makes all of it visible. Visible
 * predictions of players whom the batch skips are withdrawn first. Safe to run again after a crash at any point, and
 * concurrently with an attempt that is still alive: a batch gets one receipt, and the newer token wins. Finally the exports
 * are brought up to date. Returns the batch as it is afterwards.
 *
 * A failed audit or any permanent error holds the batch: nothing becomes visible and the copy is removed. A lease lost to a
 * newer token is TIPOFF_FENCED, with the copy removed. Transient errors are thrown and leave the batch in consolidation.
 * TIPOFF_EXPORT_FAILED is thrown after the batch has ended and does not change how it ended.
 */
export async function consolidate(
  deps: ConsolidationDeps,
  batchId: string,
  closing: Closing,
): Promise<BatchDoc> {
  const batch = await readBatch(deps.state, batchId);
  if (batch.state !== 'consolidating') return batch;
  const ended = await consolidateOnce(deps, batch, closing);
  if (!isActive(ended.state)) await followVisible(deps, ended);
  return ended;
}

/** Updates the exports after a batch has published predictions, or withdrawn some before it was held. */
async function followVisible({ followVisible: follow }: ConsolidationDeps, batch: BatchDoc): Promise<void> {
  if (follow === undefined || (batch.publication_id === null && (batch.visible ?? 0) === 0)) return;
  try {
    await follow(batch.slate);
  } catch (error) {
    throw new TipoffError(
      'TIPOFF_EXPORT_FAILED',
      `${batch.batch_id} is ${batch.state}, and the exports of ${batch.slate} still say what was visible before: ${messageOf(error)}`,
      {
        hint: `Repair what is named, then run \`tipoff export ${batch.slate}\`.`,
        details: { batch_id: batch.batch_id, slate: batch.slate },
        cause: error,
      },
    );
  }
}

async function consolidateOnce(
  deps: ConsolidationDeps,
  batch: BatchDoc,
  closing: Closing,
): Promise<BatchDoc> {
  const batchId = batch.batch_id;
  const earlier = batch.attempts === 0 ? undefined : await receiptOf(deps.warehouse, batch);
  if (earlier !== undefined)
    return cleanUpStaging(deps, await finishPublished(deps, batch, earlier, closing));

  const [units, outcomes] = [await readUnits(deps.state, batchId), await readOutcomes(deps.state, batchId)];
  const predicted = new Set(
    outcomes.filter((doc) => doc.outcome === 'predicted').map(({ player_id }) => player_id),
  );
  const isWithdrawing = outcomes.some(({ withdraws }) => withdraws === true);
  if (predicted.size === 0 && !isWithdrawing) {
    return endUnpublished(deps, batchId, units.length === 0 ? 'held' : 'failed', {
      by: closing.by,
      reason: nothingPredicted(closing, outcomes),
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
    return await publishAttempt(deps, { batch, units, outcomes, predicted, lease, closing });
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

/** One attempt to publish a batch, under one lease. */
interface Attempt {
  readonly batch: BatchDoc;
  readonly units: readonly UnitDoc[];
  readonly outcomes: readonly OutcomeDoc[];
  /** Players with a prediction. */
  readonly predicted: ReadonlySet<number>;
  readonly lease: Lease;
  readonly closing: Closing;
}

/** Audit, copy, receipt, final transition. Throws TIPOFF_AUDIT_FAILED with the checks that failed, TIPOFF_FENCED when overtaken. */
async function publishAttempt(deps: ConsolidationDeps, it: Attempt): Promise<BatchDoc> {
  const { batch, units, outcomes, predicted, lease, closing } = it;
  const publicationId = publicationIdOf(batch.batch_id, lease.token);
  const copy = {
    slate: batch.slate,
    publicationId,
    token: lease.token,
    units,
    at: deps.clock.now().toISOString(),
  };
  await withdrawInvalid(deps, it, copy);
  const checks = predicted.size === 0 ? await chooseOnly(deps, copy) : await copyAudited(deps, it, copy);
  await renewLease(deps, lease).catch(async (error: unknown) => {
    await removeCopy(deps.warehouse, batch, publicationId);
    throw error;
  });
  const missing = outcomes.filter((doc) => doc.outcome === 'failed' || doc.outcome === 'timed_out');
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
      missing.map((doc) => ({ player_id: doc.player_id, outcome: doc.outcome, reason: doc.reason })),
    ),
    audit: auditColumn(checks),
    rowsDigest: digestOfAll(
      outcomes.filter((doc) => doc.outcome === 'predicted').map((doc) => doc.rows_digest),
    ),
    codeVersion: deps.codeVersion,
    onlyWithdraws: predicted.size === 0,
  });
  const receipt = isWritten
    ? {
        publication_id: publicationId,
        completeness: missing.length === 0 ? ('full' as const) : ('partial' as const),
      }
    : await receiptOf(deps.warehouse, batch);
  if (receipt === undefined) {
    await removeCopy(deps.warehouse, batch, publicationId);
    throw fencedError(lease, undefined);
  }
  const ended = await finishPublished(deps, batch, receipt, closing);
  if (isWritten && ended.publication_id !== publicationId) {
    // Another process ended the batch before this receipt was visible. Its decision stands: withdraw this publication.
    const reason = `fenced off: the batch was ${ended.state} when its receipt came`;
    await withdraw(deps, {
      publicationId,
      slate: batch.slate,
      by: closing.by,
      reason,
      at: deps.clock.now().toISOString(),
    });
    await removeCopy(deps.warehouse, batch, publicationId);
    throw fencedError(lease, undefined);
  }
  return cleanUpStaging(deps, ended);
}

/** Withdraws visible predictions that the batch invalidates: those of skipped players whose reason rules them out, and of markets without a line. */
async function withdrawInvalid(
  { warehouse, codeVersion }: ConsolidationDeps,
  { batch, units, outcomes, predicted, closing }: Attempt,
  copy: Copy,
): Promise<void> {
  if ((batch.visible ?? 0) === 0) return;
  const attempt = { ...copy, by: closing.by, codeVersion };
  const skipped = outcomes.filter(({ withdraws }) => withdraws === true);
  for (const [reason, group] of Map.groupBy(skipped, (outcome) => outcome.reason ?? 'skipped'))
    await withdrawPlayers(warehouse, attempt, { reason, players: group.map(({ player_id }) => player_id) });
  if (predicted.size > 0) await warehouse.execute(lostMarkets(units).sql, withdrawalParams(attempt));
}

/** The subset picks of a slate whose batch only withdrew players: there is nothing to audit or copy. */
async function chooseOnly({ warehouse, rules }: ConsolidationDeps, copy: Copy): Promise<Outcome[]> {
  const { picks } = await choosePicks(warehouse, copy, new Set(), (rules ?? DEFAULT_RULES).maxPicks);
  await warehouse.append(subsetPicks, picks);
  const nobody = 'nobody was predicted: players were only withdrawn';
  return [outcome({ check: 'nothing_staged', status: 'pass', expected: '0 rows', seen: 0, reason: nobody })];
}

/**
 * Audits the staged rows while they and the picks chosen from them are being copied: a copy is invisible, and its receipt is
 * not written before the audit has passed. Returns the checks. Throws TIPOFF_AUDIT_FAILED, or the first other error, once
 * everything has finished; a leftover copy is removed when the batch ends, or by the attempt that publishes it.
 *
 * Nulls are counted where the table would accept them. Elsewhere they make the copy fail, and are counted afterwards to explain it:
 * a batch that is refused is audited once more in full.
 */
async function copyAudited(
  { warehouse, rules }: ConsolidationDeps,
  { batch, units, outcomes, predicted }: Attempt,
  copy: Copy,
): Promise<Outcome[]> {
  const chosen = choosePicks(warehouse, copy, predicted, (rules ?? DEFAULT_RULES).maxPicks);
  const copied = chosen.then(({ beyond }) => copyRows(warehouse, copy, beyond));
  const stored = Promise.all([copied, chosen]).then(([, { picks }]) => warehouse.append(subsetPicks, picks));
  const shape = checkOutput(warehouse, []);
  const takesNulls = shape.then(nullableRequired, () => REQUIRED);
  const [audited, ...others] = await Promise.allSettled([
    takesNulls.then((counted) => audit(warehouse, batch, outcomes, units, counted)),
    shape,
    copied,
    chosen,
    stored,
  ]);
  // Errors of the audit and of the table's shape come first: they explain why copying or choosing failed.
  if (audited.status === 'rejected') throw audited.reason;
  if (brokenIn(audited.value).length > 0) {
    refuseBroken(batch, await audit(warehouse, batch, outcomes, units));
    refuseBroken(batch, audited.value);
  }
  const failed = others.find((one) => one.status === 'rejected');
  if (failed === undefined) return audited.value;
  if (!isTransient(failed.reason)) refuseBroken(batch, await audit(warehouse, batch, outcomes, units));
  throw failed.reason;
}

/** Once a batch is published: drops its staging tables and the copies of attempts without a receipt. */
async function cleanUpStaging(deps: ConsolidationDeps, batch: BatchDoc): Promise<BatchDoc> {
  if (batch.publication_id === null) return batch;
  if (batch.attempts > 1) await removeCopies(deps.warehouse, batch, batch.publication_id);
  for (const unit of await readUnits(deps.state, batch.batch_id)) {
    // Every worker that claimed the unit may have left a table, named after its claim.
    for (let claim = 1; claim <= unit.claim; claim++)
      await deps.warehouse.dropTable(stagingTable(batch.batch_id, unit.unit_id, claim));
  }
  return batch;
}

/** Columns that must not be null although the live table accepts nulls there. */
function nullableRequired(live: readonly LiveColumn[]): string[] {
  const byTable = new Set(live.flatMap(({ name, required }) => (required ? [name] : [])));
  return REQUIRED.filter((name) => !byTable.has(name));
}

/** Throws TIPOFF_AUDIT_FAILED when a critical check failed. */
function refuseBroken(batch: BatchDoc, checks: readonly Outcome[]): void {
  const broken = brokenIn(checks);
  if (broken.length === 0) return;
  const sentences = broken.map(({ check, reason }) => `${check} (${reason})`);
  throw new TipoffError('TIPOFF_AUDIT_FAILED', sentences.join('; '), {
    hint: `Look at the staging tables of ${batch.batch_id}; they are kept. \`tipoff batch reset --batch ${batch.batch_id} --reason <reason>\` ends the batch.`,
    details: { batch_id: batch.batch_id, checks: broken },
  });
}

/** Why there is nothing to publish: what closed the batch, and why players were skipped or failed. */
function nothingPredicted({ reason }: Closing, outcomes: readonly OutcomeDoc[]): string {
  const skipped = outcomes.filter((doc) => doc.outcome === 'skipped');
  const skips = mostFrequent(skipped).map(
    ([what, count]) => `${count} ${what}${isSkipReason(what) ? ` (${SKIP_REASONS[what]})` : ''}`,
  );
  const failures = mostFrequent(outcomes.filter((doc) => doc.outcome !== 'skipped'));
  return [
    ...(reason === undefined ? [] : [reason]),
    `nobody was predicted: ${skipped.length} of ${outcomes.length} players were skipped by the gate${skips.length === 0 ? '' : `: ${skips.join(', ')}`}`,
    ...failures.map(([what, count]) => `${count} failed: ${what}`),
  ].join('; ');
}

const isSkipReason = (text: string): text is SkipReason => text in SKIP_REASONS;

/** The three most frequent reasons of outcomes, with how often. */
function mostFrequent(outcomes: readonly OutcomeDoc[]): (readonly [string, number])[] {
  const counts = countBy(outcomes, ({ reason, outcome: kind }) => reason ?? kind);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
}

/**
 * Consolidates and publishes a batch whose units are all done; does nothing before that. Of concurrent callers one wins.
 * `resume` takes over a batch that is already in consolidation and fences off the process that works on it: it is meant for
 * restarts, not for everyday calls. Returns the batch as it is afterwards.
 */
export async function consolidateIfComplete(
  deps: ConsolidationDeps,
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

/** A batch that was closed early is closed the same way when its consolidation is resumed. */
function closingOf(batch: BatchDoc, by: string): Closing {
  return { by, reason: batch.reason ?? undefined, hold: batch.policy === 'hold' };
}

/**
 * Closes an incomplete batch: players without an outcome are timed out, and what was staged is published as partial or held,
 * depending on the policy. A batch with nothing staged has failed.
 */
export async function closeBatch(
  deps: ConsolidationDeps,
  batchId: string,
  how: { readonly by: string; readonly reason: string; readonly policy: 'publish' | 'hold' },
): Promise<BatchDoc> {
  const at = deps.clock.now().toISOString();
  const closing = await deps.state.transaction(async (tx) => {
    const doc = await tx.get<BatchDoc>(COLLECTIONS.batches, batchId);
    if (doc === undefined) throw unknownBatchError(batchId);
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

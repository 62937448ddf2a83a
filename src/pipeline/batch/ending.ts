import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { breakLease, type Lease } from './lease.ts';
import type { PickRules } from './prediction-rows.ts';
import {
  forbidOlderReceipts,
  publicationIdOf,
  receiptOf,
  removeCopiesBefore,
  removeCopy,
} from './receipt.ts';
import { type BatchDoc, type BatchState, canMove, move, readBatch } from './state.ts';

/** How often a batch may change state while it is being ended. */
const MAX_ROUNDS = 10;

/** What ending a batch needs. */
export interface ConsolidationDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly codeVersion: string;
  /** Rewrites the exports of a slate to match its visible predictions. Called whenever a batch has changed those. */
  readonly followVisible?: ((slate: Slate) => Promise<void>) | undefined;
  readonly rules?: PickRules;
}

interface Why {
  readonly by: string;
  readonly reason?: string | undefined;
}

/** The last move of a batch that has a receipt. Another process may have made it already. */
export async function finishPublished(
  deps: ConsolidationDeps,
  batch: BatchDoc,
  receipt: { readonly publication_id: string; readonly completeness: 'full' | 'partial' },
  { by, reason }: Why,
): Promise<BatchDoc> {
  const to = receipt.completeness === 'full' ? 'published' : 'published_partial';
  const set = { publication_id: receipt.publication_id };
  const moved = await move(deps, batch.batch_id, ['consolidating'], to, { by, reason, set });
  return moved ?? readBatch(deps.state, batch.batch_id);
}

/**
 * Ends a batch without publishing it. An attempt to publish that may still be running is fenced off first. If a receipt has
 * already been written, the batch ends as published whatever was requested, so that no batch that ended otherwise has visible
 * rows. Returns the batch as it is afterwards.
 *
 * `own` is the lease of the caller's own attempt, which will write no receipt.
 * Throws TIPOFF_STATE_CONFLICT when new attempts keep starting.
 */
export async function endUnpublished(
  deps: ConsolidationDeps,
  batchId: string,
  to: Extract<BatchState, 'held' | 'failed' | 'reset'>,
  why: { readonly by: string; readonly reason: string },
  own?: Lease,
): Promise<BatchDoc> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const batch = await readBatch(deps.state, batchId);
    if (!canMove(batch.state, to)) return batch;
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
    `batch ${batchId} changed ${MAX_ROUNDS} times while it was to become ${to}`,
    {
      hint: 'Try again.',
      details: { batch_id: batchId, to },
    },
  );
}

/** Prevents every attempt that has started from publishing; returns the token that does so. */
async function fenceOff(
  deps: ConsolidationDeps,
  batch: BatchDoc,
  why: { readonly by: string; readonly reason: string },
): Promise<number> {
  const token = await breakLease(deps, batch.slate);
  const at = deps.clock.now().toISOString();
  await forbidOlderReceipts(deps.warehouse, batch, { token, ...why, at, codeVersion: deps.codeVersion });
  return token;
}

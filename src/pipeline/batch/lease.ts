import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';
import { type BatchDoc, COLLECTIONS, isActive } from './state.ts';

/** Seconds for which a slate may be published by one holder. */
export const LEASE_SECONDS = 300;

interface LeaseDoc {
  readonly slate: Slate;
  /** Batch that publishes. */
  readonly holder: string | null;
  readonly token: number;
  readonly expires_at: string | null;
}

/** The right to publish a slate. The warehouse refuses a holder whose token is older than that of a publication. */
export interface Lease {
  readonly slate: Slate;
  readonly holder: string;
  /** Fencing token: larger for every new lease of the slate. */
  readonly token: number;
}

type LeaseDeps = { readonly state: StateStore; readonly clock: Clock };

/**
 * Takes the lease of a slate for a batch in consolidation, with a larger token than any before it, and counts the attempt.
 * An earlier attempt of the same batch, an expired lease and one of a batch that has ended are taken over: their holders
 * are fenced off by the token. Undefined when the batch is no longer in consolidation.
 *
 * Throws TIPOFF_STATE_CONFLICT (transient) while another active batch publishes the slate.
 */
export async function acquireLease(
  { state, clock }: LeaseDeps,
  batchId: string,
  slate: Slate,
): Promise<Lease | undefined> {
  return state.transaction(async (tx) => {
    const batch = (await tx.get<BatchDoc>(COLLECTIONS.batches, batchId))?.data;
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, slate))?.data;
    const other =
      doc?.holder == null || doc.holder === batchId
        ? undefined
        : await tx.get<BatchDoc>(COLLECTIONS.batches, doc.holder);
    if (batch?.state !== 'consolidating') return undefined;
    const now = clock.now();
    const isHeld =
      other !== undefined && isActive(other.data.state) && Date.parse(doc?.expires_at ?? '') > now.getTime();
    if (isHeld) {
      throw new TipoffError(
        'TIPOFF_STATE_CONFLICT',
        `${slate} is being published by ${doc?.holder} until ${doc?.expires_at}`,
        {
          hint: 'Try again when it is done; an abandoned lease ends by itself.',
          details: { slate, holder: doc?.holder, expires_at: doc?.expires_at },
        },
      );
    }
    const lease = { slate, holder: batchId, token: (doc?.token ?? 0) + 1 };
    tx.put(COLLECTIONS.leases, slate, { ...lease, expires_at: expiry(now) } satisfies LeaseDoc);
    tx.put(COLLECTIONS.batches, batchId, {
      ...batch,
      attempts: batch.attempts + 1,
      progress_at: now.toISOString(),
    } satisfies BatchDoc);
    return lease;
  });
}

/** Ensures that the next lease of a slate gets a token above a known one. Reads, so it must precede the transaction's writes. */
export async function raiseTokenFloor(tx: StateTransaction, slate: Slate, token: number): Promise<void> {
  const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, slate))?.data;
  if ((doc?.token ?? 0) >= token) return;
  tx.put(COLLECTIONS.leases, slate, {
    slate,
    holder: null,
    expires_at: null,
    ...doc,
    token,
  } satisfies LeaseDoc);
}

/** Extends a lease. Throws TIPOFF_FENCED when it has been taken over under a newer token. */
export async function renewLease({ state, clock }: LeaseDeps, lease: Lease): Promise<void> {
  await state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, lease.slate))?.data;
    if (doc?.token !== lease.token || doc.holder !== lease.holder) throw fencedError(lease, doc?.token);
    tx.put(COLLECTIONS.leases, lease.slate, { ...doc, expires_at: expiry(clock.now()) } satisfies LeaseDoc);
  });
}

/** Releases a lease; one that has been taken over is left alone. */
export async function releaseLease({ state }: LeaseDeps, lease: Lease): Promise<void> {
  await state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, lease.slate))?.data;
    if (doc?.token === lease.token && doc.holder === lease.holder) {
      tx.put(COLLECTIONS.leases, lease.slate, { ...doc, holder: null, expires_at: null } satisfies LeaseDoc);
    }
  });
}

/** Revokes any lease of a slate and returns a token larger than every earlier one. */
export async function breakLease({ state }: LeaseDeps, slate: Slate): Promise<number> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, slate))?.data;
    const token = (doc?.token ?? 0) + 1;
    tx.put(COLLECTIONS.leases, slate, { slate, holder: null, token, expires_at: null } satisfies LeaseDoc);
    return token;
  });
}

export function fencedError(lease: Lease, seen: number | undefined): TipoffError {
  return new TipoffError(
    'TIPOFF_FENCED',
    `the lease of ${lease.slate} was lost: expected token ${lease.token}, saw ${seen ?? 'none'}`,
    {
      hint: 'Another process publishes this slate now; nothing of this attempt is visible.',
      details: { slate: lease.slate, token: lease.token, seen: seen ?? null },
    },
  );
}

function expiry(now: Date): string {
  return new Date(now.getTime() + LEASE_SECONDS * 1000).toISOString();
}

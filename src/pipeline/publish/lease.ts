import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { COLLECTIONS } from '#pipeline/predict/documents.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** Seconds for which a slate may be published by one holder. */
export const LEASE_SECONDS = 300;

interface LeaseDoc {
  readonly slate: Slate;
  readonly holder: string | null;
  readonly token: number;
  readonly expires_at: string | null;
}

/** The right to publish a slate. A holder with an older token than somebody else's publication is refused by the warehouse. */
export interface Lease {
  readonly slate: Slate;
  readonly holder: string;
  /** Grows with every new holder of the slate. */
  readonly token: number;
}

type LeaseDeps = { readonly state: StateStore; readonly clock: Clock };

/** Takes the lease of a slate. Throws TIPOFF_STATE_CONFLICT (transient) while another holder has it; an expired one is taken over with a larger token. */
export async function acquireLease({ state, clock }: LeaseDeps, slate: Slate, holder: string): Promise<Lease> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, slate))?.data;
    const now = clock.now().getTime();
    const isHeld = doc?.holder != null && doc.expires_at !== null && Date.parse(doc.expires_at) > now;
    if (doc !== undefined && isHeld && doc.holder !== holder) {
      throw new TipoffError('TIPOFF_STATE_CONFLICT', `${slate} is being published by ${doc.holder} until ${doc.expires_at}`, {
        hint: 'Try again when it is done; an abandoned lease ends by itself.',
        details: { slate, holder: doc.holder, expires_at: doc.expires_at },
      });
    }
    const token = isHeld ? (doc?.token ?? 0) : (doc?.token ?? 0) + 1;
    const lease: LeaseDoc = { slate, holder, token, expires_at: new Date(now + LEASE_SECONDS * 1000).toISOString() };
    tx.put(COLLECTIONS.leases, slate, lease);
    return { slate, holder, token };
  });
}

/** Prolongs a lease. Throws TIPOFF_FENCED when somebody with a newer token has it. */
export async function renewLease({ state, clock }: LeaseDeps, lease: Lease): Promise<void> {
  await state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, lease.slate))?.data;
    if (doc?.token !== lease.token || doc.holder !== lease.holder) throw fenced(lease, doc?.token);
    tx.put(COLLECTIONS.leases, lease.slate, { ...doc, expires_at: new Date(clock.now().getTime() + LEASE_SECONDS * 1000).toISOString() });
  });
}

/** Gives a lease back; a lease that is no longer ours is left alone. */
export async function releaseLease({ state }: LeaseDeps, lease: Lease): Promise<void> {
  await state.transaction(async (tx) => {
    const doc = (await tx.get<LeaseDoc>(COLLECTIONS.leases, lease.slate))?.data;
    if (doc?.token === lease.token && doc.holder === lease.holder) {
      tx.put(COLLECTIONS.leases, lease.slate, { ...doc, holder: null, expires_at: null });
    }
  });
}

export function fenced(lease: Lease, seen: number | undefined): TipoffError {
  return new TipoffError('TIPOFF_FENCED', `the lease of ${lease.slate} was lost: expected token ${lease.token}, saw ${seen ?? 'none'}`, {
    hint: 'Somebody else publishes this slate now; nothing of this attempt is visible.',
    details: { slate: lease.slate, token: lease.token, seen: seen ?? null },
  });
}

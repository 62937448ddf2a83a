import { randomUUID } from 'node:crypto';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { ParkedMessage } from '#platform/queue/port.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';

const MESSAGES = 'queue_messages';
const PARKED = 'queue_parked';

/** A message that is neither acknowledged nor parked. Instants are milliseconds since 1970 UTC. */
interface Entry {
  readonly topic: string;
  /** JSON text. */
  readonly body: string;
  readonly dedupe_key: string | null;
  readonly published_at: number;
  readonly attempts: number;
  readonly leased: boolean;
  /** End of the lease while leased, of the delay otherwise. */
  readonly due_at: number;
  /** True once the last permitted delivery is out. */
  readonly last: boolean;
  readonly resent_at: number;
}

interface ParkedEntry {
  readonly topic: string;
  readonly body: string;
  readonly attempts: number;
  readonly reason: string;
  readonly parked_at: number;
}

/** Identifies one delivery of one message. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** The ledger's decision about a received message: deliver it, deliver it later (in ms), or drop it because it is finished. */
type Claim =
  | { readonly delivery: Lease & { readonly topic: string; readonly body: string } }
  | { readonly wait: number }
  | 'finished';

/**
 * The state of the queue's messages, one document each, in the state store. Pub/Sub has no delayed messages, no count of waiting
 * ones and no deduplication key, and it may accept the ack of an outdated delivery: the ledger decides all of that, and Pub/Sub
 * only carries and redelivers.
 */
export interface Ledger {
  /** Enters messages; undefined when one of the same topic and key is not finished. */
  enter(
    topic: string,
    bodies: readonly string[],
    dedupeKey: string | undefined,
    now: number,
    dueAt: number,
  ): Promise<string[] | undefined>;
  /** Takes messages out again that could not be published. */
  withdraw(ids: readonly string[]): Promise<void>;
  claim(id: string, now: number, until: number): Promise<Claim>;
  /** Removes the message if this delivery still holds it; whether it did. */
  finish(lease: Lease): Promise<boolean>;
  /** Makes the message deliverable again from `dueAt` on if this delivery still holds it; whether it did. */
  giveBack(lease: Lease, dueAt: number): Promise<boolean>;
  /** Puts the message aside if this delivery still holds it; whether it did. */
  park(lease: Lease, reason: string, now: number): Promise<boolean>;
  /** Puts aside what used up its deliveries and whose last lease has ended. */
  parkExhausted(topic: string | undefined, now: number): Promise<void>;
  parked(topic: string | undefined): Promise<ParkedMessage[]>;
  count(topic: string): Promise<number>;
  /** Messages that have been deliverable since before an instant and were not handed out; they are noted as sent again. */
  overlooked(topic: string, before: number, now: number): Promise<{ id: string; json: string }[]>;
}

/** The ledger in a state store, shared by all processes of the queue. */
export function openLedger(state: StateStore, maxAttempts: number): Ledger {
  const ifHeld = (lease: Lease, act: (tx: StateTransaction, entry: Entry) => void): Promise<boolean> =>
    state.transaction(async (tx) => {
      const entry = (await tx.get<Entry>(MESSAGES, lease.id))?.data;
      const held = entry?.leased === true && entry.attempts === lease.attempt;
      if (held) act(tx, entry);
      return held;
    });
  const moveToParked = (
    tx: StateTransaction,
    id: string,
    { topic, body, attempts }: Entry,
    reason: string,
    now: number,
  ): void => {
    const parked: ParkedEntry = { topic, body, attempts, reason, parked_at: now };
    tx.put(PARKED, id, parked);
    tx.delete(MESSAGES, id);
  };

  return {
    enter: (topic, bodies, dedupeKey, now, dueAt) =>
      state.transaction(async (tx) => {
        if (dedupeKey !== undefined) {
          const [unfinished] = await tx.list(MESSAGES, { where: { topic, dedupe_key: dedupeKey }, limit: 1 });
          if (unfinished !== undefined) return undefined;
        }
        return bodies.map((body) => {
          const id = randomUUID();
          const entry: Entry = {
            ...{ topic, body, dedupe_key: dedupeKey ?? null, published_at: now, due_at: dueAt },
            ...{ attempts: 0, leased: false, last: false, resent_at: 0 },
          };
          tx.put(MESSAGES, id, entry);
          return id;
        });
      }),
    withdraw: (ids) =>
      state.transaction(async (tx) => {
        for (const id of ids) tx.delete(MESSAGES, id);
      }),
    claim: (id, now, until) =>
      state.transaction(async (tx): Promise<Claim> => {
        const entry = (await tx.get<Entry>(MESSAGES, id))?.data;
        if (entry === undefined) return 'finished';
        if (entry.due_at > now) return { wait: entry.due_at - now };
        // Its last lease has just ended; it is about to be parked.
        if (entry.attempts >= maxAttempts) return { wait: 0 };
        const attempt = entry.attempts + 1;
        tx.put(MESSAGES, id, {
          ...entry,
          attempts: attempt,
          leased: true,
          due_at: until,
          last: attempt >= maxAttempts,
        });
        return { delivery: { id, attempt, topic: entry.topic, body: entry.body } };
      }),
    finish: (lease) => ifHeld(lease, (tx) => tx.delete(MESSAGES, lease.id)),
    giveBack: (lease, dueAt) =>
      ifHeld(lease, (tx, entry) => tx.put(MESSAGES, lease.id, { ...entry, leased: false, due_at: dueAt })),
    park: (lease, reason, now) =>
      ifHeld(lease, (tx, entry) => moveToParked(tx, lease.id, entry, reason, now)),
    parkExhausted: async (topic, now) => {
      const used = await state.list<Entry>(MESSAGES, {
        where: { ...omitUndefined({ topic }), last: true },
      });
      for (const { id } of used.filter(({ data }) => data.due_at <= now)) {
        await state.transaction(async (tx) => {
          const entry = (await tx.get<Entry>(MESSAGES, id))?.data;
          if (entry === undefined || !entry.last || entry.due_at > now) return;
          moveToParked(
            tx,
            id,
            entry,
            `delivered ${entry.attempts} times, and the last lease ended without an answer`,
            now,
          );
        });
      }
    },
    parked: async (topic) => {
      const found = await state.list<ParkedEntry>(PARKED, topic === undefined ? {} : { where: { topic } });
      return found
        .toSorted((a, b) => a.data.parked_at - b.data.parked_at)
        .map(({ id, data }) => toParked(id, data));
    },
    count: async (topic) => (await state.list(MESSAGES, { where: { topic } })).length,
    overlooked: (topic, before, now) =>
      state.transaction(async (tx) => {
        const waiting = await tx.list<Entry>(MESSAGES, { where: { topic } });
        const lost = waiting.filter(
          ({ data }) => !data.last && Math.max(data.due_at, data.resent_at) <= before,
        );
        for (const { id, data } of lost) tx.put(MESSAGES, id, { ...data, resent_at: now });
        return lost.map(({ id, data }) => ({ id, json: data.body }));
      }),
  };
}

function toParked(id: string, { topic, body, attempts, reason, parked_at }: ParkedEntry): ParkedMessage {
  return {
    id,
    topic,
    body: JSON.parse(body) as unknown,
    attempts,
    reason,
    parkedAt: new Date(parked_at).toISOString(),
  };
}

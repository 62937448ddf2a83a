import type { Notice, NoticeRef } from '#platform/notify/port.ts';
import type { StateTransaction } from '#platform/state/port.ts';
import { INCIDENT_COLLECTIONS } from './document.ts';

/** Something people should see, kept until they have been shown its newest version. */
export interface OutboxDoc {
  readonly key: string;
  /** `live`: one message that is edited; `reply`: one message in the thread of another; `digest`: one message. */
  readonly kind: 'live' | 'reply' | 'digest';
  /** Key of the live message a reply belongs to. */
  readonly parent: string | null;
  readonly notice: Notice;
  /** Grows with every change of the notice. */
  readonly version: number;
  readonly status: 'pending' | 'delivered';
  readonly created_at: string;
  readonly ref: NoticeRef | null;
  /** Version people see; 0 when none. */
  readonly delivered_version: number;
  readonly delivered_at: string | null;
  /** Version that was told on the fallback channel, because the first one did not take it. */
  readonly fallback_version: number;
  readonly attempts: number;
  readonly last_error: string | null;
  /** Not before this instant, because the channel asked to be left alone. */
  readonly not_before: string | null;
  /** Who is delivering it; a claim that ran out belongs to a process that died. */
  readonly claim: { readonly by: string; readonly until: string } | null;
  /** A delivery began and nobody knows how it ended: look before sending it again. */
  readonly is_uncertain: boolean;
}

const EMPTY = {
  ref: null,
  delivered_version: 0,
  delivered_at: null,
  fallback_version: 0,
  attempts: 0,
  last_error: null,
  not_before: null,
  claim: null,
  is_uncertain: false,
} as const;

/** A change of the outbox, decided after all reads of a transaction. */
export type OutboxWrite = Pick<OutboxDoc, 'key' | 'kind' | 'parent' | 'notice'>;

/** The document after a write; undefined when people have been promised exactly this already. */
export function written(known: OutboxDoc | undefined, write: OutboxWrite, at: string): OutboxDoc | undefined {
  if (known === undefined) return { ...EMPTY, ...write, version: 1, status: 'pending', created_at: at };
  if (write.kind !== 'live' || JSON.stringify(known.notice) === JSON.stringify(write.notice)) return undefined;
  return { ...known, notice: write.notice, version: known.version + 1, status: 'pending' };
}

/** Reads what a set of writes needs to know. */
export async function readOutbox(tx: StateTransaction, keys: readonly string[]): Promise<Map<string, OutboxDoc>> {
  const docs = await Promise.all(keys.map((key) => tx.get<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, key)));
  return new Map(docs.flatMap((doc) => (doc === undefined ? [] : [[doc.id, doc.data] as const])));
}

/** Queues writes. All reads of the transaction are done. */
export function putOutbox(tx: StateTransaction, known: ReadonlyMap<string, OutboxDoc>, writes: readonly OutboxWrite[], at: string): number {
  const docs = writes.flatMap((write) => written(known.get(write.key), write, at) ?? []);
  for (const doc of docs) tx.put(INCIDENT_COLLECTIONS.outbox, doc.key, doc);
  return docs.length;
}

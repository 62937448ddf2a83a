import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notice, NoticeRef, Notifier } from '#platform/notify/port.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';
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
  if (write.kind !== 'live' || JSON.stringify(known.notice) === JSON.stringify(write.notice))
    return undefined;
  return { ...known, notice: write.notice, version: known.version + 1, status: 'pending' };
}

/** Reads what a set of writes needs to know. */
export async function readOutbox(
  tx: StateTransaction,
  keys: readonly string[],
): Promise<Map<string, OutboxDoc>> {
  const docs = await Promise.all(keys.map((key) => tx.get<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, key)));
  return new Map(docs.flatMap((doc) => (doc === undefined ? [] : [[doc.id, doc.data] as const])));
}

/** Queues writes. All reads of the transaction are done. */
export function putOutbox(
  tx: StateTransaction,
  known: ReadonlyMap<string, OutboxDoc>,
  writes: readonly OutboxWrite[],
  at: string,
): number {
  const docs = writes.flatMap((write) => written(known.get(write.key), write, at) ?? []);
  for (const doc of docs) tx.put(INCIDENT_COLLECTIONS.outbox, doc.key, doc);
  return docs.length;
}

export interface DeliverDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly notifier: Notifier;
  /** Where it is said that the notifier did not take a notice, and which. */
  readonly fallback?: Pick<Notifier, 'send'>;
  /** Names this process in claims. */
  readonly runId: string;
}

export interface Delivered {
  readonly sent: number;
  readonly edited: number;
  readonly replied: number;
  /** Kept for the next run. */
  readonly undelivered: readonly Undelivered[];
}

export interface Undelivered {
  readonly key: string;
  readonly title: string;
  readonly error: string;
  readonly hint: string;
  readonly isOnFallback: boolean;
}

/** Longer than any delivery can take with its retries. */
const CLAIM_MS = 5 * 60_000;
/** After so many failures in a row the rest is not tried: the channel is down. */
const PATIENCE = 2;

/**
 * Shows people what is queued: live messages first, then replies, oldest first. What cannot be delivered goes to the
 * fallback once per version, stays queued and comes with the next call. Two processes never deliver the same thing at once;
 * what a dead one may have delivered is looked for before it is sent again.
 */
export async function deliver(deps: DeliverDeps): Promise<Delivered> {
  const { state, clock } = deps;
  const counts = { sent: 0, edited: 0, replied: 0 };
  const undelivered: Undelivered[] = [];
  let failures = 0;
  let down: TipoffError | undefined;
  const pending = await state.list<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, { where: { status: 'pending' } });
  // A message on another channel, from before Slack was configured, cannot be edited from here: it is sent anew.
  const own = (ref: NoticeRef | null | undefined): NoticeRef | null =>
    ref && deps.notifier.owns(ref) ? ref : null;
  for (const { id } of pending.toSorted((a, b) => order(a.data).localeCompare(order(b.data)))) {
    const claimed = await claim(deps, id);
    if (claimed === undefined) continue;
    const doc = { ...claimed, ref: own(claimed.ref) };
    const parent =
      doc.parent === null
        ? undefined
        : (await state.get<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, doc.parent))?.data;
    try {
      if (down !== undefined) throw down;
      if (doc.not_before !== null && doc.not_before > clock.now().toISOString()) throw asked(doc.not_before);
      const ref = await show(deps, doc, own(parent?.ref) ?? undefined);
      counts[doc.kind === 'reply' ? 'replied' : doc.ref === null ? 'sent' : 'edited']++;
      failures = 0;
      await finish(deps, doc, {
        ref,
        delivered_version: doc.version,
        delivered_at: clock.now().toISOString(),
      });
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_NOTIFY') {
        await finish(deps, doc, { is_uncertain: true });
        throw error;
      }
      if (down === undefined && ++failures >= PATIENCE) down = error;
      undelivered.push(await keep(deps, doc, error));
    }
  }
  return { ...counts, undelivered };
}

function order({ kind, created_at, key }: OutboxDoc): string {
  return `${kind === 'live' ? 0 : kind === 'reply' ? 1 : 2} ${created_at} ${key}`;
}

async function show(
  { notifier }: DeliverDeps,
  doc: OutboxDoc,
  thread: NoticeRef | undefined,
): Promise<NoticeRef> {
  if (doc.ref !== null) {
    await notifier.update(doc.ref, doc.notice);
    return doc.ref;
  }
  if (doc.is_uncertain) {
    const found = await notifier.find(doc.notice, thread);
    if (found !== undefined) {
      if (doc.kind === 'live') await notifier.update(found, doc.notice);
      return found;
    }
  }
  return thread === undefined ? notifier.send(doc.notice) : notifier.reply(thread, doc.notice);
}

/** Takes a document for this process; undefined when it is done or somebody else has it. */
async function claim({ state, clock, runId }: DeliverDeps, id: string): Promise<OutboxDoc | undefined> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, id))?.data;
    if (doc === undefined || doc.status !== 'pending') return undefined;
    const now = clock.now();
    if (doc.claim !== null && doc.claim.by !== runId && doc.claim.until > now.toISOString()) return undefined;
    const claimed: OutboxDoc = {
      ...doc,
      // A claim that is still there was never given back: its owner died on the way.
      is_uncertain: doc.is_uncertain || doc.claim !== null,
      claim: { by: runId, until: new Date(now.getTime() + CLAIM_MS).toISOString() },
    };
    tx.put(INCIDENT_COLLECTIONS.outbox, id, claimed);
    return claimed;
  });
}

/** Gives a document back. One that has changed meanwhile stays pending with its newer version. */
async function finish({ state }: DeliverDeps, doc: OutboxDoc, change: Partial<OutboxDoc>): Promise<void> {
  await state.transaction(async (tx) => {
    const current = (await tx.get<OutboxDoc>(INCIDENT_COLLECTIONS.outbox, doc.key))?.data ?? doc;
    const next: OutboxDoc = { ...current, is_uncertain: false, ...change, claim: null };
    const isShown = next.delivered_version >= next.version;
    tx.put(
      INCIDENT_COLLECTIONS.outbox,
      doc.key,
      isShown ? { ...next, status: 'delivered', last_error: null, not_before: null } : next,
    );
  });
}

/** Keeps what could not be delivered, and says so on the fallback unless that has heard of this version. */
async function keep(deps: DeliverDeps, doc: OutboxDoc, error: TipoffError): Promise<Undelivered> {
  const { fallback, clock } = deps;
  let heard = doc.fallback_version;
  let fallbackError = '';
  if (fallback !== undefined && heard < doc.version) {
    try {
      await fallback.send({ ...doc.notice, lines: [...doc.notice.lines, `Not delivered: ${error.message}`] });
      heard = doc.version;
    } catch (second) {
      if (!(second instanceof TipoffError) || second.code !== 'TIPOFF_NOTIFY') throw second;
      fallbackError = `; the fallback failed as well: ${messageOf(second)}`;
    }
  }
  const wait = error.details['retry_after_seconds'];
  await finish(deps, doc, {
    attempts: doc.attempts + 1,
    last_error: `${error.message}${fallbackError}`,
    fallback_version: heard,
    not_before:
      typeof wait === 'number' ? new Date(clock.now().getTime() + wait * 1000).toISOString() : doc.not_before,
    is_uncertain: doc.ref === null && (doc.is_uncertain || error.details['may_have_been_delivered'] === true),
  });
  return {
    key: doc.key,
    title: doc.notice.title,
    error: `${error.message}${fallbackError}`,
    hint: error.hint,
    isOnFallback: heard >= doc.version,
  };
}

function asked(until: string): TipoffError {
  return new TipoffError('TIPOFF_NOTIFY', `the channel asked to be left alone until ${until}`, {
    hint: 'It is kept and sent with the next run after that.',
  });
}

import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';
import type { Notice, NoticeRef, Notifier, SentNotice } from './port.ts';

/** Collection of the state store with one document per message or reply, by its key. */
export const OUTBOX = 'notice_outbox';

/** A message or reply, kept until its newest version has been delivered. */
export interface OutboxDoc {
  readonly key: string;
  /** `live`: one message that is edited; `reply`: one message in the thread of another; `once`: one message, never edited. */
  readonly kind: 'live' | 'reply' | 'once';
  /** Key of the live message a reply belongs to. */
  readonly parent: string | null;
  readonly notice: Notice;
  /** Incremented with every change of the notice. */
  readonly version: number;
  readonly status: 'pending' | 'delivered';
  readonly created_at: string;
  readonly ref: NoticeRef | null;
  /** Delivered version; 0 when none. */
  readonly delivered_version: number;
  readonly delivered_at: string | null;
  /** Version that was sent to the fallback channel because the notifier failed. */
  readonly fallback_version: number;
  readonly attempts: number;
  readonly last_error: string | null;
  /** Earliest instant of the next attempt, as the channel's rate limit demands. */
  readonly not_before: string | null;
  /** Who is delivering it; an expired claim belongs to a process that died. */
  readonly claim: { readonly by: string; readonly until: string } | null;
  /** True when a delivery started and its result is unknown: look for the message before sending it again. */
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

/** A notice to be queued. */
export type Post = Pick<OutboxDoc, 'key' | 'kind' | 'parent' | 'notice'>;

/** The stored documents of some keys. A transaction must read before it writes: call this before `enqueue`. */
export async function readPosts(
  tx: Pick<StateTransaction, 'get'>,
  keys: readonly string[],
): Promise<Map<string, OutboxDoc>> {
  const docs = await Promise.all(keys.map((key) => tx.get<OutboxDoc>(OUTBOX, key)));
  return new Map(docs.flatMap((doc) => (doc === undefined ? [] : [[doc.id, doc.data] as const])));
}

/**
 * Queues posts within a transaction, so that a message exists if and only if the writes it reports on do. Returns the number of
 * new or changed messages: the same notice under the same key is queued once.
 */
export function enqueue(
  tx: Pick<StateTransaction, 'put'>,
  known: ReadonlyMap<string, OutboxDoc>,
  posts: readonly Post[],
  at: string,
): number {
  const docs = posts.flatMap((post) => changedDoc(known.get(post.key), post, at) ?? []);
  for (const doc of docs) tx.put(OUTBOX, doc.key, doc);
  return docs.length;
}

function changedDoc(known: OutboxDoc | undefined, post: Post, at: string): OutboxDoc | undefined {
  if (known === undefined) return { ...EMPTY, ...post, version: 1, status: 'pending', created_at: at };
  if (post.kind !== 'live' || JSON.stringify(known.notice) === JSON.stringify(post.notice)) return undefined;
  return { ...known, notice: post.notice, version: known.version + 1, status: 'pending' };
}

export interface OutboxDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly notifier: Notifier;
  /** The second channel, for notices that the notifier failed to deliver. */
  readonly fallback?: Pick<Notifier, 'send'>;
  /** Identifies this process in claims. */
  readonly runId: string;
  /** True where the state may be older than the messages: an unknown key is searched for before it is sent. */
  readonly isStateLost?: boolean;
}

interface PostOptions {
  /** Key of the message in whose thread this one is posted, once. */
  readonly thread?: string;
  /** True to edit an existing message without sending a new one. */
  readonly onlyEdit?: boolean;
}

/** The result of one post. Only `undelivered` means that people have not seen it; it is kept and retried. */
export interface Posted {
  /** `in progress`: another call is delivering it at this moment. `left out`: `onlyEdit`, and there was no message. */
  readonly how: 'sent' | 'edited' | 'replied' | 'unchanged' | 'left out' | 'in progress' | 'undelivered';
  readonly undelivered?: Undelivered;
  readonly warnings: readonly string[];
}

export interface Delivered {
  readonly sent: number;
  readonly edited: number;
  readonly replied: number;
  /** Kept for the next run. */
  readonly undelivered: readonly Undelivered[];
  /** Problems with what was delivered, such as a possible duplicate. */
  readonly warnings: readonly string[];
}

interface Undelivered {
  readonly key: string;
  readonly title: string;
  readonly error: string;
  readonly hint: string;
  readonly isOnFallback: boolean;
}

/** Notifies people. Everything in Tipoff that sends messages goes through it. */
export interface Outbox {
  /**
   * Posts a notice under a key: sends it, or edits the earlier message under that key; the same notice again does nothing. A
   * notice that cannot be delivered goes to the fallback and is reported in the result; it is kept in the state store, and the
   * next `deliver` of any process retries it. Errors of the state store are thrown.
   */
  post(key: string, notice: Omit<Notice, 'key'>, options?: PostOptions): Promise<Posted>;
  /** Delivers everything that is queued: live messages first, then replies, oldest first. */
  deliver(): Promise<Delivered>;
}

/** Longer than any delivery can take with its retries. */
const CLAIM_MS = 5 * 60_000;
/** Consecutive failures after which the channel counts as down and the rest is not tried. */
const MAX_FAILURES = 2;
/** Time limit of one call on its queue, in milliseconds; the rest waits for the next call. */
const MAX_DELIVERY_MS = 10 * 60_000;
/** How often a message that changes during its delivery is delivered again at once. */
const MAX_ROUNDS = 3;

/**
 * An outbox over a state store and a notifier. Two processes never deliver the same message at once; a message that a dead
 * process may have delivered is searched for before it is sent again.
 */
export function openOutbox(deps: OutboxDeps): Outbox {
  const { state, clock } = deps;
  return {
    post: async (key, notice, { thread, onlyEdit = false } = {}) => {
      const queued = await state.transaction(async (tx) => {
        const known = await readPosts(tx, [key]);
        const mayBeNew = known.has(key) || !onlyEdit;
        if (!mayBeNew && deps.isStateLost !== true) return undefined;
        const kind = thread === undefined ? 'live' : 'reply';
        const post: Post = { key, kind, parent: thread ?? null, notice: { ...notice, key } };
        enqueue(tx, known, [post], clock.now().toISOString());
        return { mayBeNew };
      });
      if (queued === undefined) return { how: 'left out', warnings: [] };
      const tally = newTally();
      // A reply whose message is still waiting would become a message of its own.
      if (thread !== undefined) await deliverOne(deps, thread, tally, true);
      const how = await deliverOne(deps, key, tally, queued.mayBeNew);
      const undelivered = tally.undelivered.at(-1);
      return { how, warnings: tally.warnings, ...omitUndefined({ undelivered }) };
    },
    deliver: async () => {
      const tally = newTally();
      const startedAt = clock.now().getTime();
      const pending = await state.list<OutboxDoc>(OUTBOX, { where: { status: 'pending' } });
      for (const { id } of pending.toSorted((a, b) => order(a.data).localeCompare(order(b.data)))) {
        if (tally.down === undefined && clock.now().getTime() - startedAt > MAX_DELIVERY_MS)
          tally.down = outOfTime();
        await deliverOne(deps, id, tally, true);
      }
      const { sent, edited, replied, undelivered, warnings } = tally;
      return { sent, edited, replied, undelivered, warnings };
    },
  };
}

/** Throws TIPOFF_NOTIFY, the exit code 3 of a command, when something could not be delivered. */
export function checkDelivered({ undelivered }: Pick<Delivered, 'undelivered'>): void {
  const [first] = undelivered;
  if (first === undefined) return;
  const onFallback = undelivered.filter(({ isOnFallback }) => isOnFallback).length;
  const seen =
    undelivered.length === 1
      ? `"${first.title}" could not be delivered (it is ${onFallback === 1 ? '' : 'not '}on the fallback channel)`
      : `${undelivered.length} notices could not be delivered (${onFallback} of them are on the fallback channel)`;
  throw new TipoffError('TIPOFF_NOTIFY', `${seen}: ${first.error}`, {
    hint: first.hint,
    details: { undelivered: undelivered.map(({ key, error }) => ({ key, error })) },
  });
}

/** The progress of one call. */
interface Tally {
  sent: number;
  edited: number;
  replied: number;
  readonly undelivered: Undelivered[];
  readonly warnings: string[];
  /** Failures in a row. */
  failures: number;
  /** Set when nothing more is tried. */
  down: TipoffError | undefined;
}

function newTally(): Tally {
  return { sent: 0, edited: 0, replied: 0, undelivered: [], warnings: [], failures: 0, down: undefined };
}

function order({ kind, created_at, key }: OutboxDoc): string {
  return `${kind === 'live' ? 0 : kind === 'reply' ? 1 : 2} ${created_at} ${key}`;
}

/** Delivers the newest version of one document. */
async function deliverOne(
  deps: OutboxDeps,
  id: string,
  tally: Tally,
  mayBeNew: boolean,
): Promise<Posted['how']> {
  let how: Posted['how'] | undefined;
  for (let round = 1; ; round++) {
    const claimed = await claim(deps, id);
    if (claimed === 'free of work') return how ?? 'unchanged';
    if (claimed === 'in progress') return how ?? 'in progress';
    // A message on another channel, from before Slack was configured, cannot be edited from here: it is sent anew.
    const doc = {
      ...claimed,
      ref: claimed.ref !== null && deps.notifier.owns(claimed.ref) ? claimed.ref : null,
    };
    try {
      if (tally.down !== undefined) throw tally.down;
      if (doc.not_before !== null && doc.not_before > deps.clock.now().toISOString())
        throw askedToWait(doc.not_before);
      const shown = await show(deps, doc, isLost(deps, claimed), mayBeNew);
      tally.failures = 0;
      if (shown === undefined) {
        await withdraw(deps, doc);
        return 'left out';
      }
      how = doc.kind === 'reply' ? 'replied' : shown.isNew ? 'sent' : 'edited';
      if (round === 1) tally[how]++;
      tally.warnings.push(...shown.warnings);
      const { ref } = shown;
      const delivered = { delivered_version: doc.version, delivered_at: deps.clock.now().toISOString() };
      if (!(await finish(deps, doc, { ref, ...delivered })) || round === MAX_ROUNDS) return how;
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_NOTIFY') {
        await finish(deps, doc, { is_uncertain: true });
        throw error;
      }
      if (tally.down === undefined && ++tally.failures >= MAX_FAILURES) tally.down = error;
      tally.undelivered.push(await keep(deps, doc, error));
      return 'undelivered';
    }
  }
}

/** True when a message may exist although its reference is unknown. */
function isLost(
  { isStateLost = false }: OutboxDeps,
  { ref, delivered_version, is_uncertain }: OutboxDoc,
): boolean {
  return ref === null && (is_uncertain || delivered_version > 0 || isStateLost);
}

interface Shown {
  readonly ref: NoticeRef;
  readonly isNew: boolean;
  readonly warnings: readonly string[];
}

/** Edits, finds or sends; undefined when there is nothing to edit and nothing may be sent. */
async function show(
  { notifier, state }: OutboxDeps,
  doc: OutboxDoc,
  isMessageLost: boolean,
  mayBeNew: boolean,
): Promise<Shown | undefined> {
  const warnings: string[] = [];
  const edit = async (ref: NoticeRef): Promise<Shown | undefined> => {
    try {
      await notifier.update(ref, doc.notice);
      return { ref, isNew: false, warnings };
    } catch (error) {
      if (!has(error, 'is_gone')) throw error;
      warnings.push(`The message "${doc.notice.title}" was deleted from its channel; it is sent again.`);
      return undefined;
    }
  };
  if (doc.ref !== null) {
    const edited = await edit(doc.ref);
    if (edited !== undefined) return edited;
  }
  const thread = await threadOf(notifier, state, doc);
  let doubt: string | undefined;
  if (isMessageLost) {
    const found = await search(notifier, doc, thread);
    if (found.ref !== undefined) {
      if (doc.kind !== 'live') return { ref: found.ref, isNew: true, warnings };
      const edited = await edit(found.ref);
      // A message found after a lost answer counts as sent now, because nobody has counted it yet.
      if (edited !== undefined) return { ...edited, isNew: doc.is_uncertain };
    }
    doubt = found.warning;
  }
  if (!mayBeNew) return undefined;
  const notice =
    doubt === undefined
      ? doc.notice
      : { ...doc.notice, lines: [...doc.notice.lines, `Possibly sent twice: ${doubt}`] };
  const { warning, ...ref } = await sendOrReply(notifier, notice, thread);
  if (doubt !== undefined) warnings.push(`"${notice.title}" was possibly sent twice: ${doubt}`);
  if (warning !== undefined) warnings.push(warning);
  return { ref, isNew: true, warnings };
}

/** The message that a reply belongs under; undefined where this notifier has none. */
async function threadOf(
  notifier: Notifier,
  state: StateStore,
  { parent }: OutboxDoc,
): Promise<NoticeRef | undefined> {
  if (parent === null) return undefined;
  const ref = (await state.get<OutboxDoc>(OUTBOX, parent))?.data.ref;
  return ref !== undefined && ref !== null && notifier.owns(ref) ? ref : undefined;
}

/** Replies; where the message above was deleted, the reply becomes a message of its own. */
async function sendOrReply(
  notifier: Notifier,
  notice: Notice,
  thread: NoticeRef | undefined,
): Promise<SentNotice> {
  if (thread === undefined) return notifier.send(notice);
  try {
    return await notifier.reply(thread, notice);
  } catch (error) {
    if (!has(error, 'is_gone')) throw error;
    return notifier.send(notice);
  }
}

/** Searches for a message that may exist. A notifier without permission to search is only a warning: a duplicate is better than no message. */
async function search(
  notifier: Notifier,
  { notice }: OutboxDoc,
  thread: NoticeRef | undefined,
): Promise<{ readonly ref?: NoticeRef; readonly warning?: string }> {
  try {
    const ref = await notifier.find(notice, thread);
    return ref === undefined ? {} : { ref };
  } catch (error) {
    if (!(error instanceof TipoffError) || !has(error, 'cannot_search')) throw error;
    return { warning: `${error.message}. ${error.hint}` };
  }
}

function has(error: unknown, detail: 'is_gone' | 'cannot_search'): boolean {
  return error instanceof TipoffError && error.code === 'TIPOFF_NOTIFY' && error.details[detail] === true;
}

/** Claims a document for this call; `free of work` when it is already delivered, `in progress` when another call has it. */
async function claim(
  { state, clock, runId }: OutboxDeps,
  id: string,
): Promise<OutboxDoc | 'free of work' | 'in progress'> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<OutboxDoc>(OUTBOX, id))?.data;
    if (doc === undefined || doc.status !== 'pending') return 'free of work';
    const now = clock.now();
    if (doc.claim !== null && doc.claim.until > now.toISOString()) return 'in progress';
    const claimed: OutboxDoc = {
      ...doc,
      // A leftover claim was never released: its owner died during the delivery.
      is_uncertain: doc.is_uncertain || doc.claim !== null,
      claim: { by: runId, until: new Date(now.getTime() + CLAIM_MS).toISOString() },
    };
    tx.put(OUTBOX, id, claimed);
    return claimed;
  });
}

/** Releases a document. True when it has changed since: it stays pending with its newer version. */
async function finish({ state }: OutboxDeps, doc: OutboxDoc, change: Partial<OutboxDoc>): Promise<boolean> {
  return state.transaction(async (tx) => {
    const current = (await tx.get<OutboxDoc>(OUTBOX, doc.key))?.data ?? doc;
    // A claim of another process means that ours has expired: it is theirs to release.
    const isOurs = JSON.stringify(current.claim) === JSON.stringify(doc.claim);
    const next: OutboxDoc = {
      ...current,
      is_uncertain: false,
      ...change,
      claim: isOurs ? null : current.claim,
    };
    const isShown = next.delivered_version >= next.version;
    tx.put(
      OUTBOX,
      doc.key,
      isShown ? { ...next, status: 'delivered', last_error: null, not_before: null } : next,
    );
    return !isShown && next.delivered_version === doc.version;
  });
}

/** Removes a post that was only meant to edit a message that does not exist. */
async function withdraw({ state }: OutboxDeps, { key }: OutboxDoc): Promise<void> {
  await state.transaction(async (tx) => tx.delete(OUTBOX, key));
}

/** Keeps an undelivered notice and sends it to the fallback, unless that already has this version. */
async function keep(deps: OutboxDeps, doc: OutboxDoc, error: TipoffError): Promise<Undelivered> {
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

function askedToWait(until: string): TipoffError {
  return new TipoffError('TIPOFF_NOTIFY', `the channel asked to be left alone until ${until}`, {
    hint: 'It is kept and sent with the next run after that.',
  });
}

function outOfTime(): TipoffError {
  return new TipoffError('TIPOFF_NOTIFY', `the queue took longer than ${MAX_DELIVERY_MS / 60_000} minutes`, {
    hint: 'The rest is kept and sent with the next run; `tipoff incidents deliver` sends it now.',
  });
}

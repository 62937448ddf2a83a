import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import { toPlainJson } from '#platform/plain-json.ts';
import type { Delivery, PushDecision, Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { type Lease, openLedger } from './ledger.ts';
import {
  badInput,
  openPubSubTransport,
  type PubSubTransportOptions,
  type PushedMessage,
  type Transport,
} from './transport.ts';

export interface PubSubQueueOptions {
  /** Holds the ledger of the messages; the caller closes it. */
  readonly state: StateStore;
  readonly clock: Clock;
  /** Deliveries before a message is parked; 5 by default. */
  readonly maxAttempts?: number;
}

export interface PubSubQueue extends Queue {
  /** Takes a pushed message under a lease. After `ack` or `park` the service answers 2xx, otherwise 5xx. */
  accept(message: PushedMessage, leaseSeconds?: number): Promise<PushDecision>;
}

const LEASE_SECONDS = 60;
/** How long a message may stay undelivered before it counts as lost in transit and is published again. */
const OVERLOOKED_MS = 120_000;

/** The queue on Pub/Sub. See `pubSubQueue`. */
export function openPubSubQueue(options: PubSubQueueOptions & PubSubTransportOptions): PubSubQueue {
  return pubSubQueue(openPubSubTransport(options), options);
}

/**
 * The queue over a transport. Pub/Sub carries and redelivers messages; the ledger in the state store decides what to do with a
 * message that arrives. Parked messages are documents of the ledger, where they can be listed with their reason; a dead-letter
 * topic of the subscription is a last resort and should permit more deliveries than `maxAttempts`.
 */
export function pubSubQueue(transport: Transport, options: PubSubQueueOptions): PubSubQueue {
  const { clock } = options;
  const maxAttempts = atLeast(1, 'maxAttempts', options.maxAttempts ?? 5);
  const ledger = openLedger(options.state, maxAttempts);
  const ackIds = new WeakMap<Delivery, string>();
  const searched = new Map<string, number>();
  let closed = false;
  const now = (): number => clock.now().getTime();
  const open = (): void => {
    if (closed)
      throw new TipoffError('TIPOFF_STORAGE', 'the queue is closed', {
        hint: 'Open it again; whoever composed it called close.',
      });
  };
  /** The ledger has decided. When Pub/Sub does not hear of it, it hands the message out again, and the ledger answers the same. */
  const tell = (told: Promise<void>): Promise<void> => told.catch(() => undefined);

  const giveBack = async (lease: Lease, delaySeconds: number): Promise<boolean> => {
    const delay = milliseconds('delaySeconds', delaySeconds);
    return lease.attempt < maxAttempts
      ? ledger.giveBack(lease, now() + delay)
      : ledger.park(lease, `given back at delivery ${lease.attempt} of ${maxAttempts}`, now());
  };
  const toDelivery = <T>(
    held: Lease & { topic: string; body: string },
    ackId: string | undefined,
  ): Delivery<T> => {
    const { id, topic, attempt } = held;
    const delivery: Delivery<T> = {
      ...{ id, topic, attempt, body: JSON.parse(held.body) as T },
      ack: async () => {
        open();
        if ((await ledger.finish(held)) && ackId !== undefined) await tell(transport.ack(topic, [ackId]));
      },
      nack: async (delaySeconds = 0) => {
        open();
        if ((await giveBack(held, delaySeconds)) && ackId !== undefined)
          await tell(transport.defer(topic, [ackId], delaySeconds));
      },
    };
    if (ackId !== undefined) ackIds.set(delivery, ackId);
    return delivery;
  };
  /** Claims what Pub/Sub handed out; what is finished or not due goes back to it. */
  const claim = async <T>(
    topic: string,
    id: string,
    ackId: string,
    at: number,
    lease: number,
  ): Promise<Delivery<T> | undefined> => {
    const claimed = await ledger.claim(id, at, at + lease);
    if (claimed === 'finished') await tell(transport.ack(topic, [ackId]));
    else if ('wait' in claimed) await tell(transport.defer(topic, [ackId], Math.max(1, claimed.wait / 1000)));
    else {
      await tell(transport.defer(topic, [ackId], lease / 1000));
      return toDelivery<T>(claimed.delivery, ackId);
    }
    return undefined;
  };
  const sendOverlooked = async (topic: string, at: number): Promise<void> => {
    if (at - (searched.get(topic) ?? 0) < OVERLOOKED_MS) return;
    searched.set(topic, at);
    const overlooked = await ledger.overlooked(topic, at - OVERLOOKED_MS, at);
    if (overlooked.length > 0) await transport.publish(topic, overlooked);
  };

  return {
    publish: async (topic, bodies, { dedupeKey, delaySeconds = 0 } = {}) => {
      open();
      checkTopic(topic);
      if (dedupeKey === '') throw badInput('expected a dedupeKey with at least one character, saw none');
      const texts = bodies.map((body, i) => toPlainJson(body, `message ${i} for ${topic}`));
      const at = now();
      const due = at + milliseconds('delaySeconds', delaySeconds);
      if (texts.length === 0) return [];
      const ids = await ledger.enter(topic, texts, dedupeKey, at, due);
      if (ids === undefined) return [];
      try {
        await transport.publish(
          topic,
          ids.map((id, i) => ({ id, json: texts[i] ?? 'null' })),
        );
      } catch (error) {
        // What did get through is not in the ledger any more, and is taken for finished when it arrives.
        await ledger.withdraw(ids);
        throw error;
      }
      return ids;
    },
    pull: async <T>(topic: string, max: number, leaseSeconds = LEASE_SECONDS) => {
      open();
      checkTopic(topic);
      atLeast(1, 'max', max);
      const lease = leaseMilliseconds(leaseSeconds);
      const at = now();
      await ledger.parkExhausted(topic, at);
      const deliveries: Delivery<T>[] = [];
      while (deliveries.length < max) {
        const received = await transport.pull(topic, max - deliveries.length);
        if (received.length === 0) break;
        const claimed = await Promise.all(
          received.map(({ id, ackId }) => claim<T>(topic, id, ackId, at, lease)),
        );
        deliveries.push(...claimed.filter((delivery) => delivery !== undefined));
      }
      if (deliveries.length === 0) await sendOverlooked(topic, at);
      return deliveries;
    },
    accept: async (message, leaseSeconds = LEASE_SECONDS) => {
      open();
      const at = now();
      await ledger.parkExhausted(message.topic, at);
      const claimed = await ledger.claim(message.id, at, at + leaseMilliseconds(leaseSeconds));
      if (claimed === 'finished') return 'finished';
      return 'wait' in claimed ? 'later' : { delivery: toDelivery(claimed.delivery, undefined) };
    },
    park: async (delivery, reason) => {
      open();
      const parked = await ledger.park({ id: delivery.id, attempt: delivery.attempt }, reason, now());
      const ackId = ackIds.get(delivery);
      if (parked && ackId !== undefined) await tell(transport.ack(delivery.topic, [ackId]));
    },
    parked: async (topic) => {
      open();
      if (topic !== undefined) checkTopic(topic);
      await ledger.parkExhausted(topic, now());
      return ledger.parked(topic);
    },
    depth: async (topic) => {
      open();
      checkTopic(topic);
      await ledger.parkExhausted(topic, now());
      return ledger.count(topic);
    },
    ping: async () => {
      open();
      await transport.ping();
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await transport.close();
    },
  };
}

function checkTopic(topic: string): void {
  if (topic === '') throw badInput('expected the name of a topic, saw an empty one');
}

function milliseconds(what: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000);
  throw badInput(`expected ${what} of 0 or more, saw ${seconds}`);
}

function leaseMilliseconds(leaseSeconds: number): number {
  const lease = milliseconds('leaseSeconds', leaseSeconds);
  if (lease > 0) return lease;
  throw badInput('expected leaseSeconds above 0, saw 0');
}

function atLeast(least: number, what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw badInput(`expected ${what} to be a whole number of at least ${least}, saw ${value}`);
}

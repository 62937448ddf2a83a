/** A message on its way to a consumer. Exactly one of ack, nack or the end of the lease decides its fate. */
export interface Delivery<T = unknown> {
  readonly id: string;
  readonly topic: string;
  readonly body: T;
  /** 1 for the first delivery. */
  readonly attempt: number;
  ack(): Promise<void>;
  /** Returns the message to the queue, to be delivered again after `delaySeconds`. */
  nack(delaySeconds?: number): Promise<void>;
}

export interface ParkedMessage {
  readonly id: string;
  readonly topic: string;
  readonly body: unknown;
  readonly attempts: number;
  readonly reason: string;
  readonly parkedAt: string;
}

interface PublishOptions {
  /** A second publish with the same key on the same topic is dropped while the first is not finished. */
  readonly dedupeKey?: string;
  readonly delaySeconds?: number;
}

/** How a service responds to a pushed message: handle the delivery, answer 2xx because it is finished, or 503 to receive it again later. */
export type PushDecision = { readonly delivery: Delivery } | 'finished' | 'later';

/**
 * At-least-once delivery: a message may come twice, late, or out of order, and consumers must be idempotent. A message
 * delivered `maxAttempts` times without ack is parked with its reason, never lost. Deliberately out of scope: ordering,
 * exactly-once delivery, priorities.
 */
export interface Queue {
  publish(topic: string, bodies: readonly unknown[], options?: PublishOptions): Promise<string[]>;
  /** Takes up to `max` messages under a lease; an expired lease makes them deliverable again. */
  pull<T = unknown>(topic: string, max: number, leaseSeconds?: number): Promise<Delivery<T>[]>;
  /** Puts a message aside for good, with the reason. */
  park(delivery: Delivery, reason: string): Promise<void>;
  parked(topic?: string): Promise<ParkedMessage[]>;
  /** Messages not yet acknowledged or parked. */
  depth(topic: string): Promise<number>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

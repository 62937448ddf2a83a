import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import { toPlainJson } from '#platform/plain-json.ts';
import type { Delivery, ParkedMessage, Queue } from '#platform/queue/port.ts';
import { openSqliteFile, type SqliteRow } from '#platform/sqlite/database.ts';
import {
  countUnfinished,
  giveBackHeld,
  insertMessage,
  isUnfinished,
  type Lease,
  leaseDue,
  parkExhausted,
  parkedRows,
  parkHeld,
  removeHeld,
  SCHEMA,
} from './messages.ts';

export interface SqliteQueueOptions {
  /** Leases, delays and parking dates run on it. */
  readonly clock: Clock;
  /** Deliveries before a message is parked; 5 by default. */
  readonly maxAttempts?: number;
}

const LEASE_SECONDS = 60;

/**
 * The embedded queue: one SQLite file (the state store's, or its own) or `:memory:`, shared by several processes.
 *
 * A delivery whose lease was lost to a later one can do nothing any more: its ack, nack and park are without effect,
 * and the later delivery decides. A lease that has ended but was not given to anybody else still counts. Giving back the
 * last permitted delivery parks the message at once. A publish dropped for its `dedupeKey` returns no ids; a parked
 * message counts as finished. Throws TIPOFF_STORAGE when the file cannot be used.
 */
export function openSqliteQueue(path: string, options: SqliteQueueOptions): Queue {
  const { clock } = options;
  const maxAttempts = atLeast(1, 'maxAttempts', options.maxAttempts ?? 5);
  const file = openSqliteFile(path, SCHEMA);
  const now = (): number => clock.now().getTime();

  const giveBack = (lease: Lease, delaySeconds: number): void => {
    const due = now() + milliseconds('delaySeconds', delaySeconds);
    if (lease.attempt < maxAttempts) giveBackHeld(file, lease, due);
    else file.writing(() => parkHeld(file, lease, `given back at delivery ${lease.attempt} of ${maxAttempts}`, now()));
  };
  const toDelivery = <T>(row: SqliteRow): Delivery<T> => {
    const lease: Lease = { seq: Number(row['seq']), attempt: Number(row['attempt']) };
    return {
      id: String(lease.seq),
      topic: String(row['topic']),
      body: JSON.parse(String(row['body'])) as T,
      attempt: lease.attempt,
      ack: async () => removeHeld(file, lease),
      nack: async (delaySeconds = 0) => giveBack(lease, delaySeconds),
    };
  };

  return {
    publish: async (topic, bodies, { dedupeKey, delaySeconds = 0 } = {}) => {
      checkTopic(topic);
      if (dedupeKey === '') throw badInput('expected a dedupeKey with at least one character, saw none');
      const texts = bodies.map((body, i) => toPlainJson(body, `message ${i} for ${topic}`));
      const due = now() + milliseconds('delaySeconds', delaySeconds);
      return file.writing(() => {
        if (dedupeKey !== undefined && isUnfinished(file, topic, dedupeKey)) return [];
        return texts.map((text) => String(insertMessage(file, topic, text, dedupeKey, due)));
      });
    },
    pull: async <T>(topic: string, max: number, leaseSeconds = LEASE_SECONDS) => {
      checkTopic(topic);
      atLeast(1, 'max', max);
      const lease = milliseconds('leaseSeconds', leaseSeconds);
      if (lease === 0) throw badInput('expected leaseSeconds above 0, saw 0');
      // One instant for both, so that what is not yet exhausted in the first is not yet due in the second.
      const at = now();
      parkExhausted(file, topic, maxAttempts, at);
      const rows = file.writing(() => leaseDue(file, topic, max, at, at + lease));
      return rows.map((row) => toDelivery<T>(row));
    },
    park: async (delivery, reason) => {
      const lease: Lease = { seq: Number(delivery.id), attempt: delivery.attempt };
      file.writing(() => parkHeld(file, lease, reason, now()));
    },
    parked: async (topic) => {
      if (topic !== undefined) checkTopic(topic);
      parkExhausted(file, topic, maxAttempts, now());
      return parkedRows(file, topic).map(toParked);
    },
    depth: async (topic) => {
      checkTopic(topic);
      parkExhausted(file, topic, maxAttempts, now());
      return countUnfinished(file, topic);
    },
    ping: async () => {
      countUnfinished(file, '');
    },
    close: async () => file.close(),
  };
}

function toParked(row: SqliteRow): ParkedMessage {
  return {
    id: String(row['seq']),
    topic: String(row['topic']),
    body: JSON.parse(String(row['body'])),
    attempts: Number(row['attempts']),
    reason: String(row['reason']),
    parkedAt: new Date(Number(row['parked_at'])).toISOString(),
  };
}

function checkTopic(topic: string): void {
  if (topic === '') throw badInput('expected the name of a topic, saw an empty one');
}

function milliseconds(what: string, seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000);
  throw badInput(`expected ${what} of 0 or more, saw ${seconds}`);
}

function atLeast(least: number, what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw badInput(`expected ${what} to be a whole number of at least ${least}, saw ${value}`);
}

function badInput(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: 'Correct the call.' });
}

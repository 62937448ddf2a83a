import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import { toPlainJson } from '#platform/plain-json.ts';
import { openSqliteFile, type SqliteFile, type SqliteRow } from '#platform/sqlite.ts';
import type { Delivery, ParkedMessage, Queue } from './port.ts';

/**
 * `attempts` grows with every delivery, so (seq, attempts, leased = 1) names one delivery and no other: it is the token
 * of the lease. A delivery that lost its lease to a later one can no longer touch the message. Instants are
 * milliseconds since 1970 UTC; `due_at` is the end of the lease while leased, and the end of the delay otherwise.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS queue_messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  dedupe_key TEXT,
  attempts INTEGER NOT NULL,
  leased INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS queue_due ON queue_messages (topic, due_at);
CREATE INDEX IF NOT EXISTS queue_dedupe ON queue_messages (topic, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_parked (
  seq INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  reason TEXT NOT NULL,
  parked_at INTEGER NOT NULL
) STRICT;`;

/** What identifies one delivery of one message. */
interface Lease {
  readonly seq: number;
  readonly attempt: number;
}

const HELD = 'seq = @seq AND attempts = @attempt AND leased = 1';

/** Adds a message; returns its number, which is never used again. */
function insertMessage(
  file: SqliteFile,
  topic: string,
  body: string,
  dedupeKey: string | undefined,
  dueAt: number,
): number {
  const row = file.get(
    `INSERT INTO queue_messages (topic, body, dedupe_key, attempts, leased, due_at)
     VALUES (@topic, @body, @key, 0, 0, @due) RETURNING seq`,
    { topic, body, key: dedupeKey ?? null, due: dueAt },
  );
  return Number(row?.['seq']);
}

/** True while a message published under this key is neither acknowledged nor parked. */
function isUnfinished(file: SqliteFile, topic: string, dedupeKey: string): boolean {
  return (
    file.get('SELECT 1 FROM queue_messages WHERE topic = @topic AND dedupe_key = @key LIMIT 1', {
      topic,
      key: dedupeKey,
    }) !== undefined
  );
}

/** Leases up to `max` due messages, the longest due first. */
function leaseDue(file: SqliteFile, topic: string, max: number, now: number, until: number): SqliteRow[] {
  const due = file.all(
    'SELECT seq, topic, body, attempts + 1 AS attempt FROM queue_messages WHERE topic = @topic AND due_at <= @now ORDER BY due_at, seq LIMIT @max',
    { topic, now, max },
  );
  for (const row of due) {
    file.run(
      'UPDATE queue_messages SET attempts = attempts + 1, leased = 1, due_at = @until WHERE seq = @seq',
      {
        seq: row['seq'] ?? null,
        until,
      },
    );
  }
  return due;
}

/** Removes the message if this delivery still holds it. */
function removeHeld(file: SqliteFile, { seq, attempt }: Lease): void {
  file.run(`DELETE FROM queue_messages WHERE ${HELD}`, { seq, attempt });
}

/** Makes the message deliverable again from `dueAt` on if this delivery still holds it. */
function giveBackHeld(file: SqliteFile, { seq, attempt }: Lease, dueAt: number): void {
  file.run(`UPDATE queue_messages SET leased = 0, due_at = @due WHERE ${HELD}`, { seq, attempt, due: dueAt });
}

/** Puts the message aside if this delivery still holds it; call it inside `writing`. */
function parkHeld(file: SqliteFile, lease: Lease, reason: string, now: number): void {
  parkWhere(file, HELD, { seq: lease.seq, attempt: lease.attempt }, reason, now);
}

/** Parks messages that used up their deliveries and whose last lease has ended. `topic` undefined: on every topic. */
function parkExhausted(file: SqliteFile, topic: string | undefined, maxAttempts: number, now: number): void {
  const where = `attempts >= @max AND due_at <= @now${topic === undefined ? '' : ' AND topic = @topic'}`;
  const params = { max: maxAttempts, now, ...omitUndefined({ topic }) };
  // Looked up first, because a reader should not need the write lock every time.
  if (file.get(`SELECT 1 FROM queue_messages WHERE ${where} LIMIT 1`, params) === undefined) return;
  file.writing(() =>
    parkWhere(
      file,
      where,
      params,
      `delivered ${maxAttempts} times, and the last lease ended without an answer`,
      now,
    ),
  );
}

function parkWhere(
  file: SqliteFile,
  where: string,
  params: Record<string, string | number>,
  reason: string,
  now: number,
): void {
  file.run(
    `INSERT INTO queue_parked (seq, topic, body, attempts, reason, parked_at)
     SELECT seq, topic, body, attempts, @reason, @at FROM queue_messages WHERE ${where}`,
    { ...params, reason, at: now },
  );
  file.run(`DELETE FROM queue_messages WHERE ${where}`, params);
}

/** Everything put aside, oldest first. */
function parkedRows(file: SqliteFile, topic: string | undefined): SqliteRow[] {
  const where = topic === undefined ? '' : 'WHERE topic = @topic ';
  return file.all(
    `SELECT seq, topic, body, attempts, reason, parked_at FROM queue_parked ${where}ORDER BY parked_at, seq`,
    topic === undefined ? {} : { topic },
  );
}

/** How many messages of a topic are waiting or leased. */
function countUnfinished(file: SqliteFile, topic: string): number {
  return Number(file.get('SELECT COUNT(*) AS n FROM queue_messages WHERE topic = @topic', { topic })?.['n']);
}

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
 * A delivery whose lease was lost to a later one has no effect any more: its ack, nack and park are ignored, and the later delivery
 * decides. An expired lease that nobody else has taken still counts. A nack of the last permitted delivery parks the message at
 * once. A publish dropped for its `dedupeKey` returns no ids; a parked
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
    else
      file.writing(() =>
        parkHeld(file, lease, `given back at delivery ${lease.attempt} of ${maxAttempts}`, now()),
      );
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

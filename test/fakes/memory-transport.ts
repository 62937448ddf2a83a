import type { VirtualClock } from '#platform/clock.ts';
import type { OutgoingMessage, Received, Transport } from '#platform/queue/pubsub/transport.ts';

interface Held {
  readonly topic: string;
  readonly message: OutgoingMessage;
  ackId: string;
  visibleAt: number;
}

/** What Pub/Sub promises and no more, in memory and on a virtual clock: messages come at least once, in any order, and again unless acknowledged in time. */
export interface MemoryTransport extends Transport {
  /** Every request fails from now on, before or after it has had its effect; undefined repairs. */
  breakDown(how: 'before' | 'after' | undefined): void;
  /** Hands everything out once more, as Pub/Sub may at any time. */
  repeatAll(): void;
  /** Loses everything, as when messages outlive their retention. */
  loseAll(): void;
}

const FIRST_DEADLINE_MS = 60_000;

export function memoryTransport(clock: VirtualClock): MemoryTransport {
  let held: Held[] = [];
  let handedOut = 0;
  let broken: 'before' | 'after' | undefined;
  const now = (): number => clock.now().getTime();
  const request = async <R>(effect: () => R): Promise<R> => {
    if (broken === 'before') throw new Error('planned failure before');
    const result = effect();
    if (broken === 'after') throw new Error('planned failure after');
    return result;
  };
  const add = (topic: string, message: OutgoingMessage): number =>
    held.push({ topic, message, ackId: '', visibleAt: now() });
  return {
    publish: (topic, messages) =>
      request(() => {
        for (const message of messages) add(topic, message);
      }),
    pull: (topic, max) =>
      request(() => {
        const due = held.filter((one) => one.topic === topic && one.visibleAt <= now()).slice(0, max);
        return due.map((one): Received => {
          handedOut += 1;
          one.ackId = String(handedOut);
          one.visibleAt = now() + FIRST_DEADLINE_MS;
          return { id: one.message.id, ackId: one.ackId };
        });
      }),
    ack: (_topic, ackIds) =>
      request(() => {
        held = held.filter((one) => !ackIds.includes(one.ackId));
      }),
    defer: (_topic, ackIds, seconds) =>
      request(() => {
        for (const one of held) if (ackIds.includes(one.ackId)) one.visibleAt = now() + seconds * 1000;
      }),
    ping: () => request(() => undefined),
    close: async () => undefined,
    breakDown: (how) => {
      broken = how;
    },
    repeatAll: () => {
      for (const { topic, message } of [...held]) add(topic, message);
    },
    loseAll: () => {
      held = [];
    },
  };
}

import type { VirtualClock } from '#platform/clock.ts';
import type { Received, Transport } from '#platform/queue/pubsub/transport.ts';

/**
 * A transport on which the deadlines of Pub/Sub run on a virtual clock: nothing else is changed. Real deadlines are set
 * far away; whatever is due on the virtual clock is given back to Pub/Sub before the next pull. `share` it between the
 * handles of one test.
 */
export function virtualDeadlines(clock: VirtualClock): (real: Transport) => Transport {
  const held = new Map<string, { topic: string; dueAt: number }>();
  const FAR_SECONDS = 600;
  const FIRST_DEADLINE_MS = 60_000;
  const now = (): number => clock.now().getTime();
  return (real) => {
    const giveBackDue = async (topic: string): Promise<void> => {
      const due = [...held]
        .filter(([, message]) => message.topic === topic && message.dueAt <= now())
        .map(([ackId]) => ackId);
      for (const ackId of due) held.delete(ackId);
      if (due.length > 0) await real.defer(topic, due, 0);
    };
    return {
      ...real,
      pull: async (topic, max): Promise<Received[]> => {
        await giveBackDue(topic);
        const received = await real.pull(topic, max);
        for (const { ackId } of received) held.set(ackId, { topic, dueAt: now() + FIRST_DEADLINE_MS });
        return received;
      },
      ack: async (topic, ackIds) => {
        for (const ackId of ackIds) held.delete(ackId);
        await real.ack(topic, ackIds);
      },
      defer: async (topic, ackIds, seconds) => {
        for (const ackId of ackIds) held.set(ackId, { topic, dueAt: now() + seconds * 1000 });
        await real.defer(topic, ackIds, FAR_SECONDS);
      },
    };
  };
}

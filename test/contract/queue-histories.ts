import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { VirtualClock } from '#platform/clock.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';

/** A fresh, empty queue and what the suite needs around it. */
export interface QueueUnderTest {
  readonly queue: Queue;
  /** The clock the queue was opened with. */
  readonly clock: VirtualClock;
  /** Deliveries before a message is parked; the suite needs 3. */
  readonly maxAttempts: 3;
  /** Another handle on the same messages, as a second process would have. */
  another(): Promise<Queue>;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

type Fate = 'open' | 'acked' | 'parked';

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('publish' as const),
      count: fc.integer({ min: 1, max: 4 }),
      delay: fc.constantFrom(0, 0, 20),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('pull' as const),
      max: fc.integer({ min: 1, max: 5 }),
      lease: fc.constantFrom(10, 30),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('ack' as const, 'nack' as const, 'park' as const),
      which: fc.nat({ max: 30 }),
      delay: fc.constantFrom(0, 15),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('advance' as const), seconds: fc.constantFrom(5, 10, 30) }),
  },
);

/**
 * Any history of publishing, pulling, answering (also late and twice) and passing time: no message is lost, none comes
 * back after its ack, none is delivered more often than permitted, none is leased to two at once.
 */
export function queueHistories(under: () => QueueUnderTest, runs: number): void {
  it('loses nothing and repeats nothing that is finished, under any history', async () => {
    let history = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { queue, clock, maxAttempts } = under();
        history += 1;
        const topic = `h${history}`;
        const fates = new Map<string, Fate>();
        const holder = new Map<string, { delivery: Delivery; until: number }>();
        const given: Delivery[] = [];
        const take = async (max: number, lease: number): Promise<Delivery[]> => {
          const deliveries = await queue.pull(topic, max, lease);
          expect(deliveries.length).toBeLessThanOrEqual(max);
          for (const delivery of deliveries) {
            expect(fates.get(delivery.id)).toBe('open');
            expect(holder.get(delivery.id)?.until ?? 0).toBeLessThanOrEqual(clock.now().getTime());
            expect(delivery.attempt).toBe(given.filter((d) => d.id === delivery.id).length + 1);
            expect(delivery.attempt).toBeLessThanOrEqual(maxAttempts);
            holder.set(delivery.id, { delivery, until: clock.now().getTime() + lease * 1000 });
            given.push(delivery);
          }
          return deliveries;
        };
        /** What the queue itself put aside must have used up its deliveries. */
        const settle = async (): Promise<void> => {
          for (const message of await queue.parked(topic)) {
            if (fates.get(message.id) === 'open') expect(message.attempts).toBe(maxAttempts);
            else expect(fates.get(message.id)).toBe('parked');
            fates.set(message.id, 'parked');
          }
          const open = [...fates.values()].filter((fate) => fate === 'open').length;
          expect(await queue.depth(topic)).toBe(open);
        };
        for (const s of steps) {
          if (s.op === 'publish') {
            const ids = await queue.publish(
              topic,
              Array.from({ length: s.count }, (_, i) => i),
              { delaySeconds: s.delay },
            );
            for (const id of ids) fates.set(id, 'open');
          } else if (s.op === 'pull') {
            await take(s.max, s.lease);
          } else if (s.op === 'advance') {
            clock.advance(s.seconds * 1000);
          } else {
            const delivery = given[s.which % Math.max(1, given.length)];
            if (delivery === undefined) continue;
            const holds = holder.get(delivery.id)?.delivery === delivery && fates.get(delivery.id) === 'open';
            // A lease that used up the last delivery and has ended is no longer anybody's.
            await settle();
            const stillOpen = fates.get(delivery.id) === 'open';
            if (s.op === 'ack') await delivery.ack();
            else if (s.op === 'nack') await delivery.nack(s.delay);
            else await queue.park(delivery, 'asked for');
            if (!holds || !stillOpen) continue;
            holder.delete(delivery.id);
            if (s.op === 'ack') fates.set(delivery.id, 'acked');
            else if (s.op === 'park' || delivery.attempt === maxAttempts) fates.set(delivery.id, 'parked');
          }
          await settle();
        }
        for (let round = 0; [...fates.values()].includes('open'); round++) {
          expect(round).toBeLessThanOrEqual(fates.size + 2);
          clock.advance(60_000);
          for (const delivery of await take(100, 30)) {
            await delivery.ack();
            fates.set(delivery.id, 'acked');
          }
          await settle();
        }
        expect(await queue.depth(topic)).toBe(0);
      }),
      { numRuns: runs },
    );
  });
}

import { expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { mischievousQueue } from './mischievous-queue.ts';

const MESSAGES = 60;

/** Publishes numbers and consumes them until none is left; returns the bodies in order of delivery, by pull. */
async function consume(
  queue: Queue,
  answer: 'ack' | 'wait and ack' = 'ack',
  advance: () => void = () => undefined,
): Promise<number[][]> {
  await queue.publish(
    't',
    Array.from({ length: MESSAGES }, (_, n) => n),
  );
  const pulls: number[][] = [];
  while ((await queue.depth('t')) > 0 && pulls.length < 1000) {
    const deliveries = await queue.pull<number>('t', 7, 30);
    pulls.push(deliveries.map((delivery) => delivery.body));
    if (answer === 'wait and ack') advance();
    for (const delivery of deliveries) await delivery.ack();
  }
  return pulls;
}

function mischievous(seed: number): { queue: Queue; advance: () => void } {
  const clock = virtualClock('2025-01-10T15:00:00Z');
  const inner = openSqliteQueue(':memory:', { clock, maxAttempts: 100 });
  return { queue: mischievousQueue(inner, { seed }), advance: () => clock.advance(10_000) };
}

it('duplicates, reorders and delays, and loses nothing', async () => {
  const pulls = await consume(mischievous(1).queue);
  const order = pulls.flat();
  expect(new Set(order).size).toBe(MESSAGES);
  expect(order.length).toBeGreaterThan(MESSAGES);
  const firsts = [...new Set(order)];
  expect(firsts).not.toEqual(firsts.toSorted((a, b) => a - b));
  // Without delays the first pull would hold the first seven messages.
  expect(pulls[0]?.every((n) => n < 7)).toBe(true);
  expect(pulls[0]?.length).toBeLessThan(7);
});

it('never gives more than was asked for', async () => {
  const pulls = await consume(mischievous(2).queue);
  expect(Math.max(...pulls.map((pull) => pull.length))).toBeLessThanOrEqual(7);
});

it('does the same for the same seed, and something else for another', async () => {
  const [first, again, other] = [
    await consume(mischievous(3).queue),
    await consume(mischievous(3).queue),
    await consume(mischievous(4).queue),
  ];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

it.each([5, 6, 7, 8])(
  'loses nothing when leases end while deliveries are held back (seed %i)',
  async (seed) => {
    const { queue, advance } = mischievous(seed);
    const order = (await consume(queue, 'wait and ack', advance)).flat();
    expect(new Set(order).size).toBe(MESSAGES);
    expect(await queue.depth('t')).toBe(0);
    expect(await queue.parked()).toEqual([]);
  },
);

it('parks what it was given, also by a duplicate, with the delivery the wrapped queue knows', async () => {
  const clock = virtualClock('2025-01-10T15:00:00Z');
  const inner = openSqliteQueue(':memory:', { clock });
  const parked: Delivery[] = [];
  const watched: Queue = {
    ...inner,
    park: async (delivery, reason) => {
      parked.push(delivery);
      await inner.park(delivery, reason);
    },
  };
  const queue = mischievousQueue(watched, { seed: 1, duplicate: 1, delay: 0 });
  await queue.publish('t', ['bad']);
  const both = [...(await queue.pull('t', 1)), ...(await queue.pull('t', 1))];
  const [original, duplicate] = both;
  expect([original?.id, original?.attempt]).toEqual([duplicate?.id, duplicate?.attempt]);
  if (original === undefined || duplicate === undefined) throw new Error('expected two deliveries');
  expect(original).not.toBe(duplicate);
  await queue.park(duplicate, 'cannot be read');
  await original.ack();
  expect(await queue.parked()).toMatchObject([{ body: 'bad', reason: 'cannot be read' }]);
  await queue.park(original, 'again');
  expect(parked).toHaveLength(2);
  expect(parked[0]).toBe(parked[1]);
});

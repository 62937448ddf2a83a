import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '#platform/clock.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';
import { type QueueUnderTest, queueHistories } from './queue-histories.ts';

/** What every Queue must do. `runs`: how many random histories the model test plays. */
export function queueContract(name: string, open: () => Promise<QueueUnderTest>, { runs = 60 } = {}): void {
  describe(`${name} keeps the queue contract`, () => {
    let subject: QueueUnderTest;
    let queue: Queue;
    let clock: VirtualClock;
    beforeEach(async () => {
      subject = await open();
      ({ queue, clock } = subject);
    });
    afterEach(() => subject.dispose());

    /** Exactly one delivery, or a failing test. */
    const one = async <T = unknown>(on: Queue = queue, leaseSeconds = 60): Promise<Delivery<T>> => {
      const [delivery, ...more] = await on.pull<T>('t', 10, leaseSeconds);
      expect(more).toEqual([]);
      if (delivery === undefined) throw new Error('expected a delivery, saw none');
      return delivery;
    };
    const bodies = async (max = 100): Promise<unknown[]> =>
      (await queue.pull('t', max)).map((delivery) => delivery.body);

    it('delivers what was published, once per message while leased', async () => {
      const ids = await queue.publish('t', [{ n: 1 }, [2], 'three', null, 4.5, false]);
      expect(new Set(ids).size).toBe(6);
      const deliveries = await queue.pull('t', 100);
      expect(new Set(deliveries.map((d) => d.id))).toEqual(new Set(ids));
      expect(deliveries.map((d) => d.body)).toEqual(
        expect.arrayContaining([{ n: 1 }, [2], 'three', null, 4.5, false]),
      );
      expect(deliveries.every((d) => d.topic === 't' && d.attempt === 1)).toBe(true);
      expect(await queue.pull('t', 100)).toEqual([]);
    });

    it('takes at most max, and keeps topics apart', async () => {
      await queue.publish('t', [1, 2, 3]);
      await queue.publish('u', ['u']);
      expect(await queue.pull('t', 2)).toHaveLength(2);
      expect(await queue.pull('t', 2)).toHaveLength(1);
      expect((await queue.pull('u', 2)).map((d) => d.body)).toEqual(['u']);
    });

    it('never delivers an acknowledged message again', async () => {
      await queue.publish('t', [1]);
      const delivery = await one();
      await delivery.ack();
      await delivery.ack();
      clock.advance(3_600_000);
      expect([await bodies(), await queue.depth('t'), await queue.parked()]).toEqual([[], 0, []]);
    });

    it('delivers again when the lease has ended, not a moment before', async () => {
      await queue.publish('t', [1]);
      const first = await one(queue, 30);
      clock.advance(29_999);
      expect(await bodies()).toEqual([]);
      clock.advance(1);
      expect(await one()).toMatchObject({ id: first.id, attempt: 2, body: 1 });
    });

    it('accepts an ack after the end of the lease as long as nobody else has the message', async () => {
      await queue.publish('t', [1]);
      const late = await one(queue, 30);
      clock.advance(60_000);
      await late.ack();
      expect([await bodies(), await queue.depth('t')]).toEqual([[], 0]);
    });

    it.each<[string, (queue: Queue, stale: Delivery) => Promise<void>]>([
      ['ack', (_, stale) => stale.ack()],
      ['nack', (_, stale) => stale.nack()],
      ['park', (on, stale) => on.park(stale, 'stale')],
    ])('does not let the %s of a lost lease touch the message of the next holder', async (_what, act) => {
      await queue.publish('t', [1]);
      const stale = await one(queue, 30);
      clock.advance(30_000);
      const holder = await one(await subject.another());
      await act(queue, stale);
      expect([await bodies(), await queue.depth('t'), await queue.parked()]).toEqual([[], 1, []]);
      await holder.ack();
      expect(await queue.depth('t')).toBe(0);
    });

    it('gives a message back at once or after a delay', async () => {
      await queue.publish('t', [1]);
      await (await one()).nack();
      const second = await one();
      expect(second.attempt).toBe(2);
      await second.nack(120);
      clock.advance(119_999);
      expect(await bodies()).toEqual([]);
      clock.advance(1);
      expect((await one()).attempt).toBe(3);
    });

    it('lets only the first answer to a delivery count', async () => {
      await queue.publish('t', [1]);
      const delivery = await one();
      await delivery.nack();
      await delivery.ack();
      expect(await queue.depth('t')).toBe(1);
      const again = await one();
      await again.ack();
      await again.nack();
      expect(await queue.depth('t')).toBe(0);
    });

    it('delays a publication', async () => {
      await queue.publish('t', [1], { delaySeconds: 10 });
      expect([await bodies(), await queue.depth('t')]).toEqual([[], 1]);
      clock.advance(10_000);
      expect(await bodies()).toEqual([1]);
    });

    it('parks a message whose deliveries are used up by ended leases', async () => {
      const [id] = await queue.publish('t', [{ poison: true }]);
      for (let attempt = 1; attempt <= subject.maxAttempts; attempt++) {
        expect((await one(queue, 30)).attempt).toBe(attempt);
        expect(await queue.parked('t')).toEqual([]);
        clock.advance(30_000);
      }
      const parkedAt = clock.now().toISOString();
      expect(await queue.depth('t')).toBe(0);
      expect(await queue.parked('t')).toEqual([
        {
          id,
          topic: 't',
          body: { poison: true },
          attempts: 3,
          reason: expect.stringContaining('3 times'),
          parkedAt,
        },
      ]);
      expect(await bodies()).toEqual([]);
    });

    it('parks a message given back for the last time', async () => {
      await queue.publish('t', [1]);
      for (let attempt = 1; attempt <= subject.maxAttempts; attempt++) await (await one()).nack();
      expect(await bodies()).toEqual([]);
      expect(await queue.parked()).toMatchObject([
        { attempts: 3, reason: expect.stringContaining('given back') },
      ]);
    });

    it('still takes the ack of the last permitted delivery', async () => {
      await queue.publish('t', [1]);
      await (await one()).nack();
      await (await one()).nack();
      await (await one()).ack();
      expect([await queue.depth('t'), await queue.parked()]).toEqual([0, []]);
    });

    it('parks on request, with the reason, for good', async () => {
      await queue.publish('t', ['bad', 'good']);
      await queue.publish('u', ['also bad']);
      for (const delivery of await queue.pull('t', 2))
        if (delivery.body === 'bad') await queue.park(delivery, 'cannot be read');
      clock.advance(1000);
      for (const delivery of await queue.pull('u', 1)) await queue.park(delivery, 'no such player');
      expect(await queue.depth('t')).toBe(1);
      expect((await queue.parked('t')).map((m) => [m.body, m.reason, m.attempts])).toEqual([
        ['bad', 'cannot be read', 1],
      ]);
      expect((await queue.parked()).map((m) => [m.topic, m.body])).toEqual([
        ['t', 'bad'],
        ['u', 'also bad'],
      ]);
      clock.advance(3_600_000);
      expect(await bodies()).toEqual(['good']);
    });

    it('drops a second publication under one key until the first is finished', async () => {
      const dedupeKey = 'slate:2025-01-10';
      expect(await queue.publish('t', [1, 2], { dedupeKey })).toHaveLength(2);
      expect(await queue.publish('t', [3], { dedupeKey })).toEqual([]);
      expect(await queue.publish('u', [4], { dedupeKey })).toHaveLength(1);
      expect(await queue.publish('t', [5], { dedupeKey: 'other' })).toHaveLength(1);
      expect(await queue.publish('t', [6])).toHaveLength(1);
      const deliveries = await queue.pull('t', 10);
      expect(deliveries.map((d) => d.body).sort()).toEqual([1, 2, 5, 6]);
      await deliveries.find((d) => d.body === 1)?.ack();
      expect(await queue.publish('t', [7], { dedupeKey })).toEqual([]);
      for (const delivery of deliveries) await delivery.ack();
      expect(await queue.publish('t', [8], { dedupeKey })).toHaveLength(1);
      expect(await bodies()).toEqual([8]);
    });

    it('takes a parked message as finished for its key', async () => {
      await queue.publish('t', [1], { dedupeKey: 'k' });
      await queue.park(await one(), 'bad');
      expect(await queue.publish('t', [2], { dedupeKey: 'k' })).toHaveLength(1);
    });

    it('publishes a list whole or not at all', async () => {
      await expect(queue.publish('t', [1, Number.NaN])).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      await expect(queue.publish('t', [undefined])).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      expect([await queue.depth('t'), await queue.publish('t', [])]).toEqual([0, []]);
    });

    it.each<[string, (queue: Queue) => Promise<unknown>]>([
      ['an empty topic', (on) => on.publish('', [1])],
      ['a negative delay', (on) => on.publish('t', [1], { delaySeconds: -1 })],
      ['an empty dedupeKey', (on) => on.publish('t', [1], { dedupeKey: '' })],
      ['a pull of nothing', (on) => on.pull('t', 0)],
      ['half a message', (on) => on.pull('t', 1.5)],
      ['no lease', (on) => on.pull('t', 1, 0)],
      ['an endless lease', (on) => on.pull('t', 1, Number.POSITIVE_INFINITY)],
    ])('refuses %s', async (_what, call) => {
      await queue.publish('t', [1]);
      await expect(call(queue)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      expect(await queue.depth('t')).toBe(1);
    });

    it('shares its messages between handles without giving one twice', async () => {
      const other = await subject.another();
      await queue.publish(
        't',
        Array.from({ length: 200 }, (_, n) => n),
      );
      const pulls = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? queue : other).pull('t', 5)),
      );
      expect(new Set(pulls.flat().map((d) => d.body)).size).toBe(200);
      expect(pulls.flat()).toHaveLength(200);
    });

    it('answers a ping, and fails every call after close', async () => {
      await queue.ping();
      await queue.close();
      await queue.close();
      await expect(queue.ping()).rejects.toThrow();
      await expect(queue.publish('t', [1])).rejects.toThrow();
    });

    queueHistories(() => subject, runs);
  });
}

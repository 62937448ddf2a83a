import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { type PubSubQueue, pubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { parsePushEnvelope } from '#platform/queue/pubsub/transport.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { queueContract } from '#test/contract/queue.ts';
import { type MemoryTransport, memoryTransport } from '#test/fakes/memory-transport.ts';

queueContract('the Pub/Sub queue, over a transport in memory', async () => {
  const clock = virtualClock('2025-01-10T15:00:00Z');
  const state = openSqliteState(':memory:', { clock });
  const transport = memoryTransport(clock);
  const open = (): PubSubQueue => pubSubQueue(transport, { state, clock, maxAttempts: 3 });
  return { queue: open(), clock, maxAttempts: 3, another: async () => open(), dispose: state.close };
});

describe('the Pub/Sub queue', () => {
  let clock: VirtualClock;
  let state: StateStore;
  let transport: MemoryTransport;
  let queue: PubSubQueue;
  beforeEach(() => {
    clock = virtualClock('2025-01-10T15:00:00Z');
    state = openSqliteState(':memory:', { clock });
    transport = memoryTransport(clock);
    queue = pubSubQueue(transport, { state, clock, maxAttempts: 3 });
  });
  afterEach(() => state.close());
  const bodies = async (): Promise<unknown[]> => (await queue.pull('t', 10)).map(({ body }) => body);

  it.each(['before', 'after'] as const)(
    'publishes nothing when Pub/Sub fails %s it took the messages',
    async (how) => {
      transport.breakDown(how);
      await expect(queue.publish('t', [1, 2], { dedupeKey: 'k' })).rejects.toThrow('planned');
      transport.breakDown(undefined);
      expect([await bodies(), await queue.depth('t')]).toEqual([[], 0]);
      await queue.publish('t', [3], { dedupeKey: 'k' });
      expect(await bodies()).toEqual([3]);
    },
  );

  it.each(['before', 'after'] as const)('counts an ack although Pub/Sub fails %s it', async (how) => {
    await queue.publish('t', [1]);
    const [delivery] = await queue.pull('t', 1);
    transport.breakDown(how);
    await delivery?.ack();
    transport.breakDown(undefined);
    clock.advance(3_600_000);
    expect([await bodies(), await queue.depth('t')]).toEqual([[], 0]);
  });

  it('delivers once what Pub/Sub hands out twice', async () => {
    await queue.publish('t', [1]);
    transport.repeatAll();
    const [delivery, ...more] = await queue.pull('t', 10);
    expect([delivery?.attempt, more]).toEqual([1, []]);
    clock.advance(30_000);
    transport.repeatAll();
    expect(await bodies()).toEqual([]);
    await delivery?.ack();
    transport.repeatAll();
    expect(await bodies()).toEqual([]);
  });

  it('publishes again what Pub/Sub has lost', async () => {
    await queue.publish('t', [1]);
    transport.loseAll();
    expect(await bodies()).toEqual([]);
    clock.advance(121_000);
    expect(await bodies()).toEqual([]);
    expect(await bodies()).toEqual([1]);
  });

  describe('pushed messages', () => {
    const envelope = (id: string, body: unknown) => ({
      message: {
        data: Buffer.from(JSON.stringify(body)).toString('base64'),
        attributes: { id, topic: 't' },
        messageId: '7',
      },
      subscription: 'projects/p/subscriptions/tipoff-t',
    });

    it('are worked on once, later while somebody has them, and finished after their ack', async () => {
      const [id = ''] = await queue.publish('t', [{ unit: 1 }]);
      const message = parsePushEnvelope(envelope(id, { unit: 1 }));
      const accepted = await queue.accept(message, 30);
      if (typeof accepted === 'string') throw new Error(`expected a delivery, saw ${accepted}`);
      expect(accepted.delivery).toMatchObject({ id, topic: 't', body: { unit: 1 }, attempt: 1 });
      expect(await queue.accept(message)).toBe('later');
      await accepted.delivery.ack();
      expect(await queue.accept(message)).toBe('finished');
    });

    it('are parked when their deliveries are used up', async () => {
      const [id = ''] = await queue.publish('t', [1]);
      const message = parsePushEnvelope(envelope(id, 1));
      for (let attempt = 1; attempt <= 3; attempt++) {
        expect(await queue.accept(message, 10)).toMatchObject({ delivery: { attempt } });
        clock.advance(10_000);
      }
      expect(await queue.accept(message)).toBe('finished');
      expect(await queue.parked('t')).toMatchObject([{ id, attempts: 3 }]);
    });

    it.each([
      ['nothing', undefined],
      ['no message', { subscription: 's' }],
      ['a message that is not ours', { message: { data: 'e30=', attributes: {} }, subscription: 's' }],
      [
        'data that is no JSON',
        { message: { data: 'AAAA', attributes: { id: '1', topic: 't' } }, subscription: 's' },
      ],
    ])('are refused when the request holds %s', (_what, body) => {
      expect(() => parsePushEnvelope(body)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    });
  });
});

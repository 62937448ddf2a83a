import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serviceApp } from '#app/services/app.ts';
import { PARKED_PUSHES } from '#app/services/worker-routes.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { type PubSubQueue, pubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { type OutgoingMessage, parsePushEnvelope, type Transport } from '#platform/queue/pubsub/transport.ts';
import { memoryTransport } from '#test/fakes/memory-transport.ts';
import { players, SLATE } from '#test/fakes/prediction-world.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();

describe('a pushed message of the queue', () => {
  let made: Awaited<ReturnType<typeof world>>;
  let queue: PubSubQueue;
  let carried: OutgoingMessage[];
  let push: (body: unknown) => Promise<{ status: number; handled: string | undefined }>;

  beforeEach(async () => {
    carried = [];
    made = await world(players(4), {
      change: (deps) => {
        const transport = memoryTransport(deps.clock as Parameters<typeof memoryTransport>[0]);
        const noted: Transport = {
          ...transport,
          publish: async (topic, messages) => {
            carried.push(...messages);
            await transport.publish(topic, messages);
          },
        };
        queue = pubSubQueue(noted, { state: deps.state, clock: deps.clock });
        return { ...deps, queue };
      },
    });
    const app = serviceApp({ ...made.service, push: (body) => queue.accept(parsePushEnvelope(body)) });
    push = async (body) => {
      const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
      const answer = await app.request('/predict', { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: answer.status, handled: ((await answer.json()) as { handled?: string }).handled };
    };
  });
  afterEach(() => made.runtime.idle());

  const envelope = ({ id, json }: OutgoingMessage, topic = UNIT_TOPIC): object => ({
    message: { data: Buffer.from(json).toString('base64'), attributes: { id, topic }, messageId: '1' },
    subscription: 'projects/p/subscriptions/s',
  });
  const started = async (): Promise<OutgoingMessage> => {
    const start = await startBatch(made.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    if (start.kind !== 'started') throw new Error(start.kind);
    await dispatch(made.service.deps, start.batch.batch_id, 'test');
    const [unit] = carried;
    if (unit === undefined) throw new Error('nothing was published');
    return unit;
  };

  it('is worked on once, and leaves the queue when it is finished', async () => {
    const unit = await started();
    expect(await queue.depth(UNIT_TOPIC)).toBe(1);
    expect(await push(envelope(unit))).toEqual({ status: 200, handled: 'done' });
    expect(await queue.depth(UNIT_TOPIC)).toBe(0);
    expect(await push(envelope(unit))).toEqual({ status: 200, handled: 'duplicate' });
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${JSON.parse(unit.json).batch_id}`)).body).toMatchObject({
      state: 'published',
    });
  });

  it('comes later while another worker holds it', async () => {
    const unit = await started();
    const [held] = await queue.pull(UNIT_TOPIC, 1);
    expect(await push(envelope(unit))).toMatchObject({ status: 503 });
    await held?.nack();
    expect(await push(envelope(unit))).toEqual({ status: 200, handled: 'done' });
  });

  it('is parked in the queue when it is no unit, and beside it when it is no message of the queue', async () => {
    await queue.publish(UNIT_TOPIC, [{ nonsense: 1 }]);
    expect(await push(envelope(carried[0] as OutgoingMessage))).toEqual({ status: 200, handled: 'poison' });
    expect(await queue.parked(UNIT_TOPIC)).toHaveLength(1);
    expect(await push({ message: { data: 'e30=' } })).toEqual({ status: 200, handled: 'poison' });
    expect(await made.deps.state.list(PARKED_PUSHES)).toHaveLength(1);
  });
});

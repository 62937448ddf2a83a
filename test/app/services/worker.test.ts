import { describe, expect, it } from 'vitest';
import { predictAnswer } from '#app/services/worker-routes.ts';
import { TipoffError } from '#core/errors.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { players, SLATE } from '#test/fakes/prediction-world.ts';
import { type ServiceWorld, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();

const push = (body: unknown, more: object = {}): object => ({
  message: { data: Buffer.from(JSON.stringify(body)).toString('base64'), messageId: '1' },
  subscription: 'projects/p/subscriptions/s',
  ...more,
});

async function running({ deps }: ServiceWorld, unitSize = 150): Promise<string> {
  const started = await startBatch(deps, { slate: SLATE, mode: 'FIRST', by: 'test', unitSize });
  if (started.kind !== 'started') throw new Error(started.kind);
  await dispatch(deps, started.batch.batch_id, 'test');
  return started.batch.batch_id;
}

describe('POST /predict', () => {
  it('predicts the unit of a push, acknowledges a second delivery, and settles the batch', async () => {
    const made = await world(players(4));
    const batch_id = await running(made);
    const first = await made.call('POST', '/predict', push({ batch_id, unit_id: 'u001' }));
    expect([first.status, predictAnswer.parse(first.body).handled]).toEqual([200, 'done']);
    const again = await made.call(
      'POST',
      '/predict',
      push({ batch_id, unit_id: 'u001' }, { deliveryAttempt: 2 }),
    );
    expect(again.body.handled).toMatch(/duplicate|late/);
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${batch_id}`)).body).toMatchObject({
      state: 'published',
      outcomes: { predicted: 4 },
    });
  });

  it('asks for another delivery after a transient failure, and makes the last one an outcome', async () => {
    const made = await world(players(2), {
      change: (deps) => ({
        ...deps,
        models: {
          forSlate: async () =>
            Promise.reject(new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'busy', { hint: 'Wait.' })),
        },
      }),
    });
    const batch_id = await running(made);
    const unit = { batch_id, unit_id: 'u001' };
    const first = await made.call('POST', '/predict', push(unit, { deliveryAttempt: 1 }));
    expect([first.status, first.body.code]).toEqual([503, 'TIPOFF_NOT_READY']);
    const last = await made.call('POST', '/predict', push(unit, { deliveryAttempt: 5 }));
    expect([last.status, last.body.handled]).toEqual([200, 'failed']);
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${batch_id}`)).body).toMatchObject({
      state: 'failed',
      outcomes: { failed: 2 },
    });
  });

  it('parks poison with its reason and acknowledges it, however often it comes', async () => {
    const made = await world(players(1));
    const poison = [
      'no json',
      [],
      null,
      {},
      { message: {} },
      { message: { data: 'x' } },
      push('text'),
      push({ batch_id: 'b' }),
      push({ batch_id: 'b', unit_id: 'u' }),
    ];
    for (const body of [...poison, ...poison.slice(1)]) {
      const answer = await made.call('POST', '/predict', body);
      // What is no JSON is no push at all; everything else that a subscription may bring is acknowledged.
      expect([answer.status, answer.body.handled]).toEqual(
        body === 'no json' ? [400, undefined] : [200, 'poison'],
      );
    }
    const parked = await made.deps.state.list<{ reason: string }>('parked_pushes');
    expect(parked).toHaveLength(poison.length - 1);
    expect(parked.every(({ data }) => data.reason.length > 10)).toBe(true);
    expect(parked.some(({ data }) => data.reason.includes('there is no unit'))).toBe(true);
    expect((await made.call('GET', '/status')).body.parked).toBe(parked.length);
    expect(made.log.join('')).toContain('push parked');
  });

  it('refuses a body above the limit', async () => {
    const made = await world(players(1));
    const answer = await made.call('POST', '/predict', 'x'.repeat(70_000));
    expect([answer.status, answer.body.code]).toEqual([413, 'TIPOFF_TOO_LARGE']);
    expect((await made.call('POST', '/start', 'x'.repeat(70_000))).status).toBe(413);
  });

  it('is there for a worker only, as /start is for a coordinator', async () => {
    const worker = await world(players(1), { roles: ['worker'] });
    expect((await worker.call('POST', '/start')).status).toBe(404);
    const coordinator = await world(players(1), { roles: ['coordinator'] });
    expect((await coordinator.call('POST', '/predict', push({}))).status).toBe(404);
    for (const { call } of [worker, coordinator])
      expect((await call('GET', '/health/deep')).status).toBe(200);
  });
});

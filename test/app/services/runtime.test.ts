import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { COLLECTIONS } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { players, SLATE } from '#test/fakes/prediction-world.ts';
import { type ServiceWorld, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
const UNIT_OF_20 = { service: { unitSize: 20 } };

async function start(made: ServiceWorld): Promise<string> {
  Object.assign(made.service, UNIT_OF_20.service);
  const { status, body } = await made.call('POST', '/start', { mode: 'FIRST' });
  expect(status).toBe(202);
  await made.runtime.idle();
  return body.batch_id;
}

/** Progress of a batch without an outcome, as a dispatcher that repeats itself would make it. */
async function touch({ deps, clock }: ServiceWorld, batch: string): Promise<void> {
  await deps.state.transaction(async (tx) => {
    const doc = await tx.get(COLLECTIONS.batches, batch);
    if (doc !== undefined)
      tx.put(COLLECTIONS.batches, batch, { ...doc.data, progress_at: clock.now().toISOString() });
  });
}

describe('what goes on behind the endpoints', () => {
  /** Lets time pass with the sweeper at its pace; returns how old the batch was when it was no longer active. */
  async function sweptUntilEnded(made: ServiceWorld, batch: string, minutes: number): Promise<number> {
    for (let seconds = 0; seconds < minutes * 60; seconds += 15) {
      made.clock.advance(15_000);
      await made.runtime.sweep();
      const { body } = await made.call('GET', '/status');
      if (body.active.length === 0) break;
    }
    return (await made.call('GET', `/batches/${batch}`)).body.age_seconds;
  }

  async function expectForty(made: ServiceWorld, batch: string): Promise<void> {
    const { body } = await made.call('GET', `/batches/${batch}`);
    expect(body).toMatchObject({ state: 'published_partial', outcomes: { predicted: 20, timed_out: 40 } });
    expect(body.missing).toHaveLength(40);
    expect(made.notices).toHaveLength(1);
    expect(made.notices[0]?.lines.join('\n')).toMatch(/Missing \(40\): 21, 22/);
    made.clock.advance(15_000);
    expect((await made.call('POST', '/start', { mode: 'RETRY' })).status).toBe(202);
    await made.runtime.idle();
    await made.runtime.sweep();
    await made.runtime.resume();
    expect(made.notices).toHaveLength(1);
  }

  it('closes a batch whose workers died after 20 of 60 players once two dispatches were met by silence', async () => {
    const made = await world(players(60));
    const batch = await start(made);
    expect(await made.runtime.drainQueue(1)).toBe(1);
    await made.runtime.idle();
    // 300 s of silence after each dispatch are enough to know.
    expect(await sweptUntilEnded(made, batch, 30)).toBe(600);
    await expectForty(made, batch);
  });

  it('closes it at 30 minutes at the latest, when something keeps it from standing still: 40 missing, one alert, a start at 31', async () => {
    const made = await world(players(60));
    const batch = await start(made);
    expect(await made.runtime.drainQueue(1)).toBe(1);
    await made.runtime.idle();
    // Somebody is said to work on it again and again, and no outcome ever comes.
    let age = 0;
    while (age < 31 * 60) {
      await touch(made, batch);
      age = await sweptUntilEnded(made, batch, 1);
      if ((await made.call('GET', `/batches/${batch}`)).body.state !== 'running') break;
    }
    expect(age).toBeGreaterThan(30 * 60);
    expect(age).toBeLessThanOrEqual(30 * 60 + 15);
    await expectForty(made, batch);
  });

  it('closes a batch that is too old when the slate is started anew, though no sweeper ran, and tells it once', async () => {
    const made = await world(players(60));
    const batch = await start(made);
    expect(await made.runtime.drainQueue(1)).toBe(1);
    await made.runtime.idle();
    made.clock.advance(30 * 60_000);
    expect((await made.call('POST', '/start', { mode: 'RETRY' })).status).toBe(409);
    made.clock.advance(60_000);
    const again = await made.call('POST', '/start', { mode: 'RETRY' });
    expect([again.status, again.body.units]).toEqual([202, 2]);
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${batch}`)).body).toMatchObject({
      state: 'published_partial',
      reason: 'older than 30 minutes',
    });
    expect(made.notices.map(({ key }) => key)).toEqual([`batch:${batch}`]);
  });

  it('leaves a slow batch that moves alone', async () => {
    const made = await world(players(100));
    const batch = await start(made);
    for (let unit = 0; unit < 5; unit++) {
      made.clock.advance(280_000);
      await made.runtime.sweep();
      expect((await made.call('GET', `/batches/${batch}`)).body.events).toHaveLength(3);
      await made.runtime.drainQueue(1);
      await made.runtime.idle();
    }
    expect((await made.call('GET', `/batches/${batch}`)).body).toMatchObject({
      state: 'published',
      outcomes: { predicted: 100 },
    });
    expect(made.notices).toEqual([]);
  });

  it('takes up after a restart what an earlier process answered for and never dispatched', async () => {
    let isDead = true;
    const made = await world(players(30), {
      change: (deps) => ({
        ...deps,
        queue: {
          ...deps.queue,
          publish: (...args) =>
            isDead ? Promise.reject(new Error('the process is dead')) : deps.queue.publish(...args),
        },
      }),
    });
    const batch = await start(made);
    expect((await made.call('GET', `/batches/${batch}`)).body.state).toBe('dispatching');
    isDead = false;
    await made.runtime.resume();
    expect(await made.runtime.drainQueue()).toBe(2);
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${batch}`)).body.state).toBe('published');
    expect(made.log.join('')).toContain('the process is dead');
  });

  it('settles after a restart a batch whose units were all done', async () => {
    const made = await world(players(20));
    const batch = await start(made);
    const [delivery] = await made.deps.queue.pull('predict-units', 1);
    if (delivery === undefined) throw new Error('nothing was dispatched');
    await handleUnit(made.deps, delivery);
    expect((await made.call('GET', `/batches/${batch}`)).body.state).toBe('running');
    await made.runtime.resume();
    expect((await made.call('GET', `/batches/${batch}`)).body.state).toBe('published');
  });

  it('tries a consolidation again that failed transiently', async () => {
    let failures = 2;
    const made = await world(players(20), {
      change: (deps) => ({
        ...deps,
        warehouse: {
          ...deps.warehouse,
          execute: async (sql, params) => {
            if (failures-- > 0) throw new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'busy', { hint: 'Wait.' });
            return deps.warehouse.execute(sql, params);
          },
        },
      }),
    });
    const batch = await start(made);
    await made.runtime.drainQueue();
    await made.runtime.idle();
    expect((await made.call('GET', `/batches/${batch}`)).body).toMatchObject({
      state: 'published',
      outcomes: { predicted: 20 },
    });
    expect(failures).toBeLessThan(0);
  });

  it('sends an alert again that could not be sent', async () => {
    let refuse = true;
    const sent: string[] = [];
    const made = await world(players(20), {
      notifier: {
        owns: () => true,
        send: async ({ title }) => {
          if (refuse) throw new TipoffError('TIPOFF_NOTIFY', 'nobody listens', { hint: 'Later.' });
          sent.push(title);
          return { channel: 'test', id: '1' };
        },
        reply: async () => ({ channel: 'test', id: '1' }),
        find: async () => undefined,
        update: async () => undefined,
      },
    });
    await start(made);
    made.clock.advance(31 * 60_000);
    await made.runtime.sweep();
    await made.runtime.sweep();
    expect(made.log.join('')).toContain('nobody listens');
    refuse = false;
    await made.runtime.sweep();
    await made.runtime.sweep();
    await made.runtime.resume();
    expect(sent).toEqual([`Batch ${SLATE}-first-001 failed`]);
  });

  it('runs worker loops and sweeper until it is drained', async () => {
    const made = await world(players(1));
    made.runtime.run();
    await made.runtime.drain();
    await made.runtime.idle();
    expect(made.log.join('')).not.toContain('"severity":"ERROR"');
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { backfillAnswer, backfillListAnswer, backfillPlanAnswer } from '#app/services/backfill-routes.ts';
import { problemSchema } from '#app/services/problem.ts';
import type { RunRequest } from '#guard/backfill/execute.ts';
import { type BackfillWorld, backfillWorld } from '#test/guard/backfill/world.ts';
import { type ServiceWorld, serviceWorlds } from './service-world.ts';

// A season is backfilled behind the service.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const world = serviceWorlds();
let season: BackfillWorld;
beforeAll(async () => {
  season = await backfillWorld();
});
afterAll(() => season.close());

/** Services over a warehouse with the raw rows of a season; each has a ledger of its own. */
async function services(before: () => Promise<void> = async () => undefined): Promise<ServiceWorld> {
  const made: ServiceWorld = await world([], {
    games: 0,
    runDeps: async () => {
      await before();
      return { ...season.deps, state: made.deps.state };
    },
  });
  return made;
}

/** One phase shows how requests are treated; the phases of a range are those of `tipoff backfill`. */
const range = (phases = ['analytics']): { from: string; to: string; phases: string[] } => ({
  from: season.season[2] ?? season.first,
  to: season.season[4] ?? season.first,
  phases,
});
const ask = (id = 'bf-1', more: object = {}): object => ({
  ...range(),
  request_id: id,
  reason: 'a correction',
  by: 'an action',
  ...more,
});

async function finished({ runtime, backfills }: ServiceWorld): Promise<void> {
  await runtime.idle();
  await backfills.idle();
}

describe('POST /backfill', () => {
  it('plans, runs behind the answer, tells how it ended, and has nothing to do the second time', async () => {
    const made = await services();
    const all = range(['analytics', 'precompute']);
    const plan = backfillPlanAnswer.parse((await made.call('POST', '/backfill/plan', all)).body);
    expect(plan.units.length).toBeGreaterThan(10);
    expect(plan.slates).toBe(3);
    const asked = await made.call('POST', '/backfill', ask('bf-1', all));
    expect(asked.status).toBe(202);
    expect(backfillAnswer.parse(asked.body)).toMatchObject({
      state: 'queued',
      by: '/backfill by api-key (for an action: a correction)',
    });
    await finished(made);
    const shown = backfillAnswer.parse((await made.call('GET', '/backfill/bf-1')).body);
    expect(shown).toMatchObject({ state: 'finished', holder: 'this process' });
    expect(shown.reason).toContain(`${plan.units.length} of ${plan.units.length} units`);
    expect(shown.progress?.done_slates).toBe(shown.progress?.planned_slates);
    expect(made.notices.map(({ title, severity }) => [title.split(' ').at(-1), severity])).toEqual([
      ['running', 'info'],
      ['finished', 'success'],
    ]);
    const again = backfillPlanAnswer.parse((await made.call('POST', '/backfill/plan', all)).body);
    expect(again.units).toEqual([]);
    const list = backfillListAnswer.parse((await made.call('GET', '/backfill')).body);
    expect(list.requests.map(({ request_id }) => request_id)).toEqual(['bf-1']);
    expect(list.steps.length).toBeGreaterThan(3);
    const trail = await made.deps.state.list<{ endpoint: string; caller: string }>('service_audit');
    expect(trail.map(({ data }) => [data.endpoint, data.caller])).toEqual([['/backfill', 'api-key']]);
  });

  it('knows a request again while it waits or runs, and takes it anew once it has ended', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const made = await services(() => gate);
    expect((await made.call('POST', '/backfill', ask())).status).toBe(202);
    const again = await made.call('POST', '/backfill', ask());
    expect([again.status, again.body.round]).toEqual([200, 1]);
    const other = await made.call('POST', '/backfill', ask('bf-1', { mode: 'all' }));
    expect([other.status, problemSchema.parse(other.body).code]).toEqual([409, 'TIPOFF_CONFLICT']);
    open();
    await finished(made);
    const anew = await made.call('POST', '/backfill', ask());
    expect([anew.status, anew.body.round]).toEqual([202, 2]);
    await finished(made);
    expect((await made.call('GET', '/backfill/bf-1')).body).toMatchObject({ state: 'finished', round: 2 });
  });

  it('works through one request at a time', async () => {
    const began: string[] = [];
    const made = await services(async () => {
      began.push('run');
    });
    for (const id of ['bf-1', 'bf-2'])
      expect((await made.call('POST', '/backfill', ask(id))).status).toBe(202);
    await finished(made);
    expect(began).toHaveLength(1);
    expect((await made.call('GET', '/backfill/bf-2')).body.state).toBe('queued');
    await made.runtime.sweep();
    await finished(made);
    expect((await made.call('GET', '/backfill/bf-2')).body).toMatchObject({
      state: 'finished',
      reason: expect.stringMatching(/^0 of 0/),
    });
  });

  it('takes a request up whose process died, once it has been silent, and redoes nothing of what the ledger has', async () => {
    const made = await services();
    const planned = backfillPlanAnswer.parse((await made.call('POST', '/backfill/plan', range())).body).units
      .length;
    await season.run(partOf(2), { state: made.deps.state });
    const { at } = { at: made.clock.now().toISOString() };
    const dead = {
      ...ask(),
      by: 'x',
      mode: 'needed',
      state: 'running',
      round: 1,
      holder: 'a dead process',
      beat_at: at,
      progress: null,
    };
    await made.deps.state.create('backfill_requests', 'bf-1', {
      ...dead,
      asked_at: at,
      started_at: at,
      finished_at: null,
      reason: null,
    });
    made.clock.advance(59_000);
    await made.runtime.sweep();
    expect((await made.call('GET', '/backfill/bf-1')).body.holder).toBe('a dead process');
    made.clock.advance(1000);
    await made.runtime.sweep();
    await finished(made);
    const shown = (await made.call('GET', '/backfill/bf-1')).body;
    expect(shown).toMatchObject({ state: 'finished', holder: 'this process' });
    expect(Number(shown.reason.split(' ')[0])).toBeLessThan(planned);
    expect(Number(shown.reason.split(' ')[0])).toBeGreaterThan(0);
  });

  it('goes on with what is left of a request for everything whose process died, and does it all when it is asked again', async () => {
    const made = await services();
    const { state } = made.deps;
    await season.run(partOf(), { state });
    const plan = await made.call('POST', '/backfill/plan', { ...range(), mode: 'all' });
    const all = backfillPlanAnswer.parse(plan.body).units.length;
    const before = (await season.run({ ...partOf(2), force: true }, { state, runId: 'bf-1-1' })).executed
      .length;
    expect([before > 0, before < all]).toEqual([true, true]);
    const at = made.clock.now().toISOString();
    const dead = {
      ...ask(),
      by: 'x',
      mode: 'all',
      state: 'running',
      round: 1,
      holder: 'a dead process',
      beat_at: at,
      progress: null,
    };
    await state.create('backfill_requests', 'bf-1', {
      ...dead,
      asked_at: at,
      started_at: at,
      finished_at: null,
      reason: null,
    });
    made.clock.advance(60_000);
    await made.runtime.sweep();
    await finished(made);
    const rest = {
      state: 'finished',
      round: 1,
      reason: expect.stringMatching(`^${all - before} of ${all - before} units`),
    };
    expect((await made.call('GET', '/backfill/bf-1')).body).toMatchObject(rest);
    expect((await made.call('POST', '/backfill', ask('bf-1', { mode: 'all' }))).status).toBe(202);
    await finished(made);
    const again = { state: 'finished', round: 2, reason: expect.stringMatching(`^${all} of ${all} units`) };
    expect((await made.call('GET', '/backfill/bf-1')).body).toMatchObject(again);
  });

  it('gives an unfinished request back when the service stops', async () => {
    const made = await services(async () => {
      void made.backfills.drain();
    });
    await made.call('POST', '/backfill', ask());
    await finished(made);
    expect((await made.call('GET', '/backfill/bf-1')).body).toMatchObject({
      state: 'queued',
      reason: 'the service is stopping',
    });
  });

  it('says so when it cannot run at all', async () => {
    const made = await world([], { games: 0 });
    await made.call('POST', '/backfill', ask());
    await finished(made);
    expect((await made.call('GET', '/backfill/bf-1')).body).toMatchObject({
      state: 'failed',
      reason: 'TIPOFF_NOT_READY: this world computes no ranges',
    });
    expect(made.notices.at(-1)).toMatchObject({ severity: 'error' });
    expect((await made.call('POST', '/backfill/plan', range())).status).toBe(503);
  });

  it('refuses what is not a request', async () => {
    const made = await services();
    const wrong: [object, string][] = [
      [{ ...ask(), from: '2025-02-30' }, 'from'],
      [{ ...ask(), from: range().to, to: range().from }, 'from not after to'],
      [{ ...ask(), phases: ['everything'] }, 'phases'],
      [{ ...ask(), request_id: '../x' }, 'request_id'],
      [{ ...ask(), reason: undefined }, 'reason'],
      [{ ...ask(), mode: 'some' }, 'mode'],
    ];
    for (const [body, field] of wrong) {
      const answer = await made.call('POST', '/backfill', body);
      expect([answer.status, problemSchema.parse(answer.body).message]).toEqual([
        400,
        expect.stringContaining(field),
      ]);
    }
    expect((await made.call('GET', '/backfill/nobody')).status).toBe(404);
    expect((await made.call('POST', '/backfill', ask(), {})).status).toBe(401);
  });
});

/** The work of a request for the range, which ends after so many chunks. */
function partOf(chunks = Number.POSITIVE_INFINITY): Partial<RunRequest> {
  let done = 0;
  return {
    from: season.season[2] ?? season.first,
    to: season.season[4] ?? season.first,
    phases: ['analytics'],
    onProgress: () => done++,
    shouldStop: () => (done >= chunks ? 'enough' : undefined),
  };
}

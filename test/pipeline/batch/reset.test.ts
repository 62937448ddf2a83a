import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { reset } from '#pipeline/batch/reset.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { checkStalled, DEFAULT_STALL_RULES } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { COLLECTIONS, readBatch, readEvents, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { withoutCopies } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;
const BUSY = new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'no answer', { hint: 'wait' });
const HOLD = { ...DEFAULT_STALL_RULES, policy: 'hold' } as const;
const HOW = { by: 'operator', why: 'stuck', staged: 'keep' } as const;

async function running(done: number): Promise<{ world: PredictionWorld; id: string }> {
  const world = await worldOf(players(20));
  const started = await startBatch(world.deps, { ...FIRST, unitSize: 5 });
  if (!('batch' in started)) throw new TypeError('expected a batch');
  await dispatch(world.deps, started.batch.batch_id, 'test');
  const deliveries = await world.deps.queue.pull(UNIT_TOPIC, 4);
  for (const delivery of deliveries.slice(0, done)) await handleUnit(world.deps, delivery);
  return { world, id: started.batch.batch_id };
}

const staging = async (world: PredictionWorld) =>
  (await world.warehouse.listTables('nba_predictions', '_staging_')).length;

describe('a reset', () => {
  it('frees a slate at 0 %, so that a start succeeds at once; a second one changes nothing', async () => {
    const { world, id } = await running(0);
    expect(await reset(world.deps, { batchId: id }, HOW)).toEqual([
      { batch_id: id, transitioned: true, state: 'reset', staged: 'keep', tables: 0 },
    ]);
    const events = await readEvents(world.deps.state, id);
    expect(events.at(-1)).toMatchObject({ from: 'running', to: 'reset', by: 'operator', reason: 'stuck' });
    expect(await reset(world.deps, { batchId: id }, HOW)).toMatchObject([
      { transitioned: false, state: 'reset' },
    ]);
    expect(await readEvents(world.deps.state, id)).toEqual(events);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published', predicted: 20 });
  });

  it('by date takes every unfinished batch: two stuck ones, one of them without the slate', async () => {
    const { world, id } = await running(1);
    const slate = await world.deps.state.get(COLLECTIONS.slates, SLATE);
    await world.deps.state.transaction(async (tx) =>
      tx.put(COLLECTIONS.slates, SLATE, { ...slate?.data, active_batch: null }),
    );
    const second = await startBatch(world.deps, FIRST);
    if (!('batch' in second)) throw new TypeError('expected a batch');
    const results = await reset(world.deps, { slate: SLATE }, HOW);
    expect(results.map(({ batch_id, state }) => [batch_id, state])).toEqual([
      [id, 'reset'],
      [second.batch.batch_id, 'reset'],
    ]);
    expect(await reset(world.deps, { slate: SLATE }, HOW)).toEqual([]);
    expect(await startBatch(world.deps, FIRST)).toMatchObject({ kind: 'started' });
  });

  it('clears a slate that points to a batch nobody knows', async () => {
    const world = await worldOf(players(2));
    await world.deps.state.create(COLLECTIONS.slates, SLATE, {
      slate: SLATE,
      active_batch: 'gone',
      started: 1,
    });
    expect(await reset(world.deps, { slate: SLATE }, HOW)).toEqual([]);
    expect(await startBatch(world.deps, FIRST)).toMatchObject({ kind: 'started' });
  });

  it('keeps, drops or publishes what is staged, as it is told', async () => {
    const kept = await running(2);
    expect(await reset(kept.world.deps, { batchId: kept.id }, HOW)).toMatchObject([
      { staged: 'keep', tables: 2 },
    ]);
    expect(await staging(kept.world)).toBe(2);
    const dropped = await running(2);
    expect(
      await reset(dropped.world.deps, { batchId: dropped.id }, { ...HOW, staged: 'discard' }),
    ).toMatchObject([{ staged: 'discard' }]);
    expect(await staging(dropped.world)).toBe(0);
    const published = await running(2);
    expect(
      await reset(published.world.deps, { batchId: published.id }, { ...HOW, staged: 'publish' }),
    ).toMatchObject([{ state: 'published_partial', staged: 'publish', transitioned: true }]);
    expect(await published.world.visible()).toHaveLength(40);
    for (const { world } of [kept, dropped]) expect(await world.visible()).toEqual([]);
  });

  it('resets a batch with nothing to publish when it is told to publish', async () => {
    const { world, id } = await running(0);
    expect(await reset(world.deps, { batchId: id }, { ...HOW, staged: 'publish' })).toMatchObject([
      { state: 'reset', staged: 'keep' },
    ]);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published' });
  });

  it('publishes a batch that was held by policy, and not while another one has the slate', async () => {
    const { world, id } = await running(2);
    world.clock.advance(31 * 60_000);
    await checkStalled(world.deps, 'sweeper', { rules: HOLD });
    const second = await startBatch(world.deps, FIRST);
    if (!('batch' in second)) throw new TypeError('expected a batch');
    expect(await reset(world.deps, { batchId: id }, { ...HOW, staged: 'publish' })).toMatchObject([
      { state: 'reset', staged: 'keep' },
    ]);
    expect((await readBatch(world.deps.state, second.batch.batch_id)).state).toBe('created');

    const other = await running(2);
    other.world.clock.advance(31 * 60_000);
    await checkStalled(other.world.deps, 'sweeper', { rules: HOLD });
    expect(await reset(other.world.deps, { batchId: other.id }, { ...HOW, staged: 'publish' })).toMatchObject(
      [{ state: 'published_partial' }],
    );
    expect(await other.world.visible()).toHaveLength(40);
  });

  it('leaves a published batch alone', async () => {
    const { world, id } = await running(4);
    await consolidateIfComplete(world.deps, id, 'test');
    expect(await reset(world.deps, { batchId: id }, { ...HOW, staged: 'discard' })).toMatchObject([
      { transitioned: false, state: 'published', staged: 'publish' },
    ]);
    expect(await world.visible()).toHaveLength(80);
  });

  it('frees the slate although publishing what was staged fails, and says so', async () => {
    const { world, id } = await running(2);
    const warehouse = withoutCopies(world.warehouse, BUSY);
    const [result] = await reset(
      { ...world.deps, warehouse },
      { batchId: id },
      { ...HOW, staged: 'publish' },
    );
    expect(result).toMatchObject({ state: 'reset', staged: 'keep', tables: 2 });
    expect((await readBatch(world.deps.state, id)).reason).toBe(
      'stuck; publishing what was staged failed: no answer',
    );
    expect(await world.visible()).toEqual([]);
    expect(await startBatch(world.deps, FIRST)).toMatchObject({ kind: 'started' });
  });

  for (const staged of ['keep', 'publish', 'discard'] as const) {
    it(`reports in a dry run with ${staged} what it would do, whatever is staged, and changes nothing`, async () => {
      for (const done of [0, 2, 4]) {
        const { world, id } = await running(done);
        if (done === 4) await consolidateIfComplete(world.deps, id, 'test');
        const before = await readEvents(world.deps.state, id);
        const tables = await staging(world);
        const how = { ...HOW, staged };
        const [dry] = await reset(world.deps, { batchId: id }, { ...how, dryRun: true });
        expect(await readEvents(world.deps.state, id)).toEqual(before);
        expect(await staging(world)).toBe(tables);
        const [real] = await reset(world.deps, { batchId: id }, how);
        expect(dry?.transitioned).toBe(real?.transitioned);
        // With nothing staged there is nothing to publish, which only the attempt finds out.
        if (staged !== 'publish' || done > 0) expect(dry?.staged).toBe(real?.staged);
      }
    });
  }
});

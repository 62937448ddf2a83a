import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { reset } from '#pipeline/batch/reset.ts';
import { type BatchDeps, runBatch } from '#pipeline/batch/run.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { readBatch, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import type { Delivery } from '#platform/queue/port.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import {
  type FakePlayer,
  modelOf,
  type PredictionWorld,
  players,
  predictionWorlds,
  SLATE,
  simpleSystem,
  simpleSystems,
} from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;
const BUSY = new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'no answer', { hint: 'wait' });

/** A dispatched batch of a world, and its id. */
async function running(
  slatePlayers: readonly FakePlayer[],
  unitSize = 150,
): Promise<{ world: PredictionWorld; id: string }> {
  const world = await worldOf(slatePlayers);
  const started = await startBatch(world.deps, { ...FIRST, unitSize });
  if (!('batch' in started)) throw new TypeError(`expected a batch, saw ${started.kind}`);
  await dispatch(world.deps, started.batch.batch_id, 'test');
  return { world, id: started.batch.batch_id };
}

async function pulled(world: PredictionWorld): Promise<Delivery> {
  const [delivery] = await world.deps.queue.pull(UNIT_TOPIC, 1);
  if (delivery === undefined) throw new RangeError('expected a message in the queue, saw none');
  return delivery;
}

const staged = async (world: PredictionWorld) =>
  (await world.warehouse.listTables('nba_predictions', '_staging_')).map(
    ({ name, rows, labels, expiresAt }) => ({
      name,
      rows,
      labels,
      expiresAt,
    }),
  );

describe('a worker', () => {
  it('lands rows in a labelled staging table that expires, then outcomes, then acknowledges', async () => {
    const { world, id } = await running(players(3));
    expect(await handleUnit(world.deps, await pulled(world))).toBe('done');
    const [table] = await staged(world);
    expect(table).toMatchObject({ rows: 12, labels: { batch: id, slate: SLATE, unit: 'u001' } });
    expect(table?.expiresAt).toContain('2025-01-12T13:00:00');
    const outcomes = [...(await world.outcomes(id)).values()].map(({ player_id, outcome, rows }) => [
      player_id,
      outcome,
      rows,
    ]);
    expect(outcomes).toEqual([1, 2, 3].map((player) => [player, 'predicted', 4]));
    expect(await world.deps.queue.depth(UNIT_TOPIC)).toBe(0);
  });

  it('replaces and never doubles when a unit comes again before it was acknowledged', async () => {
    const { world, id } = await running(players(3));
    const first = await pulled(world);
    const broken = { ...world.deps, state: failing(world.deps.state, 2) };
    await expect(handleUnit(broken, first)).rejects.toThrow('the store is gone');
    expect(await world.outcomes(id)).toEqual(new Map());
    world.clock.advance(61_000);
    expect(await handleUnit(world.deps, await pulled(world))).toBe('done');
    expect((await consolidateIfComplete(world.deps, id, 'test')).state).toBe('published');
    expect(await world.visible()).toHaveLength(12);
    expect(await staged(world)).toEqual([]);
  });

  it('acknowledges a unit that is done already and writes nothing', async () => {
    const { world } = await running(players(3));
    const delivery = await pulled(world);
    await handleUnit(world.deps, delivery);
    const before = await staged(world);
    expect(await handleUnit(world.deps, delivery)).toBe('duplicate');
    expect(await staged(world)).toEqual(before);
  });

  it('lets the first of two workers on one unit count, and drops the table of the other', async () => {
    const { world, id } = await running(players(3));
    const delivery = await pulled(world);
    const handled = await Promise.all([handleUnit(world.deps, delivery), handleUnit(world.deps, delivery)]);
    expect(handled.sort()).toEqual(['done', 'late']);
    expect(await staged(world)).toHaveLength(1);
    expect((await consolidateIfComplete(world.deps, id, 'test')).state).toBe('published');
    expect(await world.visible()).toHaveLength(12);
  });

  it('writes nothing for a batch that was reset, before or while it worked', async () => {
    const { world, id } = await running(players(6), 3);
    const [early, late] = await world.deps.queue.pull(UNIT_TOPIC, 2);
    if (early === undefined || late === undefined) throw new RangeError('expected two units');
    const models = {
      forSlate: async () => {
        await reset(world.deps, { batchId: id }, { by: 'test', why: 'no longer wanted', staged: 'keep' });
        return world.deps.models.forSlate(SLATE);
      },
    };
    expect(await handleUnit({ ...world.deps, models }, early)).toBe('late');
    const changes: string[] = [];
    const watched = interceptedDeps(world.deps, async (_when, change) => {
      changes.push(change);
    });
    expect(await handleUnit(watched, late)).toBe('late');
    expect(changes).not.toContain('stage');
    expect(await staged(world)).toEqual([]);
    expect(await world.outcomes(id)).toEqual(new Map());
    expect(await world.deps.queue.depth(UNIT_TOPIC)).toBe(0);
  });

  it('parks what is no unit, with the reason', async () => {
    const { world } = await running(players(1));
    await handleUnit(world.deps, await pulled(world));
    const odd = ['../x', '..', 'a/b', 'x'.repeat(3000)].flatMap((id) => [
      { batch_id: id, unit_id: 'u001' },
      { batch_id: 'unknown', unit_id: id },
    ]);
    for (const message of [
      { nonsense: true },
      'text',
      null,
      ...odd,
      { batch_id: 'unknown', unit_id: 'u001' },
    ]) {
      await world.deps.queue.publish(UNIT_TOPIC, [message]);
      expect(await handleUnit(world.deps, await pulled(world))).toBe('poison');
    }
    const reasons = (await world.deps.queue.parked(UNIT_TOPIC)).map(({ reason }) => reason);
    expect(reasons).toHaveLength(4 + odd.length);
    expect(reasons.at(-1)).toBe('there is no unit u001 of batch unknown');
  });

  it('gives a unit back with a growing delay while the trouble is transient, then records failures', async () => {
    const { world, id } = await running(players(2));
    const broken: BatchDeps = {
      ...world.deps,
      warehouse: { ...world.warehouse, stage: async () => Promise.reject(BUSY) },
    };
    const handled: string[] = [];
    for (let delay = 2; handled.at(-1) !== 'failed'; delay *= 2) {
      handled.push(await handleUnit(broken, await pulled(world)));
      if (handled.at(-1) !== 'retry') continue;
      world.clock.advance((delay - 1) * 1000);
      expect(await world.deps.queue.pull(UNIT_TOPIC, 1)).toEqual([]);
      world.clock.advance(1000);
    }
    expect(handled).toEqual(['retry', 'retry', 'retry', 'failed']);
    const outcomes = await world.outcomes(id);
    expect(outcomes.get(1)).toMatchObject({ outcome: 'failed', reason: 'TIPOFF_WAREHOUSE_BUSY: no answer' });
    expect((await consolidateIfComplete(world.deps, id, 'test')).state).toBe('failed');
  });

  it('fails a unit at once when no retry can help, and the batch says why', async () => {
    const { world, id } = await running(players(2));
    const models = {
      forSlate: async () =>
        Promise.reject(new TipoffError('TIPOFF_NO_MODEL', 'no model before 2025-01-10', { hint: 'train' })),
    };
    expect(await handleUnit({ ...world.deps, models }, await pulled(world))).toBe('failed');
    const batch = await consolidateIfComplete(world.deps, id, 'test');
    expect(batch).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('2 failed: TIPOFF_NO_MODEL: no model before 2025-01-10'),
    });
    expect(await world.visible()).toEqual([]);
  });

  it('keeps the rows of the other systems when one cannot forecast, breaks, or gives no number', async () => {
    const { world, id } = await running(players(2));
    const broken = simpleSystem('minutes_rate', () => {
      throw new RangeError('out of cheese');
    });
    const models = modelOf([
      simpleSystem('ewma8', () => Number.NaN),
      broken,
      simpleSystem('ridge'),
      simpleSystem('market'),
    ]);
    expect(await handleUnit({ ...world.deps, models }, await pulled(world))).toBe('done');
    const outcome = (await world.outcomes(id)).get(1);
    expect(outcome).toMatchObject({ outcome: 'predicted', rows: 2 });
    expect(outcome?.reason).toContain('minutes_rate (out of cheese)');
    expect(outcome?.reason).toContain('ewma8 (');
    expect((await consolidateIfComplete(world.deps, id, 'test')).state).toBe('published');
  });

  it('fails a player without a forecast of the champion, and only him', async () => {
    const world = await worldOf([...players(2), { id: 3, features: { pts_ewma8: null } }]);
    const result = await runBatch(world.deps, FIRST);
    expect(result).toMatchObject({ state: 'published_partial', predicted: 2 });
    expect(result.failed).toEqual({ 'no forecast of ridge: missing_features pts_ewma8': 1 });
  });

  it('does not let one unreadable line cost the unit', async () => {
    const world = await worldOf([...players(2), { id: 3, context: { line: '-4.5' } }]);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({
      state: 'published',
      predicted: 2,
      skipped: { implausible_line: 1 },
    });
  });
});

describe('the rows of a player', () => {
  const rowsOf = async (player: FakePlayer) => {
    const world = await worldOf([player]);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published' });
    return world.warehouse.query(
      `SELECT system_id, line, line_role, predicted, edge, p_over, p_push, p_under, recommendation, bookmaker, over_price, prediction_id
       FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) ORDER BY system_id, line_role`,
      { slate: SLATE },
    );
  };

  it('are one per system without a line, NO_LINE, and none of the market-aware system', async () => {
    const rows = await rowsOf({
      id: 1,
      context: { line: null, has_prop_line: false, over_price: null, under_price: null },
    });
    expect(rows.map((row) => row['system_id'])).toEqual(['ewma8', 'minutes_rate', 'ridge']);
    for (const row of rows) {
      expect(row).toMatchObject({
        line: null,
        line_role: 'none',
        recommendation: 'NO_LINE',
        edge: null,
        p_over: null,
      });
    }
  });

  it('are one per system and line, each measured against its own line', async () => {
    const rows = await rowsOf({
      id: 1,
      points: 24,
      context: { line: '24.5', second_line: '25', second_line_bookmaker: 'fanduel' },
    });
    expect(rows).toHaveLength(8);
    expect(new Set(rows.map((row) => row['prediction_id'])).size).toBe(8);
    for (const row of rows) {
      expect(Number(row['edge'])).toBeCloseTo(Number(row['predicted']) - Number(row['line']), 6);
      expect(row['bookmaker']).toBe(row['line_role'] === 'main' ? 'draftkings' : 'fanduel');
      expect(row['over_price']).toBe(row['line_role'] === 'main' ? -110 : null);
      expect(Number(row['p_push'])).toBe(row['line'] === '24.5' ? 0 : Number(row['p_push']));
    }
    expect(rows.filter((row) => row['line'] === '25').every((row) => Number(row['p_push']) > 0)).toBe(true);
  });

  it('show the payout of a fantasy book and hear no market in it', async () => {
    const heard = async (line_bookmaker: string) => {
      const markets: (number | null | undefined)[] = [];
      const listening = simpleSystem('ridge');
      const models = modelOf([
        {
          id: 'ridge',
          forecast: (vector) => {
            markets.push(vector.marketOver);
            return listening.forecast(vector);
          },
        },
      ]);
      const context = { line: '20.5', line_bookmaker, over_price: -137, under_price: -137 };
      const world = await worldOf([{ id: 1, points: 20, context }], { models });
      expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published' });
      const rows = await world.warehouse.query<{ over_price: number }>(
        'SELECT over_price FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)',
        { slate: SLATE },
      );
      return { markets, prices: rows.map(({ over_price }) => over_price) };
    };
    expect(await heard('prizepicks')).toEqual({ markets: [null], prices: [-137] });
    expect(await heard('draftkings')).toEqual({ markets: [0.5], prices: [-137] });
  });

  it('treat a line of 20.0 like any other', async () => {
    const rows = await rowsOf({ id: 1, points: 26, context: { line: '20.0' } });
    const ridge = rows.find((row) => row['system_id'] === 'ridge');
    expect(ridge).toMatchObject({ line: '20', recommendation: 'OVER' });
    expect(Number(ridge?.['edge'])).toBeCloseTo(6, 3);
    expect(Number(ridge?.['p_push'])).toBeGreaterThan(0);
  });

  it('are predicted on zero required defaults although optional features are missing', async () => {
    expect(
      await rowsOf({ id: 1, features: { required_default_count: 0, default_feature_count: 7 } }),
    ).toHaveLength(4);
  });

  it('have the same ids when the same batch is predicted again', async () => {
    const { world, id } = await running(players(2));
    const delivery = await pulled(world);
    const twice = await Promise.all([
      handleUnit({ ...world.deps, warehouse: keepTables(world) }, delivery),
      handleUnit({ ...world.deps, warehouse: keepTables(world) }, delivery),
    ]);
    expect(twice.sort()).toEqual(['done', 'late']);
    const ids = await Promise.all(
      (await staged(world)).map(({ name }) =>
        world.warehouse.query(`SELECT prediction_id FROM nba_predictions.${name} ORDER BY prediction_id`),
      ),
    );
    expect(ids).toHaveLength(2);
    expect(ids[0]).toEqual(ids[1]);
    expect((await readBatch(world.deps.state, id)).state).toBe('running');
  });
});

/** A warehouse whose tables are never dropped once they hold rows. */
function keepTables(world: PredictionWorld): BatchDeps['warehouse'] {
  return { ...world.warehouse, dropTable: async () => false };
}

/** A state store whose transactions work until the n-th. */
function failing(state: BatchDeps['state'], n: number): BatchDeps['state'] {
  let calls = 0;
  return {
    ...state,
    transaction: async (body) => {
      calls += 1;
      if (calls >= n) throw new Error('the store is gone');
      return state.transaction(body);
    },
  };
}

// Shuffled systems must not change what is said about a player.
describe('the order of systems', () => {
  it('does not matter', async () => {
    const world = await worldOf(players(4), { models: modelOf([...simpleSystems()].reverse()) });
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published', predictions: 16 });
  });
});

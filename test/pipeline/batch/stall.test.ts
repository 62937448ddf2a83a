import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { listPublications } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { checkStalled, DEFAULT_STALL_RULES, recover, type StallRules } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { readBatch, readEvents, readUnits, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { withoutCopies } from '#test/fakes/intercepted-deps.ts';
import {
  type FakePlayer,
  type PredictionWorld,
  players,
  predictionWorlds,
  SLATE,
} from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;

const HOLD = { ...DEFAULT_STALL_RULES, policy: 'hold' } as const;
async function running(
  slatePlayers: readonly FakePlayer[],
  unitSize: number,
): Promise<{ world: PredictionWorld; id: string }> {
  const world = await worldOf(slatePlayers);
  const started = await startBatch(world.deps, { ...FIRST, unitSize });
  if (!('batch' in started)) throw new TypeError(`expected a batch, saw ${started.kind}`);
  await dispatch(world.deps, started.batch.batch_id, 'test');
  return { world, id: started.batch.batch_id };
}

/** Works on up to `count` units and leaves the rest in the queue. */
async function work(world: PredictionWorld, count: number): Promise<void> {
  for (const delivery of await world.deps.queue.pull(UNIT_TOPIC, count))
    await handleUnit(world.deps, delivery);
}

const sweep = async (world: PredictionWorld, rules: StallRules = DEFAULT_STALL_RULES) =>
  (await checkStalled(world.deps, 'sweeper', { rules })).at(0);
const minutes = (n: number): number => n * 60_000;

describe('a batch whose workers are dead', () => {
  it('is closed at 31 minutes with nothing done: failed, everybody timed out, the slate free', async () => {
    const { world, id } = await running(players(10), 5);
    world.clock.advance(minutes(30));
    expect((await sweep(world))?.action).toBe('redispatched');
    world.clock.advance(minutes(1));
    expect(await sweep(world)).toMatchObject({
      action: 'closed',
      state: 'failed',
      reason: 'older than 30 minutes',
    });
    const outcomes = [...(await world.outcomes(id)).values()];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => 'timed_out'));
    expect(await world.visible()).toEqual([]);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published', predicted: 10 });
  });

  it('is closed strictly after 30 minutes, not at 30', async () => {
    const { world } = await running(players(4), 2);
    world.clock.advance(minutes(29));
    await work(world, 1);
    world.clock.advance(minutes(1));
    expect((await sweep(world))?.action).toBe('none');
    world.clock.advance(1);
    expect((await sweep(world))?.action).toBe('closed');
  });

  it('publishes what 20 of 60 have and lists the 40 that are missing', async () => {
    const { world, id } = await running(players(60), 10);
    await work(world, 2);
    world.clock.advance(minutes(30) + 1);
    expect(await sweep(world)).toMatchObject({ action: 'closed', state: 'published_partial' });
    const [publication] = await listPublications(world.warehouse, SLATE);
    expect(publication).toMatchObject({ completeness: 'partial', players: 20, expected: 60, batch_id: id });
    const missing = JSON.parse(publication?.missing ?? '[]') as { player_id: number; outcome: string }[];
    expect(missing.map(({ player_id }) => player_id).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 21),
    );
    expect(new Set(missing.map(({ outcome }) => outcome))).toEqual(new Set(['timed_out']));
    const next = await runBatch(world.deps, { ...FIRST, mode: 'RETRY' });
    expect(next).toMatchObject({ state: 'published', predicted: 40, skipped: { already_predicted: 20 } });
  });

  it('is held instead where the policy says so, with its staging tables', async () => {
    const { world } = await running(players(20), 10);
    await work(world, 1);
    world.clock.advance(minutes(30) + 1);
    expect(await sweep(world, HOLD)).toMatchObject({
      action: 'closed',
      state: 'held',
    });
    expect(await world.visible()).toEqual([]);
    expect(await world.warehouse.listTables('nba_predictions', '_staging_')).toHaveLength(1);
  });

  it('stays held when its closing is interrupted and taken up again', async () => {
    const { world, id } = await running(players(20), 10);
    await work(world, 1);
    world.clock.advance(minutes(30) + 1);
    const state = { ...world.deps.state };
    let moves = 0;
    const interrupted = {
      ...world.deps,
      state: {
        ...state,
        transaction: async <R>(body: Parameters<typeof state.transaction<R>>[0]) => {
          moves += 1;
          if (moves > 1) throw new Error('killed');
          return state.transaction(body);
        },
      },
    };
    expect((await checkStalled(interrupted, 'sweeper', { rules: HOLD })).at(0)).toMatchObject({
      action: 'error',
    });
    expect((await readBatch(state, id)).state).toBe('consolidating');
    expect((await recover(world.deps, 'sweeper')).at(0)).toMatchObject({
      action: 'consolidated',
      state: 'held',
    });
  });
});

describe('a batch without progress', () => {
  it('dispatches what is missing once more after 300 s, and is stalled after another 300 s', async () => {
    const { world, id } = await running(players(9), 3);
    await work(world, 1);
    world.clock.advance(299_000);
    expect((await sweep(world))?.action).toBe('none');
    world.clock.advance(1000);
    expect((await sweep(world))?.action).toBe('redispatched');
    expect((await readUnits(world.deps.state, id)).map(({ dispatched }) => dispatched)).toEqual([1, 2, 2]);
    expect(await world.deps.queue.depth(UNIT_TOPIC)).toBe(4);
    world.clock.advance(300_000);
    expect(await sweep(world)).toMatchObject({ action: 'closed', state: 'published_partial' });
  });

  it('ends whole when the second dispatch reaches a worker', async () => {
    const { world } = await running(players(9), 3);
    await world.deps.queue.pull(UNIT_TOPIC, 3, 3600);
    world.clock.advance(300_000);
    await sweep(world);
    await work(world, 10);
    expect(await sweep(world)).toMatchObject({ action: 'consolidated', state: 'published' });
    expect(await world.visible()).toHaveLength(36);
  });

  it('is left alone while it is slow and moves', async () => {
    const { world, id } = await running(players(20), 1);
    for (let i = 0; i < 7; i++) {
      world.clock.advance(minutes(4));
      await work(world, 1);
      expect((await sweep(world))?.action).toBe('none');
    }
    expect((await readBatch(world.deps.state, id)).state).toBe('running');
  });

  it('finishes a dispatch that a crash cut off, without a second message for what was sent', async () => {
    const world = await worldOf(players(6));
    const started = await startBatch(world.deps, { ...FIRST, unitSize: 2 });
    if (!('batch' in started)) throw new TypeError('expected a batch');
    let sent = 0;
    const queue = {
      ...world.deps.queue,
      publish: async (...message: Parameters<typeof world.deps.queue.publish>) => {
        sent += 1;
        if (sent === 2) throw new Error('killed');
        return world.deps.queue.publish(...message);
      },
    };
    await expect(dispatch({ ...world.deps, queue }, started.batch.batch_id, 'test')).rejects.toThrow(
      'killed',
    );
    world.clock.advance(300_000);
    expect((await sweep(world))?.action).toBe('redispatched');
    expect(await world.deps.queue.depth(UNIT_TOPIC)).toBe(3);
    expect((await readBatch(world.deps.state, started.batch.batch_id)).state).toBe('running');
  });
});

describe('skips and failures', () => {
  it('let a batch of 70 % permanent skips end by itself', async () => {
    const skipped: FakePlayer[] = Array.from({ length: 14 }, (_, i) => ({
      id: 100 + i,
      features: { required_default_count: 1 },
    }));
    const world = await worldOf([...players(6), ...skipped], { games: 6 });
    const result = await runBatch(world.deps, FIRST);
    expect(result).toMatchObject({
      state: 'published',
      expected: 20,
      predicted: 6,
      skipped: { required_feature_missing: 14 },
    });
    expect(world.clock.slept).toEqual([]);
  });

  it('hold a batch of which the gate let nobody through: never an empty publication', async () => {
    const world = await worldOf(
      players(4).map((player) => ({ ...player, context: { injury_status: 'out' } })),
    );
    expect(await runBatch(world.deps, FIRST)).toMatchObject({
      state: 'held',
      predicted: 0,
      skipped: { player_out: 4 },
      publication_id: null,
      reason:
        'nobody was predicted: 4 of 4 players were skipped by the gate: 4 player_out (the newest status before the cut-off says out or doubtful)',
    });
    expect(await listPublications(world.warehouse)).toEqual([]);
  });

  it('leave an audit trail of every move with who, when and why', async () => {
    const { world, id } = await running(players(4), 2);
    world.clock.advance(minutes(31));
    await sweep(world);
    const events = await readEvents(world.deps.state, id);
    expect(events.map(({ from, to, by }) => [from, to, by])).toEqual([
      [null, 'created', 'test'],
      ['created', 'dispatching', 'test'],
      ['dispatching', 'running', 'test'],
      ['running', 'consolidating', 'sweeper'],
      ['consolidating', 'failed', 'sweeper'],
    ]);
    expect(events.at(-1)?.reason).toContain('older than 30 minutes');
  });

  it('do not stop the other batches: a broken one is reported and the next is looked at', async () => {
    const { world, id } = await running(players(4), 2);
    await work(world, 2);
    const warehouse = withoutCopies(world.warehouse, new Error('disk full'));
    expect((await consolidateIfComplete({ ...world.deps, warehouse }, id, 'test')).state).toBe('held');
    expect((await readBatch(world.deps.state, id)).reason).toContain('disk full');
  });
});

describe('a dry run', () => {
  /** A batch of nine players in three units, in the situation that a rule is about. */
  const SITUATIONS: Readonly<
    Record<
      string,
      { readonly prepare: (world: PredictionWorld) => Promise<void>; readonly rules?: StallRules }
    >
  > = {
    'a batch that moves': { prepare: async () => undefined },
    'units that are all done': { prepare: async (world) => work(world, 3) },
    'no progress after the first dispatch': { prepare: async ({ clock }) => clock.advance(minutes(5)) },
    'no progress after the second dispatch': {
      prepare: async (world) => {
        world.clock.advance(minutes(5));
        await sweep(world);
        world.clock.advance(minutes(5));
      },
    },
    'a batch that is too old': {
      prepare: async (world) => {
        await work(world, 1);
        world.clock.advance(minutes(31));
      },
    },
    'a batch that is nearly complete': {
      prepare: async (world) => {
        await work(world, 2);
        world.clock.advance(minutes(6));
      },
      rules: { ...DEFAULT_STALL_RULES, minCompletionPct: 60 },
    },
    'a consolidation that stopped': {
      prepare: async (world) => {
        await work(world, 3);
        const warehouse = withoutCopies(
          world.warehouse,
          new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'busy', { hint: 'Wait.' }),
        );
        await checkStalled({ ...world.deps, warehouse }, 'sweeper');
        world.clock.advance(minutes(5));
      },
    },
  };

  for (const [situation, { prepare, rules = DEFAULT_STALL_RULES }] of Object.entries(SITUATIONS)) {
    it(`reports for ${situation} what a real run then does, with the same reason, and changes nothing`, async () => {
      const { world, id } = await running(players(9), 3);
      await prepare(world);
      const before = await readEvents(world.deps.state, id);
      const [dry] = await checkStalled(world.deps, 'test', { rules, dryRun: true });
      expect(await readEvents(world.deps.state, id)).toEqual(before);
      const [real] = await checkStalled(world.deps, 'test', { rules });
      expect({ ...real, state: undefined }).toEqual({ ...dry, state: undefined });
    });
  }

  it('has a situation for every decision', async () => {
    const seen = new Set<string>();
    for (const { prepare, rules = DEFAULT_STALL_RULES } of Object.values(SITUATIONS)) {
      const { world } = await running(players(9), 3);
      await prepare(world);
      for (const { action } of await checkStalled(world.deps, 'test', { rules, dryRun: true }))
        seen.add(action);
    }
    expect([...seen].sort()).toEqual(['closed', 'consolidated', 'none', 'redispatched']);
  });
});

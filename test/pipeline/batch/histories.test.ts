import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { addDays, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { reset } from '#pipeline/batch/reset.ts';
import type { BatchDeps } from '#pipeline/batch/run.ts';
import { checkStalled, DEFAULT_STALL_RULES, recover } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { listBatches, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import type { Delivery } from '#platform/queue/port.ts';
import { times } from '#test/depth.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { deliverTheRest, expectSoundSlate } from './batch-invariants.ts';

// Dozens of histories of whole batches are played.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const worldOf = predictionWorlds();
const BUSY = new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'no answer', { hint: 'wait' });

const OPS = [
  'start',
  'force',
  'dispatch',
  'work',
  'work',
  'work',
  'again',
  'settle',
  'settle',
  'resume',
  'sweep',
  'hold',
  'recover',
] as const;
const RESETS = ['reset-keep', 'reset-publish', 'reset-discard'] as const;
type Op = (typeof OPS)[number] | (typeof RESETS)[number];
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...OPS) },
  { weight: 1, arbitrary: fc.constantFrom(...RESETS) },
);

/** One thing somebody does, what happens in the middle of it, whether he dies there, and the time that passes afterwards. */
const step = fc.record({
  op,
  which: fc.nat({ max: 20 }),
  at: fc.nat({ max: 16 }),
  meanwhile: fc.option(op, { freq: 2 }),
  end: fc.constantFrom('lives', 'lives', 'dies', 'busy'),
  seconds: fc.constantFrom(0, 0, 1, 61, 130, 301, 901),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Actors {
  readonly given: Delivery[] = [];
  readonly world: PredictionWorld;
  readonly slate: Slate;

  constructor(world: PredictionWorld, slate: Slate) {
    this.world = world;
    this.slate = slate;
  }

  /** Does one thing; errors a caller may see are no failure of the test. */
  async act(name: Op, which: number, deps: BatchDeps): Promise<void> {
    const { slate } = this;
    const batches = await listBatches(deps.state, slate);
    const batch = batches[which % Math.max(1, batches.length)]?.batch_id;
    if (name === 'start' || name === 'force') {
      const mode = which % 3 === 0 ? 'LINE_UPDATE' : 'FIRST';
      await startBatch(deps, { slate, mode, by: name, force: name === 'force', unitSize: 2 });
    } else if (name === 'work') {
      const deliveries = await deps.queue.pull(UNIT_TOPIC, 1, 60);
      this.given.push(...deliveries);
      for (const delivery of deliveries) await handleUnit(deps, delivery);
    } else if (name === 'again') {
      const delivery = this.given[which % Math.max(1, this.given.length)];
      if (delivery !== undefined) await handleUnit(deps, delivery);
    } else if (name === 'sweep') await checkStalled(deps, name);
    else if (name === 'hold')
      await checkStalled(deps, name, { rules: { ...DEFAULT_STALL_RULES, policy: 'hold' } });
    else if (name === 'recover') await recover(deps, name);
    else if (batch === undefined) return;
    else if (name === 'dispatch') await dispatch(deps, batch, name);
    else if (name === 'settle') await consolidateIfComplete(deps, batch, name);
    else if (name === 'resume') await consolidateIfComplete(deps, batch, name, { resume: true });
    else {
      const staged = name === 'reset-keep' ? 'keep' : name === 'reset-publish' ? 'publish' : 'discard';
      await reset(deps, which % 2 === 0 ? { slate } : { batchId: batch }, { by: name, why: 'test', staged });
    }
  }

  /** One step of a history: in the middle of one actor's work another one acts, and the first may die or find the warehouse busy. */
  async step({ op: name, which, at, meanwhile, end }: Step): Promise<void> {
    let [changes, dead] = [0, false];
    const deps = interceptedDeps(this.world.deps, async (when) => {
      if (dead) throw new Error('killed');
      if (when !== 'after') return;
      changes += 1;
      if (changes !== at) return;
      if (meanwhile !== null) await this.attempt(meanwhile, which + 1, this.world.deps);
      dead = end === 'dies';
      if (end === 'dies') throw new Error('killed');
      if (end === 'busy') throw BUSY;
    });
    await this.attempt(name, which, deps);
  }

  private async attempt(name: Op, which: number, deps: BatchDeps): Promise<void> {
    await this.act(name, which, deps).catch((error: unknown) => {
      if (
        error instanceof TipoffError &&
        error.code !== 'TIPOFF_SQL' &&
        error.code !== 'TIPOFF_SCHEMA_MISMATCH'
      )
        return;
      if (error instanceof Error && error.message === 'killed') return;
      throw error;
    });
  }
}

describe('any history of starts, workers, sweeps, resets, crashes and late arrivals', () => {
  it('ends with one outcome per expected player, one publication per published batch, and a free slate', async () => {
    const world = await worldOf([], { games: 0 });
    let history = 0;
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 18 }), async (steps) => {
        history += 1;
        const slate = addDays(SLATE, 100 + history);
        await world.addSlate(slate, [...players(5), { id: 6, context: { injury_status: 'out' } }]);
        const actors = new Actors(world, slate);
        await actors.step({ op: 'start', which: 1, at: 0, meanwhile: null, end: 'lives', seconds: 0 });
        await actors.step({ op: 'dispatch', which: 1, at: 0, meanwhile: null, end: 'lives', seconds: 0 });
        for (const one of steps) {
          await actors.step(one);
          world.clock.advance(one.seconds * 1000);
        }
        world.clock.advance(31 * 60_000);
        for (let round = 0; round < 4; round++) {
          await checkStalled(world.deps, 'end');
          world.clock.advance(301_000);
        }
        await deliverTheRest(world);
        for (const { state } of await expectSoundSlate(world, slate))
          ends.set(state, (ends.get(state) ?? 0) + 1);
      }),
      // A fixed seed: the same histories every time, so that what they must cover below is no matter of luck.
      { numRuns: times(12, 40), seed: 1 },
    );
    // A test of histories that never publish, or always do, would prove nothing.
    expect([...ends.keys()].sort()).toEqual(
      expect.arrayContaining(['published', 'published_partial', 'reset']),
    );
  });
});

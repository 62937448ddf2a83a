import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { addDays, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { reset } from '#pipeline/batch/reset.ts';
import type { BatchDeps } from '#pipeline/batch/run.ts';
import { checkStalled } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { type BatchDoc, listBatches, readOutcomes, readUnits, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import type { Delivery } from '#platform/queue/port.ts';
import { times } from '#test/depth.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { type ModelBatch, PLAYERS, SlateModel, UNIT_SIZE } from './batch-model.ts';

// Dozens of sequences of commands are played on whole batches.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const worldOf = predictionWorlds();

/** The slate of a run in the real world. */
interface Real {
  readonly world: PredictionWorld;
  readonly slate: Slate;
  /** How often something of each kind happened, over all runs. */
  readonly seen: Map<string, number>;
}
type Command = fc.AsyncCommand<SlateModel, Real>;

const noted = ({ seen }: Real, what: string): void => {
  seen.set(what, (seen.get(what) ?? 0) + 1);
};

/** Dependencies of a process that dies before the n-th change of a kind. */
function dying({ world }: Real, change: string, n: number): BatchDeps {
  let [count, isDead] = [0, false];
  return interceptedDeps(world.deps, async (when, what) => {
    if (when === 'before' && what === change) count += 1;
    isDead ||= count === n && when === 'before' && what === change;
    if (isDead) throw new Error('killed');
  });
}

/** The same world, which asks again what is visible of a slate only when a statement may have changed it: every step asks. */
function remembering(world: PredictionWorld): PredictionWorld {
  const known = new Map<Slate, string[]>();
  const deps = interceptedDeps(world.deps, async (_when, what) => {
    if (['execute', 'copy', 'append', 'replaceRange'].includes(what)) known.clear();
  });
  return {
    ...world,
    deps,
    visible: async (slate = SLATE) => {
      const rows = known.get(slate) ?? (await world.visible(slate));
      known.set(slate, rows);
      return rows;
    },
  };
}

async function untilKilled(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Error) || error.message !== 'killed') throw error;
  });
}

/** A command about one of the batches there are, real and model. */
function about(
  name: string,
  which: number,
  run: (batch: ModelBatch, real: Real, id: string, model: SlateModel) => Promise<void>,
): Command {
  return {
    check: ({ batches }) => batches.length > 0,
    run: async (model, real) => {
      // The newest ones are the ones that matter; the others take late arrivals.
      const index = model.batches.length - 1 - (which % Math.min(3, model.batches.length));
      const [batch, doc] = [
        model.batches[index],
        (await listBatches(real.world.deps.state, real.slate))[index],
      ];
      if (batch === undefined || doc === undefined) throw new RangeError(`there is no batch ${index}`);
      await run(batch, real, doc.batch_id, model);
      await expectAsModelled(model, real, name);
    },
    toString: () => `${name}(${which})`,
  };
}

async function start(model: SlateModel, real: Real, replaces: boolean, force: boolean): Promise<void> {
  const expected = model.start(replaces, force);
  const request = {
    slate: real.slate,
    mode: replaces ? ('LINE_UPDATE' as const) : ('FIRST' as const),
    by: 'start',
    force,
    unitSize: UNIT_SIZE,
  };
  const seen = await startBatch(real.world.deps, request).then(
    ({ kind }) => kind,
    (error: unknown) => {
      if (error instanceof TipoffError && error.code === 'TIPOFF_BATCH_ACTIVE') return 'refused';
      throw error;
    },
  );
  expect(seen).toBe(expected);
  noted(real, seen);
  await expectAsModelled(model, real, 'start');
}

/** A delivery from anywhere: in time, again, out of order, or long after its batch has ended. */
async function deliver(
  batch: ModelBatch,
  real: Real,
  id: string,
  model: SlateModel,
  which: number,
  outcome: 'predicted' | 'failed',
): Promise<void> {
  const unit = batch.units[which % batch.units.length];
  if (unit === undefined) throw new RangeError('a batch without units');
  const { deps } = real.world;
  const down = {
    forSlate: async () => Promise.reject(new TipoffError('TIPOFF_NO_MODEL', 'no model', { hint: 'train' })),
  };
  const handled = await handleUnit(
    outcome === 'failed' ? { ...deps, models: down } : deps,
    deliveryOf(id, which % batch.units.length),
  );
  expect(handled).toBe(model.deliver(batch, unit, outcome));
  noted(real, handled);
}

async function dispatchAll(batch: ModelBatch, { world }: Real, id: string, model: SlateModel): Promise<void> {
  model.dispatch(batch);
  await dispatch(world.deps, id, 'dispatcher');
}

/** A good day for the workers: every unit that waits is dispatched and done. */
async function everything(batch: ModelBatch, real: Real, id: string, model: SlateModel): Promise<void> {
  await dispatchAll(batch, real, id, model);
  for (const unit of batch.units.keys()) await deliver(batch, real, id, model, unit, 'predicted');
}

function deliveryOf(batchId: string, unit: number): Delivery {
  const body = { batch_id: batchId, unit_id: `u${String(unit + 1).padStart(3, '0')}` };
  return {
    id: `${batchId}-${unit}`,
    topic: UNIT_TOPIC,
    body,
    attempt: 1,
    ack: async () => undefined,
    nack: async () => undefined,
  };
}

const some = fc.nat({ max: 20 });
const commands = fc.commands<SlateModel, Real, false>(
  [
    fc.tuple(fc.constantFrom(false, false, true), fc.constantFrom(false, false, false, true)).map(
      ([replaces, force]): Command => ({
        check: () => true,
        run: (model, real) => start(model, real, replaces, force),
        toString: () => `start(${replaces ? 'replacing' : 'first'}${force ? ', forced' : ''})`,
      }),
    ),
    some.map((which) => about('dispatch', which, dispatchAll)),
    fc.tuple(some, fc.nat({ max: 2 })).map(([which, recorded]) =>
      about('a dispatcher dies', which, async (batch, real, id, model) => {
        if (batch.state !== 'created' || recorded >= batch.units.length) return;
        model.dispatch(batch, recorded);
        // One transaction moves the batch, one records each unit.
        await untilKilled(dispatch(dying(real, 'transaction', recorded + 2), id, 'dispatcher'));
        noted(real, 'dispatcher died');
      }),
    ),
    ...(['predicted', 'predicted', 'predicted', 'failed'] as const).map((outcome) =>
      fc.tuple(some, some, fc.boolean()).map(([which, unit, isDispatched]) =>
        about(`a unit is ${outcome}`, which, async (batch, real, id, model) => {
          if (isDispatched) await dispatchAll(batch, real, id, model);
          await deliver(batch, real, id, model, unit, outcome);
        }),
      ),
    ),
    ...[false, true].map((isSettled) =>
      some.map((which) =>
        about('the workers do everything', which, async (batch, real, id, model) => {
          await everything(batch, real, id, model);
          if (!isSettled) return;
          model.settle(batch);
          await consolidateIfComplete(real.world.deps, id, 'settler');
        }),
      ),
    ),
    fc.tuple(some, some).map(([which, unit]) =>
      about('a worker dies', which, async (batch, real, id) => {
        // It claims the unit, lands its rows, and never records an outcome.
        await untilKilled(
          handleUnit(dying(real, 'transaction', 2), deliveryOf(id, unit % batch.units.length)),
        );
        noted(real, 'worker died');
      }),
    ),
    some.map((which) =>
      about('settle', which, async (batch, { world }, id, model) => {
        model.settle(batch);
        await consolidateIfComplete(world.deps, id, 'settler');
      }),
    ),
    some.map((which) =>
      about('a consolidation dies', which, async (batch, real, id, model) => {
        await everything(batch, real, id, model);
        if (model.isComplete(batch)) noted(real, 'consolidation died');
        model.halfSettle(batch);
        await untilKilled(consolidateIfComplete(dying(real, 'copy', 1), id, 'settler'));
      }),
    ),
    some.map((which) =>
      about('resume', which, async (batch, { world }, id, model) => {
        model.resume(batch);
        await consolidateIfComplete(world.deps, id, 'restart', { resume: true });
      }),
    ),
    fc.tuple(some, fc.constantFrom('keep', 'publish', 'discard')).map(([which, staged]) =>
      about(`reset ${staged}`, which, async (batch, { world }, id, model) => {
        model.reset(batch, staged);
        await reset(world.deps, { batchId: id }, { by: 'operator', why: 'test', staged });
      }),
    ),
    ...[0, 1].map(() =>
      fc.constantFrom(1, 130, 299, 300, 301, 600, 900, 1500, 1800, 1801).map(
        (seconds): Command => ({
          check: () => true,
          run: async (model, { world }) => {
            model.now += seconds;
            world.clock.advance(seconds * 1000);
          },
          toString: () => `${seconds} s pass`,
        }),
      ),
    ),
    fc.constant<Command>({
      check: () => true,
      run: async (model, real) => {
        model.sweep();
        await checkStalled(real.world.deps, 'sweeper');
        await expectAsModelled(model, real, 'sweep');
      },
      toString: () => 'sweep',
    }),
  ],
  { maxCommands: 30, size: 'max' },
);

/** States, units, outcomes and what is visible: all as the model says. */
async function expectAsModelled(
  model: SlateModel,
  { world, slate, seen }: Real,
  after: string,
): Promise<void> {
  const { state } = world.deps;
  const docs = await listBatches(state, slate);
  expect(
    docs.map((doc) => doc.state),
    `after ${after}`,
  ).toEqual(model.batches.map((batch) => batch.state));
  for (const [i, doc] of docs.entries()) await expectBatch(world, doc, model.batches[i], after);
  const visible = await world.visible(slate);
  expect(new Set(visible).size).toBe(visible.length);
  expect(
    [...new Set(visible.map((key) => Number(key.split(' ')[0])))].sort(),
    `visible after ${after}`,
  ).toEqual(model.visible);
  for (const batch of model.batches) seen.set(batch.state, (seen.get(batch.state) ?? 0) + 1);
}

async function expectBatch(
  { deps }: PredictionWorld,
  doc: BatchDoc,
  batch: ModelBatch | undefined,
  after: string,
): Promise<void> {
  const units = await readUnits(deps.state, doc.batch_id);
  const outcomes = new Map(
    (await readOutcomes(deps.state, doc.batch_id)).map((one) => [one.player_id, one.outcome]),
  );
  const seen = units.map((unit) => ({
    players: unit.players,
    dispatched: unit.dispatched,
    outcome: unit.players.map((id) => outcomes.get(id) ?? 'none'),
  }));
  const expected = batch?.units.map(({ players: own, dispatched, outcome }) => ({
    players: own,
    dispatched,
    outcome: own.map(() => outcome),
  }));
  expect(seen, `units of ${doc.batch_id} after ${after}`).toEqual(expected);
  const isOver = !['created', 'dispatching', 'running', 'consolidating', 'reset'].includes(doc.state);
  if (isOver)
    expect(outcomes.size, `${doc.batch_id} ended with one outcome per expected player`).toBe(doc.expected);
}

describe('the batches of a slate', () => {
  it('are at every moment what the rules say, whatever happens in whatever order', async () => {
    const world = remembering(await worldOf([], { games: 0 }));
    const seen = new Map<string, number>();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        runs += 1;
        const slate = addDays(SLATE, 100 + runs);
        await world.addSlate(slate, [
          ...players(PLAYERS.length),
          { id: PLAYERS.length + 1, context: { injury_status: 'out' } },
        ]);
        const setup = () => ({ model: new SlateModel(), real: { world, slate, seen } });
        await fc.asyncModelRun(setup, steps);
      }),
      // A fixed seed: what the runs must cover below is no matter of luck.
      { numRuns: times(30, 120), seed: 11, endOnFailure: false },
    );
    const rare = [
      'started',
      'refused',
      'nothing_to_do',
      'done',
      'failed',
      'duplicate',
      'late',
      'published',
      'published_partial',
      'reset',
      'consolidating',
    ];
    for (const what of [...rare, 'dispatcher died', 'worker died', 'consolidation died'])
      expect(seen.get(what) ?? 0, what).toBeGreaterThan(1);
    // Up to 120 histories of a batch are played on real engines.
  }, 300_000);
});

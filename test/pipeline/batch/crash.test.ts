import { describe, expect, vi } from 'vitest';
import { addDays, type Slate } from '#core/calendar.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { recover } from '#pipeline/batch/stall.ts';
import { itForSpread } from '#test/depth.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { deliverTheRest, expectSoundSlate } from './batch-invariants.ts';

// A batch is run once per point at which its worker dies.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const worldOf = predictionWorlds();
const request = (slate: Slate) =>
  ({ slate, mode: 'FIRST', by: 'test', callerKey: 'one', unitSize: 3 }) as const;
const SLATE_PLAYERS = [...players(6), { id: 7, features: { required_default_count: 1 } }];

/** Runs a batch that dies at the n-th change, before or after it. Returns the change, or undefined when the batch outlived it. */
async function killedAt(
  world: PredictionWorld,
  slate: Slate,
  n: number,
  when: 'before' | 'after',
): Promise<string | undefined> {
  let [count, died]: [number, string | undefined] = [0, undefined];
  const deps = interceptedDeps(world.deps, async (now, change) => {
    if (now === 'before') count += 1;
    if (died === undefined && count === n && now === when) died = change;
    if (died !== undefined) throw new Error('killed');
  });
  await runBatch(deps, request(slate)).catch((error: unknown) => {
    if (died === undefined) throw error;
  });
  return died;
}

describe('a process that is killed', () => {
  // Just after a change is just before the next one, but for the last.
  itForSpread(['before', 'after'] as const, 1)(
    'just %s any change leaves a batch that a restart brings to the same end',
    async (when) => {
      const world = await worldOf([], { games: 0 });
      const points = new Set<string>();
      for (let n = 1; ; n++) {
        const slate = addDays(SLATE, 30 + n);
        await world.addSlate(slate, SLATE_PLAYERS);
        const point = await killedAt(world, slate, n, when);
        if (point === undefined) break;
        points.add(point);
        world.clock.advance(61_000);
        await recover(world.deps, 'restart');
        const result = await runBatch(world.deps, request(slate));
        expect(result, `killed ${when} change ${n}, ${point}`).toMatchObject({
          state: 'published',
          predicted: 6,
          predictions: 24,
          skipped: { required_feature_missing: 1 },
        });
        await deliverTheRest(world);
        const batches = await expectSoundSlate(world, slate);
        expect(batches).toHaveLength(1);
        expect(await world.visible(slate)).toHaveLength(24);
      }
      expect([...points].sort()).toEqual([
        'ack',
        'append',
        'copy',
        'dropTable',
        'execute',
        'publish',
        'stage',
        'transaction',
      ]);
    },
    // A batch is run again per place where it can die.
    60_000,
  );
});

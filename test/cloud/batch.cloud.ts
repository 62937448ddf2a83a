import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { addDays } from '#core/calendar.ts';
import { type BatchDeps, runBatch } from '#pipeline/batch/run.ts';
import { recover } from '#pipeline/batch/stall.ts';
import { systemClock } from '#platform/clock.ts';
import { pubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { openPubSubTransport } from '#platform/queue/pubsub/transport.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import { playsAll } from '#test/depth.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { deliverTheRest, expectSoundSlate } from '#test/pipeline/batch/batch-invariants.ts';
import { offered } from './offered.ts';
import { virtualDeadlines } from './virtual-transport.ts';

const [firestore, pubsub] = [offered('firestore'), offered('pubsub')];
const REQUEST = { slate: SLATE, mode: 'FIRST', by: 'test', callerKey: 'one', unitSize: 3 } as const;
const SLATE_PLAYERS = [...players(6), { id: 7, features: { required_default_count: 1 } }];
const PROCESSES = 3;
/** A run that does not play every case dies at every other change. */
const STEP = playsAll ? 1 : 2;

describe.skipIf(firestore === undefined || pubsub === undefined)('batches on Firestore and Pub/Sub', () => {
  const worldOf = predictionWorlds();
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** The dependencies of as many processes, each with its own clients of one Firestore and one Pub/Sub. */
  const onCloud = (world: PredictionWorld, processes: number): BatchDeps[] => {
    const projectId = `tipoff-${randomUUID().slice(0, 8)}`;
    const { clock } = world;
    const virtual = virtualDeadlines(clock);
    return Array.from({ length: processes }, () => {
      const state = openFirestoreState({
        ...{ projectId, clock: { now: clock.now, sleep: systemClock.sleep } },
        ...(firestore === undefined ? {} : { emulator: firestore }),
      });
      const transport = openPubSubTransport({
        projectId,
        createMissing: true,
        ...(pubsub === undefined ? {} : { emulator: pubsub }),
      });
      const queue = pubSubQueue(virtual(transport), { state, clock });
      closers.push(state.close, queue.close);
      return { ...world.deps, state, queue };
    });
  };

  it('are one, however many start it and work on it at once', async () => {
    const world = await worldOf([...players(40)]);
    const cloud = onCloud(world, PROCESSES);
    const [first] = cloud;
    if (first === undefined) throw new Error('no process');
    await Promise.allSettled(cloud.map((deps) => runBatch(deps, REQUEST)));
    const onFirst = { ...world, deps: first };
    await runBatch(first, REQUEST);
    await deliverTheRest(onFirst);
    const batches = await expectSoundSlate(onFirst, SLATE);
    expect(batches.filter(({ state }) => state.startsWith('published'))).toHaveLength(1);
  });

  it.each(['before', 'after'] as const)(
    'that are killed just %s any change are brought to the same end by a restart',
    async (when) => {
      const world = await worldOf([], { games: 0 });
      const [deps] = onCloud(world, 1);
      if (deps === undefined) throw new Error('no process');
      const points = new Set<string>();
      for (let n = 1; ; n += STEP) {
        const slate = addDays(SLATE, 30 + n);
        await world.addSlate(slate, SLATE_PLAYERS);
        let [count, died]: [number, string | undefined] = [0, undefined];
        const dying = interceptedDeps(deps, async (now, change) => {
          if (now === 'before') count += 1;
          if (died === undefined && count === n && now === when) died = change;
          if (died !== undefined) throw new Error('killed');
        });
        const run = runBatch(dying, { ...REQUEST, slate });
        await run.catch((error: unknown) => {
          if (died === undefined) throw error;
        });
        if (died === undefined) break;
        points.add(died);
        world.clock.advance(61_000);
        await recover(deps, 'restart');
        const result = await runBatch(deps, { ...REQUEST, slate });
        expect(result, `killed ${when} change ${n}, ${died}`).toMatchObject({
          state: 'published',
          predicted: 6,
          predictions: 24,
        });
        const onCloudWorld = { ...world, deps };
        await deliverTheRest(onCloudWorld);
        expect(await expectSoundSlate(onCloudWorld, slate)).toHaveLength(1);
        expect(await world.visible(slate)).toHaveLength(24);
      }
      expect([...points]).toEqual(expect.arrayContaining(['ack', 'append', 'publish', 'transaction']));
    },
    // A batch goes through emulators, message by message.
    600_000,
  );
});

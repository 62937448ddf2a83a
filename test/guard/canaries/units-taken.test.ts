import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { checkStalled } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { readBatch, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const worlds = predictionWorlds();
const MINUTE = 60_000;

/** What the check says of a coordinator now. */
async function asked({ deps, clock }: PredictionWorld) {
  // Nothing of documents and models is asked.
  const objects = directoryObjects(tmpdir());
  const { results } = await runCanaries(
    {
      ...deps,
      exports: objects,
      models: objects,
      clock,
      deployment: { codeVersion: 'test', scheduledJobs: [], configGaps: [] },
    },
    { canaries: [canaryNamed('units_taken')], asOf: clock.now(), store: false },
  );
  return results[0];
}

/** A batch that a coordinator starts and hands out, with nobody to work on it. */
async function coordinate({ deps }: PredictionWorld): Promise<string> {
  const started = await startBatch(deps, { slate: SLATE, mode: 'FIRST', by: 'test', unitSize: 10 });
  if (!('batch' in started)) throw new TypeError(`expected a batch, saw ${started.kind}`);
  await dispatch(deps, started.batch.batch_id, 'test');
  return started.batch.batch_id;
}

describe('a coordinator without workers', () => {
  it('is not asked about before any batch, and has a few minutes to wake one', async () => {
    const world = await worlds(players(20));
    expect(await asked(world)).toMatchObject({ status: 'skip' });
    await coordinate(world);
    await world.clock.sleep(2 * MINUTE);
    expect(await asked(world)).toMatchObject({ status: 'skip' });
  });

  it('is told while its batch waits, and after it was given up, until a worker takes something', async () => {
    const world = await worlds(players(20));
    const { deps, clock } = world;
    const batchId = await coordinate(world);
    await clock.sleep(4 * MINUTE);
    expect(await asked(world)).toMatchObject({
      status: 'fail',
      offenders: [
        expect.stringMatching(/^2025-01-10-.*: 0 of 2 units of 2025-01-10 taken since 2025-01-10T13:00/),
      ],
    });
    for (let minute = 0; minute < 40; minute++) {
      await clock.sleep(MINUTE);
      await checkStalled(deps, 'test');
    }
    expect((await readBatch(deps.state, batchId)).closed_at).not.toBeNull();
    expect(await asked(world)).toMatchObject({ status: 'fail' });

    await coordinate(world);
    await clock.sleep(4 * MINUTE);
    expect(await asked(world)).toMatchObject({ status: 'fail' });
    for (const next of await deps.queue.pull(UNIT_TOPIC, 10, 60)) await handleUnit(deps, next);
    expect(await asked(world)).toMatchObject({ status: 'pass' });
  });
});

import { expect } from 'vitest';
import type { Slate } from '#core/calendar.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  isActive,
  listBatches,
  readOutcomes,
  UNIT_TOPIC,
} from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import type { PredictionWorld } from '#test/fakes/prediction-world.ts';

/** What must hold of a slate once its batches have ended, whatever happened on the way. Returns its batches. */
export async function expectSoundSlate(world: PredictionWorld, slate: Slate): Promise<BatchDoc[]> {
  const { state } = world.deps;
  const batches = await listBatches(state, slate);
  expect((await state.get(COLLECTIONS.slates, slate))?.data['active_batch'] ?? null).toBeNull();
  for (const batch of batches) await expectSoundBatch(world, batch);
  const keys = await world.visible(slate);
  expect(new Set(keys).size).toBe(keys.length);
  return batches;
}

/** Delivers whatever is left in the queue: late messages of batches that have ended. None of them may change anything. */
export async function deliverTheRest({ deps, clock }: PredictionWorld): Promise<void> {
  while ((await deps.queue.depth(UNIT_TOPIC)) > 0) {
    clock.advance(3600_000);
    for (const delivery of await deps.queue.pull(UNIT_TOPIC, 100))
      expect(await handleUnit(deps, delivery)).toMatch(/^(late|duplicate)$/);
  }
}

async function expectSoundBatch(world: PredictionWorld, batch: BatchDoc): Promise<void> {
  const { batch_id, slate } = batch;
  expect(isActive(batch.state), `${batch_id} is ${batch.state}`).toBe(false);
  const receipts = await world.warehouse.query<{ publication_id: string; row_count: number }>(
    `SELECT publication_id, row_count FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE) AND batch_id = @batch_id AND event = 'published'`,
    { slate, batch_id },
  );
  const stored = await world.warehouse.query<{ publication_id: string; player_id: number; n: number }>(
    `SELECT publication_id, player_id, COUNT(*) AS n FROM nba_predictions.player_prop_predictions
     WHERE slate = CAST(@slate AS DATE) AND batch_id = @batch_id GROUP BY publication_id, player_id ORDER BY player_id`,
    { slate, batch_id },
  );
  const outcomes = await readOutcomes(world.deps.state, batch_id);
  if (batch.state !== 'reset') expect(outcomes).toHaveLength(batch.expected);
  if (batch.state !== 'published' && batch.state !== 'published_partial') {
    expect(receipts, `${batch_id} is ${batch.state}`).toEqual([]);
    expect(stored, `rows of ${batch_id}, which is ${batch.state}`).toEqual([]);
    expect(batch.publication_id).toBeNull();
    return;
  }
  expect(receipts.map(({ publication_id }) => publication_id)).toEqual([batch.publication_id]);
  const predicted = outcomes
    .filter(({ outcome }) => outcome === 'predicted')
    .sort((a, b) => a.player_id - b.player_id);
  expect(stored).toEqual(
    predicted.map(({ player_id, rows }) => ({ publication_id: batch.publication_id, player_id, n: rows })),
  );
  expect(receipts[0]?.row_count).toBe(predicted.reduce((total, { rows }) => total + rows, 0));
  expect(predicted.length).toBeGreaterThan(0);
  const complete = outcomes.every(({ outcome }) => outcome === 'predicted' || outcome === 'skipped');
  expect(batch.state).toBe(complete ? 'published' : 'published_partial');
}

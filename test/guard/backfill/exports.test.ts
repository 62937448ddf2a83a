import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mondayBefore, type Slate } from '#core/calendar.ts';
import { executor } from '#guard/backfill/execute.ts';
import { NO_OBJECTS } from '#guard/backfill/priced-plan.ts';
import type { Chunk } from '#guard/backfill/slates.ts';
import { backfillSteps } from '#guard/backfill/steps.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type BackfillWorld, backfillWorld } from './world.ts';

// A season is computed and exported.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: BackfillWorld;
beforeAll(async () => {
  world = await backfillWorld();
});
afterAll(() => world.close());

/** Exports the season and says which slates were settled together, in order. */
async function settled(warehouse: Warehouse): Promise<{ groups: Slate[][]; error: unknown }> {
  const step = backfillSteps(world.deps).find(({ name }) => name === 'Exports');
  if (step === undefined) throw new Error('no exports');
  const work: Chunk = { step, slates: world.season };
  const groups: Slate[][] = [];
  const error: unknown = await executor(
    { ...world.deps, warehouse, exports: NO_OBJECTS },
    world.season,
    new Set(),
    'test',
  )
    .execute(work, async (outcomes) => {
      groups.push([...outcomes.keys()]);
    })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return { groups, error };
}

describe('exports of a season', () => {
  it('stand week by week, so that a run tells how far it is and loses a week at most', async () => {
    const { groups, error } = await settled(world.warehouse);
    expect(error).toBeUndefined();
    expect(groups.flat()).toEqual(world.season);
    expect(groups.map(([first = world.first]) => mondayBefore(first))).toEqual([
      ...new Set(world.season.map(mondayBefore)),
    ]);
    expect(groups.length).toBeGreaterThan(2);
  });

  it('do not all stand when the document of the season failed: the last week is tried again', async () => {
    const broken: Warehouse = {
      ...world.warehouse,
      query: async (sql, params) => {
        if (sql.includes('nba_predictions.subset_picks')) throw new Error('no subsets today');
        return world.warehouse.query(sql, params);
      },
    };
    const { groups, error } = await settled(broken);
    expect(error).toMatchObject({ message: 'no subsets today' });
    const last = mondayBefore(world.last);
    expect(groups.flat()).toEqual(world.season.filter((slate) => mondayBefore(slate) !== last));
  });
});

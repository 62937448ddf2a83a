import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { changedParts, type Parts } from '#guard/backfill/parts.ts';
import { planBackfill } from '#guard/backfill/plan.ts';
import { prepareReferences } from '#guard/backfill/slates.ts';
import { BACKFILL_PHASES, backfillSteps } from '#guard/backfill/steps.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { type BackfillWorld, backfillWorld } from './world.ts';

// A season is computed, twice over.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: BackfillWorld;
beforeAll(async () => {
  world = await backfillWorld();
});
afterAll(() => world.close());

/** What every slate of the season would be predicted from, as a plan of all phases has it. */
async function predictedFrom(): Promise<ReadonlyMap<string, Parts>> {
  await prepareReferences(world.deps);
  const request = { from: world.first, to: world.last, phases: BACKFILL_PHASES, now: world.deps.clock.now() };
  const { parts } = await planBackfill(world.deps, backfillSteps(world.deps), request);
  return parts.get('Predictions') ?? new Map();
}

it('a slate that turns out held does not make what was computed in the same run stale', async () => {
  const slates = world.season.slice(3, 8);
  for (const table of ['player_box_scores', 'team_box_scores'])
    await world.warehouse.execute(
      `DELETE FROM nba_raw.${table} WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
      {
        from: slates[0] ?? world.first,
        to: slates.at(-1) ?? world.last,
      },
    );
  const before = await predictedFrom();
  const report = await world.run();
  expect(report.held.some(({ step }) => step === 'MLFeatureStore')).toBe(true);
  expect(before.size).toBe(world.season.length);
  const after = await predictedFrom();
  expect(after.size).toBe(world.season.length);
  expect(after).toEqual(before);
});

it('features of a history that somebody else computed make what was learnt without them stale, and only once', async () => {
  // From the first slate on that is not held.
  const [from, to] = [parseSlate('2023-10-26'), parseSlate('2024-06-30')];
  await world.run();
  const without = await predictedFrom();
  const elsewhere = openSqliteState(':memory:', { clock: world.deps.clock });
  await world.run({ from, to }, { state: elsewhere });
  await elsewhere.close();
  const withThem = await predictedFrom();
  const changed = [...withThem].map(([slate, parts]) => changedParts(without.get(slate) ?? {}, parts));
  expect(new Set(changed.map(String))).toEqual(new Set(['MLFeatureStore:before_week']));
  await world.run({ from, to });
  expect(await predictedFrom()).toEqual(withThem);
});

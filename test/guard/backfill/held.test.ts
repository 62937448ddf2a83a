import { afterEach, expect, it, vi } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import type { Parts } from '#guard/backfill/parts.ts';
import { planBackfill } from '#guard/backfill/plan.ts';
import { prepareReferences } from '#guard/backfill/slates.ts';
import { BACKFILL_PHASES, type BackfillPhase, backfillSteps } from '#guard/backfill/steps.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { type BackfillWorld, backfillWorld, computedWorld } from './world.ts';

// A season is computed, twice over.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: BackfillWorld;
afterEach(() => world.close());

/** What every slate of the season would be predicted from, as a plan of all phases has it. */
async function predictedFrom(): Promise<ReadonlyMap<string, Parts>> {
  await prepareReferences(world.deps);
  const request = { from: world.first, to: world.last, phases: BACKFILL_PHASES, now: world.deps.clock.now() };
  const { parts } = await planBackfill(world.deps, backfillSteps(world.deps), request);
  return parts.get('Predictions') ?? new Map();
}

it('a slate that turns out held does not make what was computed in the same run stale', async () => {
  world = await backfillWorld();
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
  const held = new Set(report.held.map(({ step, month }) => `${step} ${month}`));
  expect(report.done_units).toBe(
    report.executed.filter(({ step, month }) => !held.has(`${step} ${month}`)).length,
  );
  expect(before.size).toBe(world.season.length);
  const after = await predictedFrom();
  expect(after.size).toBe(world.season.length);
  expect(after).toEqual(before);
});

it('what is predicted is learnt from the features of all seasons before, whoever computed them', async () => {
  world = await computedWorld();
  const { first: from, last: to, deps } = world;
  const monthsOf = async (phases: readonly BackfillPhase[]): Promise<string[]> => {
    const { plan } = await planBackfill(deps, backfillSteps(deps), {
      from,
      to,
      phases,
      now: deps.clock.now(),
    });
    return plan.units.filter(({ step }) => step === 'MLFeatureStore').map(({ month }) => month);
  };
  expect(await monthsOf(['analytics', 'precompute'])).toEqual([]);
  expect((await monthsOf(BACKFILL_PHASES))[0]).toBe('2023-10');
  const planned = await predictedFrom();
  // As a day does it: outside of this ledger.
  const elsewhere = openSqliteState(':memory:', { clock: deps.clock });
  await world.run({ from: parseSlate('2023-10-24'), to: parseSlate('2024-06-30') }, { state: elsewhere });
  await elsewhere.close();
  expect(await predictedFrom()).toEqual(planned);
});

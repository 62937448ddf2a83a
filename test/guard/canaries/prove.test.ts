import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HEALTHY_AS_OF, healthyLeague, liveDays, ONE_RUN, proofSlates } from '#app/healthy-world.ts';
import { CATALOGUE } from '#guard/canaries/catalog/index.ts';
import { runCanaries } from '#guard/canaries/engine.ts';
import { prove } from '#guard/canaries/prove.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('the catalogue on a healthy world', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await emptyWorld();
    const league = healthyLeague();
    await liveDays(world.day, { league, clock: world.clock, slates: proofSlates(league), hours: ONE_RUN });
    world.clock.set(HEALTHY_AS_OF);
  });
  afterAll(() => world.close());

  test('nothing fires, and everything that can be asked is asked', async () => {
    const { results } = await runCanaries(world, { canaries: CATALOGUE, asOf: HEALTHY_AS_OF });
    const loud = results.filter(({ status }) => status === 'FAIL' || status === 'ERROR');
    expect(loud.map(({ canary_id, reason, offenders }) => [canary_id, reason, offenders.slice(0, 3)])).toEqual([]);
    expect(results.filter(({ status }) => status === 'SKIP').map(({ canary_id, reason }) => [canary_id, reason])).toEqual([
      ['rejected_share', 'nothing was loaded in the last 24 hours'],
      ['run_rate', 'nothing ran in the last hour'],
      ['operator_halt', 'there is no halt'],
    ]);
  });

  test('every check fires on its own sabotage and is quiet when it is undone', async () => {
    const report = await prove(world, CATALOGUE, HEALTHY_AS_OF);
    expect(report.proofs.filter(({ proven }) => !proven).map(({ canary_id, detail }) => [canary_id, detail])).toEqual([]);
    expect(report.proven).toBe(CATALOGUE.length);
    const { results } = await runCanaries(world, { canaries: CATALOGUE, asOf: HEALTHY_AS_OF });
    expect(results.filter(({ status }) => status === 'FAIL' || status === 'ERROR')).toEqual([]);
  });
});

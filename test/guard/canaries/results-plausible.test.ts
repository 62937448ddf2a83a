import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { loadLeague } from '#simulate/league.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

/** A night of four games. */
const SLATE = '2024-12-08';

describe('results_plausible', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await emptyWorld('2024-12-09T17:00:00Z');
    await world.warehouse.append(schedule, [gameRow(SLATE, 0, '2024-12-09T00:00:00.000Z')]);
    const league = simulatedLeague({
      seed: 11,
      seasons: ['2024-25'],
      teams: 12,
      gamesPerTeam: 32,
      through: '2024-12-09',
    });
    await loadLeague(world.warehouse, league, { clock: world.clock });
  });
  afterAll(() => world.close());

  const asked = async () =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed('results_plausible')],
        asOf: world.clock.now(),
      })
    ).results[0];

  test('passes a night as it was', async () => {
    expect(await asked()).toMatchObject({ status: 'pass', offenders: [] });
  });

  // The boxes of the teams agree with the players when both come from one feed, and every column is as full as ever.
  test.each([
    ['stl', 'blk'],
    ['reb', 'ast'],
    ['stl', 'tov'],
  ])('names two columns that are exchanged: %s and %s', async (a, b) => {
    const exchange = `UPDATE nba_raw.player_box_scores SET ${a} = ${b}, ${b} = ${a} WHERE slate = CAST('${SLATE}' AS DATE)`;
    await world.warehouse.execute(exchange);
    const { offenders } = (await asked()) ?? {};
    await world.warehouse.execute(exchange);
    expect(offenders).toContain(`${a} and ${b}: each player has of the one what he usually has of the other`);
  });
});

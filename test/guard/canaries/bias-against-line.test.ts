import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDays } from '#core/calendar.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { gameRow, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('bias_against_line', () => {
  const newWorld = predictionWorlds();
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
  });
  afterEach(() => world.close());

  test.each([
    ['2.3 points from the lines', 2.3, 10, 'pass'],
    ['2.7 points from the lines', 2.7, 10, 'fail'],
    ['so far from them on the second evening of a season', 2.7, 1, 'pass'],
    ['4.5 points from them then', -4.5, 1, 'fail'],
  ])('24 forecasts %s', async (_what, mean, daysBefore, status) => {
    const { deps, warehouse } = await newWorld(players(24));
    await runBatch(deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    await warehouse.append(schedule, [{ ...gameRow(addDays(SLATE, -daysBefore), 9), status: 'final' }]);
    await warehouse.execute(
      `UPDATE nba_predictions.player_prop_predictions SET edge = ${mean} + MOD(player_id, 2) - 0.5
       WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge'`,
      { slate: SLATE },
    );
    const { results } = await runCanaries(
      { ...world, warehouse },
      { canaries: [canaryNamed('bias_against_line')], asOf: new Date('2025-01-10T22:50:00Z') },
    );
    expect(results[0]?.status).toBe(status);
  });
});

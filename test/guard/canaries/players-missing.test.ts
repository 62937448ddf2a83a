import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('players_missing', () => {
  const newWorld = predictionWorlds();
  let world: TestWorld;
  let slate: PredictionWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    slate = await newWorld(players(8));
    await runBatch(slate.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
  });
  afterEach(() => world.close());

  /** Quotes of players who are in no context, for a game of tonight or another one. */
  const quote = async (count: number, gameId = 'game_id'): Promise<void> => {
    for (let n = 0; n < count; n++)
      await slate.warehouse.execute(
        `INSERT INTO nba_analytics.player_prop_lines BY NAME
         SELECT * REPLACE (900 + ${n} AS player_id, 'stranger${n}' AS player_lookup, ${gameId} AS game_id)
         FROM nba_analytics.player_prop_lines WHERE player_id = 1 LIMIT 1`,
      );
  };
  const look = async () =>
    (
      await runCanaries(
        { ...world, warehouse: slate.warehouse },
        { canaries: [canaryNamed('players_missing')], asOf: new Date('2025-01-10T22:50:00Z') },
      )
    ).results[0];

  test('passes when all with a line are predicted', async () => {
    expect(await look()).toMatchObject({ status: 'pass' });
  });

  test('names those whom a book quotes and nobody knows to be with either team', async () => {
    await quote(5);
    const found = await look();
    expect(found).toMatchObject({ status: 'fail' });
    expect(found?.offenders).toHaveLength(5);
    expect(found?.offenders[0]).toMatch(/^stranger\d .*: quoted, and not known to be with either team$/);
  });

  test('tolerates a few of them, such as rookies before their first game', async () => {
    await quote(3);
    expect(await look()).toMatchObject({ status: 'pass' });
  });

  test('leaves lines of other games to lines_resolved', async () => {
    await quote(5, 'CAST(NULL AS STRING)');
    expect(await look()).toMatchObject({ status: 'pass' });
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PlayerPropLine, playerPropLines } from '#core/contracts/nba_analytics.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const SLATE = '2025-01-11';

function line(player: number, home: string, resolution: string): Partial<PlayerPropLine> {
  return {
    slate: SLATE,
    home_abbr: home,
    away_abbr: 'BBB',
    market: 'points',
    bookmaker: 'book',
    player_lookup: `player${player}`,
    resolution,
    line: '12.5',
    snapshot_quality: 'exact',
    cutoff_at: `${SLATE}T23:00:00Z`,
  };
}

describe('lines_resolved', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    await world.warehouse.append(schedule, [{ ...gameRow(SLATE, 0, '2025-01-12T00:00:00.000Z') }]);
    await world.warehouse.append(
      playerPropLines,
      Array.from({ length: 12 }, (_, i) => line(i, 'AAA', 'resolved')),
    );
  });
  afterEach(() => world.close());

  const status = async (): Promise<string | undefined> =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed('lines_resolved')],
        asOf: new Date(`${SLATE}T23:30:00Z`),
      })
    ).results[0]?.status;

  const quoteAnother = async (): Promise<void> => {
    await world.warehouse.append(
      playerPropLines,
      Array.from({ length: 12 }, (_, i) => line(100 + i, 'CCC', 'unknown_game')),
    );
  };

  test('lines of a game that nobody scheduled are a failure', async () => {
    await quoteAnother();
    expect(await status()).toBe('fail');
  });

  test('lines of a game that was called off are not', async () => {
    const moved = {
      ...gameRow('2025-01-28', 1, '2025-01-29T00:00:00.000Z'),
      home_abbr: 'CCC',
      published_slate: SLATE,
      was_moved: true,
    };
    await world.warehouse.append(schedule, [moved]);
    await quoteAnother();
    expect(await status()).toBe('pass');
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { playerDailyCache } from '#core/contracts/nba_precompute.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('stages_agree', () => {
  const newWorld = predictionWorlds();
  let world: TestWorld;
  let warehouse: Warehouse;
  beforeEach(async () => {
    world = await emptyWorld();
    ({ warehouse } = await newWorld(players(20).map((player) => ({ ...player, features: { is_home: 1 } }))));
    await send(0);
    await change(
      'nba_predictions.ml_feature_store',
      'line = (SELECT MIN(l.line) FROM nba_analytics.player_prop_lines l WHERE l.player_id = ml_feature_store.player_id)',
    );
  });
  afterEach(() => world.close());

  /** The feeds quote every player so many points higher. */
  const send = async (higher: number): Promise<void> => {
    await warehouse.execute(
      `INSERT INTO nba_raw.player_lines (market, bookmaker, player_name, player_lookup, home_abbr, away_abbr, slate, side, line, is_alternate, snapshot_quality, source, source_file, row_id, ingested_at)
       SELECT market, bookmaker, player_lookup, player_lookup, home_abbr, away_abbr, slate, 'both', line + ${higher}, FALSE, 'exact', 'test', 'test', bookmaker || player_lookup || '${higher}', cutoff_at
       FROM nba_analytics.player_prop_lines`,
    );
  };
  const change = (table: string, set: string): Promise<number> =>
    warehouse.execute(`UPDATE ${table} SET ${set} WHERE slate = CAST('${SLATE}' AS DATE)`);
  const failing = async (): Promise<readonly string[]> =>
    (
      await runCanaries(
        { ...world, warehouse },
        { canaries: [canaryNamed('stages_agree')], asOf: new Date('2025-01-10T22:30:00Z') },
      )
    ).results[0]?.offenders.map((offender) => offender.replace(/:.*/, '')) ?? [];

  test('lines that moved after the features were made contradict nothing', async () => {
    await send(1);
    await change('nba_analytics.player_prop_lines', 'line = line + 1');
    await change('nba_analytics.upcoming_player_game_context', 'line = line + 1');
    expect(await failing()).toEqual([]);
  });

  test('a line of the features that nobody has quoted is told', async () => {
    await change('nba_predictions.ml_feature_store', 'line = 99.5');
    expect(await failing()).toEqual(['features against contexts']);
  });

  test.each([
    ['as they were played', 1, []],
    ['of twice the week', 2, ['the last week in the daily cache against the games of each player']],
  ])('minutes of the last week %s', async (_name, times, offenders) => {
    const ids = players(20).map(({ id }) => id);
    await warehouse.append(
      playerGameSummary,
      ids.flatMap((player_id) =>
        [4, 8].map((day) => ({
          slate: `2025-01-0${day}`,
          game_id: `002240050${day}`,
          player_id,
          season: '2024-25',
          season_type: 'regular',
          player_name: `Player ${player_id}`,
          player_lookup: `player${player_id}`,
          team_abbr: 'AAA',
          opponent_abbr: 'BBB',
          is_home: true,
          played: true,
          minutes: 30,
          points: 12,
          source: 'test',
          raw_row_id: `${player_id} ${day}`,
        })),
      ),
    );
    await warehouse.append(
      playerDailyCache,
      ids.map((player_id) => ({
        slate: SLATE,
        player_id,
        season: '2024-25',
        team_abbr: 'AAA',
        games_last7: 2,
        minutes_last7: 60 * times,
      })),
    );
    await warehouse.execute('DELETE FROM nba_predictions.ml_feature_store WHERE TRUE');
    expect(await failing()).toEqual(offenders);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SEASON_HOLES } from '#guard/canaries/catalogue/grade.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { addBoxScore, addGame, GAME, publish, SLATE } from '#test/pipeline/grade/rows.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** A slate long after the one that is graded. */
const LATER = '2025-02-20';

describe('season_reconciled', () => {
  let warehouse: Warehouse;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = virtualClock('2025-01-11T12:00:00Z');
    warehouse = await openWarehouse();
    await addGame(warehouse);
    await addBoxScore(warehouse, { home: 6 });
    await warehouse.execute(
      `UPDATE nba_analytics.player_game_summary SET reb = 5, ast = 4 WHERE slate = DATE '${SLATE}'`,
    );
    await warehouse.execute(
      `INSERT INTO nba_raw.player_box_scores (game_id, slate, season, season_type, team_abbr, opponent_abbr, is_home, player_id, player_name, player_lookup, played, source, source_file, row_id, ingested_at)
       SELECT game_id, slate, season, season_type, team_abbr, opponent_abbr, is_home, player_id, player_name, player_lookup, played, 'test', 'test', CAST(player_id AS VARCHAR), TIMESTAMP '2025-01-11 10:00:00'
       FROM nba_analytics.player_game_summary`,
    );
    await warehouse.execute(
      `INSERT INTO nba_analytics.team_game_summary BY NAME
       SELECT DISTINCT team_abbr, game_id, slate, season, season_type, opponent_abbr, is_home, 100 AS points, 99 AS opponent_points, 1 AS margin, TRUE AS won,
         48 AS minutes, 80 AS fga, 20 AS fta, 8 AS oreb, 12 AS tov, 95 AS possessions, 95 AS pace, 100 AS players_points, 'test' AS source
       FROM nba_analytics.player_game_summary`,
    );
    await publish(
      warehouse,
      [901, 902].flatMap((player_id) => [
        { player_id },
        { player_id, market: 'pra' as const, prediction_id: `pra-${player_id}` },
      ]),
    );
    await grade({ warehouse, clock }, { from: SLATE, to: SLATE });
  });
  afterEach(() => warehouse.close());

  const holes = async () =>
    (
      await warehouse.query<{ subject: string; is_bad: boolean; note: string }>(SEASON_HOLES.sql, {
        slate: LATER,
      })
    ).flatMap(({ subject, is_bad, note }) => (is_bad ? [`${subject}: ${note}`] : []));
  const correct = (set: string) =>
    warehouse.execute(
      `UPDATE nba_analytics.player_game_summary SET ${set} WHERE game_id = '${GAME}' AND player_id = 901 AND slate = DATE '${SLATE}'`,
    );

  test('says nothing of a slate that is graded by the counts as they are', async () => {
    expect(await holes()).toEqual([]);
  });

  test.each([
    ['a count that was corrected weeks later', 'ast = ast + 1', 1],
    ['points that were corrected', 'points = points + 1', 2],
    ['a player who did not play after all', 'played = FALSE', 2],
  ])('tells of %s until the slate is graded again', async (_what, set, rows) => {
    await correct(set);
    expect(await holes()).toEqual([
      `${SLATE}: ${rows} rows are graded by counts that have been corrected since`,
    ]);
    await grade({ warehouse, clock }, { from: SLATE, to: SLATE });
    expect(await holes()).toEqual([]);
  });
});

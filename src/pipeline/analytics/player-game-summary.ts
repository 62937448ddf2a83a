import { playerGameSummary } from '#core/contracts/nba_analytics/player-game-summary.ts';
import { boxColumns } from '#core/contracts/nba_raw/box-columns.ts';
import type { Processor } from '#pipeline/processor.ts';

const STATISTICS = Object.keys(boxColumns);

/**
 * One row per player and counted game: the newest version of the best source; the league's own payloads outrank
 * compilations. Who is at home comes from the schedule: some sources print both teams of a neutral-site game as visitors.
 */
export const playerGameSummaryProcessor: Processor = {
  name: 'PlayerGameSummary',
  phase: 'analytics',
  table: playerGameSummary,
  reads: ['nba_raw.player_box_scores', 'nba_reference.schedule'],
  select: `
WITH newest AS (
  SELECT * FROM nba_raw.player_box_scores
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND season_type IN ('regular', 'play_in', 'playoffs')
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY player_id, game_id
    ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id
  ) = 1
)
SELECT n.player_id, n.game_id, n.slate, n.season, n.season_type, n.player_name, n.player_lookup, n.team_abbr, n.opponent_abbr,
  COALESCE(g.home_abbr = n.team_abbr, n.is_home) AS is_home, n.played, n.dnp_reason,
  CASE WHEN n.played THEN n.minutes END AS minutes, n.is_starter,
  ${STATISTICS.map((column) => `CASE WHEN n.played THEN n.${column} END AS ${column}`).join(', ')},
  n.source, n.row_id AS raw_row_id
FROM newest n
LEFT JOIN nba_reference.schedule g ON g.game_id = n.game_id`,
};

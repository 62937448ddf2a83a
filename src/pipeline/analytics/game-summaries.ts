import { IS_COUNTED_TYPE } from '#core/calendar.ts';
import { playerGameSummary, teamGameSummary } from '#core/contracts/nba_analytics.ts';
import { boxColumns, playerBoxScores, teamBoxScores } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
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
  inputs: [
    { table: playerBoxScores, scope: 'slate', part: 'player_box' },
    { table: schedule, scope: 'slate', part: 'homes' },
  ],
  select: `
WITH newest AS (
  SELECT * FROM nba_raw.player_box_scores
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND ${IS_COUNTED_TYPE}
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

/** Player-minutes of a team in regulation, and in one overtime. */
const REGULATION = 240;
const OVERTIME = 25;

/** SQL: team minutes of a source, which are rounded sums, taken to the nearest number of overtimes. */
export function teamMinutesSql(minutes: string): string {
  return `48 + 5 * fn.greatest2(ROUND(fn.safe_div(${minutes} - ${REGULATION}, ${OVERTIME})), 0)`;
}

/** SQL: the line of each team in each counted game that counts: the league's own before another's, then the newest. */
export function teamRowsSql(slates: string): string {
  return `
  SELECT team_abbr, game_id, slate, season, season_type, opponent_abbr, is_home, points, minutes, fga, fta, oreb, tov
  FROM nba_raw.team_box_scores
  WHERE ${slates} AND ${IS_COUNTED_TYPE}
    AND points IS NOT NULL AND minutes IS NOT NULL AND fga IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY team_abbr, game_id
    ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id
  ) = 1`;
}

/** One row per team and counted game: from the team's own line where there is one, otherwise summed from its players. */
export const teamGameSummaryProcessor: Processor = {
  name: 'TeamGameSummary',
  phase: 'analytics',
  table: teamGameSummary,
  inputs: [
    { table: teamBoxScores, scope: 'slate', part: 'team_box' },
    { table: playerGameSummary, scope: 'slate' },
  ],
  select: `
WITH team_rows AS (${teamRowsSql('slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)')}
),
player_sums AS (
  SELECT team_abbr, game_id, MIN(slate) AS slate, MIN(season) AS season, MIN(season_type) AS season_type,
    MIN(opponent_abbr) AS opponent_abbr, MAX(CASE WHEN is_home THEN 1 ELSE 0 END) = 1 AS is_home, SUM(points) AS points, SUM(minutes) AS minutes,
    SUM(fga) AS fga, SUM(fta) AS fta, SUM(oreb) AS oreb, SUM(tov) AS tov
  FROM nba_analytics.player_game_summary
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND played
  GROUP BY team_abbr, game_id
),
sides AS (
  SELECT t.*, 'team_box_score' AS source FROM team_rows t
  UNION ALL
  SELECT s.*, 'player_sum' AS source FROM player_sums s
  WHERE NOT EXISTS (SELECT 1 FROM team_rows t WHERE t.team_abbr = s.team_abbr AND t.game_id = s.game_id)
),
shaped AS (
  SELECT a.team_abbr, a.game_id, a.slate, a.season, a.season_type, a.opponent_abbr, a.is_home, a.points, b.points AS opponent_points,
    ${teamMinutesSql('a.minutes')} AS minutes,
    a.fga, a.fta, a.oreb, a.tov, a.fga + 0.44 * a.fta + a.tov - a.oreb AS possessions, a.source
  FROM sides a
  JOIN sides b ON b.game_id = a.game_id AND b.team_abbr = a.opponent_abbr
)
SELECT s.team_abbr, s.game_id, s.slate, s.season, s.season_type, s.opponent_abbr, s.is_home, s.points, s.opponent_points,
  s.points - s.opponent_points AS margin, s.points > s.opponent_points AS won, s.minutes, s.fga, s.fta, s.oreb, s.tov, s.possessions,
  48 * fn.safe_div(s.possessions, s.minutes) AS pace, p.points AS players_points, s.source
FROM shaped s
LEFT JOIN player_sums p ON p.team_abbr = s.team_abbr AND p.game_id = s.game_id`,
};

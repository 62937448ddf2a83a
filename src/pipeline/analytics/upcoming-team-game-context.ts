import { upcomingTeamGameContext } from '#core/contracts/nba_analytics/upcoming-team-game-context.ts';
import type { Processor } from '#pipeline/processor.ts';

/** Days off are counted up to here; before an opener they are taken as this many. */
const MOST_REST = 5;

/** Two rows per counted game, from the schedule; spread and total only from quotes that provably stood before the cut-off. */
export const upcomingTeamGameContextProcessor: Processor = {
  name: 'UpcomingTeamGameContext',
  phase: 'analytics',
  table: upcomingTeamGameContext,
  reads: ['nba_reference.schedule', 'nba_raw.game_lines'],
  select: `
WITH games AS (
  SELECT * FROM nba_reference.schedule
  WHERE is_counted AND status NOT IN ('postponed', 'cancelled') AND slate >= CAST(@history_from AS DATE) AND slate <= CAST(@to AS DATE)
),
sides AS (
  SELECT home_abbr AS team_abbr, away_abbr AS opponent_abbr, TRUE AS is_home, game_id, slate, season, season_type, tipoff_at, tipoff_source
  FROM games
  UNION ALL
  SELECT away_abbr, home_abbr, FALSE, game_id, slate, season, season_type, tipoff_at, tipoff_source FROM games
),
ordered AS (
  SELECT s.*,
    ROW_NUMBER() OVER (PARTITION BY team_abbr, season ORDER BY slate, game_id) - 1 AS team_games,
    LAG(slate) OVER (PARTITION BY team_abbr, season ORDER BY slate, game_id) AS previous_slate
  FROM sides s
),
rested AS (
  SELECT o.*,
    CASE
      WHEN previous_slate IS NULL THEN ${MOST_REST}
      ELSE fn.clamp(fn.days_between(previous_slate, slate) - 1, 0, ${MOST_REST})
    END AS rest_days,
    COALESCE(fn.days_between(previous_slate, slate) = 1, FALSE) AS is_b2b
  FROM ordered o
),
quotes AS (
  SELECT g.game_id, q.home_abbr, q.spread_home, q.total
  FROM games g
  JOIN nba_raw.game_lines q ON q.slate = g.slate AND q.snapshot_quality = 'exact' AND q.spread_home IS NOT NULL
    AND q.snapshot_at <= g.tipoff_at AND q.snapshot_at <= CAST(@as_of AS TIMESTAMP)
    AND ((q.home_abbr = g.home_abbr AND q.away_abbr = g.away_abbr) OR (q.home_abbr = g.away_abbr AND q.away_abbr = g.home_abbr))
  WHERE g.slate >= CAST(@from AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY g.game_id ORDER BY q.snapshot_at DESC, q.bookmaker, q.row_id) = 1
)
SELECT r.team_abbr, r.game_id, r.slate, r.season, r.season_type, r.opponent_abbr, r.is_home, r.tipoff_at, r.tipoff_source, r.team_games,
  r.previous_slate, r.rest_days, o.rest_days AS opp_rest_days, r.is_b2b,
  CASE WHEN q.home_abbr = r.team_abbr THEN q.spread_home ELSE 0 - q.spread_home END AS spread, q.total
FROM rested r
JOIN rested o ON o.game_id = r.game_id AND o.team_abbr = r.opponent_abbr
LEFT JOIN quotes q ON q.game_id = r.game_id
WHERE r.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
};

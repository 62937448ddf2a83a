import { teamMinutesSql } from './game-summaries.ts';

/** Players of a side on court at the same time; with fewer it cannot have played. */
const SIDE = 5;
/**
 * Player-minutes by which the sum of a side may differ from the length of the game. Sources that round to minutes are off by at
 * most four (measured on 7,380 sides of three seasons, 2022-25); a missing player accounts for more than that.
 */
const MAX_MINUTES_OFF = 4.5;
/** How many days back to look for a player's last team. */
const STAY_DAYS = 30;

/** SQL: true when the sum of the minutes of a side is the length of a game, overtimes included. */
export function fillsGameSql(minutes: string): string {
  return `ABS(${minutes} - ${SIDE} * (${teamMinutesSql(minutes)})) <= ${MAX_MINUTES_OFF}`;
}

/**
 * SQL: both sides of every counted game of some slates, and whether the summary of the side is complete: enough players on
 * court, minutes that fill the game, points that agree with the shots and with the team's own line, and not mostly players who
 * played for the opponent before (teams swapped). A side without a summary is incomplete. `from` and `to` are SQL dates.
 * Columns: game_id, slate, tipoff_at, team_abbr, label, is_whole, note.
 */
export function sidesOf(from: string, to: string): string {
  return `
SELECT g.game_id, g.slate, g.tipoff_at, g.team_abbr, g.label,
  COALESCE(p.on_court >= ${SIDE} AND p.strangers * 2 < p.on_court AND p.contradictions = 0 AND t.team_abbr IS NULL
    AND ${fillsGameSql('p.minutes')}, FALSE) AS is_whole,
  CASE
    WHEN COALESCE(p.on_court, 0) < ${SIDE} THEN CAST(COALESCE(p.on_court, 0) AS STRING) || ' players on court'
    WHEN p.strangers * 2 >= p.on_court THEN CAST(p.strangers AS STRING) || ' of ' || CAST(p.on_court AS STRING) || ' players were with the opponent before'
    WHEN p.contradictions > 0 THEN CAST(p.contradictions AS STRING) || ' rows contradict themselves'
    WHEN t.team_abbr IS NOT NULL THEN 'players ' || CAST(t.players_points AS STRING) || ' points, team ' || CAST(t.points AS STRING)
    ELSE CAST(ROUND(p.minutes, 1) AS STRING) || ' player-minutes'
  END AS note
FROM (
  SELECT game_id, slate, tipoff_at, home_abbr AS team_abbr, away_abbr || '@' || home_abbr || ' ' || game_id AS label FROM nba_reference.counted_games
  WHERE slate BETWEEN ${from} AND ${to}
  UNION ALL
  SELECT game_id, slate, tipoff_at, away_abbr AS team_abbr, away_abbr || '@' || home_abbr || ' ' || game_id AS label FROM nba_reference.counted_games
  WHERE slate BETWEEN ${from} AND ${to}
) AS g
LEFT JOIN (
  SELECT game_id, team_abbr, COUNT(*) AS on_court, SUM(minutes) AS minutes,
    SUM(CASE WHEN minutes < 0 OR points <> 2 * fgm + fg3m + ftm OR fgm > fga OR oreb + dreb <> reb THEN 1 ELSE 0 END) AS contradictions,
    SUM(CASE WHEN team_before = opponent_abbr THEN 1 ELSE 0 END) AS strangers
  FROM (
    SELECT game_id, slate, team_abbr, opponent_abbr, minutes, points, fgm, fga, fg3m, ftm, oreb, dreb, reb,
      LAG(team_abbr) OVER (PARTITION BY player_id ORDER BY slate, game_id) AS team_before
    FROM nba_analytics.player_game_summary
    WHERE slate BETWEEN fn.add_days(${from}, -${STAY_DAYS}) AND ${to} AND played
  ) AS stays
  WHERE slate >= ${from}
  GROUP BY game_id, team_abbr
) AS p ON p.game_id = g.game_id AND p.team_abbr = g.team_abbr
LEFT JOIN (
  SELECT game_id, team_abbr, points, players_points FROM nba_analytics.team_game_summary
  WHERE slate BETWEEN ${from} AND ${to} AND source = 'team_box_score' AND players_points <> points
) AS t ON t.game_id = g.game_id AND t.team_abbr = g.team_abbr`;
}

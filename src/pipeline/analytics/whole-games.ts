/** Players on court below which a side cannot have played. */
const MIN_ON_COURT = 5;
/** Player-minutes of a side without overtime, and what one overtime adds. */
const REGULATION = 240;
const OVERTIME = 25;
/**
 * Player-minutes by which a side may miss the length of a game. Sources that round to minutes are off by four at the most
 * (measured on 7,380 sides of three seasons, 2022-25); whoever is missing played more than that.
 */
const MAX_MINUTES_OFF = 4.5;
/** Days back in which a player's last team is looked for. */
const STAY_DAYS = 30;

/**
 * SQL: both sides of every counted game of some slates, and whether the summary of the side is whole: enough players on court,
 * their minutes fill the game, their points agree with their shots and with the team's own line, and most of them did not play
 * for the opponent the time before (teams swapped). A game without a summary has sides that are not whole. `from` and `to` are SQL dates. Columns: game_id, slate,
 * tipoff_at, team_abbr, label, is_whole, note.
 */
export function sidesOf(from: string, to: string): string {
  return `
SELECT g.game_id, g.slate, g.tipoff_at, g.team_abbr, g.label,
  COALESCE(p.on_court >= ${MIN_ON_COURT} AND p.strangers * 2 < p.on_court AND p.contradictions = 0 AND t.team_abbr IS NULL
    AND ABS(p.minutes - ${REGULATION} - ${OVERTIME} * fn.greatest2(ROUND(fn.safe_div(p.minutes - ${REGULATION}, ${OVERTIME})), 0)) <= ${MAX_MINUTES_OFF}, FALSE) AS is_whole,
  CASE
    WHEN COALESCE(p.on_court, 0) < ${MIN_ON_COURT} THEN CAST(COALESCE(p.on_court, 0) AS STRING) || ' players on court'
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

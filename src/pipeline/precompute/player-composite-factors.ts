import { playerCompositeFactors } from '#core/contracts/nba_precompute.ts';
import type { Processor } from '#pipeline/processor.ts';

/** A rotation player: expected minutes from here on, and on court within so many days. */
const ROTATION_MINUTES = 12;
const ROTATION_DAYS = 20;

/** What subtracts from a fresh 100. Stated by us, not fitted: the model weighs the score, the score only orders players. */
const FATIGUE = {
  backToBack: 15,
  perGameBeyondThree: 6,
  perMinuteBeyondHundred: 0.2,
  perHeavyMinute: 1,
  heavyFrom: 34,
} as const;

/**
 * What teammates, opponent and schedule add. Vacated and returning minutes come from a status feed that stood before the
 * cut-off; without one they are null: who was out is then not known, and a box score would be the outcome.
 */
export const playerCompositeFactorsProcessor: Processor = {
  name: 'PlayerCompositeFactors',
  phase: 'precompute',
  table: playerCompositeFactors,
  reads: [
    'nba_analytics.upcoming_player_game_context',
    'nba_analytics.upcoming_team_game_context',
    'nba_precompute.team_defense_zone_analysis',
    'nba_precompute.player_shot_zone_analysis',
    'nba_precompute.player_daily_cache',
  ],
  select: `
WITH tonight AS (
  SELECT u.slate, u.player_id, u.season, u.team_abbr, u.opponent_abbr, u.game_id, u.has_status_feed, u.missed_last_team_game,
    COALESCE(u.injury_status IN ('out', 'doubtful'), FALSE) AS is_out,
    c.min_ewma8, c.pts_ewma8, c.fga_ewma8, c.min_ewma4, c.games_last7, c.minutes_last7, c.days_since_played, g.is_b2b
  FROM nba_analytics.upcoming_player_game_context u
  JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id
  JOIN nba_analytics.upcoming_team_game_context g ON g.slate = u.slate AND g.team_abbr = u.team_abbr AND g.game_id = u.game_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
rotation AS (
  SELECT slate, team_abbr, player_id, min_ewma8, pts_ewma8, fga_ewma8,
    is_out AND days_since_played <= ${ROTATION_DAYS} AS is_vacated,
    COALESCE(missed_last_team_game, FALSE) AND NOT is_out AS is_returning
  FROM tonight
  WHERE has_status_feed AND min_ewma8 >= ${ROTATION_MINUTES}
),
team_sums AS (
  SELECT slate, team_abbr,
    SUM(CASE WHEN is_vacated THEN min_ewma8 ELSE 0 END) AS vacated_min, SUM(CASE WHEN is_vacated THEN pts_ewma8 ELSE 0 END) AS vacated_pts,
    SUM(CASE WHEN is_vacated THEN fga_ewma8 ELSE 0 END) AS vacated_fga, SUM(CASE WHEN is_vacated THEN 1 ELSE 0 END) AS vacated_count,
    SUM(CASE WHEN is_returning THEN min_ewma8 ELSE 0 END) AS returning_min, SUM(CASE WHEN is_returning THEN pts_ewma8 ELSE 0 END) AS returning_pts
  FROM rotation
  GROUP BY slate, team_abbr
),
others AS (
  SELECT t.slate, t.player_id, t.has_status_feed,
    ${[
      ['vacated_min', 'is_vacated', 'min_ewma8'],
      ['vacated_pts', 'is_vacated', 'pts_ewma8'],
      ['vacated_fga', 'is_vacated', 'fga_ewma8'],
      ['vacated_count', 'is_vacated', '1'],
      ['returning_min', 'is_returning', 'min_ewma8'],
      ['returning_pts', 'is_returning', 'pts_ewma8'],
    ]
      .map(
        ([sum, flag, own]) =>
          `COALESCE(s.${sum}, 0) - CASE WHEN COALESCE(r.${flag}, FALSE) THEN ${own === '1' ? '1' : `r.${own}`} ELSE 0 END AS ${sum}`,
      )
      .join(',\n    ')}
  FROM tonight t
  LEFT JOIN team_sums s ON s.slate = t.slate AND s.team_abbr = t.team_abbr
  LEFT JOIN rotation r ON r.slate = t.slate AND r.player_id = t.player_id
)
SELECT t.slate, t.player_id, t.season,
  z.paint_rate * d.paint_allowed + z.mid_rate * d.mid_allowed + z.three_rate * d.three_allowed AS zone_matchup,
  fn.clamp(
    100 - CASE WHEN t.is_b2b THEN ${FATIGUE.backToBack} ELSE 0 END
      - ${FATIGUE.perGameBeyondThree} * fn.greatest2(t.games_last7 - 3, 0)
      - ${FATIGUE.perMinuteBeyondHundred} * fn.greatest2(t.minutes_last7 - 100, 0)
      - ${FATIGUE.perHeavyMinute} * fn.greatest2(t.min_ewma4 - ${FATIGUE.heavyFrom}, 0),
    0, 100) AS fatigue_score,
  ${['vacated_min', 'vacated_pts', 'vacated_fga', 'vacated_count', 'returning_min', 'returning_pts']
    .map((name) => `CASE WHEN o.has_status_feed THEN o.${name} END AS ${name}`)
    .join(', ')}
FROM tonight t
JOIN others o ON o.slate = t.slate AND o.player_id = t.player_id
LEFT JOIN nba_precompute.team_defense_zone_analysis d ON d.slate = t.slate AND d.team_abbr = t.opponent_abbr
LEFT JOIN nba_precompute.player_shot_zone_analysis z ON z.slate = t.slate AND z.player_id = t.player_id`,
};

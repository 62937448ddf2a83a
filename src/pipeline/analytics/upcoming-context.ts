import {
  playerGameSummary,
  playerPropLines,
  upcomingPlayerGameContext,
  upcomingTeamGameContext,
} from '#core/contracts/nba_analytics.ts';
import { availabilityReports, gameLines, injuryReports, teamStatements } from '#core/contracts/nba_raw.ts';
import { playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import { mainLinesSql } from '#core/main-lines.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import type { Processor } from '#pipeline/processor.ts';
import { LISTS, lookedAt, statusesSql } from './statuses.ts';

/** Days off are capped at this number, which is also used before a season opener. */
const MAX_REST = 5;

/** Two rows per counted game, from the schedule; spread and total only from quotes known to precede the cut-off. */
export const upcomingTeamGameContextProcessor: Processor = {
  name: 'UpcomingTeamGameContext',
  phase: 'analytics',
  table: upcomingTeamGameContext,
  inputs: [
    { table: schedule, scope: 'slate', part: 'games' },
    { table: schedule, scope: 'up_to', part: 'calendar' },
    { table: gameLines, scope: 'slate', part: 'game_lines' },
  ],
  select: `
WITH games AS (
  SELECT * FROM nba_reference.counted_games
  WHERE slate >= CAST(@history_from AS DATE) AND slate <= CAST(@to AS DATE)
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
      WHEN previous_slate IS NULL THEN ${MAX_REST}
      ELSE fn.clamp(fn.days_between(previous_slate, slate) - 1, 0, ${MAX_REST})
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

/** A player belongs to tonight's roster when one of the team's last games, this many back, listed him. */
const ROSTER_GAMES = 15;

/**
 * Who may play tonight, as known before the cut-off. Without a roster feed the roster is a stand-in from history: the
 * players whose last box score before the slate was with the team and not too long ago. A status feed adds players and
 * overrules their team; a usable line adds players who were away for longer.
 */
export const upcomingPlayerGameContextProcessor: Processor = {
  name: 'UpcomingPlayerGameContext',
  phase: 'analytics',
  table: upcomingPlayerGameContext,
  inputs: [
    { table: upcomingTeamGameContext, scope: 'slate' },
    { table: playerPropLines, scope: 'slate' },
    { table: schedule, scope: 'up_to', part: 'calendar' },
    { table: playerGameSummary, scope: 'before', part: 'appearances' },
    { table: playerGameSummary, scope: 'code' },
    { table: injuryReports, scope: 'slate', part: 'reports' },
    { table: teamStatements, scope: 'slate', part: 'team_lists' },
    { table: availabilityReports, scope: 'up_to', part: 'report_times' },
    { table: players, scope: 'slate', part: 'names' },
    { table: playerAliases, scope: 'slate', part: 'names' },
  ],
  select: `
WITH team_order AS (
  SELECT team_abbr, game_id, slate, ROW_NUMBER() OVER (PARTITION BY team_abbr ORDER BY slate, game_id) AS team_seq
  FROM (
    SELECT home_abbr AS team_abbr, game_id, slate FROM nba_reference.counted_games
    WHERE slate <= CAST(@to AS DATE)
    UNION ALL
    SELECT away_abbr, game_id, slate FROM nba_reference.counted_games
    WHERE slate <= CAST(@to AS DATE)
  )
),
tonight AS (
  SELECT u.*, o.team_seq, fn.least2(u.tipoff_at, CAST(@as_of AS TIMESTAMP)) AS cutoff_at
  FROM nba_analytics.upcoming_team_game_context u
  JOIN team_order o ON o.team_abbr = u.team_abbr AND o.game_id = u.game_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
appearances AS (
  SELECT p.player_id, p.player_name, p.player_lookup, p.team_abbr, p.game_id, p.slate AS seen_on,
    LEAD(p.slate) OVER (PARTITION BY p.player_id ORDER BY p.slate) AS next_seen_on,
    MAX(CASE WHEN p.played THEN p.slate END) OVER (PARTITION BY p.player_id ORDER BY p.slate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_played_on
  FROM nba_analytics.player_game_summary p
  WHERE p.slate >= CAST(@history_from AS DATE) AND p.slate < CAST(@to AS DATE)
),
seen AS (
  SELECT a.*, o.team_seq
  FROM appearances a
  JOIN team_order o ON o.team_abbr = a.team_abbr AND o.game_id = a.game_id
  WHERE a.next_seen_on IS NULL OR a.next_seen_on >= CAST(@from AS DATE)
),
looks AS (SELECT slate, game_id, team_abbr, ${lookedAt('tipoff_at')} AS looked_at FROM tonight),
${statusesSql('looks', 'CAST(@from AS DATE)')},
newest_status AS (
  SELECT * FROM statuses
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, player_id ORDER BY until_at DESC, report_at DESC, team_abbr) = 1
),
main_lines AS (${mainLinesSql(`l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND l.market = '${MAIN_MARKET.id}'`)}
),
near AS (
  SELECT t.slate, t.game_id, t.team_abbr, t.team_seq, s.player_id, s.seen_on, s.team_seq AS seen_seq
  FROM tonight t
  JOIN seen s ON s.team_abbr = t.team_abbr AND s.seen_on < t.slate AND (s.next_seen_on IS NULL OR s.next_seen_on >= t.slate)
),
members AS (
  SELECT t.slate, t.game_id, t.team_abbr, s.player_id, s.player_name, s.player_lookup, s.last_played_on, 'status_feed' AS roster_source, 1 AS priority
  FROM (
    SELECT n.slate, n.game_id, n.team_abbr, n.player_id, COALESCE(h.player_name, n.player_name) AS player_name,
      COALESCE(h.player_lookup, n.player_lookup) AS player_lookup, h.last_played_on
    FROM newest_status n
    LEFT JOIN seen h ON h.player_id = n.player_id AND h.seen_on < n.slate AND (h.next_seen_on IS NULL OR h.next_seen_on >= n.slate)
  ) s
  JOIN tonight t ON t.slate = s.slate AND t.team_abbr = s.team_abbr
  UNION ALL
  SELECT t.slate, t.game_id, t.team_abbr, s.player_id, s.player_name, s.player_lookup, s.last_played_on,
    CASE WHEN t.team_seq - t.seen_seq <= ${ROSTER_GAMES} THEN 'history_stand_in' ELSE 'line' END,
    CASE WHEN t.team_seq - t.seen_seq <= ${ROSTER_GAMES} THEN 2 ELSE 3 END
  FROM near t
  JOIN seen s ON s.player_id = t.player_id AND s.seen_on = t.seen_on AND s.team_abbr = t.team_abbr
  LEFT JOIN main_lines m ON m.slate = t.slate AND m.player_id = t.player_id
  WHERE t.team_seq - t.seen_seq <= ${ROSTER_GAMES} OR m.player_id IS NOT NULL
),
roster AS (
  SELECT * FROM members
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, player_id ORDER BY priority, team_abbr) = 1
)
SELECT r.player_id, r.game_id, r.slate, t.season, t.season_type, r.player_name, r.player_lookup, r.team_abbr, t.opponent_abbr, t.is_home,
  t.tipoff_at, t.cutoff_at, r.roster_source, r.last_played_on,
  CASE WHEN t.previous_slate IS NOT NULL THEN COALESCE(r.last_played_on < t.previous_slate, TRUE) END AS missed_last_team_game,
  f.list = '${LISTS.submitted}' AS has_status_feed,
  n.status AS injury_status, n.reason AS injury_reason, n.report_at AS injury_report_at,
  m.player_id IS NOT NULL AS has_prop_line, COALESCE(m.line_count, 0) AS line_count, m.line, m.bookmaker AS line_bookmaker, m.over_price,
  m.under_price, m.snapshot_at AS line_snapshot_at, m.snapshot_quality AS line_quality, m.second_line,
  m.second_bookmaker AS second_line_bookmaker, m.opening_line
FROM roster r
JOIN tonight t ON t.game_id = r.game_id AND t.team_abbr = r.team_abbr
JOIN lists f ON f.game_id = r.game_id AND f.team_abbr = r.team_abbr
LEFT JOIN newest_status n ON n.slate = r.slate AND n.player_id = r.player_id AND n.team_abbr = r.team_abbr
LEFT JOIN main_lines m ON m.slate = r.slate AND m.player_id = r.player_id AND m.game_id = r.game_id`,
};

import {
  playerGameSummary,
  playerPropLines,
  upcomingPlayerGameContext,
  upcomingTeamGameContext,
} from '#core/contracts/nba_analytics.ts';
import {
  availabilityReports,
  gameLines,
  injuryReports,
  rosterPlayers,
  teamStatements,
} from '#core/contracts/nba_raw.ts';
import { playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import { mainLinesSql } from '#core/main-lines.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';
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

/** A list observed longer ago than this says nothing about tonight: rosters are fetched every day. */
const MAX_ROSTER_AGE_DAYS = 7;
/** A list with fewer players is not the whole roster of a team. */
const MIN_WHOLE_ROSTER = 12;

const ROSTER_SECONDS = MAX_ROSTER_AGE_DAYS * 24 * 3600;

/**
 * SQL of common table expressions that say who was on whose roster as of the instants `looked_at` in `looks`, from the slate `from` to
 * `@to`. Needs `own_names` (of `statusesSql`) before it.
 *
 * - `roster_lists`, a row per instant and team: the newest list of the team observed up to it, at most a week old; `is_whole` when it is
 *   long enough for a team and every name on it is a known player, so that who is missing from it is not on the team.
 * - `rostered`, a row per instant and player: the team whose list names him, by the newest such list.
 *
 * A list counts from the instant at which it was fetched; of a recorded file without one nobody knows what day it is of.
 */
function rostersSql(looks: string, from: string): string {
  const since = `fn.add_seconds(fn.eastern_instant(${from}, 0), -${ROSTER_SECONDS})`;
  return `
roster_rows AS (
  SELECT r.source, r.team_abbr, r.observed_at, COALESCE(r.player_id, p.player_id) AS player_id, r.player_name, r.player_lookup
  FROM nba_raw.roster_players r
  LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = r.player_lookup
  LEFT JOIN own_names p ON p.player_lookup = COALESCE(a.player_lookup, r.player_lookup)
  WHERE r.is_on_roster AND r.team_abbr IS NOT NULL AND r.observed_at >= ${since}
    AND r.observed_at < fn.eastern_instant(fn.add_days(CAST(@to AS DATE), 2), 0)
),
roster_lists AS (
  SELECT k.looked_at, s.source, s.team_abbr, s.observed_at, s.is_whole, fn.eastern_date(s.observed_at) AS observed_on
  FROM (SELECT DISTINCT looked_at FROM ${looks}) k
  JOIN (
    SELECT source, team_abbr, observed_at, COUNT(*) >= ${MIN_WHOLE_ROSTER} AND COUNT(*) = COUNT(player_id) AS is_whole
    FROM roster_rows
    GROUP BY source, team_abbr, observed_at
  ) s ON s.observed_at <= k.looked_at AND s.observed_at >= fn.add_seconds(k.looked_at, -${ROSTER_SECONDS})
  QUALIFY ROW_NUMBER() OVER (PARTITION BY k.looked_at, s.team_abbr ORDER BY s.observed_at DESC, s.source) = 1
),
rostered AS (
  SELECT l.looked_at, l.team_abbr, l.observed_at, l.observed_on, r.player_id, r.player_name, r.player_lookup
  FROM roster_lists l
  JOIN roster_rows r ON r.source = l.source AND r.team_abbr = l.team_abbr AND r.observed_at = l.observed_at
  WHERE r.player_id IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY l.looked_at, r.player_id ORDER BY l.observed_at DESC, l.team_abbr) = 1
)`;
}

/** Who was listed in one of the team's last games, this many back, is expected until something else is known of him. */
const RECENT_GAMES = 15;
/** Who has been away for longer is expected with this many minutes a game this season: a regular may return any night, others hardly play. */
const MIN_RETURN_MINUTES = 10;

/**
 * Who may play tonight, as known before the cut-off. The team of a player is what a status feed says, otherwise the newest roster,
 * otherwise, as a stand-in, that of his last box score before the slate: whichever knows of a move outranks what it contradicts. A line of
 * any market in another game says that he has moved, and not to which of two teams: until a feed or a roster knows, he is left out.
 * A game for another team on the day of a list or since is newer than the list, and so is a later quote.
 * Of his team he is expected when a feed names him, when he was seen lately or is a regular of this season, or when he has a line.
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
    { table: rosterPlayers, scope: 'up_to', part: 'rosters' },
    { table: players, scope: 'slate', part: 'names' },
    { table: playerAliases, scope: 'slate', part: 'names' },
  ],
  select: `
WITH team_order AS (
  SELECT team_abbr, game_id, slate, ROW_NUMBER() OVER (PARTITION BY team_abbr ORDER BY slate, game_id) AS team_seq,
    LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY team_abbr ORDER BY slate, game_id) AS next_slate
  FROM (
    SELECT home_abbr AS team_abbr, game_id, slate FROM nba_reference.counted_games
    WHERE slate <= CAST(@to AS DATE)
    UNION ALL
    SELECT away_abbr, game_id, slate FROM nba_reference.counted_games
    WHERE slate <= CAST(@to AS DATE)
  )
),
tonight AS (
  SELECT u.*, o.team_seq, fn.least2(u.tipoff_at, CAST(@as_of AS TIMESTAMP)) AS cutoff_at, ${lookedAt('u.tipoff_at')} AS looked_at
  FROM nba_analytics.upcoming_team_game_context u
  JOIN team_order o ON o.team_abbr = u.team_abbr AND o.game_id = u.game_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
appearances AS (
  SELECT p.player_id, p.player_name, p.player_lookup, p.team_abbr, p.season, p.slate AS seen_on,
    LEAD(p.slate, 1, ${NO_NEXT}) OVER (PARTITION BY p.player_id ORDER BY p.slate) AS next_seen_on,
    MAX(CASE WHEN p.played THEN p.slate END) OVER (PARTITION BY p.player_id ORDER BY p.slate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS last_played_on,
    AVG(CASE WHEN p.played THEN p.minutes END) OVER (PARTITION BY p.player_id, p.season ORDER BY p.slate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS season_minutes
  FROM nba_analytics.player_game_summary p
  WHERE p.slate >= CAST(@history_from AS DATE) AND p.slate < CAST(@to AS DATE)
),
seen AS (
  SELECT * FROM appearances
  WHERE next_seen_on >= CAST(@from AS DATE)
),
looks AS (SELECT slate, game_id, team_abbr, looked_at FROM tonight),
${statusesSql('looks', 'CAST(@from AS DATE)')},
${rostersSql('looks', 'CAST(@from AS DATE)')},
newest_status AS (
  SELECT * FROM statuses
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, player_id ORDER BY until_at DESC, report_at DESC, team_abbr) = 1
),
main_lines AS (${mainLinesSql(`l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND l.market = '${MAIN_MARKET.id}'`)}
),
quoted AS (
  SELECT slate, player_id, game_id, MAX(snapshot_at) AS quoted_at
  FROM nba_analytics.player_prop_lines
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND resolution = 'resolved' AND snapshot_quality IN ('exact', 'file_date')
  GROUP BY slate, player_id, game_id
),
claims AS (
  SELECT t.slate, t.game_id, t.team_abbr, s.player_id, TRUE AS is_rostered, s.observed_at, s.observed_on, s.player_name, s.player_lookup
  FROM tonight t
  JOIN rostered s ON s.looked_at = t.looked_at AND s.team_abbr = t.team_abbr
  UNION ALL
  SELECT t.slate, t.game_id, t.team_abbr, s.player_id, FALSE, NULL, NULL, s.player_name, s.player_lookup
  FROM tonight t
  JOIN seen s ON s.team_abbr = t.team_abbr AND s.seen_on < t.slate AND s.next_seen_on >= t.slate
),
candidates AS (
  SELECT c.slate, c.game_id, c.team_abbr, c.player_id, c.is_rostered, COALESCE(h.player_name, c.player_name) AS player_name,
    COALESCE(h.player_lookup, c.player_lookup) AS player_lookup, h.last_played_on, q.player_id IS NOT NULL AS is_quoted,
    COALESCE(t.team_seq - o.team_seq <= ${RECENT_GAMES} OR (h.season = t.season AND h.season_minutes >= ${MIN_RETURN_MINUTES}), FALSE) AS is_expected
  FROM claims c
  JOIN tonight t ON t.game_id = c.game_id AND t.team_abbr = c.team_abbr
  LEFT JOIN seen h ON h.player_id = c.player_id AND h.seen_on < c.slate AND h.next_seen_on >= c.slate
  LEFT JOIN team_order o ON o.team_abbr = c.team_abbr AND o.slate <= h.seen_on AND o.next_slate > h.seen_on
  LEFT JOIN quoted q ON q.slate = c.slate AND q.player_id = c.player_id AND q.game_id = c.game_id
  LEFT JOIN (
    SELECT slate, player_id, MAX(quoted_at) AS quoted_at FROM quoted GROUP BY slate, player_id
  ) e ON e.slate = c.slate AND e.player_id = c.player_id
  LEFT JOIN rostered r ON r.looked_at = t.looked_at AND r.player_id = c.player_id
  LEFT JOIN roster_lists l ON l.looked_at = t.looked_at AND l.team_abbr = c.team_abbr
  WHERE CASE
    WHEN c.is_rostered THEN
      NOT COALESCE(h.team_abbr <> c.team_abbr AND h.seen_on >= c.observed_on, FALSE)
      AND (q.player_id IS NOT NULL OR NOT COALESCE(e.quoted_at > c.observed_at, FALSE))
    ELSE
      (q.player_id IS NOT NULL OR (e.player_id IS NULL AND NOT COALESCE(l.is_whole AND l.observed_on > h.seen_on AND r.player_id IS NULL, FALSE)))
      AND NOT COALESCE(r.team_abbr <> c.team_abbr AND r.observed_on > h.seen_on, FALSE)
  END
),
members AS (
  SELECT n.slate, n.game_id, n.team_abbr, n.player_id, COALESCE(h.player_name, n.player_name) AS player_name,
    COALESCE(h.player_lookup, n.player_lookup) AS player_lookup, h.last_played_on, 'status_feed' AS roster_source, 1 AS priority
  FROM newest_status n
  LEFT JOIN seen h ON h.player_id = n.player_id AND h.seen_on < n.slate AND h.next_seen_on >= n.slate
  UNION ALL
  SELECT slate, game_id, team_abbr, player_id, player_name, player_lookup, last_played_on,
    CASE WHEN is_rostered THEN 'roster' WHEN is_expected THEN 'history_stand_in' ELSE 'line' END,
    CASE WHEN is_rostered THEN 2 WHEN is_expected THEN 3 ELSE 4 END
  FROM candidates
  WHERE is_expected OR is_quoted
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

/** For a game that has begun, statuses are read as of this long before tip-off, which is when the last run before it reads them. */
const LAST_LOOK_SECONDS = 15 * 60;
/** A report older than this at the cut-off is stale and counts as no report. */
const MAX_REPORT_AGE_SECONDS = 180 * 60;

/** SQL: which feed a row comes from. The league's own report, in any format, takes precedence over all others. */
const FEED = "CASE WHEN source LIKE 'espn%' THEN 'espn' ELSE 'league' END";
const IS_LEAGUE = "feed = 'league'";

/** State of a team's list of players at a cut-off. `none`: no current report covers the game. */
export const LISTS = { submitted: 'submitted', pending: 'not_yet_submitted', none: 'none' } as const;

/** SQL: the instant as of which statuses are read for a game, given the expression for its tip-off. */
export function lookedAt(tipoff: string): string {
  return `CASE WHEN CAST(@as_of AS TIMESTAMP) < ${tipoff} THEN CAST(@as_of AS TIMESTAMP) ELSE fn.add_seconds(${tipoff}, -${LAST_LOOK_SECONDS}) END`;
}

/**
 * SQL of two common table expressions and those they need, for games in `looks` (slate, game_id, team_abbr, looked_at; one
 * game may be looked at more than once), from the slate `from` to `@to`:
 *
 * - `lists`, a row per look: the state of the team's list, as in `LISTS`;
 * - `statuses`, a row per look and player with a status: status, reason, name, and when it was first and last reported.
 *
 * The newest report up to the look counts, if it is at most three hours old: a status holds as long as that report repeats it.
 * Only `out` outlives its last report; players who disappear from the list after it were waived or traded. A second feed is used
 * where the league's report lacks the team's list; a player whom it does not name is not assumed to be healthy.
 */
export function statusesSql(looks: string, from: string): string {
  const slates = `slate BETWEEN ${from} AND CAST(@to AS DATE)`;
  return `
report_times AS (
  SELECT ${FEED} AS feed, report_at FROM nba_raw.availability_reports
  WHERE report_at >= fn.eastern_instant(fn.add_days(${from}, -1), 0) AND report_at < fn.eastern_instant(fn.add_days(CAST(@to AS DATE), 2), 0)
  UNION DISTINCT
  SELECT ${FEED}, report_at FROM nba_raw.injury_reports WHERE ${slates}
  UNION DISTINCT
  SELECT ${FEED}, report_at FROM nba_raw.team_statements WHERE ${slates}
),
newest_reports AS (
  SELECT k.looked_at, r.feed, MAX(r.report_at) AS newest_at
  FROM (SELECT DISTINCT looked_at, fn.eastern_date(looked_at) AS day FROM ${looks}) k
  JOIN (
    SELECT feed, report_at, fn.eastern_date(report_at) AS day FROM report_times
    UNION DISTINCT
    SELECT feed, report_at, fn.eastern_date(fn.add_seconds(report_at, ${MAX_REPORT_AGE_SECONDS})) FROM report_times
  ) r ON r.day = k.day AND r.report_at <= k.looked_at AND r.report_at >= fn.add_seconds(k.looked_at, -${MAX_REPORT_AGE_SECONDS})
  GROUP BY k.looked_at, r.feed
),
own_names AS (
  SELECT k.player_lookup, MIN(k.player_id) AS player_id FROM nba_reference.players k GROUP BY k.player_lookup HAVING COUNT(DISTINCT k.player_id) = 1
),
statements AS (
  SELECT ${FEED} AS feed, r.slate, r.team_abbr, COALESCE(r.player_id, p.player_id) AS player_id, r.player_name, r.player_lookup, r.status, r.reason,
    r.report_at, COALESCE(r.last_report_at, r.report_at) AS until_at, r.ingested_at, r.row_id
  FROM nba_raw.injury_reports r
  LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = r.player_lookup
  LEFT JOIN own_names p ON p.player_lookup = COALESCE(a.player_lookup, r.player_lookup)
  WHERE r.${slates}
  UNION ALL
  SELECT ${FEED}, slate, team_abbr, NULL, NULL, '', statement, NULL, report_at, COALESCE(last_report_at, report_at), ingested_at, row_id
  FROM nba_raw.team_statements
  WHERE ${slates}
),
said AS (
  SELECT k.slate, k.game_id, k.team_abbr, k.looked_at, s.feed, s.player_id, s.player_name, s.player_lookup, s.status, s.reason, s.report_at,
    fn.least2(s.until_at, k.looked_at) AS until_at, COALESCE(s.until_at >= n.newest_at, FALSE) AS is_current
  FROM statements s
  JOIN ${looks} k ON k.slate = s.slate AND k.team_abbr = s.team_abbr AND s.report_at <= k.looked_at
  LEFT JOIN newest_reports n ON n.feed = s.feed AND n.looked_at = k.looked_at
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY k.game_id, k.team_abbr, k.looked_at, s.feed, COALESCE(CAST(s.player_id AS STRING), s.player_lookup)
    ORDER BY fn.least2(s.until_at, k.looked_at) DESC, s.report_at DESC, s.ingested_at DESC, s.row_id
  ) = 1
),
lists AS (
  SELECT k.slate, k.game_id, k.team_abbr, k.looked_at,
    CASE
      WHEN g.game_id IS NULL THEN '${LISTS.none}'
      WHEN l.status = '${LISTS.pending}' THEN '${LISTS.pending}'
      ELSE '${LISTS.submitted}'
    END AS list
  FROM ${looks} k
  LEFT JOIN (SELECT DISTINCT game_id, looked_at FROM said WHERE ${IS_LEAGUE} AND is_current) g ON g.game_id = k.game_id AND g.looked_at = k.looked_at
  LEFT JOIN said l ON l.game_id = k.game_id AND l.team_abbr = k.team_abbr AND l.looked_at = k.looked_at AND l.player_lookup = ''
    AND l.${IS_LEAGUE} AND l.is_current
),
statuses AS (
  SELECT s.slate, s.game_id, s.team_abbr, s.looked_at, s.player_id, s.player_name, s.player_lookup, s.status, s.reason, s.report_at, s.until_at
  FROM said s
  JOIN lists l ON l.game_id = s.game_id AND l.team_abbr = s.team_abbr AND l.looked_at = s.looked_at
  WHERE s.player_id IS NOT NULL AND (s.is_current OR s.status = 'out') AND (s.${IS_LEAGUE} OR l.list <> '${LISTS.submitted}')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY s.game_id, s.team_abbr, s.looked_at, s.player_id ORDER BY s.feed DESC) = 1
)`;
}

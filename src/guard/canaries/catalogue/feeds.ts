import { IS_COUNTED_TYPE } from '#core/calendar.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { coveredSql, IS_EXPECTED, IS_WIDE } from '#pipeline/ingest/declared-sources.ts';
import { oneDecimal, WITHIN_SEASON } from './sql.ts';

/** Players that must usually be out on such a night before their number means anything. */
const MIN_OUT = 5;
/** Spreads of a count by chance, a square root of it each, by which fewer injured players than usual are still a healthy night. */
const CHANCE_SPREADS = 2.2;
/** SQL: rows of tonight, and those of earlier slates that were in by the hour at which the newest of tonight came in. */
const IN_BY_THEN =
  '(slate = CAST(@slate AS DATE) OR ingested_at <= fn.add_seconds(newest.came_at, -86400 * fn.days_between(slate, CAST(@slate AS DATE))))';

const coverageKept = defineCanary({
  id: 'coverage_kept',
  phase: 'ingest',
  question: 'Does every declared book, market and report cover as much of tonight as it usually does?',
  expected:
    'at least half of the usual players and teams a game from every source that this installation has',
  finding: 'nothing, or far less than usual, came from {of:source|sources}',
  looksAt: 'tonight',
  severity: [{ by: '17:00', beforeTip: 100, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'no source is declared, and nobody quoted or reported in the week before' },
  look: {
    sql: `
WITH games AS (
  SELECT slate, COUNT(*) AS games FROM nba_reference.counted_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) GROUP BY slate
),
newest AS (
  SELECT COALESCE(MAX(ingested_at), CAST(@as_of AS TIMESTAMP)) AS came_at
  FROM (
    SELECT ingested_at FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE)
    UNION ALL
    SELECT ingested_at FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE)
    UNION ALL
    SELECT ingested_at FROM nba_raw.ingested_files WHERE ingested_at >= fn.eastern_instant(CAST(@slate AS DATE), 0) AND ingested_at <= CAST(@as_of AS TIMESTAMP)
  ) AS tonight
),
covered AS (${coveredSql({ join: 'CROSS JOIN newest', where: IN_BY_THEN })}
),
seen AS (
  SELECT c.source, MAX(CASE WHEN g.slate = CAST(@slate AS DATE) THEN c.players END) AS players, MAX(CASE WHEN g.slate = CAST(@slate AS DATE) THEN c.teams END) AS teams,
    AVG(CASE WHEN g.slate < CAST(@slate AS DATE) THEN fn.safe_div(c.players, g.games) END) AS players_per_game,
    AVG(CASE WHEN g.slate < CAST(@slate AS DATE) THEN fn.safe_div(c.teams, g.games) END) AS teams_per_game,
    COUNT(CASE WHEN g.slate < CAST(@slate AS DATE) THEN 1 END) AS slates
  FROM covered c JOIN games g ON g.slate = c.slate
  GROUP BY c.source
),
known AS (
  SELECT source, players_per_game, teams_per_game, first_hour, usual_hour, ${IS_EXPECTED} AS is_expected
  FROM nba_reference.declared_sources WHERE source <> 'lines' AND ((${IS_EXPECTED}) OR until_slate IS NOT NULL)
),
expected AS (
  SELECT k.source, k.players_per_game, k.teams_per_game, COALESCE(k.usual_hour <= n.hour, TRUE) AS is_whole
  FROM known k CROSS JOIN (
    SELECT fn.seconds_between(fn.eastern_instant(CAST(@slate AS DATE), 0), came_at) / 3600 AS hour FROM newest
  ) AS n
  WHERE k.is_expected AND COALESCE(k.first_hour <= n.hour, TRUE)
  UNION ALL
  SELECT s.source, s.players_per_game, fn.least2(s.teams_per_game, 2.0) AS teams_per_game, TRUE AS is_whole
  FROM seen s
  JOIN (SELECT COUNT(*) AS slates FROM games WHERE slate < CAST(@slate AS DATE)) AS d ON s.slates >= 0.8 * d.slates
  LEFT JOIN known k ON k.source = s.source
  WHERE k.source IS NULL AND s.slates >= 2 AND s.players_per_game >= 0.9
),
came AS (
  SELECT COUNTIF(source LIKE 'lines/%') > 0 AS has_lines, COUNTIF(source = 'availability') > 0 AS has_reports FROM seen WHERE players IS NOT NULL
),
judged AS (
  SELECT e.source, e.is_whole, e.players_per_game * t.games AS usual, e.teams_per_game * t.games AS usual_teams, t.games,
    COALESCE(s.players, 0) AS players, COALESCE(s.teams, 0) AS teams
  FROM expected e
  JOIN games t ON t.slate = CAST(@slate AS DATE)
  LEFT JOIN seen s ON s.source = e.source
  CROSS JOIN came
  CROSS JOIN (SELECT COUNT(*) AS wide FROM nba_reference.declared_sources WHERE ${IS_EXPECTED} AND ${IS_WIDE}) AS lines
  WHERE (came.has_lines OR lines.wide = 0 OR e.source NOT LIKE 'lines/%') AND (came.has_reports OR e.source NOT LIKE 'availability%')
)
SELECT source AS subject,
  CASE WHEN usual IS NULL THEN players = 0
    WHEN source = 'availability/out' THEN usual >= ${MIN_OUT} AND ((is_whole AND players < 0.1 * usual) OR players > 3 * usual)
    ELSE (usual >= 2 AND players = 0) OR (is_whole AND ((usual >= 4 AND players < 0.5 * usual AND (source NOT LIKE 'availability%' OR players < usual - ${CHANCE_SPREADS} * SQRT(usual))) OR (games >= 2 AND teams < 0.5 * COALESCE(usual_teams, 0)))) END AS is_bad,
  CASE WHEN players = 0 THEN 'nothing came' ELSE CAST(players AS STRING) || ' players' END
    || COALESCE(', usually ' || CAST(CAST(ROUND(usual) AS INT64) AS STRING) || ' for so many games', '') AS note
FROM judged
UNION ALL
SELECT 'quotes known by name' AS subject, COUNTIF(player_id IS NULL) > 0.2 * COUNT(*) AS is_bad, CAST(COUNTIF(player_id IS NULL) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' unknown' AS note
FROM nba_analytics.player_prop_lines WHERE slate = CAST(@slate AS DATE) HAVING COUNT(*) >= 16`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_lines WHERE slate >= CAST(@from AS DATE) AND bookmaker = (SELECT MAX(bookmaker) FROM nba_analytics.player_prop_lines WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning:
    'A feed went on and lost a part, or fell silent: one book, one market, some games, one word of a report. What is usual is declared (tipoff sources list) and does not fade while the source is silent; only a source that nobody has declared yet is measured by the week before. Where no line or no report came at all, lines_present and injury_feed_fresh say so alone.',
  steps: [
    'Is the part missing in the answer of the provider, or did the format refuse it? See nba_raw.rejected_rows.',
    'A book that left for good: tipoff sources retire <source> --reason <reason>.',
    'Fetch again, then LINE_UPDATE.',
  ],
});

/**
 * Hours by which the newest statement of a source may be older, when it comes in, than it was on any slate of the week before: how old
 * it is depends on how often it is asked for.
 */
const MAX_LATER_HOURS = 4;
/** Hours after which a source counts as history that was loaded, not as news. */
const HISTORY_HOURS = 24;

const newsTimely = defineCanary({
  id: 'news_timely',
  phase: 'ingest',
  question: 'Are the times of lines and reports those at which somebody can have said them?',
  expected: `nothing said after it came in, and news at most ${MAX_LATER_HOURS} hours older than in the week before when it comes in`,
  finding: 'impossible or late times of {of:source|sources} of tonight',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 90, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'no lines and no reports are in for tonight' },
  look: {
    sql: `
WITH said AS (
  SELECT 'lines by ' || bookmaker AS source, slate, fn.seconds_between(snapshot_at, ingested_at) / 3600 AS age FROM nba_raw.player_lines
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  UNION ALL
  SELECT 'lines of games by ' || bookmaker AS source, slate, fn.seconds_between(snapshot_at, ingested_at) / 3600 AS age FROM nba_raw.game_lines
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  UNION ALL
  SELECT 'availability reports' AS source, slate, fn.seconds_between(report_at, ingested_at) / 3600 AS age FROM nba_raw.injury_reports
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
),
newest AS (SELECT source, slate, MIN(age) AS age FROM said GROUP BY source, slate),
compared AS (
  SELECT source, MAX(CASE WHEN slate = CAST(@slate AS DATE) THEN age END) AS tonight, MAX(CASE WHEN slate < CAST(@slate AS DATE) THEN age END) AS usual, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS slates
  FROM newest GROUP BY source
)
SELECT source AS subject, tonight < -0.25 OR COALESCE(slates >= 3 AND usual < ${HISTORY_HOURS} AND tonight > usual + ${MAX_LATER_HOURS}, FALSE) AS is_bad,
  CASE WHEN tonight < 0 THEN 'said ' || ${oneDecimal('-tonight')} || ' hours after it came in'
    ELSE 'the newest ' || ${oneDecimal('tonight')} || ' hours old, in the week before at most ' || COALESCE(${oneDecimal('usual')}, 'unknown') END AS note
FROM compared WHERE tonight IS NOT NULL`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_raw.injury_reports SET report_at = fn.add_seconds(ingested_at, 18000) WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Times were read in another zone, or the feed repeats an old answer. What is said after the cut-off of a game counts as unknown, so that a wrong time removes a line or a status without a trace.',
  steps: [
    'After it came in: which zone does the provider use, and which does the format assume?',
    'Older than usual: does the provider answer with an old state? Compare with its own page.',
    'Fetch again, then LINE_UPDATE.',
  ],
});

/**
 * How far the schedule and the books may be apart about the start of a game, and of which share of the games of an evening. A start is
 * moved now and then, and only one of them knows; of no evening of a real season was it more than two of four games.
 */
const MAX_APART_SECONDS = 2400;
const MAX_APART_SHARE = 0.6;

const scheduleContradictions = defineCanary({
  id: 'schedule_contradictions',
  phase: 'ingest',
  question: 'Does the schedule contradict itself about last night and tonight?',
  expected:
    'one date, one kind, one pair of teams and one plausible tip-off for every game, the same for most games as at the books, no quotes of one that is off, and a score for every final',
  finding: 'contradictory statements about {of:game|games}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <schedule file>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'the schedule has no game of last night, tonight or tomorrow' },
  look: {
    sql: `
WITH said AS (
  SELECT game_id, source, statement, slate, season_type, tipoff_at, home_abbr, away_abbr, status, home_score, away_score, observed_at, ingested_at FROM nba_raw.schedule_games
  WHERE game_id IS NOT NULL AND (slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND fn.add_days(CAST(@slate AS DATE), 1)
    OR tipoff_at BETWEEN fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), -1), 0) AND fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), 1), 24))
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, source, statement ORDER BY COALESCE(observed_at, ingested_at) DESC, ingested_at DESC, row_id) = 1
),
games AS (
  SELECT game_id, COUNT(DISTINCT home_abbr || away_abbr) AS pairs, COUNT(DISTINCT season_type) AS kinds,
    COUNTIF(COALESCE(status = 'final' AND ((home_score IS NULL AND statement <> 'played') OR home_score = away_score OR home_score < 50 OR away_score < 50), FALSE)) AS scoreless,
    COUNTIF(COALESCE(status = 'final' AND tipoff_at > CAST(@as_of AS TIMESTAMP), FALSE)) AS early,
    COUNTIF(tipoff_at IS NOT NULL AND (tipoff_at < fn.eastern_instant(slate, 11) OR tipoff_at > fn.eastern_instant(slate, 24))) AS misdated,
    MAX(CASE WHEN statement = 'current' AND status = 'scheduled' THEN tipoff_at END) AS current_at,
    MAX(CASE WHEN statement = 'published' THEN tipoff_at END) AS published_at,
    COUNT(DISTINCT CASE WHEN statement = 'played' THEN slate END) AS played_on
  FROM said GROUP BY game_id HAVING COUNTIF(${IS_COUNTED_TYPE}) > 0
),
off AS (
  SELECT game_id, home_abbr, away_abbr, COALESCE(observed_at, ingested_at) AS said_at, 'called off at ' AS what FROM said
  WHERE slate = CAST(@slate AS DATE) AND statement = 'current' AND status IN ('postponed', 'cancelled') AND ${IS_COUNTED_TYPE}
  UNION ALL
  SELECT m.game_id, m.home_abbr, m.away_abbr, MIN(COALESCE(m.observed_at, m.ingested_at)), 'moved to another date at '
  FROM nba_reference.schedule g
  JOIN nba_raw.schedule_games m ON m.game_id = g.game_id AND m.slate = g.slate
  LEFT JOIN (SELECT DISTINCT home_abbr, away_abbr FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE)) AS again ON again.home_abbr = m.home_abbr AND again.away_abbr = m.away_abbr
  WHERE g.published_slate = CAST(@slate AS DATE) AND g.slate <> CAST(@slate AS DATE) AND g.slate BETWEEN ${WITHIN_SEASON} AND m.slate BETWEEN ${WITHIN_SEASON}
    AND m.statement = 'current' AND g.is_counted AND again.home_abbr IS NULL
  GROUP BY m.game_id, m.home_abbr, m.away_abbr
)
SELECT game_id AS subject, pairs > 1 OR kinds > 1 OR scoreless > 0 OR early > 0 OR misdated > 0 OR played_on > 1 OR COALESCE(ABS(fn.seconds_between(published_at, current_at)) > 14400 AND ABS(fn.seconds_between(published_at, current_at)) < 72000, FALSE) AS is_bad,
  CASE WHEN pairs > 1 THEN 'feeds name different teams' WHEN kinds > 1 THEN 'feeds name different kinds of game' WHEN scoreless > 0 THEN 'final without a possible score' WHEN early > 0 THEN 'final before its tip-off'
    WHEN misdated > 0 THEN 'tip-off and date disagree' WHEN played_on > 1 THEN 'played on two dates' ELSE 'tip-offs of the feeds are hours apart' END AS note
FROM games
UNION ALL
SELECT c.game_id AS subject, COUNT(l.player_lookup) >= 5 AS is_bad, MIN(c.what) || CAST(MIN(c.said_at) AS STRING) || ', quoted ' || CAST(COUNT(l.player_lookup) AS STRING) || ' times since' AS note
FROM off c
LEFT JOIN nba_raw.player_lines l ON l.slate = CAST(@slate AS DATE) AND l.home_abbr = c.home_abbr AND l.away_abbr = c.away_abbr AND l.snapshot_at > fn.add_seconds(c.said_at, 3600)
GROUP BY c.game_id
UNION ALL
SELECT away_abbr || '@' || home_abbr || ' ' || game_id AS subject, TRUE AS is_bad, 'does not count: one of its teams has another game on this date' AS note
FROM nba_reference.schedule
WHERE slate = CAST(@slate AS DATE) AND ${IS_COUNTED_TYPE} AND NOT is_counted
UNION ALL
SELECT 'tip-offs of the books' AS subject, COUNT(*) >= 2 AND COUNTIF(ABS(fn.seconds_between(g.tipoff_at, b.start_at)) >= ${MAX_APART_SECONDS}) > ${MAX_APART_SHARE} * COUNT(*) AS is_bad,
  CAST(COUNTIF(ABS(fn.seconds_between(g.tipoff_at, b.start_at)) >= ${MAX_APART_SECONDS}) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' games begin at another time for the books' AS note
FROM nba_reference.counted_games g
JOIN (
  SELECT home_abbr, away_abbr, MAX(commence_at) AS start_at FROM nba_raw.player_lines
  WHERE slate = CAST(@slate AS DATE) AND commence_at IS NOT NULL GROUP BY home_abbr, away_abbr
) AS b ON b.home_abbr = g.home_abbr AND b.away_abbr = g.away_abbr
WHERE g.slate = CAST(@slate AS DATE) AND g.tipoff_source <> 'estimated'
HAVING COUNT(*) > 0`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_raw.schedule_games SET tipoff_at = fn.add_seconds(tipoff_at, 172800) WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Two feeds, or one feed twice, say different things about one game. The effective schedule follows one of them, and everything else follows the schedule.',
  steps: [
    'List the statements about the game in nba_raw.schedule_games by source and observed_at.',
    'Files of played games have no scores; every other final must have one.',
    'Another game on this date: the same game under two ids, or one that was moved and never called off. Take the wrong statement back; until then nothing is predicted for the game that does not count.',
    'Which one does nba_reference.schedule follow, and which one is right? Books that go on quoting a game do not know that it was called off or moved.',
    'Tip-offs of the books: most games of tonight are an hour or more away from them, so one of the two has read its times in another zone, or by the clock of the other half of the year.',
    'Load the right statement with a newer time, or take the wrong one back: tipoff rows undo <file> --reason <reason>. Then run the repair command.',
  ],
});

/** Days after the slate that a report of its day may speak of. */
const REPORTED_AHEAD = 2;
/**
 * Of the players who were said to be out, how many, and what share of them, may be anything else by the evening. No evening of three real
 * seasons had two who were a fifth. Those who come and go between a team and the G League do not count.
 */
const MAX_TAKEN_BACK = { players: 1, share: 0.2 };
/**
 * A chance so small that a list with nobody out, or with nobody but those who are out all day, is taken for a damaged one. Of 11,543
 * real reports none with four names had nobody out; an evening of the second kind was only seen where less than five slates said what is usual.
 */
const MIN_CHANCE = 0.005;
const MIN_SLATES = 5;
/** Share of names, or of teams, that may be strange: debuts are a half of them on the worst real evening, and trades a third. */
const MAX_STRANGE = 0.5;
/** Players known for a month from which on the list of players is more than a beginning. */
const MIN_KNOWN = 100;
/** SQL: the league's own report. What others say has no tally, and is not said for a game. */
const OF_LEAGUE = "source NOT LIKE 'espn%'";
const ONE_PLAYER = 'PARTITION BY s.slate, s.team_abbr, s.player_lookup';

const reportsPlausible = defineCanary({
  id: 'reports_plausible',
  phase: 'ingest',
  question: 'Is every availability report of today whole, and about tonight’s teams and their players?',
  expected:
    'every statement that a report counts, games and names that are known, and hardly anybody who was out and no longer is',
  finding: 'availability reports are implausible in {of:comparison|comparisons}',
  looksAt: 'tonight',
  severity: [
    { by: '12:30', beforeTip: 90, severity: 'warning' },
    { by: '18:00', beforeTip: 30, severity: 'critical' },
  ],
  owner: 'data',
  repair:
    'tipoff fetch {slate} --statuses, or tipoff ingest <injury reports>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'no report of the league is in for tonight' },
  look: {
    days: 14,
    sql: `
WITH teams AS (
  SELECT slate, home_abbr AS team_abbr, away_abbr AS opponent_abbr, tipoff_at FROM nba_reference.counted_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  UNION ALL
  SELECT slate, away_abbr, home_abbr, tipoff_at FROM nba_reference.counted_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
),
said AS (
  SELECT slate, team_abbr, opponent_abbr, player_id, player_lookup, status, COALESCE(reason, '') LIKE 'G League%' AS is_assigned, report_at,
    COALESCE(last_report_at, report_at) AS until_at
  FROM nba_raw.injury_reports
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), ${REPORTED_AHEAD}) AND report_at <= CAST(@as_of AS TIMESTAMP) AND ${OF_LEAGUE}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, team_abbr, player_lookup, report_at ORDER BY ingested_at DESC, row_id) = 1
),
reports AS (
  SELECT report_at, MAX(player_statements) AS counted FROM nba_raw.availability_reports
  WHERE report_at BETWEEN fn.eastern_instant(CAST(@slate AS DATE), 0) AND fn.least2(fn.eastern_instant(CAST(@slate AS DATE), 24), CAST(@as_of AS TIMESTAMP)) AND ${OF_LEAGUE}
  GROUP BY report_at
),
newest AS (SELECT MAX(report_at) AS report_at FROM reports),
tonight AS (
  SELECT s.*, COALESCE(s.until_at >= n.report_at, TRUE) AS is_current, COALESCE(t.tipoff_at <= n.report_at, FALSE) AS has_begun
  FROM said s JOIN (SELECT team_abbr, MAX(tipoff_at) AS tipoff_at FROM teams WHERE slate = CAST(@slate AS DATE) GROUP BY team_abbr) AS t ON t.team_abbr = s.team_abbr CROSS JOIN newest n
  WHERE s.slate = CAST(@slate AS DATE)
),
held AS (
  SELECT r.report_at, COUNT(DISTINCT CAST(s.slate AS STRING) || s.team_abbr || s.player_lookup) AS statements
  FROM reports r JOIN said s ON s.report_at <= r.report_at AND s.until_at >= r.report_at
  WHERE s.slate >= fn.add_days(CAST(@slate AS DATE), -1)
  GROUP BY r.report_at
),
lists AS (
  SELECT r.report_at, COUNT(*) AS listed, COUNTIF(s.status = 'out') AS ruled_out
  FROM reports r JOIN tonight s ON s.report_at <= r.report_at AND s.until_at >= r.report_at
  WHERE NOT s.is_assigned
  GROUP BY r.report_at
),
players AS (
  SELECT s.slate, s.status, FIRST_VALUE(s.status) OVER (${ONE_PLAYER} ORDER BY s.report_at) AS first_status,
    MAX(CASE WHEN s.status = 'out' THEN 1 ELSE 0 END) OVER (${ONE_PLAYER}) AS was_out, MAX(CASE WHEN s.status = 'out' THEN 0 ELSE 1 END) OVER (${ONE_PLAYER}) AS was_open
  FROM said s JOIN teams t ON t.slate = s.slate AND t.team_abbr = s.team_abbr
  WHERE NOT s.is_assigned
  QUALIFY ROW_NUMBER() OVER (${ONE_PLAYER} ORDER BY fn.least2(s.until_at, CAST(@as_of AS TIMESTAMP)) DESC, s.report_at DESC) = 1
),
words AS (
  SELECT COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS listed, COUNTIF(slate = CAST(@slate AS DATE) AND was_open = 1) AS was_open,
    COUNTIF(slate = CAST(@slate AS DATE) AND was_out = 1) AS was_out, COUNTIF(slate = CAST(@slate AS DATE) AND was_out = 1 AND status <> 'out') AS taken_back,
    AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN 1.0 - was_open END) AS usually_out, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN CASE WHEN first_status = 'out' THEN 0.0 ELSE 1.0 END END) AS usually_open,
    COUNT(DISTINCT CASE WHEN slate < CAST(@slate AS DATE) THEN slate END) AS slates
  FROM players
),
clubs AS (
  SELECT player_lookup, team_abbr FROM nba_raw.player_box_scores
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), -1) AND played
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_lookup ORDER BY slate DESC, ingested_at DESC, row_id) = 1
),
named AS (
  SELECT s.player_lookup, MAX(CASE WHEN s.player_id IS NOT NULL OR p.player_lookup IS NOT NULL THEN 1 ELSE 0 END) AS is_known
  FROM tonight s
  LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = s.player_lookup
  LEFT JOIN nba_reference.players p ON p.player_lookup = COALESCE(a.player_lookup, s.player_lookup)
  WHERE s.is_current
  GROUP BY s.player_lookup
)
SELECT 'report of ' || CAST(r.report_at AS STRING) AS subject, COALESCE(h.statements, 0) < r.counted AS is_bad,
  CAST(COALESCE(h.statements, 0) AS STRING) || ' of ' || CAST(r.counted AS STRING) || ' statements are in' AS note
FROM reports r LEFT JOIN held h ON h.report_at = r.report_at
UNION ALL
SELECT s.team_abbr AS subject, COUNTIF(s.is_current OR s.has_begun) = 0 AND COUNT(l.team_abbr) = 0 AS is_bad, 'was listed before, and is not in the newest report' AS note
FROM tonight s
LEFT JOIN (
  SELECT DISTINCT t.team_abbr FROM nba_raw.team_statements t CROSS JOIN newest n
  WHERE t.slate = CAST(@slate AS DATE) AND COALESCE(t.last_report_at, t.report_at) >= n.report_at
) AS l ON l.team_abbr = s.team_abbr
GROUP BY s.team_abbr
UNION ALL
SELECT s.team_abbr || ' against ' || s.opponent_abbr AS subject, COUNT(t.team_abbr) = 0 AS is_bad, 'no such game tonight' AS note
FROM tonight s LEFT JOIN teams t ON t.slate = s.slate AND t.team_abbr = s.team_abbr AND t.opponent_abbr = s.opponent_abbr
WHERE s.is_current AND s.opponent_abbr IS NOT NULL
GROUP BY s.team_abbr, s.opponent_abbr
UNION ALL
SELECT 'teams of the players' AS subject, COUNTIF(c.team_abbr <> s.team_abbr) > ${MAX_STRANGE} * COUNT(*) AS is_bad,
  CAST(COUNTIF(c.team_abbr <> s.team_abbr) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' last played for another' AS note
FROM (SELECT DISTINCT player_lookup, team_abbr FROM tonight WHERE is_current) AS s JOIN clubs c ON c.player_lookup = s.player_lookup
HAVING COUNT(*) >= 5
UNION ALL
SELECT 'names of the players' AS subject, COUNTIF(is_known = 0) > ${MAX_STRANGE} * COUNT(*) AS is_bad, CAST(COUNTIF(is_known = 0) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' unknown' AS note
FROM named CROSS JOIN (SELECT COUNT(*) AS players FROM nba_reference.players WHERE first_slate < fn.add_days(CAST(@slate AS DATE), -30)) AS old
HAVING COUNT(*) >= 4 AND MAX(old.players) >= ${MIN_KNOWN}
UNION ALL
SELECT 'no longer out' AS subject, taken_back > ${MAX_TAKEN_BACK.players} AND taken_back >= ${MAX_TAKEN_BACK.share} * was_out AS is_bad, CAST(taken_back AS STRING) || ' of ' || CAST(was_out AS STRING) || ' who were said to be' AS note
FROM words WHERE listed > 0
UNION ALL
SELECT 'nobody but those who are out' AS subject, was_open = 0 AND POW(usually_out, listed) < ${MIN_CHANCE} AS is_bad, CAST(listed - was_open AS STRING) || ' of ' || CAST(listed AS STRING) || ' listed have been out all day' AS note
FROM words WHERE listed > 0 AND slates >= ${MIN_SLATES}
UNION ALL
SELECT 'nobody out' AS subject, MAX(l.listed) >= 4 AND POW(MAX(w.usually_open), MAX(l.listed)) < ${MIN_CHANCE} AS is_bad, CAST(MAX(l.listed) AS STRING) || ' listed in a report' AS note
FROM lists l CROSS JOIN words w WHERE l.ruled_out = 0 AND w.slates >= ${MIN_SLATES} HAVING COUNT(*) > 0`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE) AND team_abbr = (SELECT MIN(team_abbr) FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning:
    'The report came in without a part of it, under other names or teams, or with the statuses of other players. Whom it does not name counts as healthy, whom it wrongly calls out is not predicted, and the minutes of both go to the wrong players.',
  steps: [
    'Statements missing: nba_raw.rejected_rows of the file says which were refused; if none, the load lost them.',
    'No such game, other teams, unknown names: read the report beside its rows in nba_raw.injury_reports; a title or a row has moved.',
    'Statuses: which report said it first, and does the league’s own page say so too?',
    'Load the report again, or take it back: tipoff rows undo <file> --reason <reason>. Then run LINE_UPDATE. If the league did change its mind, accept the incident with that reason.',
  ],
});

/** Checks of what the feeds say: whether it contradicts itself, when it was said, and whether a part of it is missing. */
export const FEEDS: readonly Canary[] = [scheduleContradictions, newsTimely, coverageKept, reportsPlausible];

import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { coveredSql, IS_EXPECTED, IS_WIDE } from '#pipeline/ingest/declared-sources.ts';
import { oneDecimal } from './sql.ts';

/** Players that must usually be out on such a night before their number means anything. */
const MIN_OUT = 5;
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
    ELSE (usual >= 2 AND players = 0) OR (is_whole AND ((usual >= 4 AND players < 0.5 * usual) OR (games >= 2 AND teams < 0.5 * COALESCE(usual_teams, 0)))) END AS is_bad,
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

const scheduleContradictions = defineCanary({
  id: 'schedule_contradictions',
  phase: 'ingest',
  question: 'Does the schedule contradict itself about last night and tonight?',
  expected:
    'one date, one pair of teams and one plausible tip-off for every game, and a score for every final',
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
  SELECT game_id, source, statement, slate, tipoff_at, home_abbr, away_abbr, status, home_score, away_score, observed_at, ingested_at FROM nba_raw.schedule_games
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND fn.add_days(CAST(@slate AS DATE), 1) AND game_id IS NOT NULL
    AND season_type IN ('regular', 'play_in', 'playoffs')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, source, statement ORDER BY COALESCE(observed_at, ingested_at) DESC, ingested_at DESC, row_id) = 1
),
games AS (
  SELECT game_id, COUNT(DISTINCT home_abbr || away_abbr) AS pairs,
    COUNTIF(COALESCE(status = 'final' AND ((home_score IS NULL AND statement <> 'played') OR home_score = away_score OR home_score < 50 OR away_score < 50), FALSE)) AS scoreless,
    COUNTIF(COALESCE(status = 'final' AND tipoff_at > CAST(@as_of AS TIMESTAMP), FALSE)) AS early,
    COUNTIF(tipoff_at IS NOT NULL AND (tipoff_at < fn.eastern_instant(slate, 11) OR tipoff_at > fn.eastern_instant(slate, 24))) AS misdated,
    MAX(CASE WHEN statement = 'current' AND status = 'scheduled' THEN tipoff_at END) AS current_at,
    MAX(CASE WHEN statement = 'published' THEN tipoff_at END) AS published_at,
    COUNT(DISTINCT CASE WHEN statement = 'played' THEN slate END) AS played_on
  FROM said GROUP BY game_id
)
SELECT game_id AS subject, pairs > 1 OR scoreless > 0 OR early > 0 OR misdated > 0 OR played_on > 1 OR COALESCE(ABS(fn.seconds_between(published_at, current_at)) > 14400 AND ABS(fn.seconds_between(published_at, current_at)) < 72000, FALSE) AS is_bad,
  CASE WHEN pairs > 1 THEN 'feeds name different teams' WHEN scoreless > 0 THEN 'final without a possible score' WHEN early > 0 THEN 'final before its tip-off'
    WHEN misdated > 0 THEN 'tip-off and date disagree' WHEN played_on > 1 THEN 'played on two dates' ELSE 'tip-offs of the feeds are hours apart' END AS note
FROM games
UNION ALL
SELECT c.game_id AS subject, COUNT(l.player_lookup) >= 5 AS is_bad, 'called off at ' || CAST(MIN(c.said_at) AS STRING) || ', quoted ' || CAST(COUNT(l.player_lookup) AS STRING) || ' times since' AS note
FROM (
  SELECT game_id, home_abbr, COALESCE(observed_at, ingested_at) AS said_at FROM said
  WHERE slate = CAST(@slate AS DATE) AND statement = 'current' AND status IN ('postponed', 'cancelled')
) AS c
LEFT JOIN nba_raw.player_lines l ON l.slate = CAST(@slate AS DATE) AND l.home_abbr = c.home_abbr AND l.snapshot_at > fn.add_seconds(c.said_at, 3600)
GROUP BY c.game_id`,
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
    'Which one does nba_reference.schedule follow, and which one is right?',
    'Load the right statement with a newer time, then run the repair command.',
  ],
});

/** Checks of what the feeds say: whether it contradicts itself, when it was said, and whether a part of it is missing. */
export const FEEDS: readonly Canary[] = [scheduleContradictions, newsTimely, coverageKept];

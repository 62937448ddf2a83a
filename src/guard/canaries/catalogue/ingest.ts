import { IS_COUNTED_TYPE, SEASON_DAYS } from '#core/calendar.ts';
import { PUBLISHED_IN } from '#core/markets.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { IS_EXPECTED, IS_WIDE } from '#pipeline/ingest/declared-sources.ts';
import { BOXED_GAMES, GAME_ID, GAMES, WITHIN_SEASON } from './sql.ts';

/** SQL: outside of these months the league may rightly have nothing ahead: playoff games are only known round by round. */
const IN_REGULAR_SEASON =
  "(SUBSTR(CAST(CAST(@slate AS DATE) AS STRING), 6) >= '10-25' OR SUBSTR(CAST(CAST(@slate AS DATE) AS STRING), 6) <= '04-05')";
/** SQL: a game that counts, by its id as well: a feed may call it something else. A playoff game that is cancelled was not needed. */
const IS_EVENING_GAME = `(g.${IS_COUNTED_TYPE} OR SUBSTR(g.game_id, 1, 3) IN ('002', '004', '005')) AND NOT (g.season_type = 'playoffs' AND g.status = 'cancelled')`;

const scheduleAhead = defineCanary({
  id: 'schedule_ahead',
  phase: 'ingest',
  question: 'Does the schedule reach into the coming days, and are today’s games still on?',
  expected:
    'a counted game within the next nine days, from 25 October to 5 April, and no evening of several games called off or moved as a whole',
  finding: 'the schedule has no game left for {of:period|periods}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <schedule file>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'outside of the regular season nothing need be ahead' },
  look: {
    sql: `
SELECT 'schedule' AS subject, COUNT(*) = 0 AS is_bad, CAST(COUNT(*) AS STRING) || ' games in the next nine days' AS note
FROM nba_reference.counted_games
WHERE slate BETWEEN CAST(@slate AS DATE) AND fn.add_days(CAST(@slate AS DATE), 9)
HAVING ${IN_REGULAR_SEASON}
UNION ALL
SELECT 'today' AS subject, COUNT(*) >= 2 AND COUNT(c.game_id) = 0 AS is_bad, CAST(COUNT(*) - COUNT(c.game_id) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' games are called off' AS note
FROM nba_reference.schedule g
LEFT JOIN (SELECT game_id FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE)) AS c ON c.game_id = g.game_id
WHERE g.slate BETWEEN ${WITHIN_SEASON} AND (g.slate = CAST(@slate AS DATE) OR g.published_slate = CAST(@slate AS DATE)) AND ${IS_EVENING_GAME}
HAVING COUNT(*) > 0`,
  },
  sabotage: { sql: ['DELETE FROM nba_reference.schedule WHERE slate >= CAST(@slate AS DATE)'] },
  meaning:
    'An empty schedule, or an evening that is called off as a whole, makes every other check believe that there are no games, so nothing else would go red. The longest pause of a regular season is the six days of the All-Star break.',
  steps: [
    'Look at the newest rows of nba_raw.schedule_games (source, ingested_at): did the last load bring any?',
    'Look at nba_raw.rejected_rows for the source: a changed format ends there.',
    'Compare with the published schedule; load it again and rebuild nba_reference.schedule with the repair command.',
    'If the league really called off the whole evening, accept the incident with that reason.',
  ],
});

const scheduleStatusStale = defineCanary({
  id: 'schedule_status_stale',
  phase: 'ingest',
  question: 'Is every game of last night final?',
  expected: 'every game of last night final',
  finding: 'no final result for {of:game|games} of last night',
  looksAt: 'last_night',
  severity: [
    { by: '10:15', severity: 'warning' },
    { by: '12:00', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <results>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: 'fail',
  look: {
    sql: `SELECT label AS subject, status <> 'final' AS is_bad, 'still ' || status AS note FROM (${GAMES}) AS games`,
  },
  sabotage: {
    sql: ["UPDATE nba_reference.schedule SET status = 'scheduled' WHERE slate = CAST(@slate AS DATE)"],
  },
  meaning:
    'A game that was played is still listed as scheduled or live. Grading waits for the status, so its predictions stay ungraded; a feed that stopped advancing after a break looks exactly like this.',
  steps: [
    'Look at the statements about the game in nba_raw.schedule_games, newest observed_at first.',
    'If box scores are there and the status is not, the schedule feed has stopped: load results again.',
    'If the game was called off, load the postponement: postponed games are not waited for.',
  ],
});

const boxScoresMissing = defineCanary({
  id: 'box_scores_missing',
  phase: 'ingest',
  question: 'Do all games of last night have box scores, and which do not?',
  expected: 'a box score of both teams for every game of last night',
  finding: 'no complete box score for {of:game|games} of last night',
  looksAt: 'last_night',
  severity: [
    { by: '10:15', severity: 'warning' },
    { by: '12:00', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  explains: [{ checks: ['box_rows_plausible', 'team_counts'], about: GAME_ID }],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT g.label AS subject, COALESCE(b.teams, 0) < 2 AS is_bad, CAST(COALESCE(b.teams, 0) AS STRING) || ' of 2 teams' AS note
FROM (${GAMES}) AS g
LEFT JOIN (${BOXED_GAMES}) AS b ON b.game_id = g.game_id`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND game_id IN (SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning:
    'No rows of a finished game have arrived. Everything below it (summaries, features, grades) is blind for that game; the games are named.',
  steps: [
    'Look at nba_raw.ingested_files of the morning: did the load run, and how many rows were rejected?',
    'Look at nba_raw.rejected_rows for the game.',
    'Providers publish until about 09:30 ET of the morning after; later than that it is a failure of the load.',
  ],
});

/** SQL: a line of a box score that says only that somebody was there: seconds on court, or a bench that is listed as if it had played. */
const DID_NOTHING = 'minutes < 1 AND points + fga + fta + reb + ast + stl + blk + tov + pf = 0';
/** How many of them a team may have over all teams of a night. No night of three real seasons had more than one. */
const MAX_IDLE_PER_TEAM = 1.5;
/** How many of them one game may have: the most in three real seasons. */
const MAX_IDLE_PER_GAME = 6;

const boxRowsPlausible = defineCanary({
  id: 'box_rows_plausible',
  phase: 'ingest',
  question: 'Has every team of last night plausible players in its box score?',
  expected:
    '6 to 15 players on court for every team with a box score, hardly anybody who did nothing in less than a minute, and every player under the id that he had in his team',
  finding: 'implausible players in the box score of {of:team|teams}',
  looksAt: 'last_night',
  severity: [{ by: '10:15', severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  explains: [{ checks: ['team_counts'], about: GAME_ID }],
  whenEmpty: { skip: 'no box score has arrived; box_scores_missing says which' },
  look: {
    days: 30,
    sql: `
WITH played AS (
  SELECT game_id, team_abbr, ${DID_NOTHING} AS is_idle FROM nba_raw.player_box_scores
  WHERE slate = CAST(@slate AS DATE) AND ${IS_COUNTED_TYPE} AND played
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id, game_id ORDER BY ingested_at DESC, row_id) = 1
)
SELECT game_id || ' ' || team_abbr AS subject, players < 6 OR players > 15 AS is_bad, CAST(players AS STRING) || ' players' AS note
FROM (
  SELECT game_id, team_abbr, COUNT(DISTINCT CASE WHEN played THEN player_id END) AS players
  FROM nba_raw.player_box_scores
  WHERE slate = CAST(@slate AS DATE) AND ${IS_COUNTED_TYPE}
  GROUP BY game_id, team_abbr
) AS teams
UNION ALL
SELECT game_id || ' players who did nothing in less than a minute' AS subject, COUNTIF(is_idle) > ${MAX_IDLE_PER_GAME} AS is_bad, CAST(COUNTIF(is_idle) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' players' AS note
FROM played GROUP BY game_id
UNION ALL
SELECT 'players who did nothing in less than a minute' AS subject, COUNTIF(is_idle) > ${MAX_IDLE_PER_TEAM} * COUNT(DISTINCT game_id || team_abbr) AS is_bad,
  CAST(COUNTIF(is_idle) AS STRING) || ' of ' || CAST(COUNT(DISTINCT game_id || team_abbr) AS STRING) || ' teams; did the source begin to list who did not play?' AS note
FROM played
HAVING COUNT(DISTINCT game_id || team_abbr) >= 4
UNION ALL
SELECT n.player_name || ' ' || n.team_abbr AS subject, TRUE AS is_bad, 'has the id ' || CAST(n.player_id AS STRING) || ', and had ' || CAST(MIN(b.player_id) AS STRING) AS note
FROM (SELECT DISTINCT team_abbr, player_lookup, player_name, player_id FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND ${IS_COUNTED_TYPE}) AS n
JOIN (
  SELECT DISTINCT team_abbr, player_lookup, player_id FROM nba_raw.player_box_scores
  WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND ${IS_COUNTED_TYPE}
) AS b ON b.team_abbr = n.team_abbr AND b.player_lookup = n.player_lookup
WHERE b.player_id <> n.player_id
GROUP BY n.player_name, n.team_abbr, n.player_id`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND player_id NOT IN (SELECT MIN(player_id) FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) GROUP BY game_id, team_abbr)',
    ],
  },
  meaning:
    'A box score came in cut short, twice under different ids, with those who did not play as if they had played without a count, or with the id of somebody else for a player: his history is split, and what he did counts for another. Averages and absences of that team are wrong until it is replaced.',
  steps: [
    'List the rows of the game in nba_raw.player_box_scores by source and source_file.',
    'Look at nba_raw.rejected_rows of the file: which players were refused, and why?',
    'Load the game again; the newest version of the best source wins. Rows that belong to no game of the night go with their file: tipoff rows undo <file> --reason <reason>.',
  ],
});

const linesPresent = defineCanary({
  id: 'lines_present',
  phase: 'ingest',
  question: 'Are lines in for every game, where this installation has a source of them?',
  expected: 'a line for every game, where a source of lines is declared or the days before had them',
  finding: 'no line of any market for {of:game|games} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '17:30', beforeTip: 90, severity: 'warning' },
    { by: '18:30', beforeTip: 30, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <lines>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  tolerates: { share: 0.25 },
  whenEmpty: { skip: 'no source of lines is declared, and there was no market in the week before' },
  look: {
    sql: `
SELECT g.label AS subject, l.game IS NULL AND (CAST(@as_of AS TIMESTAMP) >= fn.add_seconds(g.tipoff_at, -5400) OR CAST(@as_of AS TIMESTAMP) >= fn.add_seconds(fn.eastern_instant(CAST(@slate AS DATE), 17), 1800)) AS is_bad,
  'no line' AS note
FROM (${GAMES}) AS g
CROSS JOIN (
  SELECT COUNT(*) AS sources FROM nba_reference.declared_sources
  WHERE ${IS_EXPECTED} AND ${IS_WIDE}
) AS declared
JOIN (
  SELECT COUNT(DISTINCT CASE WHEN q.home_abbr IS NOT NULL THEN s.game_id END) AS quoted, COUNT(DISTINCT s.game_id) AS games
  FROM nba_reference.counted_games s
  LEFT JOIN (
    SELECT DISTINCT slate, home_abbr, away_abbr FROM nba_raw.player_lines
    WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND market IN ${PUBLISHED_IN}
  ) q ON q.slate = s.slate AND q.home_abbr = s.home_abbr AND q.away_abbr = s.away_abbr
  WHERE s.slate >= CAST(@from AS DATE) AND s.slate < CAST(@slate AS DATE)
) AS usual ON declared.sources > 0 OR (usual.quoted >= 0.9 * usual.games AND usual.games > 0)
LEFT JOIN (
  SELECT DISTINCT home_abbr || away_abbr AS game FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE) AND market IN ${PUBLISHED_IN}
) AS l ON l.game = g.home_abbr || g.away_abbr`,
  },
  sabotage: { sql: ['DELETE FROM nba_raw.player_lines WHERE slate >= CAST(@from AS DATE)'] },
  meaning:
    'A source of lines is declared (tipoff sources list), or nine of ten games of the week before had lines, and tonight more than a quarter have none at 17:30 or 90 minutes before their own tip-off. Predictions without a line cannot become picks.',
  steps: [
    'Look at nba_raw.player_lines of the slate by source and bookmaker.',
    'Look at the quota and the answers of the odds provider in the log of the last fetch.',
    'Load the lines, then run the LINE_UPDATE mode: it replaces predictions whose line has moved.',
  ],
});

const linesResolved = defineCanary({
  id: 'lines_resolved',
  phase: 'ingest',
  question: 'Do the quoted names belong to known players and games?',
  expected: 'nearly every quoted player resolved to an id',
  finding: 'no known player and game for {of:quoted name|quoted names}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 60, severity: 'warning' }],
  owner: 'data',
  repair:
    'tipoff fetch {slate}, or tipoff ingest <lines>, then tipoff predict {slate} --mode LINE_UPDATE; new spellings belong in src/core/names.ts',
  dependsOn: [],
  tolerates: { count: 8, share: 0.15 },
  whenEmpty: { skip: 'no points lines have been prepared for this slate' },
  look: {
    sql: `
SELECT l.player_lookup AS subject, MAX(CASE WHEN l.resolution = 'resolved' THEN 1 ELSE 0 END) = 0 AS is_bad, MIN(l.resolution) AS note
FROM nba_analytics.player_prop_lines l
LEFT JOIN (
  SELECT DISTINCT home_abbr, away_abbr FROM nba_reference.schedule
  WHERE slate BETWEEN ${WITHIN_SEASON}
    AND ((published_slate = CAST(@slate AS DATE) AND slate <> CAST(@slate AS DATE)) OR (slate = CAST(@slate AS DATE) AND status IN ('postponed', 'cancelled')))
) AS called_off ON called_off.home_abbr = l.home_abbr AND called_off.away_abbr = l.away_abbr
WHERE l.slate = CAST(@slate AS DATE) AND l.market IN ${PUBLISHED_IN} AND called_off.home_abbr IS NULL
GROUP BY l.player_lookup`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_analytics.player_prop_lines SET resolution = 'unknown_player', player_id = NULL WHERE slate = CAST(@slate AS DATE)",
    ],
  },
  meaning:
    'A feed spells names in a new way, or quotes games that are not scheduled. Lines of a game that was called off or moved are not counted. The lines are there and nobody can use them.',
  steps: [
    'List the named players with their resolution: unknown_player, ambiguous_player or unknown_game.',
    'unknown_game for all of them: the lines are those of another date, the event is not in the schedule, or the teams are swapped.',
    'unknown_player: compare with nba_reference.players; add an alias where the spelling differs.',
  ],
});

const injuryFeedFresh = defineCanary({
  id: 'injury_feed_fresh',
  phase: 'ingest',
  question: 'Is there an availability report for tonight?',
  expected: 'a report for tonight, where it is declared or the days before had one',
  finding: 'no availability report for tonight',
  looksAt: 'tonight',
  severity: [
    { by: '15:00', beforeTip: 90, severity: 'warning' },
    { by: '18:00', beforeTip: 30, severity: 'critical' },
  ],
  owner: 'data',
  repair:
    'tipoff fetch {slate} --statuses, or tipoff ingest <injury reports>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  explains: [{ checks: ['reports_plausible'] }],
  whenEmpty: { skip: 'no availability report is declared, and the days before had none either' },
  look: {
    sql: `
SELECT 'availability report' AS subject, COALESCE(t.statements, 0) = 0 AS is_bad,
  'no statement for tonight; ' || CAST(u.slates AS STRING) || ' of the last ' || CAST(u.days AS STRING) || ' game days had one' AS note
FROM (
  SELECT COUNT(DISTINCT s.slate) AS days, COUNT(DISTINCT r.slate) AS slates
  FROM nba_reference.counted_games s
  LEFT JOIN (SELECT DISTINCT slate FROM nba_raw.injury_reports WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)) r ON r.slate = s.slate
  WHERE s.slate >= CAST(@from AS DATE) AND s.slate < CAST(@slate AS DATE)
) AS u
CROSS JOIN (
  SELECT COUNT(*) AS statements FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE) AND report_at <= CAST(@as_of AS TIMESTAMP)
) AS t
CROSS JOIN (
  SELECT COUNT(*) AS sources FROM nba_reference.declared_sources WHERE source = 'availability' AND ${IS_EXPECTED}
) AS declared
WHERE declared.sources > 0 OR (u.slates > 0 AND u.slates >= 0.9 * u.days)`,
  },
  sabotage: { sql: ['DELETE FROM nba_raw.injury_reports WHERE slate >= CAST(@from AS DATE)'] },
  meaning:
    'Without tonight’s report the model believes that everybody is available: late scratches are predicted, and the minutes they leave are given to nobody.',
  steps: [
    'Look at the newest report_at in nba_raw.injury_reports.',
    'The league publishes from the afternoon on; a report later than 18:00 ET is rare.',
    'Load the report and run LINE_UPDATE, so that players ruled out are seen.',
  ],
});

/** SQL: loaded in the year of a season before now. */
const IS_THIS_SEASON = `ingested_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${SEASON_DAYS * 86_400}) AND ingested_at <= CAST(@as_of AS TIMESTAMP)`;

const rejectedShare = defineCanary({
  id: 'rejected_share',
  phase: 'ingest',
  question: 'Did a source begin to send rows that are refused?',
  expected:
    'at most a fifth of the newest rows of each source in quarantine, not all of its newest load, All-Star games aside, and no game of the league because of the name of a team',
  finding: 'too many rows, or those of a game, refused from {of:source|sources}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'data',
  repair:
    'tipoff rows rejected; correct the format in src/pipeline/ingest/formats, then tipoff ingest <file>',
  dependsOn: [],
  whenEmpty: { pass: 'nothing was loaded this season' },
  look: {
    sql: `
SELECT source AS subject, SUM(rows_rejected) > 0.2 * SUM(rows_read)
    AND (SUM(rows_rejected) >= 20 OR (SUM(rows_rejected) >= 5 AND SUM(CASE WHEN ingested_at = newest_at THEN rows_loaded + rows_duplicate END) = 0)) AS is_bad,
  CAST(SUM(rows_rejected) AS STRING) || ' of ' || CAST(SUM(rows_read) AS STRING) || ' rows refused' AS note
FROM (
  SELECT f.source, rows_rejected - fn.least2(rows_rejected, COALESCE(a.all_star, 0)) AS rows_rejected,
    rows_read - fn.least2(rows_rejected, COALESCE(a.all_star, 0)) AS rows_read, rows_loaded, rows_duplicate, ingested_at,
    MAX(ingested_at) OVER (PARTITION BY f.source) AS newest_at
  FROM nba_raw.ingested_files f
  LEFT JOIN (
    SELECT source, source_file, COUNT(*) AS all_star FROM nba_raw.rejected_rows
    WHERE ${IS_THIS_SEASON} AND reason_code = 'all_star_game'
    GROUP BY source, source_file
  ) a ON a.source = f.source AND a.source_file = f.source_file
  WHERE ${IS_THIS_SEASON} AND withdrawn_at IS NULL
) AS loads
WHERE ingested_at > fn.add_seconds(newest_at, -86400)
GROUP BY source
UNION ALL
SELECT source || ' teams' AS subject, COUNT(*) > 0 AS is_bad, CAST(COUNT(*) AS STRING) || ' rows of a game refused: ' || MIN(reason) AS note
FROM nba_raw.rejected_rows
WHERE reason_code = 'unknown_opponent' AND ingested_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND ingested_at <= CAST(@as_of AS TIMESTAMP)
GROUP BY source`,
  },
  sabotage: {
    sql: [
      "INSERT INTO nba_raw.ingested_files (receipt_id, source, source_file, content_hash, rows_read, rows_loaded, rows_duplicate, rows_rejected, ingested_at) VALUES ('sabotage', 'changed_format', 'lines.csv', 'none', 100, 10, 0, 90, CAST(@as_of AS TIMESTAMP))",
    ],
  },
  meaning:
    'A provider changed its format. The rows are in quarantine with field and reason; nothing was guessed. What counts is the last day on which the source was loaded: it is well again when it is loaded well.',
  steps: [
    'Group nba_raw.rejected_rows of the source by field and reason_code: the largest group names the change.',
    'Read one raw_row of it beside the format’s code.',
    'unknown_opponent: a team was renamed, moved or is new; its name belongs in src/core/teams.ts.',
    'After the format is corrected, load the file again: rows that were loaded before count as duplicates.',
  ],
});

/** The canaries of the phase `ingest`, in the order of the data. */
export const INGEST: readonly Canary[] = [
  scheduleAhead,
  scheduleStatusStale,
  boxScoresMissing,
  boxRowsPlausible,
  linesPresent,
  linesResolved,
  injuryFeedFresh,
  rejectedShare,
];

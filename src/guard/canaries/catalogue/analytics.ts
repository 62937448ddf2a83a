import { SEASON_DAYS } from '#core/calendar.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { sidesOf } from '#pipeline/analytics/whole-games.ts';
import { BOXED_GAMES, GAMES, oneDecimal } from './sql.ts';

const gamesSummarised = defineCanary({
  id: 'games_summarised',
  phase: 'analytics',
  question: 'Is every game of last night that has a box score summarised?',
  expected:
    'a team summary, and players whose minutes fill the game, for both sides of every game with a box score',
  finding: 'incomplete summaries for {of:side|sides} of the games with a box score',
  looksAt: 'last_night',
  severity: [
    { by: '10:45', severity: 'warning' },
    { by: '12:15', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no box score has arrived; box_scores_missing says which' },
  look: {
    sql: `
SELECT s.team_abbr || ' ' || s.label AS subject, t.team_abbr IS NULL OR NOT s.is_whole AS is_bad,
  CASE WHEN t.team_abbr IS NULL THEN 'no team summary; ' ELSE '' END || s.note AS note
FROM (${sidesOf('CAST(@slate AS DATE)', 'CAST(@slate AS DATE)')}) AS s
JOIN (${BOXED_GAMES}) AS b ON b.game_id = s.game_id AND b.teams = 2
LEFT JOIN (SELECT DISTINCT game_id, team_abbr FROM nba_analytics.team_game_summary WHERE slate = CAST(@slate AS DATE)) AS t
  ON t.game_id = s.game_id AND t.team_abbr = s.team_abbr`,
  },
  sabotage: { sql: ['DELETE FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Box scores arrived and the summaries were not made, or they came in part: players are missing, or teams are swapped. Both teams’ players are skipped with the reason last_game_unknown until the games are whole.',
  steps: [
    'Look at nba_orchestration.phase_runs of PlayerGameSummary and TeamGameSummary of the morning: verdict and reason.',
    'No run at all: the daily job did not start; see job_heartbeats.',
    'Run the repair command; it replaces the whole slate in one step.',
  ],
});

const nullMinutesPoints = defineCanary({
  id: 'null_minutes_points',
  phase: 'analytics',
  question: 'Has everybody who played minutes and points?',
  expected: 'minutes and points for every player who was on court',
  finding: 'no minutes or no points for {of:player|players} of last night',
  looksAt: 'last_night',
  severity: [{ by: '10:30', severity: 'critical' }],
  owner: 'data',
  repair:
    'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'nobody is summarised for last night' },
  look: {
    sql: `
SELECT player_name || ' ' || game_id AS subject, minutes IS NULL OR points IS NULL AS is_bad,
  CASE WHEN minutes IS NULL AND points IS NULL THEN 'neither minutes nor points' WHEN minutes IS NULL THEN 'no minutes' ELSE 'no points' END AS note
FROM nba_analytics.player_game_summary
WHERE slate = CAST(@slate AS DATE) AND played`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_game_summary SET minutes = NULL WHERE slate = CAST(@slate AS DATE) AND played',
    ],
  },
  meaning:
    'A column of the box score came in empty. Players who did not play rightly have none; these were on court.',
  steps: [
    'Look at the raw rows of the players by source: is the column empty there too?',
    'If the raw row has it, the summary is at fault; if not, the provider or the format is.',
    'Load a better version of the game and summarise again.',
  ],
});

const teamTotals = defineCanary({
  id: 'team_totals',
  phase: 'analytics',
  question: 'Do the players’ points add up to the team’s?',
  expected: 'the sum of the players equal to the team total for every team',
  finding: 'points of the players do not add up to the total for {of:team|teams} of last night',
  looksAt: 'last_night',
  severity: [{ by: '10:30', severity: 'warning' }],
  owner: 'data',
  repair:
    'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no team is summarised for last night' },
  look: {
    sql: `
SELECT team_abbr || ' ' || game_id AS subject, players_points <> points AS is_bad,
  'players ' || CAST(players_points AS STRING) || ', team ' || CAST(points AS STRING) AS note
FROM nba_analytics.team_game_summary
WHERE slate = CAST(@slate AS DATE) AND players_points IS NOT NULL`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.team_game_summary SET players_points = players_points - 7 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'A player row is missing, doubled or wrong. Two sources that disagree about one game show up here first.',
  steps: [
    'List the player rows of the game and their sources in nba_analytics.player_game_summary.',
    'Compare with nba_raw.team_box_scores: which source has the other total?',
    'Load the game again from the official source.',
  ],
});

const teamMinutes = defineCanary({
  id: 'team_minutes',
  phase: 'analytics',
  question: 'Do the minutes of the players fill the game?',
  expected: 'about five times the length of the game for every team',
  finding: 'minutes of the players do not fill the game for {of:team|teams} of last night',
  looksAt: 'last_night',
  severity: [{ by: '10:30', severity: 'warning' }],
  owner: 'data',
  repair:
    'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no team is summarised for last night' },
  look: {
    sql: `
SELECT t.team_abbr || ' ' || t.game_id AS subject, p.minutes IS NULL OR ABS(p.minutes - 5 * t.minutes) > 12 AS is_bad,
  ${oneDecimal('p.minutes')} || ' player-minutes, expected ' || ${oneDecimal('5 * t.minutes')} AS note
FROM nba_analytics.team_game_summary t
LEFT JOIN (
  SELECT game_id, team_abbr, SUM(minutes) AS minutes FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE) AND played GROUP BY game_id, team_abbr
) AS p ON p.game_id = t.game_id AND p.team_abbr = t.team_abbr
WHERE t.slate = CAST(@slate AS DATE)`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_game_summary SET minutes = minutes / 2 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Minutes were read in another unit, or players are missing. Minutes are the strongest feature: a wrong game stays in the averages for weeks.',
  steps: [
    'List minutes of the team in nba_analytics.player_game_summary and in the raw rows.',
    'Off by a factor: the format reads seconds or fractions. Off by one player: a row was refused.',
    'Correct, load and summarise again; then the features of later slates are recomputed by tipoff day.',
  ],
});

const summaryDuplicates = defineCanary({
  id: 'summary_duplicates',
  phase: 'analytics',
  question: 'Is anybody in two games of one day, or twice in one game?',
  expected: 'one summary per player and day of the season',
  finding: 'more than one summary for {of:player-day|player-days} of the season',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'nobody has played this season' },
  look: {
    days: SEASON_DAYS,
    sql: `
SELECT MIN(player_name) || ' ' || CAST(slate AS STRING) AS subject, COUNT(*) > 1 AS is_bad,
  CAST(COUNT(*) AS STRING) || ' summaries, of the games ' || MIN(game_id) || ' and ' || MAX(game_id) AS note
FROM nba_analytics.player_game_summary
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND played
GROUP BY player_id, slate`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_game_summary SET slate = (SELECT MAX(slate) FROM nba_analytics.player_game_summary WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)) WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Two rows for one player and day: rest days become negative, averages count a game twice, grades multiply.',
  steps: [
    'List the rows with their game ids, sources and raw_row_id.',
    'Two game ids: one source uses another id or date for the same game; look at nba_raw.schedule_games.',
    'Load the box score of the game that he was not in again, with him listed as not playing; the repair command computes that slate and all after it.',
  ],
});

const contextBuilt = defineCanary({
  id: 'context_built',
  phase: 'analytics',
  question: 'Is there a roster for both teams of every game tonight?',
  expected: 'at least eight players of each team in the context of every game',
  finding: 'fewer than eight players for {of:team|teams} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '10:30', beforeTip: 120, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest'],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT g.team_abbr || ' ' || g.label AS subject, COALESCE(c.players, 0) < 8 AS is_bad, CAST(COALESCE(c.players, 0) AS STRING) || ' players' AS note
FROM (
  SELECT game_id, label, home_abbr AS team_abbr FROM (${GAMES}) AS home
  UNION ALL
  SELECT game_id, label, away_abbr AS team_abbr FROM (${GAMES}) AS away
) AS g
LEFT JOIN (
  SELECT game_id, team_abbr, COUNT(*) AS players FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE) GROUP BY game_id, team_abbr
) AS c ON c.game_id = g.game_id AND c.team_abbr = g.team_abbr`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE) AND team_abbr IN (SELECT MIN(home_abbr) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning:
    'Nobody is expected to play for a team tonight, so nobody will be predicted, and no share computed from the context would notice.',
  steps: [
    'Look at nba_orchestration.phase_runs of UpcomingPlayerGameContext: did it run after the schedule last changed?',
    'A game that was moved to today needs the context again: run the repair command.',
    'No players although it ran: the team has no game in the loaded history.',
  ],
});

/** The canaries of the phase `analytics`, in the order of the data. */
export const ANALYTICS: readonly Canary[] = [
  gamesSummarised,
  nullMinutesPoints,
  teamTotals,
  teamMinutes,
  summaryDuplicates,
  contextBuilt,
];

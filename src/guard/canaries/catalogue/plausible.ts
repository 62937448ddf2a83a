import { marketPriceSql } from '#core/bookmakers.ts';
import type { TableContract } from '#core/contracts/define.ts';
import { tableId } from '#core/contracts/define.ts';
import {
  playerGameSummary,
  playerPropLines,
  teamGameSummary,
  upcomingPlayerGameContext,
  upcomingTeamGameContext,
} from '#core/contracts/nba_analytics.ts';
import { playerAvailability } from '#core/contracts/nba_precompute.ts';
import { mlFeatureStore, playerPropPredictions, predictionGrades } from '#core/contracts/nba_predictions.ts';
import { breachSql } from '#core/contracts/rules.ts';
import { FEATURES } from '#core/features.ts';
import { countedByMarketSql, MAIN_MARKET } from '#core/markets.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { coveredSql, IS_EXPECTED, IS_WIDE } from '#pipeline/ingest/declared-sources.ts';
import { oneDecimal, PREDICTED } from './sql.ts';

/** Tables whose rows of last night and of tonight are held to the rules of their contracts once more where they lie. */
const RULED: readonly TableContract[] = [
  playerGameSummary,
  teamGameSummary,
  upcomingTeamGameContext,
  playerPropLines,
  upcomingPlayerGameContext,
  playerAvailability,
  mlFeatureStore,
  playerPropPredictions,
  predictionGrades,
];

const rulesKept = defineCanary({
  id: 'rules_kept',
  phase: 'analytics',
  question: 'Does every stored row of last night and tonight keep the rules of its contract?',
  expected: 'no row that breaks a range or an identity of its contract',
  finding: 'rows break a rule of their contract in {of:table|tables}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'nothing is stored for last night or tonight' },
  look: {
    sql: RULED.map(
      (table) => `
SELECT '${tableId(table)}' AS subject, COUNT(breach) > 0 AS is_bad, CAST(COUNT(breach) AS STRING) || ' rows: ' || COALESCE(MIN(breach), 'none') AS note
FROM (
  SELECT ${breachSql(table)} AS breach FROM ${tableId(table)}
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -1) AND CAST(@slate AS DATE)
) AS judged
HAVING COUNT(*) > 0`,
    ).join('\nUNION ALL'),
  },
  sabotage: {
    sql: ['UPDATE nba_predictions.ml_feature_store SET min_ewma8 = -1 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning:
    'Rows that could not have been written this way have been changed where they lie, or were written before the rule was declared.',
  steps: [
    'The note names column, value and rule; the rules stand in src/core/contracts.',
    'Who wrote the table last: nba_orchestration.phase_runs; a change by hand leaves nothing there.',
    'Run the repair command: it computes the slate again and refuses what breaks a rule.',
  ],
});

/** One comparison of two stages: a row for each thing that both have, `same` where they agree. */
interface Agreement {
  readonly name: string;
  readonly sql: string;
}

const POINTS = MAIN_MARKET.id;
const TONIGHT = 'slate = CAST(@slate AS DATE)';
const AGREEMENTS: readonly Agreement[] = [
  {
    name: 'contexts of players against the schedule',
    sql: `
  SELECT u.team_abbr = CASE WHEN u.is_home THEN s.home_abbr ELSE s.away_abbr END
    AND u.opponent_abbr = CASE WHEN u.is_home THEN s.away_abbr ELSE s.home_abbr END AND u.tipoff_at = s.tipoff_at AS same
  FROM nba_analytics.upcoming_player_game_context u
  JOIN nba_reference.schedule s ON s.game_id = u.game_id
  WHERE u.${TONIGHT} AND s.${TONIGHT}`,
  },
  {
    name: 'contexts of teams against the schedule',
    sql: `
  SELECT u.team_abbr = CASE WHEN u.is_home THEN s.home_abbr ELSE s.away_abbr END AND u.tipoff_at = s.tipoff_at AS same
  FROM nba_analytics.upcoming_team_game_context u
  JOIN nba_reference.schedule s ON s.game_id = u.game_id
  WHERE u.${TONIGHT} AND s.${TONIGHT}`,
  },
  {
    name: 'lines of contexts against the quotes',
    sql: `
  SELECT l.line IS NOT NULL AND u.line = l.line AND COALESCE(u.over_price, 0) = COALESCE(l.over_price, 0) AND COALESCE(u.under_price, 0) = COALESCE(l.under_price, 0) AS same
  FROM nba_analytics.upcoming_player_game_context u
  LEFT JOIN nba_analytics.player_prop_lines l ON l.player_id = u.player_id AND l.game_id = u.game_id AND l.bookmaker = u.line_bookmaker
    AND l.market = '${POINTS}' AND l.${TONIGHT}
  WHERE u.${TONIGHT} AND u.line IS NOT NULL`,
  },
  {
    name: 'players with quotes against their contexts',
    sql: `
  SELECT u.line IS NOT NULL AS same
  FROM (
    SELECT DISTINCT player_id, game_id FROM nba_analytics.player_prop_lines
    WHERE ${TONIGHT} AND market = '${POINTS}' AND resolution = 'resolved' AND snapshot_quality = 'exact'
  ) AS l
  JOIN nba_analytics.upcoming_player_game_context u ON u.player_id = l.player_id AND u.game_id = l.game_id AND u.${TONIGHT}`,
  },
  {
    name: 'quotes against what the feeds sent',
    sql: `
  SELECT r.line IS NOT NULL AS same
  FROM nba_analytics.player_prop_lines l
  LEFT JOIN (
    SELECT DISTINCT market, bookmaker, player_lookup, line FROM nba_raw.player_lines WHERE ${TONIGHT}
  ) AS r ON r.market = l.market AND r.bookmaker = l.bookmaker AND r.player_lookup = l.player_lookup AND r.line = l.line
  WHERE l.${TONIGHT}`,
  },
  {
    name: 'features against contexts',
    sql: `
  SELECT COALESCE(CAST(f.line AS FLOAT64), -1) = COALESCE(CAST(u.line AS FLOAT64), -1) AND f.team_abbr = u.team_abbr
    AND COALESCE(f.is_home, 0) = CASE WHEN u.is_home THEN 1 ELSE 0 END AS same
  FROM nba_predictions.ml_feature_store f
  JOIN nba_analytics.upcoming_player_game_context u ON u.player_id = f.player_id AND u.game_id = f.game_id AND u.${TONIGHT}
  WHERE f.${TONIGHT}`,
  },
  {
    name: 'features against the daily cache',
    sql: `
  SELECT ABS(COALESCE(f.pts_ewma8, -1) - COALESCE(c.pts_ewma8, -1)) + ABS(COALESCE(f.min_ewma8, -1) - COALESCE(c.min_ewma8, -1))
    + ABS(COALESCE(f.pts_season, -1) - COALESCE(c.pts_season, -1)) + ABS(COALESCE(f.minutes_rate, -1) - COALESCE(c.minutes_rate, -1)) < 0.001 AS same
  FROM nba_predictions.ml_feature_store f
  JOIN nba_precompute.player_daily_cache c ON c.player_id = f.player_id AND c.${TONIGHT}
  WHERE f.${TONIGHT}`,
  },
  {
    name: 'features against the strength of the opponents',
    sql: `
  SELECT ABS(COALESCE(f.opp_pace, 0) - COALESCE(t.pace, 0)) < 0.001 AS same
  FROM nba_predictions.ml_feature_store f
  JOIN nba_precompute.team_defense_zone_analysis t ON t.team_abbr = f.opponent_abbr AND t.${TONIGHT}
  WHERE f.${TONIGHT}`,
  },
  {
    name: 'grades of last night against the box scores',
    sql: `
  SELECT CASE WHEN g.actual IS NULL THEN g.outcome IN ('void', 'no_bet') ELSE ABS(CAST(g.actual AS FLOAT64) - ${countedByMarketSql('g.market', 'p')}) < 0.5 END
    AND CASE
      WHEN g.actual IS NULL OR g.line IS NULL OR g.recommendation NOT IN ('OVER', 'UNDER') THEN TRUE
      WHEN CAST(g.actual AS FLOAT64) = CAST(g.line AS FLOAT64) THEN g.outcome = 'push'
      WHEN (CAST(g.actual AS FLOAT64) > CAST(g.line AS FLOAT64)) = (g.recommendation = 'OVER') THEN g.outcome = 'win' AND g.profit > 0 AND g.is_correct
      ELSE g.outcome = 'loss' AND g.profit = -1 AND NOT g.is_correct
    END AS same
  FROM nba_predictions.prediction_grades g
  JOIN nba_analytics.player_game_summary p ON p.player_id = g.player_id AND p.game_id = g.game_id AND p.slate = fn.add_days(CAST(@slate AS DATE), -1)
  WHERE g.slate = fn.add_days(CAST(@slate AS DATE), -1)`,
  },
  {
    name: 'grades of last night against the predictions',
    sql: `
  SELECT ABS(g.predicted - p.predicted) < 0.01 AND COALESCE(CAST(g.line AS FLOAT64), -1) = COALESCE(CAST(p.line AS FLOAT64), -1)
    AND ABS(COALESCE(g.confidence, 0) - COALESCE(p.confidence, 0)) < 0.001 AND g.recommendation = p.recommendation AND g.is_actionable = p.is_actionable
    AND g.player_name = p.player_name AS same
  FROM nba_predictions.prediction_grades g
  JOIN nba_predictions.player_prop_predictions p ON p.prediction_id = g.prediction_id AND p.publication_id = g.publication_id
    AND p.slate = fn.add_days(CAST(@slate AS DATE), -1)
  WHERE g.slate = fn.add_days(CAST(@slate AS DATE), -1)`,
  },
  {
    name: 'summaries of last night against the box scores',
    sql: `
  SELECT COALESCE(p.points, -1) = COALESCE(r.points, -1) AND COALESCE(p.reb, -1) = COALESCE(r.reb, -1) AND ABS(COALESCE(p.minutes, -1) - COALESCE(r.minutes, -1)) < 0.01
    AND p.team_abbr = r.team_abbr AND p.played = r.played AS same
  FROM nba_analytics.player_game_summary p
  JOIN nba_raw.player_box_scores r ON r.row_id = p.raw_row_id AND r.slate = fn.add_days(CAST(@slate AS DATE), -1)
  WHERE p.slate = fn.add_days(CAST(@slate AS DATE), -1)`,
  },
  {
    name: 'predictions against contexts',
    sql: `
  SELECT p.player_name = u.player_name AND p.team_abbr = u.team_abbr AND p.opponent_abbr = u.opponent_abbr AND p.is_home = u.is_home AS same
  FROM (${PREDICTED}) AS p
  JOIN nba_analytics.upcoming_player_game_context u ON u.player_id = p.player_id AND u.game_id = p.game_id AND u.${TONIGHT}`,
  },
  {
    name: 'sides and confidences of predictions against their probabilities',
    sql: `
  SELECT CASE p.recommendation
      WHEN 'OVER' THEN ABS(p.confidence - fn.safe_div(p.p_over, p.p_over + p.p_under)) < 0.01
      WHEN 'UNDER' THEN ABS(p.confidence - fn.safe_div(p.p_under, p.p_over + p.p_under)) < 0.01
      ELSE NOT p.is_actionable END AND (NOT p.is_actionable OR p.filter_reason IS NULL) AS same
  FROM (${PREDICTED}) AS p
  WHERE p.line IS NOT NULL AND p.p_over IS NOT NULL`,
  },
];

/** Share of rows that may differ because one side was made again since: a line that moved, a player who was traded. */
const MAX_DIFFERING = 0.1;

const stagesAgree = defineCanary({
  id: 'stages_agree',
  phase: 'predict',
  question: 'Does each stage say what the stage before it said?',
  expected: `at most ${MAX_DIFFERING * 100} % of the rows of a stage different from the stage before`,
  finding: 'stages contradict each other in {of:comparison|comparisons}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: { skip: 'nothing is stored for last night or tonight' },
  look: {
    sql: AGREEMENTS.map(
      ({ name, sql }) => `
SELECT '${name}' AS subject, COUNTIF(NOT COALESCE(same, FALSE)) > ${MAX_DIFFERING} * COUNT(*) AS is_bad,
  CAST(COUNTIF(NOT COALESCE(same, FALSE)) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' rows differ' AS note
FROM (${sql}
) AS compared
HAVING COUNT(*) > 0`,
    ).join('\nUNION ALL'),
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.upcoming_player_game_context SET line = line + 3 WHERE slate = CAST(@slate AS DATE) AND line IS NOT NULL',
    ],
  },
  meaning:
    'A value was changed on its way: a join that took other rows, two columns in the wrong order, a table that was changed by hand, or a stage that did not run after the one before it.',
  steps: [
    'The comparison names both stages; take one player and read his rows of both tables.',
    'Compare their times: does nba_orchestration.phase_runs show the later stage before the earlier one?',
    'Run the repair command; predictions that rest on the wrong rows are replaced by LINE_UPDATE.',
  ],
});

/** Features that move slowly from game to game: what a player is, not whom he meets tonight. */
const SLOW: readonly string[] = FEATURES.filter(({ name }) =>
  /(?:_ewma8|_ewma32|(?<!games)_season|rate32|ppm8|minutes_rate|min_max10|games_career)$/.test(name),
).map(({ name }) => name);

const featuresContinuous = defineCanary({
  id: 'features_continuous',
  phase: 'precompute',
  question: 'Do slow features stay near what they were for the same players in the fortnight before?',
  expected: 'a mean change of less than 0.6 standard deviations for every slow feature',
  finding: 'values jumped against the fortnight before in {of:slow feature|slow features}',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than sixteen players of tonight had features in the fortnight before' },
  look: {
    days: 14,
    sql: `
WITH now AS (SELECT * FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)),
earlier AS (
  SELECT player_id, ${SLOW.map((name) => `AVG(${name}) AS ${name}`).join(', ')}
  FROM nba_predictions.ml_feature_store WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND games_season >= 5
  GROUP BY player_id
),
measured AS (
  SELECT ${SLOW.map((name) => `COUNT(n.${name}) AS n_${name}, COUNT(e.${name}) AS b_${name}, AVG(ABS(n.${name} - e.${name})) AS d_${name}, STDDEV_POP(e.${name}) AS s_${name}`).join(',\n    ')}
  FROM now n JOIN earlier e ON e.player_id = n.player_id
)
${SLOW.map((name) => `SELECT '${name}' AS subject, n_${name} < 0.5 * b_${name} OR d_${name} > 0.6 * s_${name} AS is_bad, 'moved by ' || ${oneDecimal(`fn.safe_div(d_${name}, s_${name})`)} || ' standard deviations, ' || CAST(b_${name} - n_${name} AS STRING) || ' missing' AS note FROM measured WHERE b_${name} >= 16 AND s_${name} > 0`).join('\nUNION ALL ')}`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.ml_feature_store SET pts_ewma8 = 60 - pts_ewma8 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'What a player is does not change overnight. A feature that jumped for most players was computed from other rows than the day before: another unit, other players, or a result of tonight.',
  steps: [
    'Several features of one group: look at the processor of that group.',
    'All features: the rows of the players were exchanged; look at the join of the feature store.',
    'One feature that equals tonight’s results knows the future: withdraw the publication first.',
  ],
});

/** What is measured of the box scores of a night. */
const NIGHTLY = ['points', 'minutes', 'fga', 'fg3m', 'fta', 'reb', 'ast', 'stl', 'tov'] as const;

const resultsPlausible = defineCanary({
  id: 'results_plausible',
  phase: 'ingest',
  question: 'Do the box scores of last night look like those of the fortnight before?',
  expected: 'mean and spread of every count within usual bounds, and players who score as they usually do',
  finding: 'box scores of last night are unlike those of the fortnight before in {of:count|counts}',
  looksAt: 'last_night',
  severity: [{ by: '10:15', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'too few box scores last night or in the fortnight before to compare' },
  look: {
    days: 14,
    sql: `
WITH played AS (
  SELECT player_id, slate, ${NIGHTLY.join(', ')} FROM nba_raw.player_box_scores
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND played
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id, game_id ORDER BY ingested_at DESC, row_id) = 1
),
usual AS (
  SELECT player_id, AVG(points) AS points FROM played WHERE slate < CAST(@slate AS DATE) GROUP BY player_id
),
measured AS (
  SELECT ${NIGHTLY.map((name) => `AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN CAST(${name} AS FLOAT64) END) AS n_${name}, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN CAST(${name} AS FLOAT64) END) AS b_${name}, STDDEV_POP(CASE WHEN slate = CAST(@slate AS DATE) THEN CAST(${name} AS FLOAT64) END) AS s_${name}, COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN ${name} END) AS k_${name}`).join(',\n    ')},
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM played
)
${NIGHTLY.map((name) => `SELECT '${name}' AS subject, k_${name} < 0.9 * rows_now OR n_${name} < 0.45 * b_${name} OR n_${name} > 1.9 * b_${name} OR COALESCE(s_${name}, 0) = 0 AS is_bad, 'mean ' || COALESCE(${oneDecimal(`n_${name}`)}, 'none') || ', usually ' || ${oneDecimal(`b_${name}`)} AS note FROM measured WHERE rows_now >= 16 AND rows_before >= 60`).join('\nUNION ALL ')}
UNION ALL
SELECT 'points of the same players' AS subject, CORR(CAST(p.points AS FLOAT64), u.points) < 0.25 AS is_bad,
  'correlation with their usual points ' || ${oneDecimal('CORR(CAST(p.points AS FLOAT64), u.points)')} AS note
FROM played p JOIN usual u ON u.player_id = p.player_id
WHERE p.slate = CAST(@slate AS DATE)
HAVING COUNT(*) >= 30`,
  },
  sabotage: {
    sql: ['UPDATE nba_raw.player_box_scores SET ast = 0 WHERE slate = CAST(@slate AS DATE) AND played'],
  },
  meaning:
    'A column came empty, constant, in another unit, or with the values of other players. Averages and features of every later slate would carry it.',
  steps: [
    'Read the rows of one game in nba_raw.player_box_scores beside the provider’s own page.',
    'One column: the format maps it wrongly. All columns: rows and players do not belong together.',
    'Load the right rows; the newest version of a row wins, and the repair command computes what follows.',
  ],
});

/** SQL: the probability that an American price implies, its margin included. */
function impliedSql(price: string): string {
  return `CASE WHEN ${price} < 0 THEN fn.safe_div(-${price}, 100.0 - ${price}) ELSE fn.safe_div(100.0, 100.0 + ${price}) END`;
}

/**
 * Share of the quotes apart from the others of a player that may have OVER likelier at a higher line. It is none where books agree on
 * the player, and about half where what they differ in is noise; more means that the two prices are exchanged.
 */
const MAX_UPWARD = 0.75;

/**
 * By how much lines may be away from the players' averages on average, by the number of players: those of one game are moved together
 * by the same absences, and few players by the luck of a few.
 */
const AWAY: readonly (readonly [string, number])[] = [
  ['< 12', 5.5],
  ['<= 20', 4],
  ['<= 40', 3.2],
];
const AWAY_FROM_MANY = 2.5;
const IS_AWAY = `ABS(AVG(line - pts_season)) > CASE ${AWAY.map(([players, points]) => `WHEN COUNT(DISTINCT player_id) ${players} THEN ${points}`).join(' ')} ELSE ${AWAY_FROM_MANY} END`;
const AWAY_NOTE = `'on average ' || ${oneDecimal('AVG(line - pts_season)')} || ' from the averages of ' || CAST(COUNT(DISTINCT player_id) AS STRING) || ' players'`;

/** Counts of a team's own box that are those of its players, and by how much the team's may be less or more. */
const TEAM_COUNTS: readonly (readonly [string, number, number])[] = [
  ['fga', 0, 0],
  ['fg3a', 0, 0],
  ['fta', 0, 0],
  ['ast', 0, 0],
  ['stl', 0, 0],
  ['blk', 0, 0],
  // Some sources count what nobody did alone: rebounds out of bounds, five and eight seconds.
  ['reb', 0, 20],
  ['tov', 0, 4],
];

/** SQL: texts after each other with commas, halved and halved again: an analyser refuses a chain of fifty. */
function listed(texts: readonly string[]): string {
  if (texts.length === 1) return texts.join();
  const half = Math.ceil(texts.length / 2);
  return `(${listed(texts.slice(0, half))} || ', ' || ${listed(texts.slice(half))})`;
}

const teamCounts = defineCanary({
  id: 'team_counts',
  phase: 'ingest',
  question: 'Do the counts of the players add up to those of their team?',
  expected: 'shots, assists, steals, blocks, rebounds and turnovers of every team those of its players',
  finding: 'counts of {of:team|teams} of last night are not those of the players',
  looksAt: 'last_night',
  severity: [{ by: '10:30', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'no team has a box score of its own for last night' },
  look: {
    sql: `
WITH players AS (
  SELECT game_id, team_abbr, ${TEAM_COUNTS.map(([name]) => `SUM(${name}) AS ${name}`).join(', ')}
  FROM (
    SELECT game_id, team_abbr, player_id, ${TEAM_COUNTS.map(([name]) => name).join(', ')} FROM nba_raw.player_box_scores
    WHERE slate = CAST(@slate AS DATE) AND played
    QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id, game_id ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id) = 1
  ) AS newest
  GROUP BY game_id, team_abbr
),
teams AS (
  SELECT game_id, team_abbr, ${TEAM_COUNTS.map(([name]) => name).join(', ')} FROM nba_raw.team_box_scores
  WHERE slate = CAST(@slate AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, team_abbr ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id) = 1
)
SELECT t.team_abbr || ' ' || t.game_id AS subject,
  ${TEAM_COUNTS.map(([name, less, more]) => `COALESCE(t.${name} - p.${name} NOT BETWEEN -${less} AND ${more}, FALSE)`).join(' OR ')} AS is_bad,
  ${listed(TEAM_COUNTS.map(([name]) => `'${name} ' || COALESCE(CAST(t.${name} AS STRING), 'none') || '/' || COALESCE(CAST(p.${name} AS STRING), 'none')`))} AS note
FROM teams t JOIN players p ON p.game_id = t.game_id AND p.team_abbr = t.team_abbr`,
  },
  sabotage: {
    sql: ['UPDATE nba_raw.team_box_scores SET tov = 0 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning:
    'The team’s own box and its players’ say different things of one game: a column was read wrongly on one side, or one of them is of another game. Pace and the strength of defences follow the team’s.',
  steps: [
    'The note has team/players for each count. One count: the format maps it wrongly. All of them: rows of another game.',
    'Which side agrees with the provider’s own page?',
    'Load the right rows; the newest version of a row wins, and the repair command computes what follows.',
  ],
});

const linesPlausible = defineCanary({
  id: 'lines_plausible',
  phase: 'ingest',
  question: 'Do lines and prices agree with the other books and with the players?',
  expected:
    'every book within a point and a half of the others, every game and the slate near the players’ averages, prices with a usual margin',
  finding: 'lines or prices are implausible in {of:comparison|comparisons}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 90, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <lines>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'too few points lines are in for tonight' },
  look: {
    sql: `
WITH quotes AS (
  SELECT l.bookmaker, l.player_id, l.player_lookup, l.home_abbr, CAST(l.line AS FLOAT64) AS line, l.over_price, l.under_price, f.pts_season, f.games_season
  FROM nba_analytics.player_prop_lines l
  LEFT JOIN nba_predictions.ml_feature_store f ON f.player_id = l.player_id AND f.game_id = l.game_id AND f.slate = CAST(@slate AS DATE) AND f.games_season >= 3
  WHERE l.slate = CAST(@slate AS DATE) AND l.market = '${POINTS}'
),
books AS (
  SELECT q.*, AVG(line) OVER (PARTITION BY player_lookup) AS consensus, COUNT(*) OVER (PARTITION BY player_lookup) AS book_count FROM quotes q
),
priced AS (
  SELECT bookmaker, over_price, under_price, ${impliedSql('over_price')} + ${impliedSql('under_price')} AS margin
  FROM quotes WHERE ${marketPriceSql('over_price', 'bookmaker')} IS NOT NULL AND under_price IS NOT NULL
),
shares AS (
  SELECT player_lookup, market, CAST(line AS FLOAT64) AS line, fn.safe_div(${impliedSql('over_price')}, ${impliedSql('over_price')} + ${impliedSql('under_price')}) AS over_share
  FROM nba_analytics.player_prop_lines
  WHERE slate = CAST(@slate AS DATE) AND ${marketPriceSql('over_price', 'bookmaker')} IS NOT NULL AND under_price IS NOT NULL
),
apart AS (
  SELECT line - AVG(line) OVER (PARTITION BY player_lookup, market) AS higher, over_share - AVG(over_share) OVER (PARTITION BY player_lookup, market) AS likelier FROM shares
)
SELECT bookmaker || ' against the other books' AS subject, ABS(AVG(fn.safe_div(book_count * (line - consensus), book_count - 1.0))) > 1.5 AS is_bad,
  'on average ' || ${oneDecimal('AVG(fn.safe_div(book_count * (line - consensus), book_count - 1.0))')} || ' from the others' AS note
FROM books WHERE book_count >= 2 GROUP BY bookmaker HAVING COUNT(*) >= 8
UNION ALL
SELECT 'lines of ' || home_abbr || '’s game' AS subject, ${IS_AWAY} AS is_bad, ${AWAY_NOTE} AS note
FROM quotes WHERE pts_season IS NOT NULL GROUP BY home_abbr HAVING COUNT(DISTINCT player_id) >= 6
UNION ALL
SELECT 'lines of the slate' AS subject, ${IS_AWAY} OR MIN(line) = MAX(line) AS is_bad, ${AWAY_NOTE} AS note
FROM quotes WHERE pts_season IS NOT NULL HAVING COUNT(*) >= 16
UNION ALL
SELECT 'line of ' || MIN(player_lookup) AS subject, TRUE AS is_bad, 'line ' || ${oneDecimal('AVG(line)')} || ', average ' || ${oneDecimal('MIN(pts_season)')} AS note
FROM quotes WHERE pts_season IS NOT NULL GROUP BY player_id HAVING ABS(AVG(line) - MIN(pts_season)) > CASE WHEN MIN(games_season) >= 10 THEN 16 ELSE 20 END
UNION ALL
SELECT bookmaker || ' prices' AS subject, AVG(margin) < 1.01 OR AVG(margin) > 1.16 OR MIN(over_price) = MAX(over_price) OR MIN(under_price) = MAX(under_price) AS is_bad,
  'implied probabilities add up to ' || CAST(ROUND(AVG(margin), 2) AS STRING) || ' on average' AS note
FROM priced GROUP BY bookmaker HAVING COUNT(*) >= 8
UNION ALL
SELECT bookmaker || ' without prices' AS subject, tonight < 0.5 * usual AS is_bad,
  CAST(ROUND(100 * tonight) AS STRING) || ' % of its quotes have both prices, usually ' || CAST(ROUND(100 * usual) AS STRING) || ' %' AS note
FROM (
  SELECT bookmaker, AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN is_priced END) AS tonight, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN is_priced END) AS usual,
    COUNTIF(slate = CAST(@slate AS DATE)) AS quotes
  FROM (
    SELECT bookmaker, slate, CASE WHEN over_price IS NOT NULL AND under_price IS NOT NULL THEN 1.0 ELSE 0.0 END AS is_priced
    FROM nba_analytics.player_prop_lines WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  ) AS quoted
  GROUP BY bookmaker
) AS priced_shares
WHERE quotes >= 8 AND usual IS NOT NULL
UNION ALL
SELECT 'prices against lines' AS subject, COUNTIF(higher * likelier > 0) > ${MAX_UPWARD} * COUNT(*) AS is_bad,
  CAST(COUNTIF(higher * likelier > 0) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' quotes above the others make OVER likelier' AS note
FROM apart WHERE ABS(higher) > 0.1 AND ABS(likelier) > 0.002 HAVING COUNT(*) >= 12`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_prop_lines SET line = line + 6 WHERE slate = CAST(@slate AS DATE) AND bookmaker = (SELECT MAX(bookmaker) FROM nba_analytics.player_prop_lines WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning:
    'A book, a market or a team is off as a group: another market under the name of this one, lines of another date, prices of the other side. Every pick against these lines is an illusion.',
  steps: [
    'One book: compare its rows in nba_raw.player_lines with its own page; leave it out until it is right.',
    'One game or the whole slate: does the market of the rows say points, and is the date of the event tonight’s?',
    'Load the right lines and run LINE_UPDATE: picks against lines that are gone are replaced.',
  ],
});

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

const modelServes = defineCanary({
  id: 'model_serves',
  phase: 'predict',
  question: 'Do tonight’s predictions come from the model that people promoted?',
  expected:
    'every visible prediction from the champion, and a champion while there was one on the slate before',
  finding: 'predictions come from another model than the champion in {of:market|markets}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 90, severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff models list, then tipoff models promote <model>',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'nothing is predicted for tonight; prediction_gap says so' },
  look: {
    days: 14,
    sql: `
SELECT t.market AS subject, CASE WHEN COALESCE(t.champions, 0) > 0 THEN t.strange > 0 OR t.champions > 1 ELSE b.model_id IS NOT NULL AND b.model_id <> t.model_id AND b.status = 'retired' END AS is_bad,
  CASE WHEN t.champions > 1 THEN CAST(t.champions AS STRING) || ' champions' ELSE 'served by ' || t.model_id || ', before by ' || COALESCE(b.model_id, 'none') END AS note
FROM (
  SELECT p.market, MIN(p.model_id) AS model_id, COUNTIF(c.model_id IS NULL) AS strange, MAX(n.champions) AS champions
  FROM (${PREDICTED}) AS p
  LEFT JOIN (SELECT DISTINCT model_id FROM nba_predictions.model_registry WHERE status = 'champion') AS c ON c.model_id = p.model_id
  CROSS JOIN (SELECT COUNT(*) AS champions FROM nba_predictions.model_registry WHERE status = 'champion') AS n
  GROUP BY p.market
) AS t
LEFT JOIN (
  SELECT p.market, p.model_id, COALESCE(m.status, 'retired') AS status
  FROM nba_predictions.player_prop_predictions p
  LEFT JOIN nba_predictions.model_registry m ON m.model_id = p.model_id
  WHERE p.slate >= CAST(@from AS DATE) AND p.slate < CAST(@slate AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.market ORDER BY p.predicted_at DESC, p.prediction_id) = 1
) AS b ON b.market = t.market`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET model_id = 'nobody-promoted-it' WHERE slate = CAST(@slate AS DATE)",
    ],
  },
  meaning:
    'The champion was retired, lost or passed over, and something else served in its place without anybody deciding so.',
  steps: [
    'tipoff models list: who is champion, since when and by whom?',
    'No champion: was it retired on purpose? Promote the one that shall serve.',
    'Two champions: the registry was changed by hand; promoting one retires the others.',
  ],
});

/** Checks of classes of damage, whatever it comes from: rules, agreement of stages, continuity, plausibility, coverage, contradiction. */
export const PLAUSIBLE: readonly Canary[] = [
  scheduleContradictions,
  resultsPlausible,
  teamCounts,
  linesPlausible,
  newsTimely,
  coverageKept,
  rulesKept,
  featuresContinuous,
  stagesAgree,
  modelServes,
];

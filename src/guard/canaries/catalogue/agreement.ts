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
import {
  mlFeatureStore,
  modelRegistry,
  playerPropPredictions,
  predictionGrades,
} from '#core/contracts/nba_predictions.ts';
import { breachSql } from '#core/contracts/rules.ts';
import { countedByMarketSql, MAIN_MARKET } from '#core/markets.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { PREDICTED } from './sql.ts';

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
    // A batch brings the lines of contexts up to date and leaves the features as they were: theirs is one that some book has quoted.
    name: 'features against contexts',
    sql: `
  SELECT (f.line IS NULL OR q.line IS NOT NULL) AND f.team_abbr = u.team_abbr
    AND COALESCE(f.is_home, 0) = CASE WHEN u.is_home THEN 1 ELSE 0 END AS same
  FROM nba_predictions.ml_feature_store f
  JOIN nba_analytics.upcoming_player_game_context u ON u.player_id = f.player_id AND u.game_id = f.game_id AND u.${TONIGHT}
  LEFT JOIN (
    SELECT DISTINCT l.player_id, r.line
    FROM nba_analytics.player_prop_lines l
    JOIN nba_raw.player_lines r ON r.player_lookup = l.player_lookup AND r.market = l.market AND r.${TONIGHT}
    WHERE l.${TONIGHT} AND l.market = '${POINTS}'
  ) AS q ON q.player_id = f.player_id AND q.line = f.line
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
    name: 'the last week in the daily cache against the games of each player',
    sql: `
  SELECT c.games_last7 = COALESCE(g.games, 0) AND ABS(c.minutes_last7 - COALESCE(g.minutes, 0)) < 0.01 AS same
  FROM nba_precompute.player_daily_cache c
  LEFT JOIN (
    SELECT player_id, COUNT(*) AS games, SUM(minutes) AS minutes FROM nba_analytics.player_game_summary
    WHERE slate >= fn.add_days(CAST(@slate AS DATE), -7) AND slate < CAST(@slate AS DATE) AND played AND minutes IS NOT NULL AND points IS NOT NULL
    GROUP BY player_id
  ) AS g ON g.player_id = c.player_id
  WHERE c.${TONIGHT}`,
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

const modelServes = defineCanary({
  id: 'model_serves',
  phase: 'predict',
  question: 'Do tonight’s predictions come from the model that people promoted?',
  expected:
    'every visible prediction from the champion, a champion while there was one on the slate before, and a known status of every model',
  finding:
    'another model than the champion serves, or its status is unknown: {of:market or status|markets and statuses}',
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
) AS b ON b.market = t.market
UNION ALL
SELECT 'statuses of models' AS subject, COUNT(breach) > 0 AS is_bad, CAST(COUNT(breach) AS STRING) || ' models: ' || COALESCE(MIN(breach), 'none') AS note
FROM (SELECT ${breachSql(modelRegistry)} AS breach FROM nba_predictions.model_registry) AS judged
HAVING COUNT(breach) > 0`,
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
    'A status that is none of the four: the registry was changed by hand. Promoting a model gives it a known one.',
    'Two champions: the registry was changed by hand; promoting one retires the others.',
  ],
});

/** Checks that what lies in the tables agrees: with its own rules, from stage to stage, with what people promoted. */
export const AGREEMENT: readonly Canary[] = [rulesKept, stagesAgree, modelServes];

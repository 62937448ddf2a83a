import { isPossibleSql, PUBLISHED_IN, scaleByMarketSql } from '#core/markets.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { BATCHES } from './batches.ts';
import { GAMES, oneDecimal, outOf, PREDICTABLE, PREDICTED, SYSTEM } from './sql.ts';

const predictionGap = defineCanary({
  id: 'prediction_gap',
  phase: 'predict',
  question: 'Are there games tonight and no predictions at all?',
  expected: 'visible predictions while there are games',
  finding: 'no predictions for tonight: {note}',
  looksAt: 'tonight',
  severity: [
    { by: '10:45', beforeTip: 90, severity: 'warning' },
    { by: '12:45', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair:
    'tipoff day {slate}; when a batch is in the way first tipoff batch reset --slate {slate} --reason in-the-way',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT 'tonight' AS subject, p.players = 0 AS is_bad,
  CAST(g.games AS STRING) || ' games, ' || CAST(p.players AS STRING) || ' players predicted' AS note
FROM (SELECT COUNT(*) AS games FROM (${GAMES}) AS counted) AS g
JOIN (SELECT COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible) AS p ON TRUE`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'The product of the day does not exist. Ten games without a prediction once went unnoticed for a day: this check is the reason that cannot happen again.',
  steps: [
    'tipoff batch list --slate {slate}: is there a batch, in which state, and why?',
    'Held: the audit names the failed check. Failed: the outcomes name the reason per player. None: the day did not run; see job_heartbeats and precompute_held.',
    'tipoff publish list --slate {slate}: was a publication withdrawn?',
    'Repair what is named, then run the repair command before the first tip-off.',
  ],
});

const partialGap = defineCanary({
  id: 'partial_gap',
  phase: 'predict',
  question: 'Which games have too few of their players predicted?',
  expected: 'three of five predictable players of every game predicted',
  finding: 'too few players predicted in {of:game|games} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '13:00', beforeTip: 90, severity: 'warning' },
    { by: '17:00', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff predict {slate} --mode RETRY',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: { skip: 'nobody is predicted, or nobody predictable; prediction_gap and quality_ready say so' },
  look: {
    sql: `
SELECT g.away_abbr || '@' || g.home_abbr || ' ' || g.game_id AS subject, COUNT(v.player_id) < 0.6 * COUNT(*) AS is_bad,
  ${outOf('COUNT(v.player_id)', 'COUNT(*)')} || ' players' AS note
FROM (${PREDICTABLE}) AS e
JOIN nba_reference.schedule g ON g.game_id = e.game_id AND g.slate = CAST(@slate AS DATE)
LEFT JOIN (SELECT DISTINCT player_id FROM (${PREDICTED}) AS visible) AS v ON v.player_id = e.player_id
WHERE EXISTS (SELECT 1 FROM (${PREDICTED}) AS any_visible)
GROUP BY g.away_abbr, g.home_abbr, g.game_id
HAVING COUNT(*) >= 4`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND game_id IN (SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning:
    'Some games are predicted and others are not. One prediction for fourteen games used to count as healthy.',
  steps: [
    'tipoff batch show <batch>: outcomes of the players of the named games, with their reasons.',
    'timed_out: a worker died; a RETRY takes who is missing. failed: the reason names the system or the row.',
    'A game that was added late needs its context first: tipoff day {slate}.',
  ],
});

const playersMissing = defineCanary({
  id: 'players_missing',
  phase: 'predict',
  question:
    'Which players with a line have no prediction, though their features are good or nobody knows their team?',
  expected: 'a team known for every player with a line, and a prediction for every one with green features',
  finding: 'no prediction for {of:player|players} with a line and good features, or without a known team',
  looksAt: 'tonight',
  severity: [
    { by: '13:30', beforeTip: 60, severity: 'info' },
    { by: '17:00', beforeTip: 45, severity: 'warning' },
  ],
  owner: 'predictions',
  repair: 'tipoff predict {slate} --mode RETRY',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  tolerates: { count: 3, share: 0.1 },
  whenEmpty: { skip: 'nobody with a line is predictable, or nothing is published' },
  look: {
    sql: `
SELECT e.subject, v.player_id IS NULL AS is_bad, e.note
FROM (
  SELECT player_id, player_name || ' ' || team_abbr AS subject, 'line ' || fn.decimal_text(line) AS note
  FROM (${PREDICTABLE}) AS ready
  WHERE line IS NOT NULL
  UNION ALL
  SELECT l.player_id, l.player_lookup || ' ' || g.label, 'quoted, and not known to be with either team'
  FROM (
    SELECT player_id, game_id, MIN(player_lookup) AS player_lookup FROM nba_analytics.player_prop_lines
    WHERE slate = CAST(@slate AS DATE) AND market IN ${PUBLISHED_IN} AND resolution = 'resolved' AND snapshot_quality IN ('exact', 'file_date')
    GROUP BY player_id, game_id
  ) AS l
  JOIN (${GAMES}) AS g ON g.game_id = l.game_id
  LEFT JOIN (SELECT DISTINCT player_id FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)) AS u
    ON u.player_id = l.player_id
  WHERE u.player_id IS NULL
) AS e
LEFT JOIN (SELECT DISTINCT player_id FROM (${PREDICTED}) AS visible) AS v ON v.player_id = e.player_id
WHERE EXISTS (SELECT 1 FROM (${PREDICTED}) AS any_visible)`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND MOD(player_id, 3) = 0',
    ],
  },
  meaning:
    'Users see a line and no prediction of ours. A few are usual: lines and statuses move between two run modes.',
  steps: [
    'Quoted, and not known to be with either team: he has moved, or has not played yet. tipoff fetch {slate} reads the rosters and reports that name his team; then the repair is tipoff day {slate}.',
    'tipoff batch show <batch>: what was the outcome of the named players?',
    'already_predicted or below_threshold need nothing; failed and timed_out need a RETRY.',
    'Did their line arrive after the last batch? Then LINE_UPDATE takes them.',
  ],
});

/** SQL: what a distance of one point is in the market of a row. */
const SCALE = scaleByMarketSql('market');

const predictionValues = defineCanary({
  id: 'prediction_values',
  phase: 'predict',
  question: 'Is every published number possible?',
  expected:
    'forecasts that their market allows, a positive spread, and chances that add up to one in every row',
  finding: 'impossible numbers in {of:published row|published rows}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair:
    'tipoff publish list --slate {slate}, then tipoff publish undo <publication> --reason impossible-values, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    sql: `
SELECT player_name || ' ' || ${SYSTEM} AS subject,
  NOT (${isPossibleSql('market')} AND sd > 0 AND p10 <= p90
    AND (line IS NULL OR ABS(COALESCE(p_over, 9) + COALESCE(p_push, 9) + COALESCE(p_under, 9) - 1) < 0.001)) AS is_bad,
  market || ' ' || CAST(predicted AS STRING) || ', spread ' || CAST(sd AS STRING) AS note
FROM (${PREDICTED}) AS visible`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.player_prop_predictions SET predicted = 500 WHERE slate = CAST(@slate AS DATE) AND player_id IN (SELECT MIN(player_id) FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning: 'A row got past the audit or was changed after it. Nobody should read it.',
  steps: [
    'Withdraw first: the publication before it is visible again at once.',
    'Look at the audit of the publication: which check should have caught it?',
    'Look at the feature row of the player, then predict again.',
  ],
});

const predictionsConstant = defineCanary({
  id: 'predictions_constant',
  phase: 'predict',
  question: 'Does a system say the same number for half of the players?',
  expected: 'no forecast shared by half of the players of a system',
  finding: 'half of the players share one forecast in {of:system|systems}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair:
    'tipoff publish list --slate {slate}, then tipoff publish undo <publication> --reason constant-forecast, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has predicted ten players' },
  look: {
    sql: `
SELECT ${SYSTEM} AS subject, MAX(players) >= 0.5 * SUM(players) AS is_bad, ${outOf('MAX(players)', 'SUM(players)')} || ' players alike' AS note
FROM (
  SELECT market, system_id, predicted, COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible GROUP BY market, system_id, predicted
) AS alike
GROUP BY market, system_id
HAVING SUM(players) >= 10`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET predicted = 12.5 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge'",
    ],
  },
  meaning: 'A fallback value was published as a forecast.',
  steps: [
    'Withdraw the publication.',
    'Look at features_constant: constant inputs give constant forecasts.',
    'Look at the model of the rows (model_id, model_hash) in tipoff models list.',
  ],
});

const directionImbalance = defineCanary({
  id: 'direction_imbalance',
  phase: 'predict',
  question: 'Do nearly all forecasts of a system lie on one side of the lines?',
  expected:
    'at most 95 % of the forecasts a point or more (in other markets as much by their scale) from the line on one side, system by system',
  finding: 'nearly all forecasts lie on one side of the lines in {of:system|systems}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'predictions',
  repair:
    'tipoff models list, then tipoff models promote <model>; or tipoff publish list --slate {slate}, then tipoff publish undo <publication> --reason one-sided',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has 25 forecasts a point or more from a line' },
  look: {
    sql: `
SELECT ${SYSTEM} AS subject, fn.greatest2(overs, unders) > 0.95 * (overs + unders) AS is_bad,
  ${outOf('overs', 'overs + unders')} || ' over' AS note
FROM (
  SELECT market, system_id, SUM(CASE WHEN edge > 0 THEN 1 ELSE 0 END) AS overs, SUM(CASE WHEN edge < 0 THEN 1 ELSE 0 END) AS unders
  FROM (${PREDICTED}) AS visible
  WHERE line_role = 'main' AND system_id <> 'ewma8' AND ABS(edge) >= ${SCALE}
  GROUP BY market, system_id
) AS sides
WHERE overs + unders >= 25`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET edge = ABS(edge) + 1.5 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND line IS NOT NULL",
    ],
  },
  meaning:
    'The market is rarely wrong on one side for everybody. More likely a feature moved, or the model decays. In the opening week nine of ten on one side is seen. Forecasts closer than a point have no side, and the reference system ewma8 is not judged.',
  steps: [
    'Look at bias_against_line: how far, not only how often.',
    'Look at features_shifted, and at the share over of the slates before.',
    'Compare the systems: all of them on one side points to the inputs, one alone to its model.',
  ],
});

/**
 * Mean distance to the lines, by the scale of the market, from which on a system is off. In the first week of a season forecasts rest on
 * the one before, and err together: seven simulated leagues were up to 2.6 points above their lines on the second evening.
 */
const MAX_BIAS = { usually: 2.5, atFirst: 4 };
const FIRST_DAYS = 7;
/** Days before the slate of which none but those of its season can have a game. */
const SUMMER_DAYS = 90;

const biasAgainstLine = defineCanary({
  id: 'bias_against_line',
  phase: 'predict',
  question: 'Is a system off against the lines on average?',
  expected: `a mean distance to the lines of less than ${MAX_BIAS.usually} points (${MAX_BIAS.atFirst} in the first week of a season), in other markets as much by their scale, for every system`,
  finding: 'forecasts are far from the lines on average in {of:system|systems}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair:
    'tipoff publish list --slate {slate}, then tipoff publish undo <publication> --reason bias, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has twenty players with a line' },
  look: {
    sql: `
SELECT ${SYSTEM} AS subject, ABS(bias) > CASE WHEN earlier.games > 0 THEN ${MAX_BIAS.usually} ELSE ${MAX_BIAS.atFirst} END AS is_bad,
  'on average ' || ${oneDecimal('bias')} || ' points from the line' AS note
FROM (
  SELECT market, system_id, AVG(fn.safe_div(edge, ${SCALE})) AS bias, COUNT(*) AS lines FROM (${PREDICTED}) AS visible WHERE line_role = 'main' AND edge IS NOT NULL GROUP BY market, system_id
) AS biases
CROSS JOIN (
  SELECT COUNT(*) AS games FROM nba_reference.counted_games
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -${SUMMER_DAYS}) AND fn.add_days(CAST(@slate AS DATE), -${FIRST_DAYS})
) AS earlier
WHERE lines >= 20`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET edge = edge - 4 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND line IS NOT NULL",
    ],
  },
  meaning:
    'A system says several points more or less than the market for the whole slate: a broken input, not an opinion.',
  steps: [
    'Withdraw the publication when the first tip-off is near.',
    'Look at features_shifted and required_defaults.',
    'Compare with the slate before and with the other systems. If all of them are off, look at the inputs; if only ridge is, at its model. If only market is off, it ignores the lines: its forecasts belong between ridge’s and the lines.',
  ],
});

const edgeCollapse = defineCanary({
  id: 'edge_collapse',
  phase: 'predict',
  question: 'Does the model only repeat the lines?',
  expected:
    'a mean absolute distance to the lines of a third of a point or more, in other markets as much by their scale, for the champion',
  finding: 'the champion only repeats the lines in {of:market|markets}',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff models list, then tipoff models promote <model>',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'fewer than thirty players have a line and a forecast of the champion' },
  look: {
    sql: `
SELECT 'ridge ' || market AS subject, size < 0.33 AS is_bad, 'mean distance ' || CAST(ROUND(size, 2) AS STRING) || ' points' AS note
FROM (
  SELECT market, AVG(fn.safe_div(ABS(edge), ${SCALE})) AS size, COUNT(*) AS lines FROM (${PREDICTED}) AS visible WHERE line_role = 'main' AND system_id = 'ridge' AND edge IS NOT NULL GROUP BY market
) AS edges
WHERE lines >= 30`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET edge = 0.01 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND line IS NOT NULL",
    ],
  },
  meaning:
    'The champion does not see the market; when it agrees with it to a fraction of a point, the line leaked into its inputs or forecasts were overwritten.',
  steps: [
    'Compare predicted of ridge with line, row by row.',
    'Look at the training configuration of the model in tipoff models list.',
    'Roll back to the model before it when the rows confirm it.',
  ],
});

const systemsPresent = defineCanary({
  id: 'systems_present',
  phase: 'predict',
  question: 'Does every system that predicted in the week before predict tonight?',
  expected: 'rows of every system, where a market has no lines tonight of the champion at least',
  finding: 'no prediction tonight from {of:system|systems} of the week before',
  looksAt: 'tonight',
  severity: [{ by: '11:00', beforeTip: 75, severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff models list; tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'nothing is published tonight, or nothing was in the week before' },
  look: {
    sql: `
SELECT e.system_id || ' ' || e.market AS subject, COALESCE(t.players, 0) = 0 AS is_bad, 'no row tonight' AS note
FROM (
  SELECT DISTINCT market, system_id FROM nba_predictions.player_prop_predictions WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)
) AS e
JOIN (
  SELECT m.market, COUNT(v.line) AS with_line
  FROM (SELECT DISTINCT market FROM nba_predictions.player_prop_predictions WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)) AS m
  LEFT JOIN (${PREDICTED}) AS v ON v.market = m.market
  WHERE EXISTS (SELECT 1 FROM (${PREDICTED}) AS any_visible)
  GROUP BY m.market
) AS tonight ON tonight.market = e.market AND (e.system_id = '${CHAMPION_SYSTEM}' OR tonight.with_line > 0)
LEFT JOIN (
  SELECT market, system_id, COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible GROUP BY market, system_id
) AS t ON t.market = e.market AND t.system_id = e.system_id`,
  },
  sabotage: {
    sql: [
      "DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND system_id = 'minutes_rate'",
    ],
  },
  meaning:
    'A system fell silent while the others went on. Two shadow models were once silent for two days before anybody looked.',
  steps: [
    'tipoff batch show <batch>: the outcomes say "without <system>" and why.',
    'missing_features: look at required_defaults. Anything else: look at the model artefact.',
    'When repaired, LINE_UPDATE replaces the rows of tonight.',
  ],
});

/** The canaries of the phase `predict`, in the order of the data. */
export const PREDICT: readonly Canary[] = [
  predictionGap,
  partialGap,
  playersMissing,
  predictionValues,
  predictionsConstant,
  directionImbalance,
  biasAgainstLine,
  edgeCollapse,
  systemsPresent,
  ...BATCHES,
];

import { SEASON_DAYS } from '#core/calendar.ts';
import { FEATURES, REQUIRED_FEATURES } from '#core/features.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { ALTERED_ROWS, OUTDATED_SLATES, STEP_GENERATIONS } from '#pipeline/generations.ts';
import { oneDecimal, rowForEach, whole } from './sql.ts';

const featuresPresent = defineCanary({
  id: 'features_present',
  phase: 'precompute',
  question: 'Does every player who may play tonight have a feature row?',
  expected: 'a feature row for every player of the context',
  finding: 'no feature row for {of:player|players} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'there is no context for tonight; context_built says so' },
  look: {
    sql: `
SELECT u.player_name || ' ' || u.team_abbr AS subject, f.player_id IS NULL AS is_bad, 'no feature row' AS note
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN (SELECT player_id, game_id FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)) AS f
  ON f.player_id = u.player_id AND f.game_id = u.game_id
WHERE u.slate = CAST(@slate AS DATE)`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Players without features are skipped by the gate with the reason no_features. All of them missing: the phase was held or failed; see precompute_held.',
  steps: [
    'Look at nba_orchestration.phase_runs of the five precompute processors for the slate.',
    'Some players only: did the context change after the features were made (a moved game, a trade)?',
    'Run the repair command: contexts and features of the slate are made together.',
  ],
});

const precomputeHeld = defineCanary({
  id: 'precompute_held',
  phase: 'precompute',
  question: 'Did every processor run for tonight, and is none held?',
  expected: 'the newest run of every processor for tonight done',
  finding: 'the newest run was held or failed for {of:processor|processors} of tonight',
  looksAt: 'tonight',
  severity: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'no run is recorded for this slate alone; features_present says what there is' },
  look: {
    sql: `
SELECT processor AS subject, verdict IN ('held', 'failed') AS is_bad, verdict || COALESCE(': ' || reason, '') AS note
FROM nba_orchestration.phase_runs
WHERE slate_from <= CAST(@slate AS DATE) AND slate_to >= CAST(@slate AS DATE) AND phase IN ('analytics', 'precompute')
  AND started_at BETWEEN fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), -1), 0) AND CAST(@as_of AS TIMESTAMP)
QUALIFY ROW_NUMBER() OVER (PARTITION BY processor ORDER BY finished_at DESC, run_id) = 1`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.phase_runs SET verdict = 'held', reason = 'results: 3 of 40 games have box scores' WHERE slate_from = CAST(@slate AS DATE) AND processor = 'MLFeatureStore'",
    ],
  },
  meaning:
    'A processor waits for an input that did not become ready, or failed. The note names the input; the tables below it keep what they had.',
  steps: [
    'Read the reason: results (box scores are missing), schedule (contexts), roster (players).',
    'Repair the named input first; the checks of that phase say which game or team.',
    'Run the repair command: it waits 60, 120 and 180 seconds for inputs, then continues.',
  ],
});

const qualityReady = defineCanary({
  id: 'quality_ready',
  phase: 'precompute',
  question: 'Are as many players ready to be predicted as usual?',
  expected: 'the share of ready feature rows at 70 % of the usual or more',
  finding: 'fewer players than usual are ready to be predicted: {note}',
  looksAt: 'tonight',
  severity: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the three weeks before to compare' },
  look: {
    days: 21,
    sql: `
SELECT 'ready share' AS subject, ready_now < 0.7 * ready_before OR ready_now = 0 AS is_bad,
  ${whole('100 * ready_now')} || ' % ready, usually ' || ${whole('100 * ready_before')} || ' %' AS note
FROM (
  SELECT AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN ready END) AS ready_now,
    AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN ready END) AS ready_before,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM (
    SELECT slate, CASE WHEN is_quality_ready THEN 1 ELSE 0 END AS ready
    FROM nba_predictions.ml_feature_store
    WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  ) AS flagged
) AS shares
WHERE rows_now >= 16 AND rows_before >= 40`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.ml_feature_store SET is_quality_ready = FALSE, quality_alert_level = 'red', feature_quality_score = 40 WHERE slate = CAST(@slate AS DATE)",
    ],
  },
  meaning:
    'Many feature rows lost their quality at once. The comparison is with the three weeks before, so an early season with much carried over from the last one is no alarm.',
  steps: [
    'Compare default_feature_count and feature_sources of tonight with yesterday’s, feature by feature.',
    'required_defaults names the features, where one of them is the cause.',
    'Letters l and s instead of h: the history of this season is not there; look at games_summarised of the week.',
  ],
});

const requiredDefaults = defineCanary({
  id: 'required_defaults',
  phase: 'precompute',
  question: 'Which required feature is missing for more players than usual?',
  expected: 'every required feature there for as many players as usual',
  finding: 'more players than usual lack {of:required feature|required features}',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the month before to compare' },
  look: {
    days: 30,
    sql: `
WITH valued AS (
  ${rowForEach(REQUIRED_FEATURES, 'nba_predictions.ml_feature_store', { value: (name) => name }, ['slate'])}
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
),
counted AS (
  SELECT subject, COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN value END) AS n, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN value END) AS b,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM valued GROUP BY subject
),
shares AS (
  SELECT subject, n, rows_now, fn.safe_div(n, rows_now) AS share_now, fn.safe_div(b, rows_before) AS share_before
  FROM counted
  WHERE rows_now >= 16 AND rows_before >= 40
)
SELECT subject, share_now < share_before - 0.25 AS is_bad,
  'missing for ' || CAST(rows_now - n AS STRING) || ' of ' || CAST(rows_now AS STRING) || ' players' AS note
FROM shares`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.ml_feature_store SET pts_ewma8 = NULL, required_default_count = required_default_count + 1 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'A required feature that is missing blocks the prediction of the player. When it is missing for many at once, its input has gone.',
  steps: [
    'The named feature tells the input: its group is in src/core/features.ts.',
    'Look at the precompute table that carries it: is the column null there too?',
    'Repair the input, then run the repair command; blocked players are taken by the next run mode.',
  ],
});

const cacheMisses = defineCanary({
  id: 'cache_misses',
  phase: 'precompute',
  question: 'Is everybody who played before tonight in the daily cache?',
  expected: 'a cache row for every player with a history',
  finding: 'no cache row for {of:player|players} with a history',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  tolerates: { share: 0.05 },
  whenEmpty: { skip: 'nobody of tonight’s context has a history' },
  look: {
    sql: `
SELECT u.player_name || ' ' || u.team_abbr AS subject, c.player_id IS NULL AS is_bad, 'last played on ' || CAST(u.last_played_on AS STRING) AS note
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id AND c.slate = CAST(@slate AS DATE)
WHERE u.slate = CAST(@slate AS DATE) AND u.last_played_on IS NOT NULL`,
  },
  sabotage: { sql: ['DELETE FROM nba_precompute.player_daily_cache WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'The cache was made for another set of players than the context. Their features fall back to nothing and they are blocked.',
  steps: [
    'Compare the finish times of UpcomingPlayerGameContext and PlayerDailyCache in nba_orchestration.phase_runs.',
    'The context is newer: a roster change came after the cache. Run the repair command.',
    'Both are of the same run: look at the named players in nba_analytics.player_game_summary.',
  ],
});

const staleInputs = defineCanary({
  id: 'stale_inputs',
  phase: 'precompute',
  question: 'Do tonight’s features know the newest game of every player?',
  expected: 'the last game in the cache equal to the last game summarised',
  finding: 'the cache lacks the newest game of {of:player|players}',
  looksAt: 'tonight',
  severity: [{ by: '11:00', beforeTip: 75, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  tolerates: { share: 0.02 },
  whenEmpty: { skip: 'nobody in tonight’s cache has played this season' },
  look: {
    days: SEASON_DAYS,
    sql: `
SELECT p.player_name AS subject, c.last_played_on IS NULL OR c.last_played_on <> p.last_game AS is_bad,
  'the cache ends ' || COALESCE(CAST(c.last_played_on AS STRING), 'nowhere') || ', he played on ' || CAST(p.last_game AS STRING) AS note
FROM nba_precompute.player_daily_cache c
JOIN (
  SELECT player_id, MAX(slate) AS last_game, MAX(player_name) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND played AND minutes IS NOT NULL AND points IS NOT NULL
  GROUP BY player_id
) AS p ON p.player_id = c.player_id
WHERE c.slate = CAST(@slate AS DATE)`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_precompute.player_daily_cache SET last_played_on = fn.add_days(last_played_on, -9) WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Box scores arrived after the features were made, or a correction changed them. The predictions rest on old form.',
  steps: [
    'When did the named game arrive (ingested_at in nba_raw.player_box_scores)?',
    'Run the repair command: features of the slate and of every later slate are made again.',
    'Predictions already published stay; LINE_UPDATE replaces them when the difference matters.',
  ],
});

/** Features of a player's own form: no two players are alike in them. Counters of games may rightly agree. */
const FORM_FEATURES: readonly string[] = FEATURES.filter(
  ({ group, name, required }) =>
    required && ['minutes', 'scoring', 'volume'].includes(group) && !/^(?:games|weight)/.test(name),
).map(({ name }) => name);

const featuresConstant = defineCanary({
  id: 'features_constant',
  phase: 'precompute',
  question: 'Is a feature of form the same for everybody?',
  expected: 'different values between players for every feature of form',
  finding: 'all players share one value of {of:feature of form|features of form}',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than sixteen players have the feature tonight' },
  look: {
    sql: `
WITH valued AS (
  ${rowForEach(FORM_FEATURES, 'nba_predictions.ml_feature_store', { value: (name) => name })}
  WHERE slate = CAST(@slate AS DATE)
)
SELECT subject, MIN(value) = MAX(value) AS is_bad, 'always ' || CAST(MIN(value) AS STRING) AS note
FROM valued GROUP BY subject HAVING COUNT(value) >= 16`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.ml_feature_store SET minutes_rate = 12.5 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'A stand-in value is disguised as a computed one, or a join multiplied one row. Predictions look normal and carry no information.',
  steps: [
    'Look at the source letters of the feature in feature_sources: they should not say h.',
    'Look at the precompute table that carries the column.',
    'Repair the processor, then run the repair command and LINE_UPDATE to replace what was published.',
  ],
});

/** SQL: true in the fortnight before the slate. What has been wrong for that long is measured by the month before. */
const IS_NEAR = 'slate >= fn.add_days(CAST(@slate AS DATE), -14)';

const featuresShifted = defineCanary({
  id: 'features_shifted',
  phase: 'precompute',
  question: 'Did the mean of a feature jump against the fortnight before, or the month before that?',
  expected: 'the mean of every feature of form between half and double the usual',
  finding: 'the mean is far from the usual for {of:feature of form|features of form}',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the fortnight before to compare' },
  look: {
    days: 45,
    sql: `
WITH valued AS (
  ${rowForEach(FORM_FEATURES, 'nba_predictions.ml_feature_store', { value: (name) => name }, ['slate'])}
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
),
measured AS (
  SELECT subject, AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN value END) AS n, AVG(CASE WHEN slate < CAST(@slate AS DATE) AND ${IS_NEAR} THEN value END) AS b,
    AVG(CASE WHEN NOT ${IS_NEAR} THEN value END) AS f,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) AND ${IS_NEAR} THEN 1 END) AS rows_before
  FROM valued GROUP BY subject
)
SELECT subject, n < 0.5 * b OR n > 2 * b OR COALESCE(n < 0.4 * f OR n > 2.5 * f, FALSE) AS is_bad,
  'mean ' || ${oneDecimal('n')} || ', usually ' || ${oneDecimal('b')} AS note
FROM measured
WHERE rows_now >= 16 AND rows_before >= 60 AND n IS NOT NULL AND b IS NOT NULL`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.ml_feature_store SET min_ewma8 = min_ewma8 * 60 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'A unit changed (seconds for minutes, a share for a percentage) or a source was read twice. Every prediction of the slate is off in the same direction.',
  steps: [
    'Which features moved together? Minutes only: look at team_minutes. All of one group: look at its processor.',
    'Compare the raw rows of the newest slate with the one before; a jump that lasts is measured by the month before the fortnight.',
    'Repair the source, then run the repair command and LINE_UPDATE.',
  ],
});

/** Minutes that a build has from one step to the next before it counts as stopped: a check may look in the middle of one. */
const STEP_MINUTES = 15;

const stepsAgree = defineCanary({
  id: 'steps_agree',
  phase: 'precompute',
  question: 'Were the features of tonight made in one piece?',
  expected: 'no step older than one it reads',
  finding: 'made before what they read: {of:step|steps} of tonight',
  looksAt: 'tonight',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'nothing was written for this slate; features_present says what there is' },
  look: {
    sql: `SELECT subject, is_bad AND input_at <= fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${STEP_MINUTES * 60}) AS is_bad, note FROM (${STEP_GENERATIONS}) AS steps`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.written_rows SET written_at = fn.add_seconds(written_at, -7200) WHERE table_id = 'nba_predictions.ml_feature_store' AND slate = CAST(@slate AS DATE)",
    ],
  },
  meaning:
    'A build was stopped halfway: some tables are of the new generation and others of the old one. No batch starts on such a slate.',
  steps: [
    'Look at nba_orchestration.written_rows of the slate: the offender names the first table that was not written again. A process that was killed leaves no receipt in nba_orchestration.phase_runs.',
    'Who stopped it: a deployment, a job at its time limit, a full disk?',
    'Run the repair command: contexts and features of the slate are made together.',
  ],
});

const rowsAsWritten = defineCanary({
  id: 'rows_as_written',
  phase: 'precompute',
  question: 'Are the rows of last night and tonight still those that were computed?',
  expected: 'in every table the rows that its writer left there, in all columns',
  finding:
    'rows were changed, lost or added since they were written in {of:table and slate|tables and slates}',
  looksAt: 'slate',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { pass: 'nothing was written for last night or tonight' },
  look: { sql: `SELECT subject, is_bad, note FROM (${ALTERED_ROWS}) AS tables` },
  sabotage: {
    sql: [
      'UPDATE nba_precompute.player_daily_cache SET minutes_last7 = minutes_last7 + 1 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'Each replacement of rows enters their number and a checksum over all columns in nba_orchestration.written_rows, in the same transaction. What lies there now is something else: a change by hand, a second writer, a table restored from elsewhere. No batch starts on such rows.',
  steps: [
    'Which table: the offender names it. Read its newest entry in nba_orchestration.written_rows, and who was at work since.',
    'After an upgrade of the engine checksums differ although nothing changed: the repair command enters new ones.',
    'Run the repair command: it computes the slate from the raw tables again.',
  ],
});

const featuresOutdated = defineCanary({
  id: 'features_outdated',
  phase: 'precompute',
  question: 'Are features older than the history before them?',
  expected: 'the features of every slate of the season newer than the summaries of earlier slates',
  finding: 'the history before them has changed since: the features of {of:slate|slates}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff backfill run --only-stale',
  dependsOn: [],
  whenEmpty: { skip: 'no features were computed this season' },
  look: { days: SEASON_DAYS, sql: `SELECT subject, is_bad, note FROM (${OUTDATED_SLATES}) AS slates` },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.phase_runs SET finished_at = CAST(@as_of AS TIMESTAMP) WHERE processor = 'PlayerGameSummary' AND started_at <= CAST(@as_of AS TIMESTAMP)",
    ],
  },
  meaning:
    'A box score was corrected or came late, and only its own slate was computed again. Training and later forecasts rest on the old numbers.',
  steps: [
    'The first slate named is the first one after the correction.',
    'Run the repair command; it computes what is stale and nothing else.',
  ],
});

/** The canaries of the phase `precompute`, in the order of the data. */
export const PRECOMPUTE: readonly Canary[] = [
  featuresPresent,
  precomputeHeld,
  qualityReady,
  requiredDefaults,
  cacheMisses,
  staleInputs,
  stepsAgree,
  rowsAsWritten,
  featuresOutdated,
  featuresConstant,
  featuresShifted,
];

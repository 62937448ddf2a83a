import { defineCanary } from '#guard/canaries/definition.ts';
import { FORM_FEATURES } from './features-constant.ts';
import { oneDecimal } from './sql.ts';

export const featuresShifted = defineCanary({
  id: 'features_shifted',
  phase: 'precompute',
  question: 'Did the mean of a feature jump against the fortnight before?',
  expected: 'the mean of every feature of form between half and double the usual',
  looksAt: 'tonight',
  ladder: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the fortnight before to compare' },
  look: {
    days: 14,
    sql: `
WITH measured AS (
  SELECT ${FORM_FEATURES.map((name) => `AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN ${name} END) AS n_${name}, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN ${name} END) AS b_${name}`).join(',\n    ')},
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM nba_predictions.ml_feature_store
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
)
${FORM_FEATURES.map((name) => `SELECT '${name}' AS subject, n_${name} < 0.5 * b_${name} OR n_${name} > 2 * b_${name} AS is_bad, 'mean ' || ${oneDecimal(`n_${name}`)} || ', usually ' || ${oneDecimal(`b_${name}`)} AS note FROM measured WHERE rows_now >= 16 AND rows_before >= 60 AND n_${name} IS NOT NULL AND b_${name} IS NOT NULL`).join('\nUNION ALL ')}`,
  },
  sabotage: { sql: ['UPDATE nba_predictions.ml_feature_store SET min_ewma8 = min_ewma8 * 60 WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'A unit changed (seconds for minutes, a share for a percentage) or a source was read twice. Every prediction of the slate is off in the same direction.',
  steps: [
    'Which features moved together? Minutes only: look at team_minutes. All of one group: look at its processor.',
    'Compare the raw rows of the newest slate with the one before.',
    'Repair the source, then run the repair command and LINE_UPDATE.',
  ],
});

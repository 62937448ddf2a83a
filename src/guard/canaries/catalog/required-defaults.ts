import { REQUIRED_FEATURES } from '#core/features.ts';
import { defineCanary } from '#guard/canaries/definition.ts';

export const requiredDefaults = defineCanary({
  id: 'required_defaults',
  phase: 'precompute',
  question: 'Which required feature is missing for more players than usual?',
  expected: 'every required feature there for as many players as usual',
  looksAt: 'tonight',
  ladder: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the week before to compare' },
  look: {
    sql: `
WITH counted AS (
  SELECT ${REQUIRED_FEATURES.map((name) => `COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN ${name} END) AS n_${name}, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN ${name} END) AS b_${name}`).join(',\n    ')},
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM nba_predictions.ml_feature_store
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
),
shares AS (
  ${REQUIRED_FEATURES.map((name) => `SELECT '${name}' AS feature, n_${name} AS present, rows_now, fn.safe_div(n_${name}, rows_now) AS share_now, fn.safe_div(b_${name}, rows_before) AS share_before FROM counted WHERE rows_now >= 16 AND rows_before >= 40`).join('\n  UNION ALL ')}
)
SELECT feature AS subject, share_now < share_before - 0.25 AS is_bad,
  'missing for ' || CAST(rows_now - present AS STRING) || ' of ' || CAST(rows_now AS STRING) || ' players' AS note
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
    'The named feature tells the input: its group stands in src/core/features.ts.',
    'Look at the precompute table that carries it: is the column null there too?',
    'Repair the input, then run the repair command; blocked players are taken by the next run mode.',
  ],
});

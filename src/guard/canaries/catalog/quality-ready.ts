import { defineCanary } from '#guard/canaries/definition.ts';
import { whole } from './sql.ts';

export const qualityReady = defineCanary({
  id: 'quality_ready',
  phase: 'precompute',
  question: 'Are as many players ready to be predicted as usual?',
  expected: 'the share of ready feature rows at 70 % of the usual or more',
  looksAt: 'tonight',
  ladder: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'too few feature rows tonight or in the week before to compare' },
  look: {
    sql: `
SELECT 'ready share' AS subject, ready_now < 0.7 * ready_before AS is_bad,
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
    'Many feature rows lost their quality at once. The comparison is with the week before, so an early season with much carried over from the last one is no alarm.',
  steps: [
    'Compare default_feature_count and feature_sources of tonight with yesterday’s, feature by feature.',
    'required_defaults names the features, where one of them is the cause.',
    'Letters l and s instead of h: the history of this season is not there; look at games_summarised of the week.',
  ],
});

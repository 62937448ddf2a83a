import { defineCanary } from '#guard/canaries/definition.ts';
import { PREDICTED } from './sql.ts';

export const predictionValues = defineCanary({
  id: 'prediction_values',
  phase: 'predict',
  question: 'Is every published number possible?',
  expected: 'points from 0 to 80, a positive spread, and chances that add up to one in every row',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff publish undo <publication> --reason impossible-values, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'nothing is published; prediction_gap says whether it should be' },
  look: {
    sql: `
SELECT player_name || ' ' || system_id AS subject,
  NOT (predicted_points BETWEEN 0 AND 80 AND mean_points BETWEEN 0 AND 80 AND sd_points > 0 AND sd_points <= 30 AND p10 <= p90
    AND (line IS NULL OR ABS(COALESCE(p_over, 9) + COALESCE(p_push, 9) + COALESCE(p_under, 9) - 1) < 0.001)) AS is_bad,
  'points ' || CAST(predicted_points AS STRING) || ', spread ' || CAST(sd_points AS STRING) AS note
FROM (${PREDICTED}) AS visible`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.player_prop_predictions SET predicted_points = 500 WHERE slate = CAST(@slate AS DATE) AND player_id IN (SELECT MIN(player_id) FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning: 'A row got past the audit or was changed after it. Nobody should read it.',
  steps: [
    'Withdraw first: the publication before it is visible again at once.',
    'Look at the audit of the publication: which check should have caught it?',
    'Look at the feature row of the player, then predict again.',
  ],
});

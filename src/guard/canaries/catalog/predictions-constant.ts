import { defineCanary } from '#guard/canaries/definition.ts';
import { outOf, PREDICTED } from './sql.ts';

export const predictionsConstant = defineCanary({
  id: 'predictions_constant',
  phase: 'predict',
  question: 'Does a system say the same number for half of the players?',
  expected: 'no forecast shared by half of the players of a system',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff publish undo <publication> --reason constant-forecast, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has predicted ten players' },
  look: {
    sql: `
SELECT system_id AS subject, MAX(players) >= 0.5 * SUM(players) AS is_bad, ${outOf('MAX(players)', 'SUM(players)')} || ' players alike' AS note
FROM (
  SELECT system_id, predicted_points, COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible GROUP BY system_id, predicted_points
) AS alike
GROUP BY system_id
HAVING SUM(players) >= 10`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET predicted_points = 12.5 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge'",
    ],
  },
  meaning: 'A fallback value was published as a forecast.',
  steps: [
    'Withdraw the publication.',
    'Look at features_constant: constant inputs give constant forecasts.',
    'Look at the model of the rows (model_id, model_hash) in tipoff models list.',
  ],
});

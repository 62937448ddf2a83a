import { defineCanary } from '#guard/canaries/definition.ts';
import { oneDecimal, PREDICTED } from './sql.ts';

export const biasAgainstLine = defineCanary({
  id: 'bias_against_line',
  phase: 'predict',
  question: 'Is a system off against the lines on average?',
  expected: 'a mean distance to the lines of less than 2.5 points for every system',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff publish undo <publication> --reason bias, then tipoff predict {slate} --mode RETRY',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has twenty players with a line' },
  look: {
    sql: `
SELECT system_id AS subject, ABS(bias) > 2.5 AS is_bad, 'on average ' || ${oneDecimal('bias')} || ' points from the line' AS note
FROM (
  SELECT system_id, AVG(edge) AS bias, COUNT(*) AS lines FROM (${PREDICTED}) AS visible WHERE line_role = 'main' AND edge IS NOT NULL GROUP BY system_id
) AS biases
WHERE lines >= 20`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_predictions.player_prop_predictions SET edge = edge - 4 WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND line IS NOT NULL",
    ],
  },
  meaning: 'A system says several points more or less than the market for the whole slate: a broken input, not an opinion.',
  steps: [
    'Withdraw the publication when the first tip-off is near.',
    'Look at features_shifted and required_defaults.',
    'Compare with the slate before and with the other systems.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';
import { outOf, PREDICTED } from './sql.ts';

export const directionImbalance = defineCanary({
  id: 'direction_imbalance',
  phase: 'predict',
  question: 'Do nearly all forecasts of a system lie on one side of the lines?',
  expected: 'at most 95 % of the forecasts a point or more from the line on one side, system by system',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff evaluate, then tipoff models promote <model> or tipoff publish undo <publication>',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'no system has 25 forecasts a point or more from a line' },
  look: {
    sql: `
SELECT system_id AS subject, fn.greatest2(overs, unders) > 0.95 * (overs + unders) AS is_bad,
  ${outOf('overs', 'overs + unders')} || ' over' AS note
FROM (
  SELECT system_id, SUM(CASE WHEN edge > 0 THEN 1 ELSE 0 END) AS overs, SUM(CASE WHEN edge < 0 THEN 1 ELSE 0 END) AS unders
  FROM (${PREDICTED}) AS visible
  WHERE line_role = 'main' AND system_id <> 'ewma8' AND ABS(edge) >= 1
  GROUP BY system_id
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

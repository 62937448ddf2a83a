import { defineCanary } from '#guard/canaries/definition.ts';
import { PREDICTED } from './sql.ts';

export const edgeCollapse = defineCanary({
  id: 'edge_collapse',
  phase: 'predict',
  question: 'Does the model only repeat the lines?',
  expected: 'a mean absolute distance to the lines of a third of a point or more for the champion',
  looksAt: 'tonight',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff models list, then tipoff models promote <model>',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'fewer than thirty players have a line and a forecast of the champion' },
  look: {
    sql: `
SELECT 'ridge' AS subject, size < 0.33 AS is_bad, 'mean distance ' || CAST(ROUND(size, 2) AS STRING) || ' points' AS note
FROM (
  SELECT AVG(ABS(edge)) AS size, COUNT(*) AS lines FROM (${PREDICTED}) AS visible WHERE line_role = 'main' AND system_id = 'ridge' AND edge IS NOT NULL
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
    'Compare predicted_points of ridge with line, row by row.',
    'Look at the training configuration of the model in tipoff models list.',
    'Roll back to the model before it when the rows confirm it.',
  ],
});

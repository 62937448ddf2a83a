import { defineCanary } from '#guard/canaries/definition.ts';

export const gradesMatch = defineCanary({
  id: 'grades_match',
  phase: 'grade',
  question: 'Do grades carry the prediction that was published, once?',
  expected: 'the published forecast and line in every grade, and one grade for a prediction',
  looksAt: 'last_night',
  ladder: [{ by: '11:15', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing of last night is graded' },
  look: {
    sql: `
SELECT g.player_name || ' ' || g.system_id AS subject,
  p.prediction_id IS NULL OR ABS(p.predicted_points - g.predicted_points) > 0.0005 OR COALESCE(p.line, -1) <> COALESCE(g.line, -1)
    OR COUNT(*) OVER (PARTITION BY g.publication_id, g.prediction_id) > 1 AS is_bad,
  'graded ' || CAST(g.predicted_points AS STRING) || ', published ' || COALESCE(CAST(p.predicted_points AS STRING), 'nothing')
    || CASE WHEN COUNT(*) OVER (PARTITION BY g.publication_id, g.prediction_id) > 1 THEN ', more than once' ELSE '' END AS note
FROM (SELECT * FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)) AS g
LEFT JOIN (SELECT * FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)) AS p
  ON p.publication_id = g.publication_id AND p.prediction_id = g.prediction_id`,
  },
  sabotage: {
    sql: ['UPDATE nba_predictions.prediction_grades SET predicted_points = predicted_points * 1.7 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning: 'The record would judge numbers nobody published. Doubled rows in a join once multiplied grades by five.',
  steps: [
    'Compare one grade with its prediction by publication_id and prediction_id.',
    'Nothing published: the rows were deleted after grading; look at rows_without_receipt.',
    'Run the repair command: grades of the slate are made again from what is published.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';
import { BOXED_GAMES, GAMES, PREDICTED } from './sql.ts';

export const yesterdayGraded = defineCanary({
  id: 'yesterday_graded',
  phase: 'grade',
  question: 'Is every predicted game of last night graded?',
  expected: 'grades for every final game with a box score and predictions',
  looksAt: 'last_night',
  ladder: [
    { by: '11:00', severity: 'warning' },
    { by: '13:00', severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics', 'predict'],
  whenEmpty: { skip: 'no game of last night is final with a box score and predictions' },
  look: {
    sql: `
SELECT g.label AS subject, r.game_id IS NULL AS is_bad, CAST(p.predictions AS STRING) || ' predictions, no grade' AS note
FROM (${GAMES}) AS g
JOIN (SELECT game_id, COUNT(*) AS predictions FROM (${PREDICTED}) AS visible GROUP BY game_id) AS p ON p.game_id = g.game_id
JOIN (${BOXED_GAMES}) AS b ON b.game_id = g.game_id AND b.teams = 2
LEFT JOIN (SELECT DISTINCT game_id FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)) AS r ON r.game_id = g.game_id
WHERE g.status = 'final'`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)'] },
  meaning: 'Results are there and nobody looked at them. An error in grading once read as "no predictions" for six days.',
  steps: [
    'tipoff grade {slate} says how many rows wait and for what.',
    'It grades now: the daily job did not run; see job_heartbeats.',
    'It says no_box_score or not_final: the checks of ingest name the game.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';
import { BOXED_GAMES, outOf, PREDICTED } from './sql.ts';

export const gradableShare = defineCanary({
  id: 'gradable_share',
  phase: 'grade',
  question: 'Of what can be graded, how much is, system by system?',
  expected: '98 % of the gradable rows of every system graded or void',
  looksAt: 'last_night',
  ladder: [{ by: '11:15', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics', 'predict'],
  whenEmpty: { skip: 'nothing of last night can be graded, or nothing is graded yet; yesterday_graded says which' },
  look: {
    sql: `
SELECT p.system_id AS subject, COUNT(g.prediction_id) < 0.98 * COUNT(*) AS is_bad, ${outOf('COUNT(g.prediction_id)', 'COUNT(*)')} || ' rows graded' AS note
FROM (${PREDICTED}) AS p
JOIN nba_reference.schedule s ON s.game_id = p.game_id AND s.slate = CAST(@slate AS DATE) AND s.status = 'final'
JOIN (${BOXED_GAMES}) AS b ON b.game_id = p.game_id AND b.teams = 2
LEFT JOIN (
  SELECT publication_id, prediction_id FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)
) AS g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
WHERE EXISTS (SELECT 1 FROM nba_predictions.prediction_grades a WHERE a.slate = CAST(@slate AS DATE))
GROUP BY p.system_id`,
  },
  sabotage: {
    sql: [
      "DELETE FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND MOD(player_id, 2) = 0",
    ],
  },
  meaning:
    'Some rows of a system are left out. The denominator is every visible row of a final game with a box score; who did not play is void and counts as graded, rows without a line are graded as no_bet.',
  steps: [
    'List the ungraded rows of the system by publication: one publication only points to a withdrawal in between.',
    'Players without a summary in a game with a box score: look at nba_raw.rejected_rows.',
    'Run the repair command; it replaces the grades of the slate.',
  ],
});

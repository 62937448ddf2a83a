import { defineCanary } from '#guard/canaries/definition.ts';
import { outOf, PREDICTABLE, PREDICTED } from './sql.ts';

export const partialGap = defineCanary({
  id: 'partial_gap',
  phase: 'predict',
  question: 'Which games have too few of their players predicted?',
  expected: 'three of five predictable players of every game predicted',
  looksAt: 'tonight',
  ladder: [
    { by: '13:00', beforeTip: 90, severity: 'warning' },
    { by: '17:00', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff predict {slate} --mode RETRY',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: { skip: 'nobody is predicted, or nobody predictable; prediction_gap and quality_ready say so' },
  look: {
    sql: `
SELECT g.away_abbr || '@' || g.home_abbr || ' ' || g.game_id AS subject, COUNT(v.player_id) < 0.6 * COUNT(*) AS is_bad,
  ${outOf('COUNT(v.player_id)', 'COUNT(*)')} || ' players' AS note
FROM (${PREDICTABLE}) AS e
JOIN nba_reference.schedule g ON g.game_id = e.game_id AND g.slate = CAST(@slate AS DATE)
LEFT JOIN (SELECT DISTINCT player_id FROM (${PREDICTED}) AS visible) AS v ON v.player_id = e.player_id
WHERE EXISTS (SELECT 1 FROM (${PREDICTED}) AS any_visible)
GROUP BY g.away_abbr, g.home_abbr, g.game_id
HAVING COUNT(*) >= 4`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND game_id IN (SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning: 'Some games are predicted and others are not. One prediction for fourteen games used to count as healthy.',
  steps: [
    'tipoff batch show <batch>: outcomes of the players of the named games, with their reasons.',
    'timed_out: a worker died; a RETRY takes who is missing. failed: the reason names the system or the row.',
    'A game that was added late needs its context first: tipoff day {slate}.',
  ],
});

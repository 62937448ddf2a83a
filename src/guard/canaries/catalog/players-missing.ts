import { defineCanary } from '#guard/canaries/definition.ts';
import { PREDICTABLE, PREDICTED } from './sql.ts';

export const playersMissing = defineCanary({
  id: 'players_missing',
  phase: 'predict',
  question: 'Which players with a line and good features have no prediction?',
  expected: 'a prediction for every player with a line and green features',
  looksAt: 'tonight',
  ladder: [
    { by: '13:30', beforeTip: 60, severity: 'info' },
    { by: '17:00', beforeTip: 45, severity: 'warning' },
  ],
  owner: 'predictions',
  repair: 'tipoff predict {slate} --mode RETRY',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  tolerates: { count: 3, share: 0.1 },
  whenEmpty: { skip: 'nobody with a line is predictable, or nothing is published' },
  look: {
    sql: `
SELECT e.player_name || ' ' || e.team_abbr AS subject, v.player_id IS NULL AS is_bad, 'line ' || fn.decimal_text(e.line) AS note
FROM (${PREDICTABLE}) AS e
LEFT JOIN (SELECT DISTINCT player_id FROM (${PREDICTED}) AS visible) AS v ON v.player_id = e.player_id
WHERE e.line IS NOT NULL AND EXISTS (SELECT 1 FROM (${PREDICTED}) AS any_visible)`,
  },
  sabotage: {
    sql: ['DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND MOD(player_id, 3) = 0'],
  },
  meaning: 'Users see a line and no prediction of ours. A few are usual: lines and statuses move between two run modes.',
  steps: [
    'tipoff batch show <batch>: what was the outcome of the named players?',
    'already_predicted or below_threshold need nothing; failed and timed_out need a RETRY.',
    'Did their line arrive after the last batch? Then LINE_UPDATE takes them.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';
import { GAMES, PREDICTED } from './sql.ts';

export const predictionGap = defineCanary({
  id: 'prediction_gap',
  phase: 'predict',
  question: 'Are there games tonight and no predictions at all?',
  expected: 'visible predictions while there are games',
  looksAt: 'tonight',
  ladder: [
    { by: '10:45', beforeTip: 90, severity: 'warning' },
    { by: '12:45', beforeTip: 45, severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff day {slate}; when a batch is in the way first tipoff batch reset --slate {slate} --why <reason>',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT 'tonight' AS subject, p.players = 0 AS is_bad,
  CAST(g.games AS STRING) || ' games, ' || CAST(p.players AS STRING) || ' players predicted' AS note
FROM (SELECT COUNT(*) AS games FROM (${GAMES}) AS standing) AS g
JOIN (SELECT COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible) AS p ON TRUE`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'The product of the day does not exist. Ten games without a prediction once went unnoticed for a day: this check is the reason that cannot happen again.',
  steps: [
    'tipoff batch list --slate {slate}: is there a batch, in which state, and why?',
    'Held: the audit names the failed check. Failed: the outcomes name the reason per player. None: the day did not run; see job_heartbeats and precompute_held.',
    'tipoff publish list --slate {slate}: was a publication withdrawn?',
    'Repair what is named, then run the repair command before the first tip-off.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';

export const featuresPresent = defineCanary({
  id: 'features_present',
  phase: 'precompute',
  question: 'Does every player who may play tonight have a feature row?',
  expected: 'a feature row for every player of the context',
  looksAt: 'tonight',
  ladder: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'there is no context for tonight; context_built says so' },
  look: {
    sql: `
SELECT u.player_name || ' ' || u.team_abbr AS subject, f.player_id IS NULL AS is_bad, 'no feature row' AS note
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN (SELECT player_id, game_id FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)) AS f
  ON f.player_id = u.player_id AND f.game_id = u.game_id
WHERE u.slate = CAST(@slate AS DATE)`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Players without features are skipped by the gate with the reason no_features. All of them missing: the phase was held or failed; see precompute_held.',
  steps: [
    'Look at nba_orchestration.phase_runs of the five precompute processors for the slate.',
    'Some players only: did the context change after the features were made (a moved game, a trade)?',
    'Run the repair command: contexts and features of the slate are made together.',
  ],
});

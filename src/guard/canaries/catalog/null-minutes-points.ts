import { defineCanary } from '#guard/canaries/definition.ts';

export const nullMinutesPoints = defineCanary({
  id: 'null_minutes_points',
  phase: 'analytics',
  question: 'Has everybody who played minutes and points?',
  expected: 'minutes and points for every player who was on court',
  looksAt: 'last_night',
  ladder: [{ by: '10:30', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'nobody is summarised for last night' },
  look: {
    sql: `
SELECT player_name || ' ' || game_id AS subject, minutes IS NULL OR points IS NULL AS is_bad,
  CASE WHEN minutes IS NULL AND points IS NULL THEN 'neither minutes nor points' WHEN minutes IS NULL THEN 'no minutes' ELSE 'no points' END AS note
FROM nba_analytics.player_game_summary
WHERE slate = CAST(@slate AS DATE) AND played`,
  },
  sabotage: { sql: ['UPDATE nba_analytics.player_game_summary SET minutes = NULL WHERE slate = CAST(@slate AS DATE) AND played'] },
  meaning: 'A column of the box score came in empty. Players who did not play rightly have none; these were on court.',
  steps: [
    'Look at the raw rows of the players by source: is the column empty there too?',
    'If the raw row has it, the summary is at fault; if not, the provider or the format is.',
    'Load a better version of the game and summarise again.',
  ],
});

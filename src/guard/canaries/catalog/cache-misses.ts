import { defineCanary } from '#guard/canaries/definition.ts';

export const cacheMisses = defineCanary({
  id: 'cache_misses',
  phase: 'precompute',
  question: 'Is everybody who played before tonight in the daily cache?',
  expected: 'a cache row for every player with a history',
  looksAt: 'tonight',
  ladder: [{ by: '10:30', beforeTip: 105, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  tolerates: { share: 0.05 },
  whenEmpty: { skip: 'nobody of tonight’s context has a history' },
  look: {
    sql: `
SELECT u.player_name || ' ' || u.team_abbr AS subject, c.player_id IS NULL AS is_bad, 'last played on ' || CAST(u.last_played_on AS STRING) AS note
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id AND c.slate = CAST(@slate AS DATE)
WHERE u.slate = CAST(@slate AS DATE) AND u.last_played_on IS NOT NULL`,
  },
  sabotage: { sql: ['DELETE FROM nba_precompute.player_daily_cache WHERE slate = CAST(@slate AS DATE)'] },
  meaning: 'The cache was made for another set of players than the context. Their features fall back to nothing and they are blocked.',
  steps: [
    'Compare the finish times of UpcomingPlayerGameContext and PlayerDailyCache in nba_orchestration.phase_runs.',
    'The context is newer: a roster change came after the cache. Run the repair command.',
    'Both are of the same run: look at the named players in nba_analytics.player_game_summary.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';

export const summaryDuplicates = defineCanary({
  id: 'summary_duplicates',
  phase: 'analytics',
  question: 'Does anybody stand in two games of one day, or twice in one game?',
  expected: 'one summary per player and day over the last fortnight',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'nobody played in the last fortnight' },
  look: {
    days: 14,
    sql: `
SELECT MIN(player_name) || ' ' || CAST(slate AS STRING) AS subject, COUNT(*) > 1 AS is_bad, CAST(COUNT(*) AS STRING) || ' summaries' AS note
FROM nba_analytics.player_game_summary
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND played
GROUP BY player_id, slate`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_game_summary SET slate = (SELECT MAX(slate) FROM nba_analytics.player_game_summary WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)) WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
    ],
  },
  meaning: 'Two rows for one player and day: rest days become negative, averages count a game twice, grades multiply.',
  steps: [
    'List the rows with their game ids, sources and raw_row_id.',
    'Two game ids: one source uses another id or date for the same game; look at nba_raw.schedule_games.',
    'Correct the raw rows, then rebuild the slate.',
  ],
});

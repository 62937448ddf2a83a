import { defineCanary } from '#guard/canaries/definition.ts';

export const staleInputs = defineCanary({
  id: 'stale_inputs',
  phase: 'precompute',
  question: 'Do tonight’s features know the newest game of every player?',
  expected: 'the last game in the cache equal to the last game summarised',
  looksAt: 'tonight',
  ladder: [{ by: '11:00', beforeTip: 75, severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  tolerates: { share: 0.02 },
  whenEmpty: { skip: 'nobody in tonight’s cache played in the week before' },
  look: {
    sql: `
SELECT p.player_name AS subject, c.last_played_on IS NULL OR c.last_played_on <> p.last_game AS is_bad,
  'the cache ends ' || COALESCE(CAST(c.last_played_on AS STRING), 'nowhere') || ', he played on ' || CAST(p.last_game AS STRING) AS note
FROM nba_precompute.player_daily_cache c
JOIN (
  SELECT player_id, MAX(slate) AS last_game, MAX(player_name) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND played AND minutes IS NOT NULL AND points IS NOT NULL
  GROUP BY player_id
) AS p ON p.player_id = c.player_id
WHERE c.slate = CAST(@slate AS DATE)`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_precompute.player_daily_cache SET last_played_on = fn.add_days(last_played_on, -9) WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning: 'Box scores arrived after the features were made, or a correction changed them. The predictions rest on old form.',
  steps: [
    'When did the named game arrive (ingested_at in nba_raw.player_box_scores)?',
    'Run the repair command: features of the slate and of every later slate are made again.',
    'Predictions already published stay; LINE_UPDATE replaces them when the difference matters.',
  ],
});

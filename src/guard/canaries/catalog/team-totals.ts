import { defineCanary } from '#guard/canaries/definition.ts';

export const teamTotals = defineCanary({
  id: 'team_totals',
  phase: 'analytics',
  question: 'Do the players’ points add up to the team’s?',
  expected: 'the sum of the players equal to the team total for every team',
  looksAt: 'last_night',
  ladder: [{ by: '10:30', severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no team is summarised for last night' },
  look: {
    sql: `
SELECT team_abbr || ' ' || game_id AS subject, players_points <> points AS is_bad,
  'players ' || CAST(players_points AS STRING) || ', team ' || CAST(points AS STRING) AS note
FROM nba_analytics.team_game_summary
WHERE slate = CAST(@slate AS DATE) AND players_points IS NOT NULL`,
  },
  sabotage: { sql: ['UPDATE nba_analytics.team_game_summary SET players_points = players_points - 7 WHERE slate = CAST(@slate AS DATE)'] },
  meaning: 'A player row is missing, doubled or wrong. Two sources that disagree about one game show up here first.',
  steps: [
    'List the player rows of the game and their sources in nba_analytics.player_game_summary.',
    'Compare with nba_raw.team_box_scores: which source has the other total?',
    'Load the game again from the official source.',
  ],
});

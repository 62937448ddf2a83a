import { defineCanary } from '#guard/canaries/definition.ts';
import { oneDecimal } from './sql.ts';

export const teamMinutes = defineCanary({
  id: 'team_minutes',
  phase: 'analytics',
  question: 'Do the minutes of the players fill the game?',
  expected: 'about five times the length of the game for every team',
  looksAt: 'last_night',
  ladder: [{ by: '10:30', severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff ingest <box scores>, then tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no team is summarised for last night' },
  look: {
    sql: `
SELECT t.team_abbr || ' ' || t.game_id AS subject, p.minutes IS NULL OR ABS(p.minutes - 5 * t.minutes) > 12 AS is_bad,
  ${oneDecimal('p.minutes')} || ' player-minutes, expected ' || ${oneDecimal('5 * t.minutes')} AS note
FROM nba_analytics.team_game_summary t
LEFT JOIN (
  SELECT game_id, team_abbr, SUM(minutes) AS minutes FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE) AND played GROUP BY game_id, team_abbr
) AS p ON p.game_id = t.game_id AND p.team_abbr = t.team_abbr
WHERE t.slate = CAST(@slate AS DATE)`,
  },
  sabotage: { sql: ['UPDATE nba_analytics.player_game_summary SET minutes = minutes / 2 WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Minutes were read in another unit, or players are missing. Minutes are the strongest feature: a wrong game stays in the averages for weeks.',
  steps: [
    'List minutes of the team in nba_analytics.player_game_summary and in the raw rows.',
    'Off by a factor: the format reads seconds or fractions. Off by one player: a row was refused.',
    'Correct, load and summarise again; then the features of later slates are recomputed by tipoff day.',
  ],
});

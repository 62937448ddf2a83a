import { defineCanary } from '#guard/canaries/definition.ts';
import { GAMES } from './sql.ts';

export const contextBuilt = defineCanary({
  id: 'context_built',
  phase: 'analytics',
  question: 'Is there a roster for both teams of every game tonight?',
  expected: 'at least eight players of each team in the context of every game',
  looksAt: 'tonight',
  ladder: [
    { by: '10:30', beforeTip: 120, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest'],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT g.team_abbr || ' ' || g.label AS subject, COALESCE(c.players, 0) < 8 AS is_bad, CAST(COALESCE(c.players, 0) AS STRING) || ' players' AS note
FROM (
  SELECT game_id, label, home_abbr AS team_abbr FROM (${GAMES}) AS home
  UNION ALL
  SELECT game_id, label, away_abbr AS team_abbr FROM (${GAMES}) AS away
) AS g
LEFT JOIN (
  SELECT game_id, team_abbr, COUNT(*) AS players FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE) GROUP BY game_id, team_abbr
) AS c ON c.game_id = g.game_id AND c.team_abbr = g.team_abbr`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE) AND team_abbr IN (SELECT MIN(home_abbr) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning:
    'Nobody is expected to play for a team tonight, so nobody will be predicted, and no share computed from the context would notice.',
  steps: [
    'Look at nba_orchestration.phase_runs of UpcomingPlayerGameContext: did it run after the schedule last changed?',
    'A game that was moved to today needs the context again: run the repair command.',
    'No players although it ran: the team has no game in the loaded history.',
  ],
});

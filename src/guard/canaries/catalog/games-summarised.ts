import { defineCanary } from '#guard/canaries/definition.ts';
import { BOXED_GAMES, GAMES } from './sql.ts';

export const gamesSummarised = defineCanary({
  id: 'games_summarised',
  phase: 'analytics',
  question: 'Is every game of last night that has a box score summarised?',
  expected: 'team and player summaries for every game with a box score',
  looksAt: 'last_night',
  ladder: [
    { by: '10:45', severity: 'warning' },
    { by: '12:15', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff backfill run --from {slate} --to {slate} --phases analytics',
  dependsOn: ['ingest'],
  whenEmpty: { skip: 'no box score has arrived; box_scores_missing says which' },
  look: {
    sql: `
SELECT g.label AS subject, COALESCE(t.teams, 0) < 2 OR COALESCE(p.players, 0) < 12 AS is_bad,
  CAST(COALESCE(t.teams, 0) AS STRING) || ' team and ' || CAST(COALESCE(p.players, 0) AS STRING) || ' player summaries' AS note
FROM (${GAMES}) AS g
JOIN (${BOXED_GAMES}) AS b ON b.game_id = g.game_id AND b.teams = 2
LEFT JOIN (SELECT game_id, COUNT(*) AS teams FROM nba_analytics.team_game_summary WHERE slate = CAST(@slate AS DATE) GROUP BY game_id) AS t ON t.game_id = g.game_id
LEFT JOIN (
  SELECT game_id, COUNT(*) AS players FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE) AND played GROUP BY game_id
) AS p ON p.game_id = g.game_id`,
  },
  sabotage: { sql: ['DELETE FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE)'] },
  meaning: 'Box scores arrived and the summaries were not made. Features of tonight and grades of last night are missing these games.',
  steps: [
    'Look at nba_orchestration.phase_runs of PlayerGameSummary and TeamGameSummary of the morning: verdict and reason.',
    'No run at all: the daily job did not start; see job_heartbeats.',
    'Run the repair command; it replaces the whole slate in one step.',
  ],
});

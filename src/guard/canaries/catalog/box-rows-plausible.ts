import { defineCanary } from '#guard/canaries/definition.ts';

export const boxRowsPlausible = defineCanary({
  id: 'box_rows_plausible',
  phase: 'ingest',
  question: 'Has every team of last night a plausible number of players in its box score?',
  expected: '6 to 15 players on court for every team with a box score',
  looksAt: 'last_night',
  ladder: [{ by: '10:15', severity: 'warning' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'no box score has arrived; box_scores_missing says which' },
  look: {
    sql: `
SELECT game_id || ' ' || team_abbr AS subject, players < 6 OR players > 15 AS is_bad, CAST(players AS STRING) || ' players' AS note
FROM (
  SELECT game_id, team_abbr, COUNT(DISTINCT CASE WHEN played THEN player_id END) AS players
  FROM nba_raw.player_box_scores
  WHERE slate = CAST(@slate AS DATE) AND season_type IN ('regular', 'play_in', 'playoffs')
  GROUP BY game_id, team_abbr
) AS teams`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND player_id NOT IN (SELECT MIN(player_id) FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) GROUP BY game_id, team_abbr)',
    ],
  },
  meaning:
    'A box score came in cut short, or twice under different ids. Averages and absences of that team are wrong until it is replaced.',
  steps: [
    'List the rows of the game in nba_raw.player_box_scores by source and source_file.',
    'Look at nba_raw.rejected_rows of the file: which players were refused, and why?',
    'Load the game again; the newest version of the best source wins.',
  ],
});

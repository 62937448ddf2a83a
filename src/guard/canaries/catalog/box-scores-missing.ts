import { defineCanary } from '#guard/canaries/definition.ts';
import { BOXED_GAMES, GAMES } from './sql.ts';

export const boxScoresMissing = defineCanary({
  id: 'box_scores_missing',
  phase: 'ingest',
  question: 'Do all games of last night have box scores, and which do not?',
  expected: 'a box score of both teams for every game of last night',
  looksAt: 'last_night',
  ladder: [
    { by: '10:15', severity: 'warning' },
    { by: '12:00', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: 'fail',
  look: {
    sql: `
SELECT g.label AS subject, COALESCE(b.teams, 0) < 2 AS is_bad, CAST(COALESCE(b.teams, 0) AS STRING) || ' of 2 teams' AS note
FROM (${GAMES}) AS g
LEFT JOIN (${BOXED_GAMES}) AS b ON b.game_id = g.game_id`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_box_scores WHERE slate = CAST(@slate AS DATE) AND game_id IN (SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = CAST(@slate AS DATE) AND is_counted)',
    ],
  },
  meaning:
    'No rows of a finished game have arrived. Everything below it (summaries, features, grades) is blind for that game; the games are named.',
  steps: [
    'Look at nba_raw.ingested_files of the morning: did the load run, and how many rows were rejected?',
    'Look at nba_raw.rejected_rows for the game.',
    'Providers publish until about 09:30 ET of the morning after; later than that it is a failure of the load.',
  ],
});

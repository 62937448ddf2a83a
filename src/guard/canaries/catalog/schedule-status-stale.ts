import { defineCanary } from '#guard/canaries/definition.ts';
import { GAMES } from './sql.ts';

export const scheduleStatusStale = defineCanary({
  id: 'schedule_status_stale',
  phase: 'ingest',
  question: 'Is every game of last night final?',
  expected: 'every game of last night final',
  looksAt: 'last_night',
  ladder: [
    { by: '10:15', severity: 'warning' },
    { by: '12:00', severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <results>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: 'fail',
  look: { sql: `SELECT label AS subject, status <> 'final' AS is_bad, 'still ' || status AS note FROM (${GAMES}) AS games` },
  sabotage: { sql: ["UPDATE nba_reference.schedule SET status = 'scheduled' WHERE slate = CAST(@slate AS DATE)"] },
  meaning:
    'A game that was played still stands as scheduled or live. Grading waits for the status, so its predictions stay ungraded; a feed that stopped advancing after a break looks exactly like this.',
  steps: [
    'Look at the statements about the game in nba_raw.schedule_games, newest observed_at first.',
    'If box scores are there and the status is not, the schedule feed has stopped: load results again.',
    'If the game was called off, load the postponement: postponed games are not waited for.',
  ],
});

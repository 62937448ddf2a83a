import { defineCanary } from '#guard/canaries/definition.ts';
import { whole } from './sql.ts';

export const jobHeartbeats = defineCanary({
  id: 'job_heartbeats',
  phase: 'operations',
  question: 'Is every scheduled job alive?',
  expected: 'a sign of life of every job within its own time',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'look at the run of the job, start it by hand, and correct its schedule',
  dependsOn: [],
  whenEmpty: { skip: 'no scheduled job has ever reported' },
  look: {
    sql: `
SELECT job AS subject, fn.seconds_between(beat_at, CAST(@as_of AS TIMESTAMP)) > max_silence_seconds AS is_bad,
  'silent for ' || ${whole('fn.seconds_between(beat_at, CAST(@as_of AS TIMESTAMP)) / 60')} || ' minutes, allowed ' || ${whole('max_silence_seconds / 60')} AS note
FROM nba_orchestration.heartbeats
WHERE job <> 'canaries'`,
  },
  sabotage: {
    sql: ["UPDATE nba_orchestration.heartbeats SET beat_at = fn.add_seconds(CAST(@as_of AS TIMESTAMP), -900000) WHERE job <> 'canaries'"],
  },
  meaning: 'A job that reported once does so no more. The checks watch the others; the watchdog of the services watches the checks.',
  steps: [
    'Look at the scheduler: is the job paused, deleted or failing at its start?',
    'detail in nba_orchestration.heartbeats is what its last run said.',
    'A job that was retired: delete its row, then it is expected no more.',
  ],
});

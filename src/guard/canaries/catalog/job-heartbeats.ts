import type { Heartbeat } from '#core/contracts/nba_orchestration/heartbeats.ts';
import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';
import { CANARY_JOB } from '#guard/canaries/heartbeats.ts';

async function look({ warehouse, deployment }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const beats = await warehouse.query<Heartbeat>(
    'SELECT job, beat_at, succeeded_at, max_silence_seconds, detail FROM nba_orchestration.heartbeats WHERE job <> @self ORDER BY job',
    { self: CANARY_JOB },
  );
  const never = deployment.scheduledJobs.filter((job) => job !== CANARY_JOB && beats.every((beat) => beat.job !== job));
  return [
    ...beats.map((beat) => judge(beat, asOf)),
    ...never.map((job) => ({ subject: job, is_bad: true, note: 'is declared as scheduled and has never reported' })),
  ];
}

/** A job is alive when it ended a run, and ended one well, within its own time. */
function judge({ job, beat_at, succeeded_at, max_silence_seconds, detail }: Heartbeat, asOf: Date): CheckedThing {
  const minutesSince = (instant: string): number => Math.round((asOf.getTime() - Date.parse(instant)) / 60_000);
  const allowed = Math.round(max_silence_seconds / 60);
  const silent = minutesSince(beat_at);
  if (silent > allowed) return { subject: job, is_bad: true, note: `silent for ${silent} minutes, allowed ${allowed}` };
  const fruitless = succeeded_at === null || minutesSince(succeeded_at) > allowed;
  const since = succeeded_at === null ? 'has never ended well' : `has not ended well for ${minutesSince(succeeded_at)} minutes`;
  return {
    subject: job,
    is_bad: fruitless,
    note: fruitless ? `${since}: ${detail ?? 'it does not say why'}` : `reported ${silent} minutes ago`,
  };
}

export const jobHeartbeats = defineCanary({
  id: 'job_heartbeats',
  phase: 'operations',
  question: 'Is every scheduled job alive?',
  expected: 'a run of every job that ended well within its own time',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'look at the run of the job, start it by hand, and correct its schedule',
  dependsOn: [],
  whenEmpty: { skip: 'no job is declared in TIPOFF_SCHEDULED_JOBS, and none has ever reported' },
  look: { probe: look },
  sabotage: {
    sql: ["UPDATE nba_orchestration.heartbeats SET beat_at = fn.add_seconds(CAST(@as_of AS TIMESTAMP), -900000) WHERE job <> 'canaries'"],
  },
  meaning:
    'A job that reported once does so no more, ends badly every time, or is declared and has never run. The checks watch the others; the watchdog of the services watches the checks.',
  steps: [
    'Look at the scheduler: is the job paused, deleted or failing at its start?',
    'Never reported: the name in TIPOFF_SCHEDULED_JOBS is not the name the job reports under, or it has not run once.',
    'detail in nba_orchestration.heartbeats is what its last run said.',
    'A job that was retired: delete its row, then it is expected no more.',
  ],
});

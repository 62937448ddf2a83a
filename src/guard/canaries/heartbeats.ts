import type { Heartbeat } from '#core/contracts/nba_orchestration.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** The job name under which the checks themselves report. */
export const CANARY_JOB = 'canaries';
/** Seconds of silence of the checks after which others must say so: three periods of half an hour. */
export const CANARY_SILENCE_SECONDS = 90 * 60;

/** Scheduled jobs that report, with the seconds of silence after which each counts as dead: one missed run and some delay. */
export const JOBS = {
  day: 36 * 3600,
  fetch: 20 * 3600,
  'staging-cleanup': 30 * 3600,
  services: 15 * 60,
} as const;

export interface Beat {
  readonly job: string;
  /** Did the run do its work; a finding is no failure of the job. */
  readonly ok: boolean;
  readonly maxSilenceSeconds: number;
  readonly detail?: string;
}

/** Records that a scheduled job is alive. One row per job: a thousand beats of three jobs are three rows. */
export async function beat(
  { warehouse, clock }: { readonly warehouse: Pick<Warehouse, 'execute'>; readonly clock: Clock },
  it: Beat,
): Promise<void> {
  await warehouse.execute(
    `MERGE INTO nba_orchestration.heartbeats t
     USING (SELECT @job AS job, CAST(@at AS TIMESTAMP) AS beat_at, CASE WHEN @ok THEN CAST(@at AS TIMESTAMP) END AS succeeded_at,
       CAST(@silence AS INT64) AS max_silence_seconds, CAST(@detail AS STRING) AS detail) s
     ON t.job = s.job
     WHEN MATCHED THEN UPDATE SET beat_at = s.beat_at, succeeded_at = COALESCE(s.succeeded_at, t.succeeded_at),
       max_silence_seconds = s.max_silence_seconds, detail = s.detail
     WHEN NOT MATCHED THEN INSERT (job, beat_at, succeeded_at, max_silence_seconds, detail)
       VALUES (s.job, s.beat_at, s.succeeded_at, s.max_silence_seconds, s.detail)`,
    {
      job: it.job,
      at: clock.now().toISOString(),
      ok: it.ok,
      silence: it.maxSilenceSeconds,
      detail: it.detail ?? null,
    },
  );
}

/** The last sign of life of a job; undefined when it never gave one. */
export async function lastBeat(warehouse: Warehouse, job: string): Promise<Heartbeat | undefined> {
  const [row] = await warehouse.query<Heartbeat>(
    'SELECT job, beat_at, succeeded_at, max_silence_seconds, detail FROM nba_orchestration.heartbeats WHERE job = @job',
    { job },
  );
  return row;
}

import type { Heartbeat } from '#core/contracts/nba_orchestration.ts';
import { messageOf } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** The job name under which the checks themselves report. */
export const CANARY_JOB = 'canaries';
/** Seconds without a run after which the checks count as silent: three periods of half an hour. */
export const CANARY_SILENCE_SECONDS = 90 * 60;

/** Scheduled jobs with heartbeats, and the seconds of silence after which each counts as dead: one missed run and some delay. */
export const JOBS = {
  day: 36 * 3600,
  fetch: 20 * 3600,
  'staging-cleanup': 30 * 3600,
  services: 15 * 60,
} as const;

export interface Beat {
  readonly job: string;
  /** True when the run did its work; a finding is not a failure of the job. */
  readonly ok: boolean;
  readonly maxSilenceSeconds: number;
  readonly detail?: string;
}

/** Where heartbeats are stored. */
export interface BeatDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly clock: Clock;
}

/** Jobs whose heartbeat is written or read every minute: they use documents of the state store, not queries of BigQuery. */
const OFTEN: readonly string[] = [CANARY_JOB, 'services'];
/** Collection of their last signs of life, by job. */
const PULSES = 'heartbeats';

/** Records the heartbeat of a scheduled job, in one row or document per job. */
export async function beat(
  {
    warehouse,
    state,
    clock,
  }: Pick<BeatDeps, 'state' | 'clock'> & { readonly warehouse: Pick<Warehouse, 'execute'> },
  it: Beat,
): Promise<void> {
  const at = clock.now().toISOString();
  if (OFTEN.includes(it.job)) {
    await state.transaction(async (tx) => {
      const before = await tx.get<Heartbeat>(PULSES, it.job);
      const pulse: Heartbeat = {
        job: it.job,
        beat_at: at,
        succeeded_at: it.ok ? at : (before?.data.succeeded_at ?? null),
        max_silence_seconds: it.maxSilenceSeconds,
        detail: it.detail ?? null,
      };
      tx.put(PULSES, it.job, pulse);
    });
    return;
  }
  await warehouse.execute(
    `MERGE INTO nba_orchestration.heartbeats t
     USING (SELECT @job AS job, CAST(@at AS TIMESTAMP) AS beat_at, CASE WHEN @ok THEN CAST(@at AS TIMESTAMP) END AS succeeded_at,
       CAST(@silence AS INT64) AS max_silence_seconds, CAST(@detail AS STRING) AS detail) s
     ON t.job = s.job
     WHEN MATCHED THEN UPDATE SET beat_at = s.beat_at, succeeded_at = COALESCE(s.succeeded_at, t.succeeded_at),
       max_silence_seconds = s.max_silence_seconds, detail = s.detail
     WHEN NOT MATCHED THEN INSERT (job, beat_at, succeeded_at, max_silence_seconds, detail)
       VALUES (s.job, s.beat_at, s.succeeded_at, s.max_silence_seconds, s.detail)`,
    { job: it.job, at, ok: it.ok, silence: it.maxSilenceSeconds, detail: it.detail ?? null },
  );
}

/** The same for work that must not fail because of its heartbeat: a failure is only warned about, and the checks will report the silence. */
export async function tryBeat(
  deps: Parameters<typeof beat>[0] & { readonly warn?: (line: string) => void },
  it: Beat,
): Promise<void> {
  try {
    await beat(deps, it);
  } catch (error) {
    deps.warn?.(`the heartbeat of ${it.job} was not written: ${messageOf(error)}`);
  }
}

/** The last heartbeats of all jobs, by name. */
export async function lastBeats({ warehouse, state }: Omit<BeatDeps, 'clock'>): Promise<Heartbeat[]> {
  const rows = await warehouse.query<Heartbeat>(
    'SELECT job, beat_at, succeeded_at, max_silence_seconds, detail FROM nba_orchestration.heartbeats ORDER BY job',
  );
  const pulses = (await state.list<Heartbeat>(PULSES)).map(({ data }) => data);
  const often = new Set(pulses.map(({ job }) => job));
  return [...rows.filter(({ job }) => !often.has(job)), ...pulses].sort((a, b) => (a.job < b.job ? -1 : 1));
}

/** The last heartbeat of the checks; undefined when they have never run. */
export async function lastCanaries({ state }: Pick<BeatDeps, 'state'>): Promise<Heartbeat | undefined> {
  return (await state.get<Heartbeat>(PULSES, CANARY_JOB))?.data;
}

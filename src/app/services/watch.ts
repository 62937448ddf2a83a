import { alertOn } from '#app/alert-deps.ts';
import type { App } from '#app/compose.ts';
import { allCanaries } from '#app/own-checks.ts';
import { span } from '#core/format.ts';
import { beat, CANARY_JOB, CANARY_SILENCE_SECONDS, JOBS, lastBeat } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { checkDelivered } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';

/** The period of the checks. */
const CANARY_SECONDS = 30 * 60;
/** So long after its start a service believes that the checks are about to run. */
const GRACE_SECONDS = 10 * 60;
/** Collection with the silence of the checks that people know of, by job. It keeps the name it was first stored under. */
const SILENCES = 'dead_man';

interface Silence {
  readonly since: string;
}

/**
 * The heartbeat monitor of the services: they report that they are alive, which the checks read, and alert people when the
 * checks have been silent for 90 minutes: once per silence, green when it is over. Call it every minute. Throws
 * TIPOFF_NOTIFY when something could not be delivered; it is kept in the outbox.
 */
export function heartbeatMonitor(
  deps: Pick<App, 'warehouse' | 'state' | 'clock' | 'outbox'>,
): () => Promise<void> {
  const { warehouse, state, clock, outbox } = deps;
  const startedAt = clock.now();
  const seconds = (from: Date): number => (clock.now().getTime() - from.getTime()) / 1000;
  return async () => {
    await beat(deps, { job: 'services', ok: true, maxSilenceSeconds: JOBS.services });
    const last = await lastBeat(warehouse, CANARY_JOB);
    const since = last === undefined ? startedAt : new Date(last.beat_at);
    const isSilent = seconds(since) > CANARY_SILENCE_SECONDS && seconds(startedAt) > GRACE_SECONDS;
    const known = (await state.get<Silence>(SILENCES, CANARY_JOB))?.data;
    if (isSilent && known === undefined) {
      const { undelivered } = await outbox.post(silenceKey(since), silenceNotice(since, clock.now()));
      await state.transaction(async (tx) => tx.put(SILENCES, CANARY_JOB, { since: since.toISOString() }));
      checkDelivered({ undelivered: undelivered === undefined ? [] : [undelivered] });
    } else if (known !== undefined && since > new Date(known.since)) {
      const from = new Date(known.since);
      const { undelivered } = await outbox.post(silenceKey(from), overNotice(from, since));
      await state.transaction(async (tx) => tx.delete(SILENCES, CANARY_JOB));
      checkDelivered({ undelivered: undelivered === undefined ? [] : [undelivered] });
    }
  };
}

function silenceKey(since: Date): string {
  return `dead-man:${CANARY_JOB}:${since.toISOString()}`;
}

function silenceNotice(since: Date, now: Date): Omit<Notice, 'key'> {
  return {
    severity: 'critical',
    phase: 'operations',
    title: `The checks have not run for ${span(since.toISOString(), now.toISOString())}`,
    lines: [
      'Nobody is looking: a failure of the pipeline would go unnoticed.',
      `Last sign of life: ${since.toISOString()}.`,
      'If a run by hand works, look at the schedule of the checks.',
    ],
    repair: 'tipoff canary run',
    runbook: 'docs/runbooks/actions/canaries.md',
  };
}

function overNotice(since: Date, until: Date): Omit<Notice, 'key'> {
  return {
    severity: 'resolved',
    phase: 'operations',
    title: 'The checks are running again',
    lines: [
      `They did not run for ${span(since.toISOString(), until.toISOString())}. The first run afterwards asked about the days between.`,
    ],
  };
}

/**
 * Runs the checks when half an hour has passed since they last ran, and alerts people. For a home that one process owns:
 * while the services hold it nobody else can ask. Throws TIPOFF_NOTIFY when something could not be delivered; it is kept.
 */
export function canariesWhenDue(app: App): () => Promise<void> {
  return async () => {
    const last = await lastBeat(app.warehouse, CANARY_JOB);
    const due =
      last === undefined || app.clock.now().getTime() - Date.parse(last.beat_at) >= CANARY_SECONDS * 1000;
    if (!due) return;
    const { deps, canaries } = await allCanaries(app);
    const { alerted } = await alertOn(app, await runCanaries(deps, { canaries }), canaries);
    checkDelivered(alerted.delivered);
  };
}

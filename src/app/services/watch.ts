import type { App } from '#app/compose.ts';
import { allCanaries } from '#app/own-checks.ts';
import { span } from '#core/format.ts';
import { beat, CANARY_JOB, CANARY_SILENCE_SECONDS, JOBS, lastCanaries } from '#guard/canaries/heartbeats.ts';
import { checkStored, runCanaries } from '#guard/canaries/run.ts';
import { alertOn } from '#guard/incidents/report.ts';
import { checkDelivered } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';

/** The period of the checks. */
const CANARY_SECONDS = 30 * 60;
/** So long after its start a service believes that the checks are about to run. */
const GRACE_SECONDS = 10 * 60;
/** Collection with the silence of the checks that people know of, by job. It keeps the name it was first stored under. */
const SILENCES = 'dead_man';
const FIRST_LOOK = 'first_look';

interface Silence {
  readonly since: string;
}

type WatchDeps = Pick<App, 'state' | 'clock' | 'outbox'>;

/**
 * The heartbeat monitor of services that are always on: they report that they are alive, which the checks read, and watch over
 * the checks. Call it every minute. A restart gives the checks ten minutes. Throws what `silenceWatch` throws.
 */
export function heartbeatMonitor(deps: WatchDeps & Pick<App, 'warehouse'>): () => Promise<void> {
  const startedAt = deps.clock.now();
  const watch = silenceWatch(deps, async () => startedAt);
  return async () => {
    await beat(deps, { job: 'services', ok: true, maxSilenceSeconds: JOBS.services });
    if (deps.clock.now().getTime() - startedAt.getTime() > GRACE_SECONDS * 1000) await watch();
  };
}

/**
 * The same for a service on demand, which lives from one call to the next: it leaves no sign of life, and where the checks never
 * ran it counts from the first look of all. Call it when the scheduler calls.
 */
export function watchOnDemand(deps: WatchDeps): () => Promise<void> {
  const { state, clock } = deps;
  return silenceWatch(deps, async () => {
    await state.create(SILENCES, FIRST_LOOK, { since: clock.now().toISOString() });
    return new Date((await state.get<Silence>(SILENCES, FIRST_LOOK))?.data.since ?? clock.now());
  });
}

/**
 * Alerts people when the checks have been silent for 90 minutes: once per silence, green when it is over. `firstLook` is what
 * counts where they never ran. Throws TIPOFF_NOTIFY when something could not be delivered; it is kept in the outbox.
 */
function silenceWatch(
  { state, clock, outbox }: WatchDeps,
  firstLook: () => Promise<Date>,
): () => Promise<void> {
  return async () => {
    const last = await lastCanaries({ state });
    const since = last === undefined ? await firstLook() : new Date(last.beat_at);
    const isSilent = clock.now().getTime() - since.getTime() > CANARY_SILENCE_SECONDS * 1000;
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
    const last = await lastCanaries(app);
    const due =
      last === undefined || app.clock.now().getTime() - Date.parse(last.beat_at) >= CANARY_SECONDS * 1000;
    if (!due) return;
    const { deps, canaries } = await allCanaries(app);
    const run = await runCanaries(deps, { canaries });
    const { alerted } = await alertOn(app, run, canaries);
    checkDelivered(alerted.delivered);
    checkStored(run);
  };
}

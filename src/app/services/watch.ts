import { alertOn } from '#app/alert-deps.ts';
import { canaryDeps } from '#app/canaries.ts';
import type { App } from '#app/compose.ts';
import { TipoffError } from '#core/errors.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { beat, CANARY_JOB, CANARY_SILENCE_SECONDS, JOBS, lastBeat } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { span } from '#guard/incidents/document.ts';
import type { Notice, NoticeRef } from '#platform/notify/port.ts';

/** The period of the checks. */
const CANARY_SECONDS = 30 * 60;
/** So long after its start a service believes that the checks are about to run. */
const GRACE_SECONDS = 10 * 60;
const SILENCES = 'dead_man';

type WatchDeps = Pick<App, 'warehouse' | 'state' | 'clock' | 'notifier'>;

/** What people were told about a silence of the checks. */
interface Silence {
  readonly since: string;
  readonly ref: NoticeRef;
}

/**
 * The other half of the dead man: the services report that they are alive, which the checks read, and tell people when
 * the checks are silent for 90 minutes: once per silence, green when it is over. Call it every minute. What cannot be sent is
 * thrown and is tried again with the next call.
 */
export function deadMan(deps: WatchDeps): () => Promise<void> {
  const { warehouse, state, clock, notifier } = deps;
  const startedAt = clock.now();
  const seconds = (from: Date): number => (clock.now().getTime() - from.getTime()) / 1000;
  return async () => {
    await beat(deps, { job: 'services', ok: true, maxSilenceSeconds: JOBS.services });
    const last = await lastBeat(warehouse, CANARY_JOB);
    const since = last === undefined ? startedAt : new Date(last.beat_at);
    const isSilent = seconds(since) > CANARY_SILENCE_SECONDS && seconds(startedAt) > GRACE_SECONDS;
    const told = (await state.get<Silence>(SILENCES, CANARY_JOB))?.data;
    if (isSilent && told === undefined) {
      const ref = await notifier.send(silenceNotice(since, clock.now()));
      await state.transaction(async (tx) =>
        tx.put(SILENCES, CANARY_JOB, { since: since.toISOString(), ref }),
      );
    } else if (told !== undefined && since > new Date(told.since)) {
      const over = overNotice(new Date(told.since), since);
      await (notifier.owns(told.ref) ? notifier.update(told.ref, over) : notifier.send(over));
      await state.transaction(async (tx) => tx.delete(SILENCES, CANARY_JOB));
    }
  };
}

function silenceNotice(since: Date, now: Date): Notice {
  return {
    key: `dead-man:${CANARY_JOB}:${since.toISOString()}`,
    severity: 'critical',
    phase: 'operations',
    title: `The checks are silent for ${span(since.toISOString(), now.toISOString())}`,
    lines: [
      'Nobody is looking: a failure of the pipeline would go unnoticed.',
      `Last sign of life: ${since.toISOString()}.`,
    ],
    repair: 'tipoff canary run, then look at the schedule of the checks',
    runbook: 'docs/runbooks/actions/canaries.md',
  };
}

function overNotice(since: Date, until: Date): Notice {
  return {
    key: `dead-man:${CANARY_JOB}:${since.toISOString()}`,
    severity: 'resolved',
    phase: 'operations',
    title: 'The checks run again',
    lines: [
      `They were silent for ${span(since.toISOString(), until.toISOString())}. The first run afterwards asked about the days between.`,
    ],
  };
}

/**
 * Runs the checks when half an hour has passed since they last ran, and tells people. For a home that one process owns:
 * while the services hold it nobody else can ask. Throws TIPOFF_NOTIFY when something could not be delivered; it is kept.
 */
export function canariesWhenDue(app: App): () => Promise<void> {
  return async () => {
    const last = await lastBeat(app.warehouse, CANARY_JOB);
    const due =
      last === undefined || app.clock.now().getTime() - Date.parse(last.beat_at) >= CANARY_SECONDS * 1000;
    if (!due) return;
    const { alerted } = await alertOn(app, await runCanaries(canaryDeps(app), { canaries: CATALOGUE }));
    const [first] = alerted.delivered.undelivered;
    if (first === undefined) return;
    throw new TipoffError('TIPOFF_NOTIFY', `${first.title}: ${first.error}`, { hint: first.hint });
  };
}

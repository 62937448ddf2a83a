import { slateOf } from '#core/calendar.ts';
import type { Heartbeat } from '#core/contracts/nba_orchestration.ts';
import { clause, count, outOf, span, when } from '#core/format.ts';
import { progressOf, readRuns } from '#guard/backfill/ledger.ts';
import { isInForce, readHalt } from '#guard/canaries/halt.ts';
import { lastBeats } from '#guard/canaries/heartbeats.ts';
import { listIncidents } from '#guard/incidents/acknowledge.ts';
import { compareSeverity, failingSlates } from '#guard/incidents/document.ts';
import type { Found, Question, StatusDeps, StatusMoment } from '#guard/status/answer.ts';
import { DEFAULT_STALL_RULES } from '#pipeline/batch/stall.ts';
import { isActive, listBatches } from '#pipeline/batch/state.ts';
import { LAST_RUNS, type Last } from './running.ts';

async function stuck({ state, warehouse }: StatusDeps, { now }: StatusMoment): Promise<Found> {
  const active = (await listBatches(state)).filter(
    (batch) => isActive(batch.state) || batch.state === 'held',
  );
  const isStuck = (batch: (typeof active)[number]): boolean =>
    batch.state === 'held' ||
    now.getTime() - Date.parse(batch.progress_at) > DEFAULT_STALL_RULES.noProgressSeconds * 1000 ||
    now.getTime() - Date.parse(batch.created_at) > DEFAULT_STALL_RULES.maxAgeMinutes * 60_000;
  const recent = active.filter(
    (batch) => isActive(batch.state) || now.getTime() - Date.parse(batch.created_at) < 2 * 86_400_000,
  );
  const bad = recent.filter(isStuck);
  const last = await warehouse.query<Last>(LAST_RUNS, { now: now.toISOString() });
  const failed = last.filter(({ verdict }) => verdict === 'failed');
  const table = {
    header: ['what', 'state', 'since', 'why'],
    rows: [
      ...recent.map((batch) => [
        `batch ${batch.batch_id}`,
        batch.state,
        when(batch.progress_at),
        batch.reason ?? '',
      ]),
      ...failed.map((run) => [run.processor, 'failed', when(run.finished_at), run.reason ?? '']),
    ],
  };
  const [first] = bad;
  const parts = [
    ...(first === undefined
      ? []
      : [
          `${count(bad.length, 'batch', 'batches')} stuck: ${bad.map(({ batch_id, state: at, progress_at }) => `${batch_id} ${at} for ${span(progress_at, now.toISOString())}`).join(', ')}`,
        ]),
    ...(failed.length === 0
      ? []
      : [`last run failed: ${failed.map(({ processor }) => processor).join(', ')}`]),
  ];
  return {
    verdict: bad.length > 0 || failed.length > 0 ? 'bad' : 'good',
    answer:
      parts.length > 0
        ? `${parts.join('; ')}.`
        : recent.length > 0
          ? `No: ${count(recent.length, 'batch is', 'batches are')} under way and moving.`
          : 'No batch is under way, and no processor ended with a failure.',
    table,
    ...(first === undefined
      ? {}
      : {
          next: `tipoff batch check-stalled; then tipoff batch reset --batch ${first.batch_id} --reason <reason>`,
        }),
  };
}

async function real({ state, warehouse }: StatusDeps, { now, noGames, slate }: StatusMoment): Promise<Found> {
  const open = (await listIncidents(state, 'open')).filter((incident) => incident.failing_since !== null);
  const halt = await readHalt(state);
  const skipped = await warehouse.query<{ reason: string; checks: number }>(
    `SELECT reason, COUNT(*) AS checks FROM nba_orchestration.canary_results
     WHERE as_of BETWEEN fn.add_seconds(CAST(@now AS TIMESTAMP), -86400) AND CAST(@now AS TIMESTAMP) AND status = 'SKIP'
       AND run_id = (SELECT MAX(run_id) FROM nba_orchestration.canary_results
         WHERE as_of = (SELECT MAX(as_of) FROM nba_orchestration.canary_results WHERE as_of BETWEEN fn.add_seconds(CAST(@now AS TIMESTAMP), -86400) AND CAST(@now AS TIMESTAMP)))
     GROUP BY reason ORDER BY checks DESC, reason`,
    { now: now.toISOString() },
  );
  const causes = open
    .filter(({ hidden_by }) => hidden_by === null)
    .toSorted((a, b) => compareSeverity(b.severity, a.severity));
  const unacknowledged = causes.filter(({ ack, snooze }) => ack === null && snooze === null);
  const calm = isInForce(halt, now) ? `halted until ${when(halt.until)}: ${clause(halt.reason)}` : noGames;
  const table = {
    header: ['what', 'verdict', 'why'],
    rows: [
      ...open.map((incident) => [
        incident.fingerprint,
        incident.hidden_by === null ? incident.severity : `effect of ${incident.hidden_by}`,
        clause(failingSlates(incident)[0]?.[1].reason ?? ''),
      ]),
      ...skipped.map(({ reason, checks }) => [`${count(checks, 'check')} skipped`, 'no failure', reason]),
    ],
  };
  if (causes.length === 0) {
    return {
      verdict: calm === undefined ? 'good' : 'idle',
      answer: `Nothing fails${calm === undefined ? ` on ${slate}` : `; ${calm}`}.`,
      table,
    };
  }
  return {
    verdict: causes.some(({ severity }) => severity === 'critical' || severity === 'error')
      ? 'bad'
      : 'attention',
    answer: `Real: ${count(causes.length, 'cause')} (${causes.map(({ fingerprint }) => fingerprint).join(', ')})${open.length > causes.length ? ` with ${count(open.length - causes.length, 'effect')}` : ''}, ${unacknowledged.length} unacknowledged${calm === undefined ? '' : `; besides, ${calm}`}.`,
    table,
    next: `tipoff incidents show ${causes[0]?.fingerprint ?? ''}`,
  };
}

async function jobs({ warehouse, state: documents }: StatusDeps, { now }: StatusMoment): Promise<Found> {
  const beats = await lastBeats({ warehouse, state: documents });
  const state = ({ beat_at, succeeded_at, max_silence_seconds }: Heartbeat): string => {
    if (succeeded_at === null) return 'never succeeded';
    if (now.getTime() - Date.parse(beat_at) > max_silence_seconds * 1000) return 'late';
    return succeeded_at < beat_at ? 'failed' : 'alive';
  };
  const table = {
    header: ['job', 'state', 'last run', 'last success', 'said'],
    rows: beats.map((beat) => [
      beat.job,
      state(beat),
      when(beat.beat_at),
      beat.succeeded_at === null ? 'never' : when(beat.succeeded_at),
      beat.detail ?? '',
    ]),
  };
  if (beats.length === 0) return { verdict: 'idle', answer: 'No scheduled job has ever reported here.' };
  const wrong = beats.filter((beat) => state(beat) !== 'alive');
  return {
    verdict: wrong.length > 0 ? 'bad' : 'good',
    answer:
      wrong.length === 0
        ? `${count(beats.length, 'job is', 'jobs are')} alive: ${beats.map(({ job }) => job).join(', ')}.`
        : `${wrong.map((beat) => `${beat.job} ${state(beat)} (last run ${when(beat.beat_at)})`).join(', ')}.`,
    table,
  };
}

/** A running backfill that has recorded nothing for this long is presumed dead. */
const SILENT_BACKFILL_MS = 15 * 60_000;

async function backfill({ state }: StatusDeps, { now }: StatusMoment): Promise<Found> {
  const runs = (await readRuns(state)).toReversed();
  const [last] = runs;
  if (last === undefined) return { verdict: 'idle', answer: 'No backfill has run.' };
  const table = {
    header: ['run', 'range', 'state', 'units', 'failed', 'started'],
    rows: runs
      .slice(0, 10)
      .map((run) => [
        run.run_id,
        `${run.from} to ${run.to}`,
        progressOf(run).state,
        outOf(progressOf(run).done, run.planned_units),
        run.failed_units,
        when(run.started_at),
      ]),
  };
  const { state: lastState, done, held } = progressOf(last);
  const what = `${last.from} to ${last.to}, ${outOf(done, last.planned_units)} units${last.failed_units > 0 ? `, ${last.failed_units} failed` : ''}${held > 0 ? `, ${held} held` : ''}`;
  if (last.state === 'running') {
    const isDead = now.getTime() - Date.parse(last.updated_at) > SILENT_BACKFILL_MS;
    const pace =
      last.done_units === 0
        ? undefined
        : (Date.parse(last.updated_at) - Date.parse(last.started_at)) / last.done_units;
    const end =
      pace === undefined
        ? 'no unit is done yet'
        : `done about ${when(new Date(Date.parse(last.updated_at) + pace * (last.planned_units - last.done_units)).toISOString())}`;
    return isDead
      ? {
          verdict: 'bad',
          answer: `Dead: ${what}; nothing since ${when(last.updated_at)}.`,
          table,
          next: 'tipoff backfill resume',
        }
      : { verdict: last.failed_units > 0 ? 'attention' : 'good', answer: `Alive: ${what}; ${end}.`, table };
  }
  if (last.state === 'stopped')
    return {
      verdict: 'attention',
      answer: `Stopped: ${what}${last.reason === null ? '' : `; ${clause(last.reason)}`}.`,
      table,
      next: 'tipoff backfill resume',
    };
  const age = now.getTime() - Date.parse(last.finished_at ?? last.updated_at);
  return {
    verdict: lastState === 'ended' && age < 7 * 86_400_000 ? 'attention' : 'idle',
    answer: `None is running; the last one ${lastState} on ${slateOf(last.finished_at ?? last.updated_at)}: ${what}.`,
    table,
  };
}

export const OPERATIONS: readonly Question[] = [
  {
    number: 9,
    name: 'Stuck',
    question: 'Is any batch or processor stuck, and since when?',
    canaries: ['batch_stuck', 'batch_ended', 'runs_failed'],
    find: stuck,
  },
  {
    number: 10,
    name: 'Real failures',
    question:
      'Is this failure real, or is it no game, too early, off-season, or a source disabled on purpose?',
    find: real,
  },
  {
    number: 11,
    name: 'Jobs',
    question: 'Which scheduled jobs failed, were late, or never ran?',
    canaries: ['job_heartbeats'],
    find: jobs,
  },
  {
    number: 12,
    name: 'Backfill',
    question: 'Is the background backfill alive, where is it, when will it finish, what did it skip?',
    canaries: ['ledger_failed'],
    find: backfill,
  },
];

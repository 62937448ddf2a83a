import type { Slate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { RunDeps, RunReport } from '#guard/backfill/execute.ts';
import type { PlanRequest } from '#guard/backfill/ledger.ts';
import { type PricedPlan, pricedPlan } from '#guard/backfill/priced-plan.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import type { BackfillPhase } from '#guard/backfill/steps.ts';
import type { Clock } from '#platform/clock.ts';
import type { Outbox } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { errorFacts, type Logger } from './logger.ts';

/** Which units run: those that are missing or out of date, only failed ones, only stale ones, all of the range. */
export const BACKFILL_MODES = ['needed', 'failed', 'stale', 'all'] as const;
type BackfillMode = (typeof BACKFILL_MODES)[number];

/** A request to compute a range of slates. */
export interface BackfillAsk {
  readonly request_id: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly phases: readonly BackfillPhase[];
  readonly mode: BackfillMode;
  readonly by: string;
}

interface BackfillProgress {
  readonly step: string;
  readonly done_slates: number;
  readonly planned_slates: number;
  readonly eta_seconds: number;
}

/** A request as the state store keeps it. */
export interface BackfillDoc extends BackfillAsk {
  /** `failed`: some of its units failed, or it could not run at all. */
  readonly state: 'queued' | 'running' | 'finished' | 'failed';
  /** How often it was requested again after it had ended. */
  readonly round: number;
  /** The process that works on it, and the instant of its last sign of life. */
  readonly holder: string | null;
  readonly beat_at: string | null;
  readonly progress: BackfillProgress | null;
  readonly asked_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** How it ended, in a sentence. */
  readonly reason: string | null;
}

type Deps = { readonly state: StateStore; readonly clock: Clock };

const REQUESTS = 'backfill_requests';
/** Seconds of silence after which the process that works on a request counts as dead. */
const SILENT_SECONDS = 60;

/** All requests, in the order in which they were asked for. */
export async function listBackfills({ state }: Pick<Deps, 'state'>): Promise<BackfillDoc[]> {
  const docs = await state.list<BackfillDoc>(REQUESTS);
  return docs
    .map(({ data }) => data)
    .sort((a, b) => a.asked_at.localeCompare(b.asked_at) || a.request_id.localeCompare(b.request_id));
}

/** One request. Throws TIPOFF_NOT_FOUND for an unknown id. */
export async function readBackfill({ state }: Pick<Deps, 'state'>, id: string): Promise<BackfillDoc> {
  const doc = await state.get<BackfillDoc>(REQUESTS, id);
  if (doc !== undefined) return doc.data;
  throw new TipoffError('TIPOFF_NOT_FOUND', `there is no backfill request ${id}`, {
    hint: 'GET /backfill lists the requests; `tipoff backfill status` shows the ledger.',
    details: { request_id: id },
  });
}

/**
 * Queues a request. One that is already waiting or running is returned unchanged, so a repeated request starts nothing twice; one
 * that has ended is queued again, because its results may be out of date.
 *
 * Throws TIPOFF_CONFLICT when the id is waiting or running with another range, other phases or another mode.
 */
export async function askBackfill(
  { state, clock }: Deps,
  ask: BackfillAsk,
): Promise<{ readonly doc: BackfillDoc; readonly isNew: boolean }> {
  return state.transaction(async (tx) => {
    const known = (await tx.get<BackfillDoc>(REQUESTS, ask.request_id))?.data;
    if (known !== undefined && (known.state === 'queued' || known.state === 'running')) {
      if (isSameWork(known, ask)) return { doc: known, isNew: false };
      throw new TipoffError(
        'TIPOFF_CONFLICT',
        `the request ${ask.request_id} is ${known.state} with ${known.from} to ${known.to}, ${known.mode}`,
        {
          hint: 'Give another request another id.',
          details: { request_id: ask.request_id, from: known.from, to: known.to, mode: known.mode },
        },
      );
    }
    const doc: BackfillDoc = {
      ...ask,
      state: 'queued',
      round: (known?.round ?? 0) + 1,
      holder: null,
      beat_at: null,
      progress: null,
      asked_at: clock.now().toISOString(),
      started_at: null,
      finished_at: null,
      reason: null,
    };
    tx.put(REQUESTS, ask.request_id, doc);
    return { doc, isNew: true };
  });
}

function isSameWork(a: BackfillAsk, b: BackfillAsk): boolean {
  const work = ({ from, to, phases, mode }: BackfillAsk) =>
    JSON.stringify([from, to, [...phases].sort(), mode]);
  return work(a) === work(b);
}

/**
 * Claims the next request for a process: one whose process has gone silent, otherwise the oldest waiting one. Undefined when
 * nothing waits or another process is running a backfill: one runs at a time.
 */
async function takeBackfill({ state, clock }: Deps, holder: string): Promise<BackfillDoc | undefined> {
  return state.transaction(async (tx) => {
    const all = (await tx.list<BackfillDoc>(REQUESTS))
      .map(({ data }) => data)
      .sort((a, b) => a.asked_at.localeCompare(b.asked_at));
    const now = clock.now();
    const silence = ({ beat_at }: BackfillDoc): number =>
      (now.getTime() - Date.parse(beat_at ?? '1970-01-01T00:00:00Z')) / 1000;
    const running = all.filter((doc) => doc.state === 'running');
    if (running.some((doc) => silence(doc) < SILENT_SECONDS)) return undefined;
    const next = running[0] ?? all.find((doc) => doc.state === 'queued');
    if (next === undefined) return undefined;
    const at = now.toISOString();
    const taken: BackfillDoc = {
      ...next,
      state: 'running',
      holder,
      beat_at: at,
      started_at: next.started_at ?? at,
    };
    tx.put(REQUESTS, next.request_id, taken);
    return taken;
  });
}

/** Updates a request that a process works on; false when another process has taken it over. */
async function changeBackfill(
  { state, clock }: Deps,
  { request_id, holder }: Pick<BackfillDoc, 'request_id' | 'holder'>,
  change: Partial<Pick<BackfillDoc, 'state' | 'progress' | 'reason' | 'finished_at' | 'holder'>>,
): Promise<boolean> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<BackfillDoc>(REQUESTS, request_id))?.data;
    if (doc === undefined || doc.state !== 'running' || doc.holder !== holder) return false;
    tx.put(REQUESTS, request_id, { ...doc, beat_at: clock.now().toISOString(), ...change });
    return true;
  });
}

export interface BackfillsDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly log: Logger;
  /** Identifies this process among those that may work on requests. */
  readonly holder: string;
  /** What a run needs, made anew for each. */
  readonly runDeps: (by: string) => Promise<RunDeps>;
}

/** The backfills of a service: planned on request, run one at a time in the background. */
export interface Backfills {
  /** What a run would do, what it would leave out and why, what it would read and cost. */
  plan(ask: Omit<BackfillAsk, 'request_id'>): Promise<PricedPlan>;
  /**
   * Renews the claim of this process, or claims the next request when it has none. Called after each request and with every sweep.
   * A request whose process died continues from its ledger.
   */
  tick(): Promise<void>;
  /** Waits until this process runs no backfill. */
  idle(): Promise<void>;
  /** Stops the run after the current chunk; its request waits for the next process. */
  drain(): Promise<void>;
}

const MODES: Readonly<Record<BackfillMode, Pick<PlanRequest, 'onlyFailed' | 'onlyStale' | 'force'>>> = {
  needed: {},
  failed: { onlyFailed: true },
  stale: { onlyStale: true },
  all: { force: true },
};
/** Small chunks: requests are served in between, and little is lost when the process dies. */
const CHUNK = 'month';
const DRAINING = 'the service is stopping';

interface Work {
  readonly doc: BackfillDoc;
  progress: BackfillProgress | null;
  isLost: boolean;
  done: Promise<void>;
}

export function serviceBackfills(deps: BackfillsDeps): Backfills {
  let work: Work | undefined;
  let isDraining = false;

  const carryOut = async (own: Work): Promise<void> => {
    const { doc } = own;
    try {
      await report(deps, doc, {
        severity: 'info',
        title: 'is running',
        lines: [`Requested by ${doc.by}.`],
      });
      const run = await runBackfill(
        { ...(await deps.runDeps(doc.by)), runId: `${doc.request_id}-${doc.round}` },
        {
          ...rangeOf(doc),
          by: doc.by,
          chunk: CHUNK,
          shouldStop: () => (isDraining ? DRAINING : own.isLost ? 'another process took it over' : undefined),
          onProgress: ({ step, done_slates, planned_slates, eta_seconds }) => {
            own.progress = { step, done_slates, planned_slates, eta_seconds };
          },
        },
      );
      await end(own, run);
    } catch (error) {
      deps.log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'backfill failed');
      await close(
        own,
        'failed',
        error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error),
      );
    }
  };

  const end = async (own: Work, report: RunReport): Promise<void> => {
    if (report.stopped !== null) {
      const change = {
        state: 'queued',
        holder: null,
        progress: own.progress,
        reason: report.stopped,
      } as const;
      await changeBackfill(deps, own.doc, change);
      return;
    }
    const [first] = report.failed;
    const what = `${report.executed.length} of ${report.plan.units.length} units, ${report.rows} rows in ${Math.round(report.seconds)} s`;
    if (first === undefined) return close(own, 'finished', what);
    await close(
      own,
      'failed',
      `${what}; ${report.failed.length} failed, the first is ${first.step} of ${first.month}: ${first.reason}`,
    );
  };

  const close = async (own: Work, state: 'finished' | 'failed', reason: string): Promise<void> => {
    const { doc } = own;
    const isOurs = await changeBackfill(deps, doc, {
      state,
      reason,
      progress: own.progress,
      finished_at: deps.clock.now().toISOString(),
    });
    if (!isOurs) return;
    deps.log.info({ backfill: doc.request_id, state, reason }, 'backfill ended');
    await report(deps, doc, {
      severity: state === 'failed' ? 'error' : 'success',
      title: state,
      lines: [reason, `Requested by ${doc.by}.`],
    });
  };

  return {
    plan: async (ask) =>
      pricedPlan(await deps.runDeps(ask.by), { ...rangeOf(ask), now: deps.clock.now(), chunk: CHUNK }),
    tick: async () => {
      if (work !== undefined) {
        const { doc, progress } = work;
        work.isLost = !(await changeBackfill(deps, doc, { progress }));
        return;
      }
      if (isDraining) return;
      const doc = await takeBackfill(deps, deps.holder);
      if (doc === undefined || work !== undefined) return;
      deps.log.info(
        { backfill: doc.request_id, from: doc.from, to: doc.to, mode: doc.mode },
        'backfill taken',
      );
      const own: Work = { doc, progress: doc.progress, isLost: false, done: Promise.resolve() };
      work = own;
      own.done = carryOut(own)
        .catch((error: unknown) =>
          deps.log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'backfill left'),
        )
        .finally(() => {
          work = undefined;
        });
    },
    idle: async () => work?.done,
    drain: async () => {
      isDraining = true;
      await work?.done;
    },
  };
}

function rangeOf({
  from,
  to,
  phases,
  mode,
}: Pick<BackfillAsk, 'from' | 'to' | 'phases' | 'mode'>): Omit<PlanRequest, 'now'> {
  return { from, to, phases, ...MODES[mode] };
}

/** One message per request, edited as it progresses. A failed delivery is logged and stops no backfill. */
async function report(
  { outbox, log }: BackfillsDeps,
  doc: BackfillDoc,
  { severity, title, lines }: Pick<Notice, 'severity' | 'title' | 'lines'>,
): Promise<void> {
  try {
    const { undelivered, warnings } = await outbox.post(`backfill:${doc.request_id}:${doc.round}`, {
      severity,
      title: `Backfill ${doc.from} to ${doc.to} ${title}`,
      lines: severity === 'error' ? [...lines, 'Then ask for the range again.'] : lines,
      ...(severity === 'error' ? { repair: 'tipoff backfill status' } : {}),
      runbook: 'docs/runbooks/actions/backfill.md',
    });
    for (const warning of warnings) log.warn({ backfill: doc.request_id }, warning);
    if (undelivered !== undefined)
      log.error(
        { backfill: doc.request_id, error: undelivered.error },
        'the notice could not be sent; it is kept',
      );
  } catch (error) {
    log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'the notice could not be posted');
  }
}

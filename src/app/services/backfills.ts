import { messageOf, TipoffError } from '#core/errors.ts';
import { type PricedPlan, pricedPlan } from '#guard/backfill/priced-plan.ts';
import type { PlanRequest } from '#guard/backfill/request.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import type { RunDeps, RunReport } from '#guard/backfill/run-types.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notice, Notifier } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import {
  type BackfillAsk,
  type BackfillDoc,
  type BackfillMode,
  type BackfillProgress,
  changeBackfill,
  takeBackfill,
} from './backfill-requests.ts';
import { errorFacts, type Logger } from './logger.ts';

export interface BackfillsDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly notifier: Notifier;
  readonly log: Logger;
  /** Names this process among those that may work on requests. */
  readonly holder: string;
  /** What a run needs, made anew for each. */
  readonly runDeps: (by: string) => Promise<RunDeps>;
}

/** The backfills of a service: planned on request, run one at a time behind the endpoints. */
export interface Backfills {
  /** What a run would do, what it would leave out and why, what it would read and cost. */
  plan(ask: Omit<BackfillAsk, 'request_id'>): Promise<PricedPlan>;
  /**
   * Says that this process is alive, or takes the next request when it has none. Called after each request and with every
   * sweep. A request whose process died is taken up where its ledger stands.
   */
  tick(): Promise<void>;
  /** Waits until nothing is at work here. */
  settled(): Promise<void>;
  /** Ends the run at the next piece of work; its request waits for the next process. */
  drain(): Promise<void>;
}

const MODES: Readonly<Record<BackfillMode, Pick<PlanRequest, 'onlyFailed' | 'onlyStale' | 'force'>>> = {
  needed: {},
  failed: { onlyFailed: true },
  stale: { onlyStale: true },
  all: { force: true },
};
/** Small pieces: requests get their turn in between, and little is lost with the process. */
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
      await tell(deps, doc, { severity: 'info', title: 'began', lines: [`asked ${doc.by}`] });
      const report = await runBackfill(
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
      await end(own, report);
    } catch (error) {
      deps.log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'backfill failed');
      await close(own, 'failed', error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error));
    }
  };

  const end = async (own: Work, report: RunReport): Promise<void> => {
    if (report.stopped !== null) {
      const change = { state: 'queued', holder: null, progress: own.progress, reason: report.stopped } as const;
      await changeBackfill(deps, own.doc, change);
      return;
    }
    const [first] = report.failed;
    const what = `${report.executed.length} of ${report.plan.units.length} units, ${report.rows} rows in ${Math.round(report.seconds)} s`;
    if (first === undefined) return close(own, 'finished', what);
    await close(own, 'failed', `${what}; ${report.failed.length} failed, the first is ${first.step} of ${first.month}: ${first.reason}`);
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
    await tell(deps, doc, { severity: state === 'failed' ? 'error' : 'resolved', title: state, lines: [reason, `asked ${doc.by}`] });
  };

  return {
    plan: async (ask) => pricedPlan(await deps.runDeps(ask.by), { ...rangeOf(ask), now: deps.clock.now(), chunk: CHUNK }),
    tick: async () => {
      if (work !== undefined) {
        const { doc, progress } = work;
        work.isLost = !(await changeBackfill(deps, doc, { progress }));
        return;
      }
      if (isDraining) return;
      const doc = await takeBackfill(deps, deps.holder);
      if (doc === undefined || work !== undefined) return;
      deps.log.info({ backfill: doc.request_id, from: doc.from, to: doc.to, mode: doc.mode }, 'backfill taken');
      const own: Work = { doc, progress: doc.progress, isLost: false, done: Promise.resolve() };
      work = own;
      own.done = carryOut(own)
        .catch((error: unknown) => deps.log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'backfill left'))
        .finally(() => {
          work = undefined;
        });
    },
    settled: async () => work?.done,
    drain: async () => {
      isDraining = true;
      await work?.done;
    },
  };
}

function rangeOf({ from, to, phases, mode }: Pick<BackfillAsk, 'from' | 'to' | 'phases' | 'mode'>): Omit<PlanRequest, 'now'> {
  return { from, to, phases, ...MODES[mode] };
}

/** One message per request, edited as it goes on. What cannot be told is logged: it stops no backfill. */
async function tell(
  { notifier, log }: BackfillsDeps,
  doc: BackfillDoc,
  { severity, title, lines }: Pick<Notice, 'severity' | 'title' | 'lines'>,
): Promise<void> {
  const notice: Notice = {
    key: `backfill:${doc.request_id}:${doc.round}`,
    severity,
    title: `Backfill ${doc.from} to ${doc.to} ${title}`,
    lines,
    ...(severity === 'error' ? { repair: 'tipoff backfill status; then ask for the range again' } : {}),
    runbook: 'docs/runbooks/actions/backfill.md',
  };
  try {
    const sent = await notifier.find(notice);
    if (sent === undefined) await notifier.send(notice);
    else await notifier.update(sent, notice);
  } catch (error) {
    log.error({ backfill: doc.request_id, ...errorFacts(error) }, 'the notice could not be sent');
  }
}

import { isTransient, TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { type CoordinatorDeps, checkStalled, recover, type StallVerdict } from '#pipeline/batch/stall.ts';
import { isActive, readBatch, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { type Handled, handleUnit, type WorkerDeps } from '#pipeline/batch/worker.ts';
import type { Delivery, Pushed } from '#platform/queue/port.ts';
import { type BatchAlertDeps, batchAlerts } from './alerts.ts';
import type { Authenticator } from './auth.ts';
import type { Backfills } from './backfills.ts';
import type { HealthDeps } from './health.ts';
import { errorFacts, type Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';
export type Role = 'coordinator' | 'worker';

/** What the endpoints work with. */
export interface Service {
  readonly roles: readonly Role[];
  readonly deps: CoordinatorDeps & WorkerDeps & BatchAlertDeps;
  readonly health: HealthDeps;
  readonly authenticate: Authenticator;
  readonly runtime: Runtime;
  readonly backfills: Backfills;
  readonly metrics: ServiceMetrics;
  readonly log: Logger;
  /** Players per unit; the coordinator's usual size when absent. */
  readonly unitSize?: number;
  /** Takes pushed messages of a queue that keeps account of them; without one a push is judged by its content alone. */
  readonly push?: (body: unknown) => Promise<Pushed>;
  readonly profile: string;
  readonly version: string;
}

export type RuntimeDeps = CoordinatorDeps &
  WorkerDeps &
  BatchAlertDeps & { readonly log: Logger; readonly metrics: ServiceMetrics };

export interface RuntimeOptions {
  /** Dispatches, settles and sweeps. */
  readonly coordinator: boolean;
  /** Worker loops in this process; 0 for none. */
  readonly workers: number;
  /** Done with every sweep besides the look for stalled batches. */
  readonly alsoSweep?: () => Promise<void>;
}

/** What goes on behind the endpoints. */
export interface Runtime {
  /** Starts work nobody waits for; a failure is logged and left to the sweeper. Refused work while draining is resumed at the next start. */
  background(what: string, work: () => Promise<unknown>): void;
  /** Dispatches a batch and settles it if it is complete already. */
  take(batchId: string): Promise<void>;
  /**
   * Works on one delivery, whichever way it came, and settles its batch when that was the last one. `park` puts a poison
   * message aside that did not come from the queue.
   */
  handle(delivery: Delivery, park?: (reason: string) => Promise<void>): Promise<Handled>;
  /** Tells people about a batch that has ended; what cannot be sent is tried again with every sweep. */
  ended(batchId: string): Promise<void>;
  /** Takes up what an earlier process left. */
  resume(): Promise<StallVerdict[]>;
  /** Works on the queue until it is empty or `most` units are done; returns how many were. */
  workOff(most?: number): Promise<number>;
  sweep(): Promise<StallVerdict[]>;
  readonly lastSweepAt: string | null;
  /** Does a step every so many seconds until `drain`; one that fails is logged and done again. */
  repeat(what: string, seconds: number, step: () => Promise<unknown>): void;
  /** Resumes, then runs worker loops and sweeper until `drain`. */
  run(): void;
  /** Waits until all work in the background is done. */
  settled(): Promise<void>;
  /** Stops the loops; what is at work is finished first. */
  drain(): Promise<void>;
}

export const SWEEP_SECONDS = 15;
const BY = 'tipoff serve';
const IDLE_MILLISECONDS = 200;
const LEASE_SECONDS = 60;
/** Characters of a field of a message that go into the log. */
const LONGEST_LOGGED = 200;
/** Times a consolidation that failed transiently is taken up again before it is left to the sweeper. */
const SETTLE_TRIES = 5;

/** The background half of the services. Everything it does can be done again, and its process may die at any moment. */
export function serviceRuntime(deps: RuntimeDeps, options: RuntimeOptions): Runtime {
  const { clock, log, metrics } = deps;
  const stop = new AbortController();
  const pending = new Set<Promise<unknown>>();
  let bell = new AbortController();
  let lastSweepAt: string | null = null;
  const alerts = batchAlerts(deps);

  const background = (what: string, work: () => Promise<unknown>): void => {
    const running = work()
      .catch((error: unknown) => log.error({ what, ...errorFacts(error) }, `${what} failed`))
      .finally(() => pending.delete(running));
    pending.add(running);
  };
  const wake = (): void => {
    bell.abort();
    bell = new AbortController();
  };
  /** Sleeps until the time is over or the bell rings, as it does when the service stops. */
  const pause = async (milliseconds: number): Promise<void> => {
    if (!stop.signal.aborted) await clock.sleep(milliseconds, bell.signal).catch(ignoreAbort);
  };

  const settleNow = async (batchId: string): Promise<void> => {
    const before = await readBatch(deps.state, batchId);
    for (let attempt = 1; ; attempt++) {
      try {
        const after = await consolidateIfComplete(deps, batchId, BY, { resume: attempt > 1 });
        if (isActive(before.state) && !isActive(after.state)) await alerts.notify(batchId);
        return;
      } catch (error) {
        // Somebody with a newer token publishes this slate: it is theirs to end.
        if (error instanceof TipoffError && error.code === 'TIPOFF_FENCED') return;
        if (!isTransient(error) || attempt === SETTLE_TRIES || stop.signal.aborted) throw error;
        log.warn({ batch: batchId, attempt, ...errorFacts(error) }, 'the consolidation is tried again');
        await pause(2 ** attempt * IDLE_MILLISECONDS);
      }
    }
  };

  const handle = async (delivery: Delivery, park?: (reason: string) => Promise<void>): Promise<Handled> => {
    const began = clock.now().getTime();
    const queue =
      park === undefined
        ? deps.queue
        : { ...deps.queue, park: (_delivery: Delivery, reason: string) => park(reason) };
    const handled = await handleUnit({ ...deps, queue }, delivery);
    metrics.unit(handled, (clock.now().getTime() - began) / 1000);
    const batchId = textIn(delivery.body, 'batch_id');
    const unit = { batch: batchId, unit: textIn(delivery.body, 'unit_id') };
    log.info(
      { ...unit, attempt: delivery.attempt, handled, trace: textIn(delivery.body, 'trace_id') },
      'unit handled',
    );
    if (
      options.coordinator &&
      batchId !== undefined &&
      (handled === 'done' || handled === 'failed' || handled === 'duplicate')
    ) {
      background(`settling ${batchId}`, () => settleNow(batchId));
    }
    return handled;
  };
  const workOne = async (): Promise<boolean> => {
    const [delivery] = await deps.queue.pull(UNIT_TOPIC, 1, LEASE_SECONDS);
    if (delivery === undefined) return false;
    await handle(delivery);
    return true;
  };
  const workOff = async (most = Number.POSITIVE_INFINITY): Promise<number> => {
    let done = 0;
    while (done < most && (await workOne())) done += 1;
    return done;
  };

  const noted = async (verdicts: StallVerdict[]): Promise<StallVerdict[]> => {
    for (const verdict of verdicts) {
      if (verdict.action === 'none') continue;
      const { batch_id, action, state, reason } = verdict;
      log[action === 'error' ? 'error' : 'info']({ batch: batch_id, action, state, reason }, 'swept');
      if (!isActive(state)) await alerts.notify(batch_id);
      if (action === 'redispatched') wake();
    }
    return verdicts;
  };
  const sweep = async (): Promise<StallVerdict[]> => {
    await alerts.retryPending();
    await options.alsoSweep?.();
    const verdicts = await noted(await checkStalled(deps, BY));
    lastSweepAt = clock.now().toISOString();
    metrics.sweep(verdicts.some(({ action }) => action === 'error'));
    return verdicts;
  };
  const resume = async (): Promise<StallVerdict[]> => {
    const verdicts = await noted(await recover(deps, BY));
    await alerts.notifyMissed();
    wake();
    return verdicts;
  };
  /** Repeats one step until the service stops. A failure is logged, and the step is tried again after a while. */
  const loop = (what: string, step: () => Promise<void>): void => {
    background(what, async () => {
      while (!stop.signal.aborted) {
        try {
          await step();
        } catch (error) {
          log.error({ what, ...errorFacts(error) }, `${what} failed`);
          await pause(5 * IDLE_MILLISECONDS);
        }
      }
    });
  };

  const repeat: Runtime['repeat'] = (what, seconds, step) =>
    loop(what, async () => {
      await clock.sleep(seconds * 1000, stop.signal).catch(ignoreAbort);
      if (!stop.signal.aborted) await step();
    });

  return {
    background,
    repeat,
    take: async (batchId) => {
      await dispatch(deps, batchId, BY);
      wake();
      await settleNow(batchId);
    },
    handle,
    ended: alerts.notify,
    resume,
    workOff,
    sweep,
    get lastSweepAt() {
      return lastSweepAt;
    },
    run: () => {
      if (options.coordinator) {
        background('resuming', async () => {
          await resume();
          // What stood still or grew too old while nobody looked ends now and not with the first regular look.
          await sweep();
        });
        repeat('sweeping', SWEEP_SECONDS, sweep);
      }
      for (let i = 0; i < options.workers; i++) {
        loop(`worker ${i + 1}`, async () => {
          if (!(await workOne())) await pause(IDLE_MILLISECONDS);
        });
      }
    },
    settled: async () => {
      while (pending.size > 0) await Promise.all(pending);
    },
    drain: async () => {
      stop.abort();
      wake();
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

function textIn(body: unknown, field: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value = (body as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value.slice(0, LONGEST_LOGGED) : undefined;
}

function ignoreAbort(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return;
  throw error;
}

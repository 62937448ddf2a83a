import { isTransient, TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { type CoordinatorDeps, checkStalled, recover, type StallVerdict } from '#pipeline/batch/stall.ts';
import { isActive, readBatch } from '#pipeline/batch/state.ts';
import { backoff, type RetryPolicy, retry } from '#platform/retry.ts';
import { type BatchAlertDeps, batchAlerts } from './alerts.ts';
import type { Background } from './background.ts';
import { errorFacts, type Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';

const BY = 'tipoff serve';
/** Attempts of a consolidation that fails transiently; after that it is left to the sweeper. */
const MAX_CONSOLIDATION_TRIES = 5;
const RETRY_MILLISECONDS = 200;
const MAX_RETRY_MILLISECONDS = 16 * RETRY_MILLISECONDS;

export type ServiceCoordinatorDeps = CoordinatorDeps &
  BatchAlertDeps & { readonly log: Logger; readonly metrics: ServiceMetrics };

/** What the service does with batches, from start to publication, failures included. */
export interface Coordinator {
  /** Dispatches the units of a new batch to the workers; a batch without units is consolidated at once. */
  launch(batchId: string): Promise<void>;
  /** Consolidates a batch whose last unit is done, and alerts people when it ended badly. */
  complete(batchId: string): Promise<void>;
  /** Alerts people to a batch that ended badly; a failed delivery is retried with every sweep. */
  ended(batchId: string): Promise<void>;
  /** Resumes what an earlier process left unfinished. */
  resume(): Promise<StallVerdict[]>;
  /** Looks for stalled batches. */
  sweep(): Promise<StallVerdict[]>;
  readonly lastSweepAt: string | null;
}

/**
 * The coordinator of a service. Everything it does is idempotent, and its process may die at any moment. `alsoSweep` runs with
 * every sweep.
 */
export function serviceCoordinator(
  deps: ServiceCoordinatorDeps,
  work: Pick<Background, 'wakeUp' | 'pause' | 'isDraining'>,
  alsoSweep: () => Promise<void>,
): Coordinator {
  const { clock, log, metrics } = deps;
  const alerts = batchAlerts(deps);
  let lastSweepAt: string | null = null;

  const complete = async (batchId: string): Promise<void> => {
    const before = await readBatch(deps.state, batchId);
    const policy: RetryPolicy = {
      attempts: MAX_CONSOLIDATION_TRIES,
      isTransient: (error) => isTransient(error) && !work.isDraining,
      pause: backoff({ first: 2 * RETRY_MILLISECONDS, max: MAX_RETRY_MILLISECONDS }),
      onRetry: (error, attempt) =>
        log.warn({ batch: batchId, attempt, ...errorFacts(error) }, 'the consolidation is tried again'),
    };
    try {
      // The pause of the service ends early when it is woken or stops.
      await retry({ now: clock.now, sleep: work.pause }, policy, async (attempt) => {
        const after = await consolidateIfComplete(deps, batchId, BY, { resume: attempt > 1 });
        if (isActive(before.state) && !isActive(after.state)) await alerts.notify(batchId);
      });
    } catch (error) {
      // A process with a newer token publishes this slate: it ends the batch.
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_FENCED') throw error;
    }
  };

  /** Logs what was done about batches, and follows up on it. */
  const recordVerdicts = async (verdicts: StallVerdict[]): Promise<StallVerdict[]> => {
    for (const { batch_id, action, state, reason } of verdicts) {
      if (action === 'none') continue;
      log[action === 'error' ? 'error' : 'info']({ batch: batch_id, action, state, reason }, 'swept');
      if (!isActive(state)) await alerts.notify(batch_id);
      if (action === 'redispatched') work.wakeUp();
    }
    return verdicts;
  };

  return {
    launch: async (batchId) => {
      await dispatch(deps, batchId, BY);
      work.wakeUp();
      await complete(batchId);
    },
    complete,
    ended: alerts.notify,
    resume: async () => {
      const verdicts = await recordVerdicts(await recover(deps, BY));
      await alerts.notifyMissed();
      work.wakeUp();
      return verdicts;
    },
    sweep: async () => {
      await alerts.retryPending();
      await alsoSweep();
      const verdicts = await recordVerdicts(await checkStalled(deps, BY));
      lastSweepAt = clock.now().toISOString();
      metrics.sweep(verdicts.some(({ action }) => action === 'error'));
      return verdicts;
    },
    get lastSweepAt() {
      return lastSweepAt;
    },
  };
}

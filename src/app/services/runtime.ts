import type { ServedSite } from '#app/site/live.ts';
import type { WorkerDeps } from '#pipeline/batch/worker.ts';
import type { PushDecision } from '#platform/queue/port.ts';
import type { BatchAlertDeps } from './alerts.ts';
import type { Authenticator } from './auth.ts';
import type { Backfills } from './backfills.ts';
import { type Background, backgroundWork } from './background.ts';
import { type Coordinator, type ServiceCoordinatorDeps, serviceCoordinator } from './coordinator.ts';
import type { HealthDeps } from './health.ts';
import type { Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';
import { type UnitWorker, unitWorker } from './worker.ts';

export type Role = 'coordinator' | 'worker';

/** What the endpoints work with. */
export interface Service {
  readonly roles: readonly Role[];
  readonly deps: Omit<ServiceCoordinatorDeps, 'log' | 'metrics'> & WorkerDeps & BatchAlertDeps;
  readonly health: HealthDeps;
  readonly authenticate: Authenticator;
  readonly runtime: Runtime;
  readonly backfills: Backfills;
  readonly metrics: ServiceMetrics;
  readonly log: Logger;
  /** Watches over the checks whenever the scheduler asks for stalled batches; absent where a loop does. */
  readonly watch?: () => Promise<void>;
  /** Players per unit; the coordinator's usual size when absent. */
  readonly unitSize?: number | undefined;
  /** Takes pushed messages of a queue that keeps account of them; without one a push is judged by its content alone. */
  readonly push?: ((body: unknown) => Promise<PushDecision>) | undefined;
  /** The pages for people; none where nobody shall look. */
  readonly site?: ServedSite | undefined;
  readonly profile: string;
  readonly version: string;
  /** Hears of every request that proved who it is from, with the address it was sent to. */
  readonly reached?: ((host: string) => void) | undefined;
}

export type RuntimeDeps = ServiceCoordinatorDeps & WorkerDeps;

export interface RuntimeOptions {
  /** Dispatches, consolidates and sweeps. */
  readonly coordinator: boolean;
  /** Worker loops in this process; 0 for none. */
  readonly workers: number;
  /** Done with every sweep besides the look for stalled batches. */
  readonly alsoSweep?: () => Promise<void>;
}

/** What goes on behind the endpoints: the coordinator, the workers, and the loops that drive them. */
export interface Runtime
  extends Coordinator,
    UnitWorker,
    Pick<Background, 'background' | 'repeat' | 'idle' | 'drain'> {
  /** Resumes, then runs worker loops and sweeper until `drain`. */
  run(): void;
}

const SWEEP_SECONDS = 15;
/** Pause of a worker that found the queue empty. */
const IDLE_MILLISECONDS = 200;

/** The background half of the services. */
export function serviceRuntime(deps: RuntimeDeps, options: RuntimeOptions): Runtime {
  const work = backgroundWork(deps);
  const coordinator = serviceCoordinator(deps, work, options.alsoSweep ?? (async () => undefined));
  const worker = unitWorker(deps, (batchId) => {
    if (options.coordinator) work.background(`consolidating ${batchId}`, () => coordinator.complete(batchId));
  });
  return {
    ...coordinator,
    get lastSweepAt() {
      return coordinator.lastSweepAt;
    },
    ...worker,
    background: work.background,
    repeat: work.repeat,
    idle: work.idle,
    drain: work.drain,
    run: () => {
      if (options.coordinator) {
        work.background('resuming', async () => {
          await coordinator.resume();
          // What stalled or grew too old while no process looked ends now and not with the first regular sweep.
          await coordinator.sweep();
        });
        work.repeat('sweeping', SWEEP_SECONDS, coordinator.sweep);
      }
      for (let i = 0; i < options.workers; i++) {
        work.loop(`worker ${i + 1}`, async () => {
          if (!(await worker.workOne())) await work.pause(IDLE_MILLISECONDS);
        });
      }
    },
  };
}

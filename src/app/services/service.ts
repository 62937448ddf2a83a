import type { CoordinatorDeps } from '#pipeline/predict/coordinator.ts';
import type { WorkerDeps } from '#pipeline/predict/worker.ts';
import type { Pushed } from '#platform/queue/port.ts';
import type { AlertDeps } from './alerts.ts';
import type { Authenticator } from './auth.ts';
import type { Backfills } from './backfills.ts';
import type { HealthDeps } from './health-checks.ts';
import type { Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';
import type { Runtime } from './runtime.ts';

export type Role = 'coordinator' | 'worker';

/** What the endpoints work with. */
export interface Service {
  readonly roles: readonly Role[];
  readonly deps: CoordinatorDeps & WorkerDeps & AlertDeps;
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

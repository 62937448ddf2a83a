import type { Slate } from '#core/calendar.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { SqlParams } from '#platform/warehouse/port.ts';
import type { ExecuteDeps } from './execute.ts';
import type { BackfillPlan } from './plan.ts';
import type { PlanRequest } from './request.ts';
import type { CodeIdentity, Step } from './steps.ts';
import type { UnitResult } from './tally.ts';

export interface RunDeps extends ExecuteDeps, CodeIdentity {
  readonly state: StateStore;
  /** Applies to every run whose request names none. */
  readonly budget?: ByteBudget;
}

export interface RunRequest extends Omit<PlanRequest, 'now'> {
  readonly by: string;
  /** Bytes the statements may scan, by an estimate made before each (the distributed engine bills them). */
  readonly budget?: ByteBudget;
  /** Asked between pieces of work; a reason ends the run there. */
  readonly shouldStop?: () => string | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Other steps than the declared ones; for tests. */
  readonly steps?: readonly Step[];
}

export interface ByteBudget {
  readonly bytes: number;
  /** Bytes a statement would scan, found out without running it. Throws when the engine does not say. */
  readonly estimate: (sql: string, params: SqlParams) => Promise<number>;
}

/** A finished piece of work. */
export interface Progress {
  readonly step: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly rows: number;
  readonly seconds: number;
  readonly done_slates: number;
  readonly planned_slates: number;
  readonly elapsed_seconds: number;
  readonly eta_seconds: number;
}

export interface RunReport {
  readonly run_id: string;
  readonly plan: BackfillPlan;
  /** Units that were executed, finished or held, as the plan names them. */
  readonly executed: readonly UnitResult[];
  readonly held: readonly (UnitResult & { readonly reason: string })[];
  readonly failed: readonly (UnitResult & { readonly reason: string })[];
  /** Units left because something above them failed; the next run takes them. */
  readonly blocked: readonly UnitResult[];
  readonly rows: number;
  readonly seconds: number;
  /** Why it ended before its end. */
  readonly stopped: string | null;
}

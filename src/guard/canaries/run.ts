import type { CanaryPhase } from './definition.ts';

/** How a check ended. ERROR could not run and is never read as PASS; SKIP always says why. */
export type CanaryStatus = 'PASS' | 'FAIL' | 'ERROR' | 'SKIP';

/** How much a failure matters: critical means that tonight's product is missing or wrong. */
export type Severity = 'critical' | 'warning' | 'info';

/** Most offenders a result carries by name; the count is always exact. */
export const OFFENDER_LIMIT = 20;

/** One answer of one check about one slate. */
export type CanaryResult = {
  readonly canary_id: string;
  readonly phase: CanaryPhase;
  readonly severity: Severity;
  readonly status: CanaryStatus;
  /** The question in words, as the definition asks it. */
  readonly question: string;
  /** The number seen; null when the check did not run. */
  readonly seen: number | null;
  /** What health would have shown, in words. */
  readonly expected: string;
  /** At most {@link OFFENDER_LIMIT} names. */
  readonly offenders: readonly string[];
  readonly offender_count: number;
  /** The slate asked about, an ISO date. */
  readonly slate: string;
  /** The command that repairs, with the slate filled in. */
  readonly repair: string;
  /** Path of the runbook, relative to the root of the repository. */
  readonly runbook: string;
  /** Who looks at it. */
  readonly owner: string;
  /** Why the status is what it is, in one sentence. */
  readonly reason: string;
  /** Phases whose failure would explain this one. */
  readonly depends_on: readonly CanaryPhase[];
  /** What its statement was to read in bytes; null where reading is not billed and for looks beyond the warehouse. */
  readonly bytes: number | null;
  /** Wall time of the check in milliseconds. */
  readonly ms: number;
};

/** One run over one slate. */
export type CanaryRun = {
  readonly run_id: string;
  /** The slate looked at, an ISO date. */
  readonly slate: string;
  /** The instant the answers are relative to. */
  readonly as_of: Date;
  readonly results: readonly CanaryResult[];
};

/** What one call of the engine hands over: a run per slate looked at (more than one after a gap). */
export type CanaryReport = {
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly runs: readonly CanaryRun[];
  /** All results of all runs, in the order of the catalogue. */
  readonly results: readonly CanaryResult[];
};

import type { Slate } from '#core/calendar.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { SeasonCalendarView } from './calendar.ts';

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

/** Where in the flow of the data a check stands; a failure upstream explains those below it. */
export const CANARY_PHASES = [
  'ingest',
  'analytics',
  'precompute',
  'predict',
  'publish',
  'grade',
  'operations',
] as const;
export type CanaryPhase = (typeof CANARY_PHASES)[number];

/**
 * One step of the severity ladder. `by` is a time on a New York wall, on the slate for a check of tonight and on the morning
 * after for a check of last night. With `beforeTip` the step comes that many minutes before the first tip-off when this is earlier.
 */
export interface Rung {
  readonly by: string;
  readonly beforeTip?: number;
  readonly severity: Severity;
}

/** One thing that was expected, and whether something is wrong with it. A null verdict counts as wrong. */
export interface CheckedThing {
  readonly subject: string;
  readonly is_bad: boolean | null;
  readonly note: string | null;
}

/** What checks may look at. */
export interface CanaryWorld {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly exports: ObjectStore;
  /** Exchanged as a whole when a proof pretends that a setting is missing. */
  deployment: Deployment;
}

/** What the operator says about this installation. */
export interface Deployment {
  readonly codeVersion: string;
  /** Version that main stands at; undefined when nobody says. */
  readonly expectedVersion?: string;
  /** Jobs that are scheduled here and must report, whether they ever did or not. */
  readonly scheduledJobs: readonly string[];
  /** Settings that should be there and are not, each as a sentence. */
  readonly configGaps: readonly string[];
}

/** The instant of a run and what the calendar says about it. */
export interface Moment {
  readonly asOf: Date;
  /** The slate the check looks at. */
  readonly slate: Slate;
  readonly calendar: SeasonCalendarView;
}

/**
 * How a check looks. `sql` is one portable SELECT with the columns subject, is_bad and note, one row per expected thing; it may
 * name @slate (the slate looked at), @from (`days` before it, 7 when absent) and @as_of, and must bound every partitioned table by them. `probe` is
 * for what does not lie in the warehouse.
 */
export type Look =
  | LookInSql
  | { readonly probe: (world: CanaryWorld, moment: Moment) => Promise<readonly CheckedThing[]> };

export interface LookInSql {
  readonly sql: string;
  readonly days?: number;
}

/** How to break a healthy world so that the check must fire: statements on a copy, or an act that gives back its undoing. */
export type Sabotage =
  | { readonly sql: readonly [string, ...string[]] }
  | { readonly act: (world: CanaryWorld, moment: Moment) => Promise<() => Promise<void>> };

/** One check: a file of the catalogue. */
export interface Canary {
  /** Lower case with underscores; also the name of the runbook. */
  readonly id: string;
  readonly phase: CanaryPhase;
  readonly question: string;
  /** What health shows, in words. */
  readonly expected: string;
  /** `tonight` and `last_night` are skipped where their slate has no games; `now` is asked always. */
  readonly looksAt: 'tonight' | 'last_night' | 'now';
  /** In ascending order; before the first step the answer is not due. */
  readonly ladder: readonly [Rung, ...Rung[]];
  readonly owner: string;
  /** Command that repairs; `{slate}` is filled in. */
  readonly repair: string;
  readonly dependsOn: readonly CanaryPhase[];
  /** Offenders that are still health: the larger of a number and a share of what was expected. None when absent. */
  readonly tolerates?: { readonly count?: number; readonly share?: number };
  /** What it means when nothing was expected: `fail`, or the reason to skip. */
  readonly whenEmpty: 'fail' | { readonly skip: string };
  /** A reason not to ask at this moment beyond games, hour and halt; undefined = ask. */
  readonly skips?: (moment: Moment, world: CanaryWorld) => string | undefined;
  /** Asked even while the operator has halted the pipeline. */
  readonly ignoresHalt?: boolean;
  readonly look: Look;
  readonly sabotage: Sabotage;
  /** For the runbook: what a failure means, and how to look, step by step. */
  readonly meaning: string;
  readonly steps: readonly [string, ...string[]];
}

/** Path of a check's runbook, relative to the root of the repository. */
export function runbookPath(id: string): string {
  return `docs/runbooks/${id}.md`;
}

/** Declares a check. */
export function defineCanary(canary: Canary): Canary {
  return canary;
}

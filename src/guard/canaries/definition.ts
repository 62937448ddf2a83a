import type { Slate } from '#core/calendar.ts';
import type { Check, Outcome, SeveritySchedule } from '#core/check.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { SeasonCalendarView } from './calendar.ts';

/** The outcome of one canary about one slate. */
export interface CanaryResult extends Outcome {
  readonly phase: CanaryPhase;
  /** How many of the expected things were healthy; null when the canary did not run. */
  readonly seen: number | null;
  /** The slate asked about, an ISO date. */
  readonly slate: string;
  /** The command that repairs, with the slate filled in. */
  readonly repair: string;
  readonly runbook: string;
  /** Who looks at it. */
  readonly owner: string;
  /** Phases whose failure would explain this one. */
  readonly depends_on: readonly CanaryPhase[];
  /** Failures that have the same cause as a failure of this one, and say less of it. */
  readonly explains: readonly Explanation[];
  /** Bytes its statement reads; null where reading is not billed and for probes. */
  readonly bytes: number | null;
  /** Wall time in milliseconds. */
  readonly ms: number;
}

/** One run over one slate. */
export type CanaryRun = {
  readonly run_id: string;
  /** The slate looked at, an ISO date. */
  readonly slate: string;
  /** The instant the answers are relative to. */
  readonly as_of: Date;
  readonly results: readonly CanaryResult[];
};

/** The result of one call of the engine: a run per slate (more than one after a gap). */
export type CanaryReport = {
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly runs: readonly CanaryRun[];
  /** All results of all runs, in the order of the catalogue. */
  readonly results: readonly CanaryResult[];
  /** Descriptions of what could not be stored: people are notified regardless, but the run is not a success. */
  readonly unstored: readonly string[];
};

/** Which phase of the pipeline a canary checks; a failure upstream explains failures downstream. */
export const CANARY_PHASES = [
  'ingest',
  'analytics',
  'precompute',
  'predict',
  'publish',
  'grade',
  'operations',
] as const;
type CanaryPhase = (typeof CANARY_PHASES)[number];

/** Failures that a failure explains although no phase of theirs depends on its own: both have one cause. */
export interface Explanation {
  /** The checks that it explains, and phases of which it explains every check; checks of any name and phase when both are absent. */
  readonly checks?: readonly string[];
  readonly phases?: readonly CanaryPhase[];
  /** Only those that could not be asked at all: what their statements read is not there. */
  readonly unasked?: true;
  /** Only where one of its own offenders matches. */
  readonly when?: RegExp;
  /** Only where every offender of the other failure names, as this pattern finds it, what an offender of its own names. */
  readonly about?: RegExp;
}

/** What the daily job makes: none of it is there when the job has not run. */
export const MADE_BY_THE_DAY = ['analytics', 'precompute', 'predict', 'publish', 'grade'] as const;

/** One thing that was expected, and whether something is wrong with it. A null verdict counts as wrong. */
export interface CheckedThing {
  readonly subject: string;
  readonly is_bad: boolean | null;
  readonly note: string | null;
}

/** What checks may look at. */
export interface CanaryContext {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly exports: ObjectStore;
  /** Where the artefacts of models lie. */
  readonly models: Pick<ObjectStore, 'get'>;
  /** Replaced by a proof that simulates parked messages. */
  queue: Pick<Queue, 'parked'>;
  /** Replaced by a proof that simulates a missing setting. */
  deployment: Deployment;
}

/** What the configuration declares about this installation. */
export interface Deployment {
  readonly codeVersion: string;
  /** Version of main; undefined when unknown. */
  readonly expectedVersion?: string;
  /** Jobs that are scheduled here and must report, even if they never have. */
  readonly scheduledJobs: readonly string[];
  /** Where back-ups go; undefined when none is declared. */
  readonly backup?: string;
  /** Missing settings, each as a sentence. */
  readonly configGaps: readonly string[];
  /** Files of the user's own checks, with what is wrong with each; none when absent. */
  readonly ownChecks?: readonly { readonly path: string; readonly problem?: string }[];
}

/** The instant and slate of a check, with the calendar. */
export interface Moment {
  readonly asOf: Date;
  /** The slate the check looks at. */
  readonly slate: Slate;
  readonly calendar: SeasonCalendarView;
}

/**
 * How a check looks. `sql` is one portable SELECT with the columns subject, is_bad and note, one row per expected thing; it may
 * name @slate (the slate checked), @from (`days` before it, 7 when absent) and @as_of, and must bound every partitioned table by
 * them. `probe` is for checks of anything outside the warehouse.
 */
type Look =
  | LookInSql
  | { readonly probe: (context: CanaryContext, moment: Moment) => Promise<readonly CheckedThing[]> };

export interface LookInSql {
  readonly sql: string;
  readonly days?: number;
  /** Maximum number of rows, above which the check is an error; unlimited when absent. */
  readonly maxRows?: number;
  /** Seconds after which the statement is cancelled, which is an error; the budget of the run when absent. */
  readonly maxSeconds?: number;
}

/** How to break a healthy league so that the check must fire: statements on a copy, or an act that returns how to undo it. */
export type Sabotage =
  | { readonly sql: readonly [string, ...string[]] }
  | { readonly act: (context: CanaryContext, moment: Moment) => Promise<() => Promise<void>> };

/** A check of live data: when to run it, how to look, how to repair what it finds, and how to prove that it can fail. */
export interface Canary extends Check {
  readonly phase: CanaryPhase;
  /**
   * What a failure found, as one clause without a full stop. `{of:game|games}` becomes "3 of 8 games", `{n:batch is|batches
   * are}` becomes "2 batches are", and `{note}` is the note of the first offender.
   */
  readonly finding: string;
  /**
   * `tonight` and `last_night` are skipped when their slate has no games; `slate` is about the day's slate, games or not. A check
   * that failed on a slate is repeated for that slate until it passes. `now` is about the present: a pass ends earlier failures.
   */
  readonly looksAt: 'tonight' | 'last_night' | 'slate' | 'now';
  readonly severity: SeveritySchedule;
  readonly owner: string;
  readonly repair: string;
  /** Derived from the id. */
  readonly runbook: string;
  readonly dependsOn: readonly CanaryPhase[];
  readonly explains?: readonly Explanation[];
  /** How many offenders are tolerated: the larger of a number and a share of what was expected. None when absent. */
  readonly tolerates?: { readonly count?: number; readonly share?: number };
  /** The outcome when nothing was expected: a failure, or a pass or skip with its reason. A skip closes no incident. */
  readonly whenEmpty: 'fail' | { readonly skip: string } | { readonly pass: string };
  /** A further reason to skip the check, besides games, hour and halt; undefined = run it. */
  readonly skips?: (moment: Moment, context: CanaryContext) => string | undefined;
  /** Run even while the operator has halted the pipeline. */
  readonly ignoresHalt?: boolean;
  readonly look: Look;
  readonly sabotage: Sabotage;
  /** For the runbook: what a failure means, and how to look, step by step. */
  readonly meaning: string;
  readonly steps: readonly [string, ...string[]];
}

/** What running a canary needs: everything but its sabotage. */
export type AskedCanary = Omit<Canary, 'sabotage'>;

/** Declares a canary. Its runbook is named after it. */
export function defineCanary(canary: Omit<Canary, 'runbook'>): Canary {
  return { ...canary, runbook: `docs/runbooks/${canary.id}.md` };
}

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
  /** How many of the expected things were as they should be; null when the canary did not run. */
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
  /** What its statement was to read in bytes; null where reading is not billed and for looks beyond the warehouse. */
  readonly bytes: number | null;
  /** Wall time of the look in milliseconds. */
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

/** What one call of the engine hands over: a run per slate looked at (more than one after a gap). */
export type CanaryReport = {
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly runs: readonly CanaryRun[];
  /** All results of all runs, in the order of the catalogue. */
  readonly results: readonly CanaryResult[];
  /** What could not be written down of it, in words: people are told all the same, and the run is no success. */
  readonly unstored: readonly string[];
};

/** Where in the flow of the data a canary looks; a failure upstream explains those below it. */
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
  /** Exchanged as a whole when a proof pretends that messages were given up. */
  queue: Pick<Queue, 'parked'>;
  /** Exchanged as a whole when a proof pretends that a setting is missing. */
  deployment: Deployment;
}

/** What the operator says about this installation. */
export interface Deployment {
  readonly codeVersion: string;
  /** Version of main; undefined when nobody says. */
  readonly expectedVersion?: string;
  /** Jobs that are scheduled here and must report, whether they ever did or not. */
  readonly scheduledJobs: readonly string[];
  /** Where back-ups go; undefined when none is declared. */
  readonly backup?: string;
  /** Settings that should be there and are not, each as a sentence. */
  readonly configGaps: readonly string[];
  /** Files of the user's own checks, with what is wrong with each; none when absent. */
  readonly ownChecks?: readonly { readonly path: string; readonly problem?: string }[];
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
type Look =
  | LookInSql
  | { readonly probe: (context: CanaryContext, moment: Moment) => Promise<readonly CheckedThing[]> };

export interface LookInSql {
  readonly sql: string;
  readonly days?: number;
  /** Rows above which the answer is an error; any number when absent. */
  readonly maxRows?: number;
  /** Seconds after which the statement is ended, which is an error; the time of the whole run when absent. */
  readonly maxSeconds?: number;
}

/** How to break a healthy league so that the check must fire: statements on a copy, or an act that returns how to undo it. */
export type Sabotage =
  | { readonly sql: readonly [string, ...string[]] }
  | { readonly act: (context: CanaryContext, moment: Moment) => Promise<() => Promise<void>> };

/** A check of live data with everything around it: when to ask, how to look, how to prove that it can fail. */
export interface Canary extends Check {
  readonly phase: CanaryPhase;
  /**
   * What a failure has found, in one clause without a full stop. `{of:game|games}` becomes "3 of 8 games", `{n:batch is|batches
   * are}` becomes "2 batches are", and `{note}` is the note of the first offender.
   */
  readonly finding: string;
  /**
   * `tonight` and `last_night` are skipped where their slate has no games; `slate` is about the day's slate, games or not. What fails
   * on a slate is asked about that slate again until it passes. `now` is about the present: a pass ends what failed before.
   */
  readonly looksAt: 'tonight' | 'last_night' | 'slate' | 'now';
  readonly severity: SeveritySchedule;
  readonly owner: string;
  readonly repair: string;
  /** Follows from the id. */
  readonly runbook: string;
  readonly dependsOn: readonly CanaryPhase[];
  /** Offenders that are still health: the larger of a number and a share of what was expected. None when absent. */
  readonly tolerates?: { readonly count?: number; readonly share?: number };
  /** What it means when nothing was expected: `fail`, a pass or a skip with the reason. A skip ends no incident. */
  readonly whenEmpty: 'fail' | { readonly skip: string } | { readonly pass: string };
  /** A reason not to ask at this moment beyond games, hour and halt; undefined = ask. */
  readonly skips?: (moment: Moment, context: CanaryContext) => string | undefined;
  /** Asked even while the operator has halted the pipeline. */
  readonly ignoresHalt?: boolean;
  readonly look: Look;
  readonly sabotage: Sabotage;
  /** For the runbook: what a failure means, and how to look, step by step. */
  readonly meaning: string;
  readonly steps: readonly [string, ...string[]];
}

/** What is needed to ask a check: everything but the proof that it can fail. */
export type AskedCanary = Omit<Canary, 'sabotage'>;

/** Declares a canary. Its runbook is named after it. */
export function defineCanary(canary: Omit<Canary, 'runbook'>): Canary {
  return { ...canary, runbook: `docs/runbooks/${canary.id}.md` };
}

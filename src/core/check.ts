import type { ErrorCode } from './errors.ts';

/** How much a failure matters. `critical`: tonight's product is missing or wrong. `info` waits for the daily digest. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * One step of a severity schedule. `by` is a time in New York ("09:00"), on the slate for a check of tonight and on the
 * morning after for a check of last night. With `beforeTip` the step comes that many minutes before the first tip-off
 * when this is earlier.
 */
export interface SeverityStep {
  readonly by: string;
  readonly beforeTip?: number;
  readonly severity: Severity;
}

/** Steps in ascending order. Before the first one the check is not due. */
export type SeveritySchedule = readonly [SeverityStep, ...SeverityStep[]];

/** A question with one right answer: what to ask, what a healthy system answers, and what to do about any other answer. */
export interface Check {
  /** Lower case with underscores. */
  readonly id: string;
  readonly question: string;
  /** What a healthy answer shows, in words. */
  readonly expected: string;
  /** The command that repairs it, ready to paste; `{slate}` is filled in. */
  readonly repair?: string | undefined;
  /** Path of the runbook, relative to the root of the repository. */
  readonly runbook?: string | undefined;
  /** One severity, or one that rises with the hour. */
  readonly severity: Severity | SeveritySchedule;
}

/** `error`: the check could not run, which never counts as a pass. `skip`: it was not run; the reason says why. */
export const OUTCOME_STATUSES = ['pass', 'fail', 'error', 'skip'] as const;
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

/** Most offenders an outcome names; the count is always exact. */
export const MAX_OFFENDERS = 20;

/** The answer to one check. */
export interface Outcome {
  /** Id of the check. */
  readonly check: string;
  /** Name for people, where the id is not enough. */
  readonly title?: string | undefined;
  readonly status: OutcomeStatus;
  /** Severity of the failure at this moment; meaningless for a pass or a skip. */
  readonly severity: Severity;
  readonly question: string;
  /** What a healthy answer shows, in words. */
  readonly expected: string;
  /** A number, or words; null when nothing could be seen. */
  readonly seen: number | string | null;
  /** At most {@link MAX_OFFENDERS} names of what is wrong. */
  readonly offenders: readonly string[];
  readonly offender_count: number;
  /** Why the status is what it is, in one sentence. */
  readonly reason: string;
  /** The slate, table or workflow that was checked. */
  readonly subject?: string | undefined;
  /** The source line it is about. */
  readonly place?: { readonly file: string; readonly line?: number | undefined } | undefined;
  readonly repair?: string | undefined;
  readonly runbook?: string | undefined;
}

/** Completes an outcome: fields that are left out are empty. */
export function outcome(given: Pick<Outcome, 'check' | 'status' | 'reason'> & Partial<Outcome>): Outcome {
  return {
    severity: 'critical',
    question: '',
    expected: '',
    seen: null,
    offenders: [],
    offender_count: given.offenders?.length ?? 0,
    ...given,
  };
}

/** True for a check that failed or could not run. */
export function isFailing({ status }: Pick<Outcome, 'status'>): boolean {
  return status === 'fail' || status === 'error';
}

/** Outcomes by status. */
export function countOutcomes(outcomes: readonly Pick<Outcome, 'status'>[]): Record<OutcomeStatus, number> {
  const counts = { pass: 0, fail: 0, error: 0, skip: 0 };
  for (const { status } of outcomes) counts[status] += 1;
  return counts;
}

/** Worst first: failures and errors by severity, then what passed, then what was skipped. */
export function byUrgency(a: Outcome, b: Outcome): number {
  return urgency(a) - urgency(b);
}

function urgency({ status, severity }: Outcome): number {
  if (status === 'pass') return SEVERITIES.length;
  return status === 'skip' ? SEVERITIES.length + 1 : SEVERITIES.indexOf(severity);
}

/** How a piece of work ended. `nothing`: there was no work to do. `error`: it could not be completed. */
export const VERDICTS = ['ok', 'nothing', 'warning', 'skipped', 'failed', 'error'] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * The verdict over some outcomes. A failure below the severity `failsFrom` is only a warning. Nothing but skips is `skipped`;
 * no outcomes at all are an error, because nothing was checked.
 */
export function verdictOf(outcomes: readonly Outcome[], failsFrom: Severity = 'warning'): Verdict {
  const counts = countOutcomes(outcomes);
  if (outcomes.length === 0 || counts.error > 0) return 'error';
  const limit = SEVERITIES.indexOf(failsFrom);
  const isSerious = ({ status, severity }: Outcome): boolean =>
    status === 'fail' && SEVERITIES.indexOf(severity) <= limit;
  if (outcomes.some(isSerious)) return 'failed';
  if (counts.fail > 0) return 'warning';
  return counts.pass === 0 ? 'skipped' : 'ok';
}

/** True for a report that people should see: a warning, a failure or an error. */
export function isProblem({ verdict }: Pick<Report, 'verdict'>): boolean {
  return verdict === 'warning' || verdict === 'failed' || verdict === 'error';
}

/** What every renderer renders: console, Markdown, page, Slack, check run and JSON. */
export interface Report {
  /** Reports with the same key share one comment, one check run and one message, which are edited in place. */
  readonly key: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** The answer in a sentence. */
  readonly summary: string;
  /** Code of the error that prevented the work; absent when the work was done. */
  readonly code?: ErrorCode | undefined;
  /** Figures worth a glance: label and value. */
  readonly facts: readonly (readonly [label: string, value: string | number])[];
  /** A table of figures; empty where the outcomes say it all. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly outcomes: readonly Outcome[];
  /** The command that repairs it, ready to paste. */
  readonly repair?: string | undefined;
  /** Path of the runbook, relative to the root of the repository. */
  readonly runbook?: string | undefined;
}

/** Completes a report: lists that are left out are empty. */
export function report(
  given: Pick<Report, 'key' | 'title' | 'verdict' | 'summary'> & Partial<Report>,
): Report {
  return { facts: [], columns: [], rows: [], outcomes: [], ...given };
}

/** The exit code for a verdict: 0 fine, 1 a check failed, 3 could not run. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 3 {
  if (verdict === 'error') return 3;
  return verdict === 'failed' ? 1 : 0;
}

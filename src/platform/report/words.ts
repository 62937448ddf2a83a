import { isFailing, type Outcome, type Severity, type Verdict } from '#core/check.ts';
import { clause, count } from '#core/format.ts';

export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  ok: '✅',
  nothing: '⚪',
  warning: '⚠️',
  skipped: '⏭️',
  failed: '❌',
  error: '💥',
};

const SEVERITY_MARKS: Readonly<Record<Severity, string>> = { critical: '🔴', warning: '🟠', info: '🔵' };

/** A coloured mark for a failing outcome; a check that could not run is red whatever its severity. */
export function outcomeMark({ status, severity }: Pick<Outcome, 'status' | 'severity'>): string {
  return status === 'error' ? SEVERITY_MARKS.critical : SEVERITY_MARKS[severity];
}

/** The severity of a failing outcome as shown: `error` for a check that could not run, unless it is critical. */
export function shownSeverity({
  status,
  severity,
}: Pick<Outcome, 'status' | 'severity'>): Severity | 'error' {
  return status === 'error' && severity !== 'critical' ? 'error' : severity;
}

/** The headline of an outcome: its title, or its id. */
export function outcomeTitle({ check, title, status }: Pick<Outcome, 'check' | 'title' | 'status'>): string {
  return title ?? (status === 'error' ? `${check} could not be checked` : check);
}

/** The text about a failing outcome, line by line, without its repair and runbook. */
export function outcomeLines(outcome: Outcome): string[] {
  const { question, reason, expected, seen } = outcome;
  return [
    ...(question === '' ? [] : [question]),
    `${clause(reason)}.`,
    ...(expected === '' ? [] : [`Expected ${clause(expected)}${seen === null ? '' : `, saw ${seen}`}.`]),
    ...offenderLine(outcome),
  ];
}

/** Offenders that a message names; the rest are counted. */
const MAX_NAMED = 5;

/** The first offenders and the number of the rest as one line; none where there are none. */
export function offenderLine({
  offenders,
  offender_count,
}: Pick<Outcome, 'offenders' | 'offender_count'>): string[] {
  if (offender_count === 0) return [];
  const named = offenders.slice(0, MAX_NAMED);
  const rest = offender_count - named.length;
  const names = `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return [`${count(offender_count, 'offender')}: ${names}.`];
}

/** Skipped outcomes by their reason. */
export function skippedByReason(outcomes: readonly Outcome[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { status, reason, check } of outcomes) {
    if (status === 'skip') names.set(reason, [...(names.get(reason) ?? []), check]);
  }
  return names;
}

/** The failing outcomes of a report, in its order. */
export function failing(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter(isFailing);
}

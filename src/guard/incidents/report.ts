import type { Notice } from '#platform/notify/port.ts';
import type { Alerted } from './alert.ts';
import { type CheckRun, isFailing } from './input.ts';
import { clause, count } from './words.ts';

/** One value from which job summary, console and JSON are rendered; each notice of it is what Slack shows. */
export interface Report {
  readonly as_of: string;
  readonly slates: readonly string[];
  /** Results by status. */
  readonly counts: Readonly<Record<'PASS' | 'FAIL' | 'ERROR' | 'SKIP', number>>;
  /** What failed, or could not run, as people are told. */
  readonly findings: readonly Finding[];
  readonly skipped: readonly { readonly canary_id: string; readonly slate: string; readonly reason: string }[];
  /** Present when people were alerted. */
  readonly alerts: {
    readonly opened: readonly string[];
    readonly resolved: readonly string[];
    readonly open: number;
    readonly sent: number;
    readonly edited: number;
    readonly replied: number;
    readonly undelivered: readonly { readonly title: string; readonly error: string; readonly isOnFallback: boolean }[];
  } | null;
}

export interface Finding {
  readonly notice: Notice;
  readonly canary_id: string;
  readonly slate: string;
  readonly status: 'FAIL' | 'ERROR';
  readonly seen: number | null;
  readonly expected: string;
  readonly offenders: readonly string[];
  readonly offender_count: number;
}

/** The report of some runs, and of what came of them. */
export function reportOf(runs: readonly CheckRun[], alerted?: Alerted): Report {
  const results = runs.flatMap((run) => run.results);
  const instants = runs.map(({ as_of }) => as_of.toISOString()).sort();
  const counts = { PASS: 0, FAIL: 0, ERROR: 0, SKIP: 0 };
  for (const { status } of results) counts[status]++;
  return {
    as_of: instants.at(-1) ?? '',
    slates: [...new Set(runs.map(({ slate }) => slate))].sort(),
    counts,
    findings: results.filter(isFailing).map((result): Finding => {
      const { canary_id, slate, seen, expected, offenders, offender_count } = result;
      const status = result.status === 'ERROR' ? 'ERROR' : 'FAIL';
      const shown =
        offenders.length === 0
          ? []
          : [`${count(offender_count, 'offender')}: ${offenders.join(', ')}${offender_count > offenders.length ? ', …' : ''}`];
      const severity = status === 'ERROR' && result.severity !== 'critical' ? 'error' : result.severity;
      return {
        ...{ canary_id, slate, status, seen, expected, offenders, offender_count },
        notice: {
          key: `${canary_id}:${slate}`,
          severity,
          phase: result.phase,
          title: status === 'ERROR' ? `${canary_id} could not be checked` : canary_id,
          lines: [
            result.question,
            `${clause(result.reason)}.`,
            `Expected ${clause(expected)}${seen === null ? '' : `, seen ${seen}`}.`,
            ...shown,
          ],
          repair: result.repair,
          runbook: result.runbook,
        },
      };
    }),
    skipped: results.filter(({ status }) => status === 'SKIP').map(({ canary_id, slate, reason }) => ({ canary_id, slate, reason })),
    alerts:
      alerted === undefined
        ? null
        : {
            opened: [...alerted.observed.opened, ...alerted.observed.reopened],
            resolved: alerted.observed.resolved,
            open: alerted.observed.open.length,
            sent: alerted.delivered.sent,
            edited: alerted.delivered.edited,
            replied: alerted.delivered.replied,
            undelivered: alerted.delivered.undelivered.map(({ title, error, isOnFallback }) => ({ title, error, isOnFallback })),
          },
  };
}

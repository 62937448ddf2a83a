import { countOutcomes, type Outcome, outcome, type Report, report, verdictOf } from '#core/check.ts';
import { count } from '#core/format.ts';
import type { AskedCanary, CanaryReport } from '#guard/canaries/definition.ts';
import type { Delivered } from '#platform/notify/outbox.ts';
import { type AlertDeps, type Alerted, alert } from './alert.ts';
import { type CheckResult, type CheckRun, checkRuns } from './update.ts';

/**
 * Notifies people of the results of a canary run and returns its report. What could not be delivered is in
 * `alerted.delivered.undelivered` and means exit code 3; it is kept and delivered by the next run.
 */
export async function alertOn(
  deps: AlertDeps,
  { runs }: CanaryReport,
  asked: readonly AskedCanary[],
): Promise<{ readonly report: Report; readonly alerted: Alerted }> {
  const alerted = await alert(deps, checkRuns(runs, asked));
  return { alerted, report: canaryReport(runs, alerted) };
}

/**
 * The report of some runs of the canaries, and of the alerts that came of them. An alert that could not be delivered is an
 * error: somebody may not know what failed.
 */
export function canaryReport(runs: readonly CheckRun[], alerted?: Alerted): Report {
  const results = runs.flatMap((run) => run.results);
  const outcomes = [...results.map(outcomeOf), ...undelivered(alerted)];
  return report({
    key: 'canaries',
    title: 'Canaries',
    verdict: verdictOf(outcomes),
    summary: results.length === 0 ? 'No canary ran: nobody has looked.' : summaryOf(runs, results),
    facts: alerted === undefined ? [] : alertFacts(alerted),
    outcomes,
  });
}

function summaryOf(runs: readonly CheckRun[], results: readonly CheckResult[]): string {
  const counts = countOutcomes(results);
  const slates = [...new Set(runs.map(({ slate }) => slate))].sort();
  const asOf = runs.map(({ as_of }) => as_of.toISOString()).sort();
  return `${slates.join(', ')} as of ${asOf.at(-1) ?? ''}: ${counts.pass} passed, ${counts.fail} failed, ${counts.error} could not run, ${counts.skip} skipped.`;
}

/** The plain outcome of a canary, about its slate. */
function outcomeOf(result: CheckResult): Outcome {
  const { check, status, severity, question, expected, seen, offenders, offender_count } = result;
  const { reason, slate, repair, runbook } = result;
  return {
    ...{ check, status, severity, question, expected, seen, offenders, offender_count, reason },
    ...{ subject: slate, repair, runbook },
  };
}

function alertFacts({ changes, delivered }: Alerted): [string, string][] {
  const opened = changes.opened.length + changes.reopened.length;
  return [
    [
      'incidents',
      `${changes.open.length} open, ${opened} opened, ${changes.resolved.length} resolved; ${messageCounts(delivered)}`,
    ],
    ...delivered.warnings.map((warning): [string, string] => ['doubtful', warning]),
  ];
}

/** "2 new messages, 0 edited, 1 reply": what people were shown. */
export function messageCounts({
  sent,
  edited,
  replied,
}: Pick<Delivered, 'sent' | 'edited' | 'replied'>): string {
  return `${count(sent, 'new message')}, ${edited} edited, ${count(replied, 'reply', 'replies')}`;
}

function undelivered(alerted: Alerted | undefined): Outcome[] {
  return (alerted?.delivered.undelivered ?? []).map(({ title, error, isOnFallback }) =>
    outcome({
      check: 'alert_delivered',
      title: `Alert not delivered: ${title}`,
      status: 'error',
      reason: `${error}${isOnFallback ? ' (it is on the fallback channel)' : ''}`,
      repair: 'tipoff incidents deliver',
    }),
  );
}

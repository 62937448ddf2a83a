import type { Report } from '#core/check.ts';
import type { AskedCanary, CanaryReport } from '#guard/canaries/definition.ts';
import { type Alerted, alert } from '#guard/incidents/alert.ts';
import { canaryReport } from '#guard/incidents/report.ts';
import { checkRuns } from '#guard/incidents/update.ts';
import type { App } from './compose.ts';

/** What came of a run of the checks, ready for job summary, console and JSON; `alerted` when people were notified. */
export interface CanaryRunReport {
  readonly report: Report;
  readonly alerted?: Alerted;
}

/**
 * Tells people what came of a run of these checks, and gives the report for job summary, console and JSON. What could not
 * be delivered is in `alerted.delivered.undelivered` and means the exit code 3; it is kept and comes with the next run.
 */
export async function alertOn(
  app: App,
  canaries: CanaryReport,
  asked: readonly AskedCanary[],
): Promise<Required<CanaryRunReport>> {
  const alerted = await alert(app, checkRuns(canaries.runs, asked));
  return { alerted, report: canaryReport(canaries.runs, alerted) };
}

/** The report of a look at some checks or at the past, of which nobody is notified. */
export function reportWithoutAlert(canaries: CanaryReport): CanaryRunReport {
  return { report: canaryReport(canaries.runs) };
}

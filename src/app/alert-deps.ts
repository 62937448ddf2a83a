import type { Report } from '#core/check.ts';
import type { AskedCanary, CanaryReport } from '#guard/canaries/definition.ts';
import { type Alerted, alert } from '#guard/incidents/alert.ts';
import { canaryReport } from '#guard/incidents/report.ts';
import { checkRuns } from '#guard/incidents/update.ts';
import type { App } from './compose.ts';

/** The report of a canary run, for job summary, console and JSON; with `alerted` when people were notified. */
export interface CanaryRunReport {
  readonly report: Report;
  readonly alerted?: Alerted;
}

/**
 * Notifies people of the results of a canary run and returns its report. What could not be delivered is in
 * `alerted.delivered.undelivered` and means exit code 3; it is kept and delivered by the next run.
 */
export async function alertOn(
  app: App,
  canaries: CanaryReport,
  asked: readonly AskedCanary[],
): Promise<Required<CanaryRunReport>> {
  const alerted = await alert(app, checkRuns(canaries.runs, asked));
  return { alerted, report: canaryReport(canaries.runs, alerted) };
}

/** The report of a partial or historical canary run, of which nobody is notified. */
export function reportWithoutAlert(canaries: CanaryReport): CanaryRunReport {
  return { report: canaryReport(canaries.runs) };
}

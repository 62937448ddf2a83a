import type { Report } from '#guard/incidents/report.ts';

/** A report as lines for a terminal. Text from outside cannot steer the terminal. */
export function consoleReport(report: Report): string[] {
  const { counts, findings, skipped, alerts } = report;
  const lines = [
    `${report.slates.join(', ')} as of ${report.as_of}: ${counts.PASS} passed, ${counts.FAIL} failed, ${counts.ERROR} could not run, ${counts.SKIP} skipped.`,
  ];
  for (const { notice, slate } of findings) {
    lines.push('', `${notice.severity.toUpperCase()} ${notice.title} (${notice.phase ?? ''}, ${slate})`);
    for (const line of notice.lines) lines.push(`  ${line}`);
    if (notice.repair !== undefined) lines.push(`  repair:  ${notice.repair}`);
    if (notice.runbook !== undefined) lines.push(`  runbook: ${notice.runbook}`);
  }
  if (skipped.length > 0) lines.push('', 'Skipped');
  for (const [reason, names] of byReason(skipped)) lines.push(`  ${reason}: ${names.join(', ')}`);
  if (alerts !== null) {
    lines.push(
      '',
      `Incidents: ${alerts.open} open, ${alerts.opened.length} opened, ${alerts.resolved.length} resolved. Told: ${alerts.sent} new, ${alerts.edited} edited, ${alerts.replied} in threads.`,
    );
    for (const { title, error, isOnFallback } of alerts.undelivered)
      lines.push(`  NOT DELIVERED${isOnFallback ? ' (on the fallback)' : ''}: ${title}: ${error}`);
  }
  return lines.map((line) => line.replace(/\p{Cc}+/gu, ' '));
}

/** Skipped checks by their reason. */
export function byReason(skipped: Report['skipped']): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { reason, canary_id } of skipped) names.set(reason, [...(names.get(reason) ?? []), canary_id]);
  return names;
}

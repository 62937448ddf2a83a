import { isProblem, type Report, type Verdict } from '#core/check.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { Links } from './markdown.ts';
import { failing, outcomeTitle, shownSeverity } from './words.ts';

/** Rows and outcomes shown before the rest is counted. */
const MAX_SHOWN = 12;

const SEVERITIES: Readonly<Record<Exclude<Verdict, 'ok'>, Notice['severity']>> = {
  nothing: 'info',
  skipped: 'info',
  warning: 'warning',
  failed: 'error',
  error: 'critical',
};

/**
 * A report as a notice: the sentence, the facts, the first rows or failing outcomes. `good` says what a good end is: news of
 * work that was done, or the end of a problem.
 */
export function reportNotice(
  report: Report,
  links: Links,
  good: Extract<Notice['severity'], 'success' | 'resolved'> = 'resolved',
): Notice {
  const problems = failing(report.outcomes);
  // What failed is a sentence; rows are what was looked at. What the sentence of the report says is not said twice.
  const items =
    isProblem(report) && problems.length > 0
      ? problems
          .filter(({ reason }) => reason !== report.summary)
          .map((outcome) =>
            [shownSeverity(outcome), outcomeTitle(outcome), outcome.subject, outcome.reason]
              .filter(Boolean)
              .join(' · '),
          )
      : report.rows.map((row) => row.map(String).filter(Boolean).join(' · '));
  const more = items.length - MAX_SHOWN;
  return {
    key: `action:${report.key}`,
    severity: report.verdict === 'ok' ? good : SEVERITIES[report.verdict],
    // The headline alone must tell a finding from work that could not be done.
    title: report.verdict === 'error' ? `${report.title}: could not be done` : report.title,
    lines: [
      report.summary,
      ...report.facts.map(([label, value]) => `${label}: ${value}`),
      ...items.slice(0, MAX_SHOWN).map((item) => `• ${item}`),
      ...(more > 0 ? [`and ${more} more`] : []),
      ...(links.run === undefined ? [] : [`run: ${links.run}`]),
    ],
    ...omitUndefined({ repair: report.repair, runbook: report.runbook }),
  };
}

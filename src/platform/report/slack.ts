import type { Report, Verdict } from '#core/check.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { Links } from './markdown.ts';
import { failing, loudness, outcomeTitle } from './words.ts';

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
  const items =
    report.rows.length > 0
      ? report.rows.map((row) => row.map(String).filter(Boolean).join(' · '))
      : failing(report.outcomes).map((outcome) =>
          [loudness(outcome), outcomeTitle(outcome), outcome.subject, outcome.reason]
            .filter(Boolean)
            .join(' · '),
        );
  const more = items.length - MAX_SHOWN;
  return {
    key: `action:${report.key}`,
    severity: report.verdict === 'ok' ? good : SEVERITIES[report.verdict],
    title: report.title,
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

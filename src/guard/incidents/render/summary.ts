import type { Finding, Report } from '#guard/incidents/report.ts';
import { count } from '#guard/incidents/words.ts';
import { byReason } from './console.ts';

const MARK = { critical: '🔴', error: '🔴', warning: '🟠', info: '🔵', resolved: '🟢' } as const;
/** GitHub refuses a job summary above 1 MiB; well below it nobody reads on. */
const MOST_FINDINGS = 100;

/** A report as Markdown for the summary of a job. Text from outside is escaped: no links, images, mentions or HTML come of it. */
export function summaryReport(report: Report): string {
  const { counts, findings, skipped, alerts } = report;
  const isFine = counts.FAIL + counts.ERROR === 0;
  const parts = [
    `## ${isFine ? '🟢 All checks are well' : `🔴 ${counts.FAIL} failed, ${counts.ERROR} could not run`}`,
    `Slate ${report.slates.map(escapeMarkdown).join(', ')}, as of ${report.as_of}: ${counts.PASS} passed, ${counts.FAIL} failed, ${counts.ERROR} could not run, ${counts.SKIP} skipped.`,
  ];
  if (alerts !== null && alerts.undelivered.length > 0) {
    parts.push(
      `> [!CAUTION]\n> **Nobody may have been told.** ${count(alerts.undelivered.length, 'notice')} could not be delivered:\n${alerts.undelivered
        .map(
          ({ title, error, isOnFallback }) =>
            `> - ${escapeMarkdown(title)}: ${escapeMarkdown(error)}${isOnFallback ? ' (is on the fallback channel)' : ''}`,
        )
        .join('\n')}`,
    );
  }
  if (findings.length > 0) {
    parts.push(
      [
        '| | check | slate | expected | seen | offenders |',
        '|---|---|---|---|---:|---|',
        ...findings.slice(0, MOST_FINDINGS).map(tableRow),
      ].join('\n'),
    );
    parts.push(...findings.slice(0, MOST_FINDINGS).map(details));
    if (findings.length > MOST_FINDINGS) parts.push(`… and ${findings.length - MOST_FINDINGS} more.`);
  }
  if (skipped.length > 0) {
    const lines = [...byReason(skipped)].map(([reason, names]) => `- ${escapeMarkdown(reason)}: ${names.map(escapeMarkdown).join(', ')}`);
    parts.push(`<details><summary>${skipped.length} skipped</summary>\n\n${lines.join('\n')}\n\n</details>`);
  }
  if (alerts !== null) {
    parts.push(
      `Incidents: ${alerts.open} open, ${alerts.opened.length} opened, ${alerts.resolved.length} resolved. Told: ${alerts.sent} new, ${alerts.edited} edited, ${alerts.replied} in threads.`,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function tableRow({ notice, slate, expected, seen, offenders, offender_count }: Finding): string {
  const names = offenders.slice(0, 3).map(escapeMarkdown).join(', ');
  const rest = offender_count > 3 ? `${names === '' ? '' : ', '}… (${offender_count})` : '';
  const cells = [
    MARK[notice.severity],
    escapeMarkdown(notice.title),
    slate,
    escapeMarkdown(expected),
    seen === null ? '' : String(seen),
    `${names}${rest}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function details({ notice, slate }: Finding): string {
  const runbook = notice.runbook === undefined ? '' : `\n\nRunbook: ${escapeMarkdown(notice.runbook)}`;
  const repair = notice.repair === undefined ? '' : `\n\n${fenced(notice.repair)}`;
  return `<details><summary>${MARK[notice.severity]} ${escapeMarkdown(notice.title)}, ${slate}</summary>\n\n${notice.lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n')}${repair}${runbook}\n\n</details>`;
}

function fenced(command: string): string {
  return `\`\`\`sh\n${command.replaceAll('```', "'''")}\n\`\`\``;
}

/** Text that Markdown and HTML leave as it is. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('#', '&#35;')
    .replace(/@(?=\w)/g, '&#64;')
    .replace(/[\\`*_{}[\]()!|~]/g, (character) => `\\${character}`);
}

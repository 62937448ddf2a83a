import type { Delivered } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { Alerted } from './alert.ts';
import { clause, count } from './document.ts';
import { type CheckRun, isFailing } from './update.ts';

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
      `Incidents: ${alerts.open} open, ${alerts.opened.length} opened, ${alerts.resolved.length} resolved. ${messageCounts(alerts)}.`,
    );
    for (const { title, error, isOnFallback } of alerts.undelivered)
      lines.push(`  NOT DELIVERED${isOnFallback ? ' (on the fallback)' : ''}: ${title}: ${error}`);
  }
  return lines.map((line) => line.replace(/\p{Cc}+/gu, ' '));
}

/** "2 new messages, 0 edited, 1 reply": what people were shown. */
export function messageCounts({
  sent,
  edited,
  replied,
}: Pick<Delivered, 'sent' | 'edited' | 'replied'>): string {
  return `${count(sent, 'new message')}, ${edited} edited, ${count(replied, 'reply', 'replies')}`;
}

/** Skipped checks by their reason. */
export function byReason(skipped: Report['skipped']): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { reason, canary_id } of skipped) names.set(reason, [...(names.get(reason) ?? []), canary_id]);
  return names;
}

/** Grows when a member changes its meaning or goes away. */
export const REPORT_SCHEMA_VERSION = 1;

/** A report as one JSON document. */
export function jsonReport(report: Report): object {
  return { schema_version: REPORT_SCHEMA_VERSION, kind: 'canary-report', ...report };
}

const MARK = {
  critical: '🔴',
  error: '🔴',
  warning: '🟠',
  info: '🔵',
  success: '🟢',
  resolved: '🟢',
} as const;
/** GitHub refuses a job summary above 1 MiB; well below it nobody reads on. */
const MOST_FINDINGS = 100;

/** A report as Markdown for the summary of a job. Text from outside is escaped: no links, images, mentions or HTML come of it. */
export function summaryReport(report: Report): string {
  const { counts, findings, skipped, alerts } = report;
  const isFine = counts.FAIL + counts.ERROR === 0;
  const parts = [
    `## ${isFine ? '🟢 All checks passed' : `🔴 ${counts.FAIL} failed, ${counts.ERROR} could not run`}`,
    `Slate ${report.slates.map(escapeMarkdown).join(', ')}, as of ${report.as_of}: ${counts.PASS} passed, ${counts.FAIL} failed, ${counts.ERROR} could not run, ${counts.SKIP} skipped.`,
  ];
  if (alerts !== null && alerts.undelivered.length > 0) {
    parts.push(
      `> [!CAUTION]\n> **People may not know of this.** ${count(alerts.undelivered.length, 'notice')} could not be delivered:\n${alerts.undelivered
        .map(
          ({ title, error, isOnFallback }) =>
            `> - ${escapeMarkdown(title)}: ${escapeMarkdown(error)}${isOnFallback ? ' (it is on the fallback channel)' : ''}`,
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
    const lines = [...byReason(skipped)].map(
      ([reason, names]) => `- ${escapeMarkdown(reason)}: ${names.map(escapeMarkdown).join(', ')}`,
    );
    parts.push(`<details><summary>${skipped.length} skipped</summary>\n\n${lines.join('\n')}\n\n</details>`);
  }
  if (alerts !== null) {
    parts.push(
      `Incidents: ${alerts.open} open, ${alerts.opened.length} opened, ${alerts.resolved.length} resolved. ${messageCounts(alerts)}.`,
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

/** One value from which job summary, console and JSON are rendered; each notice of it is what Slack shows. */
export interface Report {
  readonly as_of: string;
  readonly slates: readonly string[];
  /** Results by status. */
  readonly counts: Readonly<Record<'PASS' | 'FAIL' | 'ERROR' | 'SKIP', number>>;
  /** What failed, or could not run, as people read it. */
  readonly findings: readonly Finding[];
  readonly skipped: readonly {
    readonly canary_id: string;
    readonly slate: string;
    readonly reason: string;
  }[];
  /** Present when people were alerted. */
  readonly alerts: {
    readonly opened: readonly string[];
    readonly resolved: readonly string[];
    readonly open: number;
    readonly sent: number;
    readonly edited: number;
    readonly replied: number;
    readonly undelivered: readonly {
      readonly title: string;
      readonly error: string;
      readonly isOnFallback: boolean;
    }[];
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
          : [
              `${count(offender_count, 'offender')}: ${offenders.join(', ')}${offender_count > offenders.length ? ', …' : ''}`,
            ];
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
            `Expected ${clause(expected)}${seen === null ? '' : `, saw ${seen}`}.`,
            ...shown,
          ],
          repair: result.repair,
          runbook: result.runbook,
        },
      };
    }),
    skipped: results
      .filter(({ status }) => status === 'SKIP')
      .map(({ canary_id, slate, reason }) => ({ canary_id, slate, reason })),
    alerts:
      alerted === undefined
        ? null
        : {
            opened: [...alerted.changes.opened, ...alerted.changes.reopened],
            resolved: alerted.changes.resolved,
            open: alerted.changes.open.length,
            sent: alerted.delivered.sent,
            edited: alerted.delivered.edited,
            replied: alerted.delivered.replied,
            undelivered: alerted.delivered.undelivered.map(({ title, error, isOnFallback }) => ({
              title,
              error,
              isOnFallback,
            })),
          },
  };
}

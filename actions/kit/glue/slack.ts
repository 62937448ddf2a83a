import type { Clock } from '#platform/clock.ts';
import type { Notice, Severity } from '#platform/notify/port.ts';
import type { Delivery } from './comment.ts';
import type { Links } from './markdown.ts';
import type { Report, Verdict } from './report.ts';

/** Rows shown before the rest is counted. */
const ROWS = 12;

const SEVERITIES: Readonly<Record<Verdict, Severity>> = {
  ok: 'resolved',
  nothing: 'info',
  skipped: 'info',
  warning: 'warning',
  failed: 'error',
  error: 'critical',
};

export interface SlackTarget {
  readonly token: string;
  /** Id or #name of the channel; the channel of the canaries when absent. */
  readonly channel?: string;
  /** Another host than Slack's: a proxy, or a server of a test. */
  readonly apiUrl?: string | undefined;
  /** False: a new message is sent for problems only, but one that is there is always brought up to date. */
  readonly always: boolean;
}

/**
 * The one message of this report in a channel. It is found again by the key it was sent with, so that no state is kept and
 * a second run edits. Throws TIPOFF_NOTIFY with Slack's own word.
 */
export async function upsertMessage(
  target: SlackTarget,
  report: Report,
  links: Links,
  clock: Clock,
): Promise<Delivery> {
  const [{ slackNotifier }, { parseChannels }] = await Promise.all([
    import('#platform/notify/slack/notifier.ts'),
    import('#platform/notify/slack/notifier.ts'),
  ]);
  const notifier = slackNotifier({
    token: target.token,
    channels: parseChannels('', target.channel),
    clock,
    ...(target.apiUrl === undefined ? {} : { apiUrl: target.apiUrl }),
    ...(links.files === undefined ? {} : { runbookLink: (path: string) => `${links.files ?? ''}/${path}` }),
  });
  const notice = noticeOf(report, links);
  const sent = await notifier.find(notice);
  if (sent !== undefined) {
    await notifier.update(sent, notice);
    return 'edited';
  }
  if (!target.always && !['warning', 'failed', 'error'].includes(report.verdict)) return 'left out';
  await notifier.send(notice);
  return 'created';
}

/** The report as a notice: the sentence, the facts, the first rows. */
export function noticeOf(report: Report, links: Links): Notice {
  const rows = report.rows.slice(0, ROWS).map((row) => `• ${row.map(String).filter(Boolean).join(' · ')}`);
  const more = report.rows.length - rows.length;
  return {
    key: `action:${report.key}`,
    severity: SEVERITIES[report.verdict],
    title: report.title,
    lines: [
      report.summary,
      ...report.facts.map(([label, value]) => `${label}: ${value}`),
      ...rows,
      ...(more > 0 ? [`and ${more} more`] : []),
      ...(links.run === undefined ? [] : [`run: ${links.run}`]),
    ],
    ...(report.repair === undefined ? {} : { repair: report.repair }),
    ...(report.runbook === undefined ? {} : { runbook: report.runbook }),
  };
}

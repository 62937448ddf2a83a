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

/** What became of the message; `why` when it was not delivered, `warnings` when something about it is doubtful. */
export interface SlackDelivery {
  readonly how: Delivery | 'failed';
  readonly why?: string;
  readonly warnings: readonly string[];
}

/**
 * The one message of this report in a channel. It is found again by the key it was sent with, because no state outlives the
 * job, and a second run edits it. An app that may not search its channel sends a new one each time and is told so.
 */
export async function upsertMessage(
  target: SlackTarget,
  report: Report,
  links: Links,
  clock: Clock,
): Promise<SlackDelivery> {
  const [{ slackNotifier, parseChannels }, { openOutbox }, { openSqliteState }] = await Promise.all([
    import('#platform/notify/slack/notifier.ts'),
    import('#platform/notify/outbox.ts'),
    import('#platform/state/sqlite.ts'),
  ]);
  const notifier = slackNotifier({
    token: target.token,
    channels: parseChannels('', target.channel),
    clock,
    ...(target.apiUrl === undefined ? {} : { apiUrl: target.apiUrl }),
    ...(links.files === undefined ? {} : { runbookLink: (path: string) => `${links.files ?? ''}/${path}` }),
  });
  const state = openSqliteState(':memory:', { clock });
  try {
    const outbox = openOutbox({ state, clock, notifier, runId: 'post-report', isStateLost: true });
    const { key, ...notice } = noticeOf(report, links);
    const isProblem = ['warning', 'failed', 'error'].includes(report.verdict);
    const { how, undelivered, warnings } = await outbox.post(key, notice, {
      onlyEdit: !target.always && !isProblem,
    });
    if (undelivered !== undefined)
      return { how: 'failed', why: `${undelivered.error}. ${undelivered.hint}`, warnings };
    return { how: how === 'sent' ? 'created' : how === 'left out' ? 'left out' : 'edited', warnings };
  } finally {
    await state.close();
  }
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

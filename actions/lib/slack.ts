import { isProblem, type Report } from '#core/check.ts';
import type { Clock } from '#platform/clock.ts';
import type { Links } from '#platform/report/markdown.ts';
import { reportNotice } from '#platform/report/slack.ts';
import type { Delivery } from './comment.ts';

export interface SlackTarget {
  readonly token: string;
  /** Id or #name of the channel; the channel of the canaries when absent. */
  readonly channel?: string;
  /** Whom problems mention: the value of TIPOFF_SLACK_OWNERS. */
  readonly owners?: string | undefined;
  /** Replaces Slack's host, for a proxy or a test. */
  readonly apiUrl?: string | undefined;
  /** False to send new messages for problems only; an existing message is always updated. */
  readonly always: boolean;
}

/** What was done with the message; `why` when it was not delivered, `warnings` about problems with the delivery. */
export interface SlackDelivery {
  readonly how: Delivery | 'failed';
  readonly why?: string;
  readonly warnings: readonly string[];
}

/**
 * Sends or edits the message of this report in a channel. It is found by the key it was sent with, because no state outlives the
 * job. An app that may not search its channel sends a new message each time, and the log says so.
 */
export async function upsertMessage(
  target: SlackTarget,
  report: Report,
  links: Links,
  clock: Clock,
): Promise<SlackDelivery> {
  const [{ slackNotifier }, { parseChannels, parseOwners }, { openOutbox }, { openSqliteState }] =
    await Promise.all([
      import('#platform/notify/slack/notifier.ts'),
      import('#platform/notify/slack/channels.ts'),
      import('#platform/notify/outbox.ts'),
      import('#platform/state/sqlite.ts'),
    ]);
  const notifier = slackNotifier({
    token: target.token,
    channels: parseChannels('', target.channel),
    owners: parseOwners(target.owners ?? ''),
    clock,
    ...(target.apiUrl === undefined ? {} : { apiUrl: target.apiUrl }),
    ...(links.files === undefined ? {} : { runbookLink: (path: string) => `${links.files ?? ''}/${path}` }),
  });
  const state = openSqliteState(':memory:', { clock });
  try {
    const outbox = openOutbox({ state, clock, notifier, runId: 'post-report', isStateLost: true });
    const { key, ...notice } = reportNotice(report, links, target.always ? 'success' : 'resolved');
    const { how, undelivered, warnings } = await outbox.post(key, notice, {
      onlyEdit: !target.always && !isProblem(report),
    });
    if (undelivered !== undefined)
      return { how: 'failed', why: `${undelivered.error}. ${undelivered.hint}`, warnings };
    return { how: how === 'sent' ? 'created' : how === 'left out' ? 'left out' : 'edited', warnings };
  } finally {
    await state.close();
  }
}

import { WebClient } from '@slack/web-api';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notice, NoticeRef, Notifier } from '#platform/notify/port.ts';
import { slackMessage } from './blocks.ts';
import { type ChannelRules, channelOf } from './channels.ts';
import { findMessage } from './find.ts';
import { type RetryPolicy, silentLogger, withRetries } from './retry.ts';

export interface SlackOptions {
  readonly token: string;
  readonly channels: ChannelRules;
  readonly clock: Clock;
  /** Another host: a proxy, or a server of a test. */
  readonly apiUrl?: string;
  /** Makes an address of a runbook's path. */
  readonly runbookLink?: (path: string) => string | undefined;
  readonly retry?: Partial<RetryPolicy>;
  /** Milliseconds after which a call counts as failed. */
  readonly timeout?: number;
}

const TIMEOUT_MS = 10_000;
/** Slack names conversations by capitals and digits. */
const CONVERSATION_ID = /^[A-Z][A-Z0-9]+$/;
/** Name of the metadata that carries a notice's key, by which a message is found again. */
export const METADATA_TYPE = 'tipoff_notice';

/**
 * Tells people on Slack. 429 is obeyed for as long as the policy allows; other transient failures are tried again.
 * A message whose answer was lost is looked for before it is posted a second time. What stays undelivered is
 * TIPOFF_NOTIFY, whose details say why and, for a limit, how long Slack wants to be left alone. Tokens never appear.
 */
export function slackNotifier(options: SlackOptions): Notifier {
  const { clock, channels } = options;
  const client = new WebClient(options.token, {
    ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
    // The retries are ours: the client's own run for half an hour and may post twice.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: options.timeout ?? TIMEOUT_MS,
    logger: silentLogger,
  });
  const retrying = <T>(what: string, call: () => Promise<T>, recover?: () => Promise<T | undefined>): Promise<T> =>
    withRetries({ clock, what, policy: options.retry ?? {}, secrets: [options.token] }, call, recover);
  const content = (notice: Notice) => {
    const { text, blocks } = slackMessage(notice, options.runbookLink);
    // Slack's types want mutable arrays of its own block types.
    return { text, blocks: structuredClone(blocks) as never, unfurl_links: false, unfurl_media: false };
  };
  const post = async (notice: Notice, channel: string, thread?: NoticeRef): Promise<NoticeRef> => {
    const call = async (): Promise<NoticeRef> => {
      const answer = await client.apiCall('chat.postMessage', {
        channel,
        ...content(notice),
        metadata: { event_type: METADATA_TYPE, event_payload: { key: notice.key } },
        ...(thread === undefined ? {} : { thread_ts: thread.id, ...(notice.isBroadcast === true ? { reply_broadcast: true } : {}) }),
      });
      return refOf(answer, notice);
    };
    return retrying(`the notice "${notice.title}" on ${channel}`, call, () =>
      findMessage(client, { channel, key: notice.key, thread, clock }),
    );
  };
  return {
    owns: ({ channel }) => CONVERSATION_ID.test(channel),
    send: (notice) => post(notice, channelOf(channels, notice)),
    reply: (ref, notice) => post(notice, ref.channel, ref),
    update: async (ref, notice) => {
      await retrying(`the change of "${notice.title}" on ${ref.channel}`, () =>
        client.apiCall('chat.update', { channel: ref.channel, ts: ref.id, ...content(notice) }),
      );
    },
    find: (notice, thread) =>
      retrying(`the search for "${notice.title}"`, () =>
        findMessage(client, { channel: thread?.channel ?? channelOf(channels, notice), key: notice.key, thread, clock }),
      ),
  };
}

function refOf(answer: object, notice: Notice): NoticeRef {
  const { channel, ts } = { channel: undefined, ts: undefined, ...answer };
  if (typeof channel === 'string' && typeof ts === 'string') return { channel, id: ts };
  throw new TipoffError('TIPOFF_NOTIFY', `Slack took the notice "${notice.title}" but its answer names no message`, {
    hint: 'Check that the API address is that of Slack.',
    details: { key: notice.key },
  });
}

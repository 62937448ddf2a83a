import { WebClient } from '@slack/web-api';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notice, NoticeRef, Notifier, SentNotice } from '#platform/notify/port.ts';
import { type SlackMessage, type Surroundings, shortMessage, slackMessage } from './blocks.ts';
import { type ChannelRules, channelOf } from './channels.ts';
import { cannotSearchError, isTooMuch, searchError, silentLogger, withRetries } from './retry.ts';

interface Search {
  readonly channel: string;
  readonly key: string;
  /** Look in this thread instead of the channel. */
  readonly thread: NoticeRef | undefined;
  readonly clock: Clock;
}

/** How far back to search for a message whose answer was lost. */
const LOOK_BACK_SECONDS = 2 * 86_400;
const PAGE = 200;
const MAX_PAGES = 5;

/**
 * The message that carries a notice's key in its metadata, or undefined. Needs the scopes channels:history and, for a
 * channel given by name, channels:read; for an app without them it is TIPOFF_NOTIFY with `cannot_search`.
 */
async function findMessage(client: WebClient, search: Search): Promise<NoticeRef | undefined> {
  try {
    return await lookFor(client, search);
  } catch (error) {
    throw searchError(error);
  }
}

async function lookFor(
  client: WebClient,
  { channel, key, thread, clock }: Search,
): Promise<NoticeRef | undefined> {
  const id = await channelId(client, channel);
  if (id === undefined) throw cannotSearchError(`${channel} is not among the channels it can see`);
  const oldest = String(Math.floor(clock.now().getTime() / 1000) - LOOK_BACK_SECONDS);
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer: unknown = await client.apiCall(
      thread === undefined ? 'conversations.history' : 'conversations.replies',
      {
        channel: id,
        oldest,
        limit: PAGE,
        include_all_metadata: true,
        ...(thread === undefined ? {} : { ts: thread.id }),
        ...(cursor === '' ? {} : { cursor }),
      },
    );
    const found = list(answer, 'messages').find((message) => keyOf(message) === key);
    const ts = member(found, 'ts');
    if (typeof ts === 'string') return { channel: id, id: ts };
    cursor = nextCursor(answer);
    if (cursor === '') return undefined;
  }
  return undefined;
}

/** The id of a channel given by name or id; undefined when no channel has the name. */
async function channelId(client: WebClient, channel: string): Promise<string | undefined> {
  if (!channel.startsWith('#')) return channel;
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer: unknown = await client.apiCall('conversations.list', {
      types: 'public_channel,private_channel',
      exclude_archived: true,
      limit: 1000,
      ...(cursor === '' ? {} : { cursor }),
    });
    const found = list(answer, 'channels').find((one) => member(one, 'name') === channel.slice(1));
    const id = member(found, 'id');
    if (typeof id === 'string') return id;
    cursor = nextCursor(answer);
    if (cursor === '') return undefined;
  }
  return undefined;
}

function keyOf(message: unknown): unknown {
  return member(member(member(message, 'metadata'), 'event_payload'), 'key');
}

function nextCursor(answer: unknown): string {
  const cursor = member(member(answer, 'response_metadata'), 'next_cursor');
  return typeof cursor === 'string' ? cursor : '';
}

function list(value: unknown, name: string): readonly unknown[] {
  const inner = member(value, name);
  return Array.isArray(inner) ? inner : [];
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export interface SlackOptions extends Surroundings {
  readonly token: string;
  readonly channels: ChannelRules;
  readonly clock: Clock;
  /** Another host: a proxy, or a server of a test. */
  readonly apiUrl?: string;
  /** Attempts of one delivery, the first included; 4 unless given. */
  readonly attempts?: number;
  /** Milliseconds after which a call counts as failed. */
  readonly timeout?: number;
}

const TIMEOUT_MS = 10_000;
/** Slack names conversations by capitals and digits. */
const CONVERSATION_ID = /^[A-Z][A-Z0-9]+$/;
/** Name of the metadata that carries a notice's key, by which a message is found again. */
const METADATA_TYPE = 'tipoff_notice';

/**
 * Posts notices to Slack. The waits that 429 asks for are respected as far as the policy allows; other transient failures are
 * retried. What Slack finds too long is sent in short. A message whose answer was lost is searched for before it is posted
 * again; where the app may not search, the second message says that it may be a duplicate. A failed delivery is TIPOFF_NOTIFY,
 * with the cause and, for a rate limit, the wait that Slack asks for in its details. Tokens never appear.
 */
export function slackNotifier(options: SlackOptions): Notifier {
  const { clock, channels } = options;
  const client = new WebClient(options.token, {
    ...omitUndefined({ slackApiUrl: options.apiUrl }),
    // The retries are ours: the client's own run for half an hour and may post twice.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: options.timeout ?? TIMEOUT_MS,
    logger: silentLogger,
  });
  const retrying = <T>(
    what: string,
    call: (doubt: string | undefined) => Promise<T>,
    recover?: () => Promise<T | undefined>,
  ): Promise<T> =>
    withRetries({ clock, what, attempts: options.attempts, secrets: [options.token] }, call, recover);
  /** A call with a notice; where Slack refuses it for its size or its blocks, with the short form of it. */
  const say = async (method: string, notice: Notice, rest: Readonly<Record<string, unknown>>) => {
    const call = ({ text, blocks }: SlackMessage) =>
      client.apiCall(method, { ...rest, text, blocks, unfurl_links: false, unfurl_media: false });
    try {
      return await call(slackMessage(notice, options));
    } catch (error) {
      if (isTooMuch(error)) return call(shortMessage(notice));
      throw error;
    }
  };
  const post = async (notice: Notice, channel: string, thread?: NoticeRef): Promise<SentNotice> => {
    const call = async (doubt: string | undefined): Promise<SentNotice> => {
      const shown =
        doubt === undefined
          ? notice
          : { ...notice, lines: [...notice.lines, `Possibly sent twice: ${doubt}`] };
      const answer = await say('chat.postMessage', shown, {
        channel,
        metadata: { event_type: METADATA_TYPE, event_payload: { key: notice.key } },
        ...(thread === undefined
          ? {}
          : { thread_ts: thread.id, ...(notice.isBroadcast === true ? { reply_broadcast: true } : {}) }),
      });
      const ref = refOf(answer, notice);
      return doubt === undefined
        ? ref
        : { ...ref, warning: `"${notice.title}" was possibly sent twice: ${doubt}` };
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
        say('chat.update', notice, { channel: ref.channel, ts: ref.id }),
      );
    },
    find: (notice, thread) =>
      retrying(`the search for "${notice.title}"`, () =>
        findMessage(client, {
          channel: thread?.channel ?? channelOf(channels, notice),
          key: notice.key,
          thread,
          clock,
        }),
      ),
  };
}

function refOf(answer: object, notice: Notice): NoticeRef {
  const { channel, ts } = { channel: undefined, ts: undefined, ...answer };
  if (typeof channel === 'string' && typeof ts === 'string') return { channel, id: ts };
  throw new TipoffError(
    'TIPOFF_NOTIFY',
    `Slack took the notice "${notice.title}" but its answer names no message`,
    {
      hint: 'Check that the API address is that of Slack.',
      details: { key: notice.key },
    },
  );
}

import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import type { Clock } from '#platform/clock.ts';
import type { NoticeRef } from '#platform/notify/port.ts';

interface Search {
  readonly channel: string;
  readonly key: string;
  /** Look in this thread instead of the channel. */
  readonly thread: NoticeRef | undefined;
  readonly clock: Clock;
}

/** How far back a message whose answer was lost can lie. */
const LOOK_BACK_SECONDS = 2 * 86_400;
const PAGE = 200;
const MOST_PAGES = 5;

/**
 * The message that carries a notice's key in its metadata, or undefined. Needs the scopes channels:history and, for a
 * channel given by name, channels:read; an app without them cannot look, and is told undefined: a message too many is
 * better than none.
 */
export async function findMessage(client: WebClient, search: Search): Promise<NoticeRef | undefined> {
  try {
    return await lookFor(client, search);
  } catch (error) {
    if (error instanceof WebAPIPlatformError && error.data.error === 'missing_scope') return undefined;
    throw error;
  }
}

async function lookFor(client: WebClient, { channel, key, thread, clock }: Search): Promise<NoticeRef | undefined> {
  const id = await channelId(client, channel);
  if (id === undefined) return undefined;
  const oldest = String(Math.floor(clock.now().getTime() / 1000) - LOOK_BACK_SECONDS);
  let cursor = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: unknown = await client.apiCall(thread === undefined ? 'conversations.history' : 'conversations.replies', {
      channel: id,
      oldest,
      limit: PAGE,
      include_all_metadata: true,
      ...(thread === undefined ? {} : { ts: thread.id }),
      ...(cursor === '' ? {} : { cursor }),
    });
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
  for (let page = 0; page < MOST_PAGES; page++) {
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

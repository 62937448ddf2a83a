import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** What happens to a call instead of being served: refused for a while, broken, served without an answer, or never answered. */
type Trouble = { readonly limit: number } | 'broken' | 'lost' | 'silent' | { readonly error: string };

interface SlackCall {
  readonly method: string;
  readonly token: string;
  readonly body: Readonly<Record<string, string>>;
}

interface SlackPost {
  readonly channel: string;
  readonly ts: string;
  readonly thread: string | undefined;
  readonly isBroadcast: boolean;
  readonly key: string | undefined;
  text: string;
  blocks: readonly unknown[];
  edits: number;
}

/** Slack over HTTP as far as messages go: keeps what was posted, refuses what Slack refuses, misbehaves when told to. */
export interface FakeSlack {
  readonly url: string;
  readonly calls: SlackCall[];
  /** Everything people see, threads included, oldest first. */
  readonly posts: SlackPost[];
  /** Troubles of the next calls, in order. */
  readonly troubles: Trouble[];
  /** Channels that the app may write to and is not shown in the list. */
  readonly hiddenChannels: string[];
  /** What the app may do, as Slack says with every answer. */
  scopes: readonly string[];
  /** Every call fails with 503 while true. */
  isDown: boolean;
  /** Messages that are not in a thread. */
  top(): SlackPost[];
  replies(): SlackPost[];
  close(): Promise<void>;
}

const blocksSchema = z
  .array(
    z.discriminatedUnion('type', [
      z.object({
        type: z.literal('header'),
        text: z.object({
          type: z.literal('plain_text'),
          text: z.string().min(1).max(150),
          emoji: z.boolean(),
        }),
      }),
      z.object({
        type: z.literal('section'),
        text: z.object({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3000) }),
      }),
      z.object({
        type: z.literal('context'),
        elements: z
          .array(z.object({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3000) }))
          .min(1)
          .max(10),
      }),
    ]),
  )
  .max(50);
/** Characters of all blocks of a message together that Slack takes. */
const MAX_BLOCKS_TEXT = 11_000;

export const FAKE_TOKEN = 'xoxb-fake-token';

/** Starts a fake Slack on a free loopback port, with the channels a workspace has. */
export async function fakeSlack(channels: readonly string[] = ['canary-alerts']): Promise<FakeSlack> {
  const ids = new Map(channels.map((name, i) => [name, `C${String(i + 1).padStart(8, '0')}`]));
  const pending = new Set<ServerResponse>();
  let clock = 1_700_000_000;
  const server = createServer((request, response) => void serve(request, response));
  const fake: FakeSlack = {
    url: '',
    calls: [],
    posts: [],
    troubles: [],
    hiddenChannels: [],
    scopes: [
      ...['chat:write', 'chat:write.public', 'channels:read', 'channels:history'],
      ...['groups:read', 'groups:history'],
    ],
    isDown: false,
    top: () => fake.posts.filter(({ thread }) => thread === undefined),
    replies: () => fake.posts.filter(({ thread }) => thread !== undefined),
    close: async () => {
      for (const response of pending) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
    const method = (request.url ?? '').replace('/api/', '');
    fake.calls.push({ method, token: (request.headers.authorization ?? '').replace('Bearer ', ''), body });
    const say = (status: number, answer: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(answer));
    };
    if (fake.isDown) return say(503, { ok: false });
    const trouble = fake.troubles.shift();
    if (trouble === 'broken') return say(500, { ok: false });
    if (trouble === 'silent') return void pending.add(response);
    if (typeof trouble === 'object' && 'limit' in trouble)
      return say(429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(trouble.limit) });
    if (typeof trouble === 'object') return say(200, { ok: false, error: trouble.error });
    const answer = answerTo(method, body, fake.calls.at(-1)?.token ?? '');
    if (trouble === 'lost') return void response.destroy();
    say(200, answer, { 'x-oauth-scopes': fake.scopes.join(',') });
  }

  function answerTo(method: string, body: Readonly<Record<string, string>>, token: string): object {
    if (token !== FAKE_TOKEN) return { ok: false, error: 'invalid_auth' };
    if (method === 'auth.test') return { ok: true, user: 'tipoff', team: 'Test' };
    const channel = channelId(body['channel']);
    if (method === 'conversations.list')
      return {
        ok: true,
        channels: [...ids].flatMap(([name, id]) =>
          fake.hiddenChannels.includes(name) ? [] : [{ id, name }],
        ),
      };
    if (channel === undefined) return { ok: false, error: 'channel_not_found' };
    if (method === 'conversations.history' || method === 'conversations.replies') {
      const messages = fake.posts
        .filter((post) => post.channel === channel && post.thread === body['ts'])
        .map(({ ts, text, key }) => ({
          ts,
          text,
          metadata: { event_type: 'tipoff_notice', event_payload: { key } },
        }));
      return { ok: true, messages };
    }
    const blocks = blocksSchema.safeParse(JSON.parse(body['blocks'] ?? '[]'));
    const text = body['text'] ?? '';
    if (!blocks.success) return { ok: false, error: 'invalid_blocks', detail: z.prettifyError(blocks.error) };
    if (text === '' || text.length > 4000) return { ok: false, error: 'msg_too_long' };
    const texts = blocks.data.flatMap((block) => (block.type === 'context' ? block.elements : [block.text]));
    if (texts.reduce((sum, one) => sum + one.text.length, 0) > MAX_BLOCKS_TEXT)
      return { ok: false, error: 'msg_blocks_too_long' };
    if (method === 'chat.postMessage') {
      const ts = `${++clock}.000100`;
      const metadata = JSON.parse(body['metadata'] ?? '{}') as { event_payload?: { key?: string } };
      fake.posts.push({
        channel,
        ts,
        thread: body['thread_ts'],
        isBroadcast: body['reply_broadcast'] === 'true',
        key: metadata.event_payload?.key,
        text,
        blocks: blocks.data,
        edits: 0,
      });
      return { ok: true, channel, ts };
    }
    if (method !== 'chat.update') return { ok: false, error: 'unknown_method' };
    const post = fake.posts.find((one) => one.channel === channel && one.ts === body['ts']);
    if (post === undefined) return { ok: false, error: 'message_not_found' };
    Object.assign(post, { text, blocks: blocks.data, edits: post.edits + 1 });
    return { ok: true, channel, ts: post.ts };
  }

  function channelId(name: string | undefined): string | undefined {
    if (name === undefined || [...ids.values()].includes(name)) return name;
    return ids.get(name.replace('#', ''));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/` });
}

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Notice } from '#platform/notify/port.ts';
import { parseChannels } from '#platform/notify/slack/channels.ts';
import { type SlackOptions, slackNotifier } from '#platform/notify/slack/notifier.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

const NOTICE: Notice = {
  key: 'prediction-gap:0001',
  severity: 'critical',
  title: 'No predictions',
  lines: ['10 games'],
  phase: 'predict',
};

let slack: FakeSlack;
let clock: VirtualClock;
beforeEach(async () => {
  slack = await fakeSlack(['canary-alerts', 'nba-predictions']);
  clock = virtualClock('2025-01-10T15:00:00Z');
});
afterEach(() => slack.close());

const open = (options: Partial<SlackOptions> = {}) =>
  slackNotifier({
    token: FAKE_TOKEN,
    channels: parseChannels(''),
    clock,
    apiUrl: slack.url,
    timeout: 2000,
    ...options,
  });

it('posts where severity and phase say, with its key as metadata', async () => {
  const notifier = open({ channels: parseChannels('predict/critical=#nba-predictions') });
  const ref = await notifier.send(NOTICE);
  await notifier.send({ ...NOTICE, key: 'other', severity: 'warning' });
  expect(slack.posts.map(({ channel, key }) => [channel, key])).toEqual([
    ['C00000002', NOTICE.key],
    ['C00000001', 'other'],
  ]);
  expect(ref).toEqual({ channel: 'C00000002', id: slack.posts[0]?.ts });
});

it('edits in place and answers in the thread, broadcast only when asked', async () => {
  const notifier = open();
  const ref = await notifier.send(NOTICE);
  await notifier.update(ref, { ...NOTICE, severity: 'resolved', title: 'Predictions are there' });
  await notifier.reply(ref, { ...NOTICE, key: 'r1' });
  await notifier.reply(ref, { ...NOTICE, key: 'r2', isBroadcast: true });
  expect(slack.top()).toHaveLength(1);
  expect(slack.top()[0]).toMatchObject({
    edits: 1,
    text: expect.stringContaining('RESOLVED: Predictions are there'),
  });
  expect(slack.replies().map(({ thread, isBroadcast }) => [thread, isBroadcast])).toEqual([
    [ref.id, false],
    [ref.id, true],
  ]);
});

it.each(['msg_too_long', 'msg_blocks_too_long', 'invalid_blocks'])(
  'says the most important in short where Slack refuses the whole with %s',
  async (error) => {
    const notifier = open();
    slack.troubles.push({ error });
    const ref = await notifier.send({ ...NOTICE, repair: 'tipoff day 2025-01-10' });
    slack.troubles.push({ error });
    await notifier.update(ref, { ...NOTICE, title: 'Still no predictions', lines: ['x'.repeat(50_000)] });
    expect(clock.slept).toEqual([]);
    expect(slack.posts).toEqual([
      expect.objectContaining({
        key: NOTICE.key,
        blocks: [],
        edits: 1,
        text: expect.stringMatching(/CRITICAL: Still/),
      }),
    ]);
  },
);

it('is never refused for its length', async () => {
  await open().send({ ...NOTICE, lines: Array.from({ length: 300 }, (_, i) => `${i} ${'<&>'.repeat(900)}`) });
  expect(slack.posts[0]?.blocks.length).toBeGreaterThan(1);
});

it('obeys 429 for as long as it may, and then posts once', async () => {
  slack.troubles.push({ limit: 7 }, { limit: 11 });
  await open().send(NOTICE);
  expect(clock.slept).toEqual([7000, 11_000]);
  expect(slack.posts).toHaveLength(1);
});

it('does not wait for longer than the bound, and says how long Slack asked for', async () => {
  slack.troubles.push({ limit: 600 });
  await expect(open().send(NOTICE)).rejects.toMatchObject({
    code: 'TIPOFF_NOTIFY',
    details: { attempts: 1, retry_after_seconds: 600 },
  });
  expect(clock.slept).toEqual([]);
});

it('gives up after a bounded number of tries', async () => {
  slack.isDown = true;
  await expect(open().send(NOTICE)).rejects.toMatchObject({
    code: 'TIPOFF_NOTIFY',
    transient: true,
    details: { attempts: 4 },
  });
  expect(clock.slept).toEqual([500, 1000, 2000]);
});

it('tries a broken answer again', async () => {
  slack.troubles.push('broken');
  await open().send(NOTICE);
  expect(slack.posts).toHaveLength(1);
});

it('does not post twice when only the answer was lost', async () => {
  slack.troubles.push('lost');
  const ref = await open().send(NOTICE);
  expect(slack.posts).toHaveLength(1);
  expect(ref).toEqual({ channel: 'C00000001', id: slack.posts[0]?.ts });
});

it('does not reply twice when only the answer was lost', async () => {
  const notifier = open();
  const ref = await notifier.send(NOTICE);
  slack.troubles.push('lost');
  const reply = await notifier.reply(ref, { ...NOTICE, key: 'again' });
  expect(slack.replies()).toHaveLength(1);
  expect(reply.id).toBe(slack.replies()[0]?.ts);
});

it('posts again rather than never where the app may not look', async () => {
  slack.troubles.push('lost', { error: 'missing_scope' });
  await open().send(NOTICE);
  expect(slack.posts).toHaveLength(2);
});

it('does not hang on a server that never answers', async () => {
  slack.troubles.push('silent');
  await expect(open({ timeout: 100, attempts: 1 }).send(NOTICE)).rejects.toMatchObject({
    code: 'TIPOFF_NOTIFY',
    details: { may_have_been_delivered: true },
  });
});

it.each([
  ['a wrong token', { token: 'xoxb-wrong' }, 'invalid_auth', 'TIPOFF_SLACK_TOKEN'],
  [
    'an unknown channel',
    { channels: parseChannels('', '#nowhere') },
    'channel_not_found',
    'TIPOFF_SLACK_CHANNEL',
  ],
])('says at once what to do about %s, without repeating secrets', async (_what, options, answer, hint) => {
  const failure = open(options).send(NOTICE);
  await expect(failure).rejects.toMatchObject({
    code: 'TIPOFF_NOTIFY',
    details: { attempts: 1, slack_error: answer },
    hint: expect.stringContaining(hint),
  });
  await failure.catch((error: unknown) => expect(String(error)).not.toContain('xoxb'));
  expect(slack.calls).toHaveLength(1);
});

it('finds a message by its key', async () => {
  const notifier = open();
  const ref = await notifier.send(NOTICE);
  expect(await open().find(NOTICE)).toEqual(ref);
  expect(await open().find({ ...NOTICE, key: 'never sent' })).toBeUndefined();
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import { parseChannels } from '#platform/notify/slack/channels.ts';
import { slackNotifier } from '#platform/notify/slack/notifier.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

const NOTICE: Omit<Notice, 'key'> = { severity: 'critical', title: 'No predictions', lines: ['10 games'] };
const CHANGED: Omit<Notice, 'key'> = { ...NOTICE, lines: ['8 games'] };

let slack: FakeSlack;
let clock: VirtualClock;
let state: StateStore;
beforeEach(async () => {
  slack = await fakeSlack();
  clock = virtualClock('2025-01-10T15:00:00Z');
  state = openSqliteState(':memory:', { clock });
});
afterEach(async () => {
  await slack.close();
  await state.close();
});

const open = (isStateLost = false) =>
  openOutbox({
    state,
    clock,
    runId: 'this process',
    isStateLost,
    notifier: slackNotifier({
      token: FAKE_TOKEN,
      channels: parseChannels(''),
      clock,
      apiUrl: slack.url,
      timeout: 2000,
    }),
  });

const doubt = expect.stringMatching(/possibly sent twice.*missing_scope.*channels:history/);

describe('an app without the scope to read its channel', () => {
  it('sends again when an answer was lost, and says that it may be a second message', async () => {
    slack.troubles.push('lost', { error: 'missing_scope' });
    const posted = await open().post('gap', NOTICE);
    expect(posted).toEqual({ how: 'sent', warnings: [doubt] });
    expect(slack.top().map(({ text }) => text.includes('Possibly sent twice'))).toEqual([false, true]);
    await open().post('gap', CHANGED);
    expect(slack.top()[1]).toMatchObject({ edits: 1, text: expect.not.stringContaining('Possibly') });
  });

  it('sends each time where no state outlives the process, and says so each time', async () => {
    slack.troubles.push({ error: 'missing_scope' });
    const posted = await open(true).post('gap', NOTICE);
    expect(posted).toEqual({ how: 'sent', warnings: [doubt] });
    expect(slack.top()[0]?.text).toContain('Possibly sent twice');
  });

  it('says the same of a channel that it cannot see', async () => {
    slack.troubles.push('lost');
    const notifier = slackNotifier({
      token: FAKE_TOKEN,
      channels: parseChannels(''),
      clock,
      apiUrl: slack.url,
      timeout: 2000,
    });
    await notifier.send({ ...NOTICE, key: 'gap' });
    slack.hiddenChannels.push('canary-alerts');
    await expect(notifier.find({ ...NOTICE, key: 'gap' })).rejects.toMatchObject({
      code: 'TIPOFF_NOTIFY',
      details: { cannot_search: true },
    });
  });
});

describe('a message that people deleted', () => {
  it('is sent again, and that is said', async () => {
    await open().post('gap', NOTICE);
    slack.posts.length = 0;
    expect(await open().post('gap', CHANGED)).toEqual({
      how: 'sent',
      warnings: [expect.stringContaining('was deleted')],
    });
    expect(slack.top()).toMatchObject([{ text: expect.stringContaining('8 games') }]);
    expect(await open().deliver()).toMatchObject({ sent: 0, edited: 0, undelivered: [] });
  });
});

it('delivers everything kept once Slack is back, oldest first, whichever outage it was', async () => {
  slack.isDown = true;
  for (const key of ['first', 'second', 'third']) {
    clock.advance(1000);
    await open().post(key, { ...NOTICE, title: key });
  }
  slack.isDown = false;
  expect(await open().deliver()).toMatchObject({ sent: 3, undelivered: [] });
  expect(slack.top().map(({ key }) => key)).toEqual(['first', 'second', 'third']);
});

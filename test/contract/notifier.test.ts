import { virtualClock } from '#platform/clock.ts';
import { consoleNotifier } from '#platform/notify/console.ts';
import { parseChannels } from '#platform/notify/slack/channels.ts';
import { slackNotifier } from '#platform/notify/slack/notifier.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import { notifierContract } from './notifier.ts';

notifierContract('the console', async () => {
  const lines: string[] = [];
  let broken = false;
  return {
    notifier: consoleNotifier((line) => {
      if (broken) throw new Error('write EPIPE');
      lines.push(line);
    }),
    shown: () => lines.join('\n'),
    breakDown: () => {
      broken = true;
    },
    dispose: async () => undefined,
  };
});

notifierContract('Slack', async () => {
  const slack = await fakeSlack();
  return {
    notifier: slackNotifier({
      token: FAKE_TOKEN,
      channels: parseChannels(''),
      clock: virtualClock('2025-01-10T15:00:00Z'),
      apiUrl: slack.url,
      timeout: 2000,
    }),
    shown: () => slack.posts.map(({ text, blocks }) => `${text}\n${JSON.stringify(blocks)}`).join('\n'),
    breakDown: () => {
      slack.isDown = true;
    },
    dispose: () => slack.close(),
  };
});

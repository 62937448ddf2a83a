import { consoleNotifier } from '#platform/notify/console.ts';
import { parseChannels } from '#platform/notify/slack/channels.ts';
import { slackNotifier } from '#platform/notify/slack/notifier.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import { outboxContract } from './outbox.ts';

outboxContract('the console', async () => {
  const lines: string[] = [];
  let isDown = false;
  const printed = consoleNotifier((line) => {
    if (isDown) throw new Error('write EPIPE');
    lines.push(line);
  });
  let messages = 0;
  return {
    notifier: {
      ...printed,
      send: async (notice) => {
        const sent = await printed.send(notice);
        messages++;
        return sent;
      },
    },
    shown: () => lines.join('\n'),
    messages: () => messages,
    setDown: (value) => {
      isDown = value;
    },
    dispose: async () => undefined,
  };
});

outboxContract('Slack', async (clock) => {
  const slack = await fakeSlack();
  return {
    notifier: slackNotifier({
      token: FAKE_TOKEN,
      channels: parseChannels(''),
      clock,
      apiUrl: slack.url,
      timeout: 2000,
      attempts: 2,
    }),
    shown: () => slack.posts.map(({ text }) => text).join('\n'),
    messages: () => slack.top().length,
    setDown: (value) => {
      slack.isDown = value;
    },
    dispose: () => slack.close(),
  };
});

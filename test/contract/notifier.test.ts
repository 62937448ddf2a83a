import { consoleNotifier } from '#platform/notify/console/notifier.ts';
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

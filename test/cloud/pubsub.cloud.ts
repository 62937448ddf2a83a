import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import { pubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { openPubSubTransport } from '#platform/queue/pubsub/transport.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { queueContract } from '#test/contract/queue.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { offered } from './offered.ts';
import { virtualDeadlines } from './virtual-transport.ts';

const emulator = offered('pubsub');

if (emulator === undefined) {
  describe.skip('the Pub/Sub queue (no emulator was offered)', () => {
    it('keeps the queue contract', () => undefined);
  });
} else {
  queueContract(
    'the Pub/Sub queue, its ledger in SQLite',
    async () => {
      const folder = await temporaryFolder();
      const clock = virtualClock('2025-01-10T15:00:00Z');
      const state = openSqliteState(join(folder.path, 'state.sqlite'), { clock });
      const projectId = `tipoff-${randomUUID().slice(0, 8)}`;
      const virtual = virtualDeadlines(clock);
      const open = () =>
        pubSubQueue(virtual(openPubSubTransport({ projectId, emulator, createMissing: true })), {
          state,
          clock,
          maxAttempts: 3,
        });
      const queue = open();
      const opened = [queue];
      return {
        queue,
        clock,
        maxAttempts: 3,
        another: async () => {
          const handle = open();
          opened.push(handle);
          return handle;
        },
        dispose: async () => {
          for (const handle of opened) await handle.close();
          await state.close();
          await folder.remove();
        },
      };
    },
    { runs: 10 },
  );
}

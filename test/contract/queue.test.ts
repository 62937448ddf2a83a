import { join } from 'node:path';
import { virtualClock } from '#platform/clock.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { queueContract } from './queue.ts';

queueContract('the SQLite queue, in one file with the state', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'state.sqlite');
  const clock = virtualClock('2025-01-10T15:00:00Z');
  const state = openSqliteState(path, { clock });
  const queue = openSqliteQueue(path, { clock, maxAttempts: 3 });
  const others = [queue];
  return {
    queue,
    clock,
    maxAttempts: 3,
    another: async () => {
      const handle = openSqliteQueue(path, { clock, maxAttempts: 3 });
      others.push(handle);
      return handle;
    },
    dispose: async () => {
      for (const handle of others) await handle.close();
      await state.close();
      await folder.remove();
    },
  };
});

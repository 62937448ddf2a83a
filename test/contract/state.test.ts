import { join } from 'node:path';
import { virtualClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { stateContract } from './state.ts';

stateContract('the SQLite state store', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'state.sqlite');
  const clock = virtualClock('2025-01-10T15:00:00Z');
  const opened = [openSqliteState(path, { clock })];
  const [store] = opened;
  if (store === undefined) throw new Error('no store');
  return {
    store,
    clock,
    another: async () => {
      const handle = openSqliteState(path, { clock });
      opened.push(handle);
      return handle;
    },
    dispose: async () => {
      for (const handle of opened) await handle.close();
      await folder.remove();
    },
  };
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SettableClock, settableClock } from '#app/healthy-league.ts';
import type { CanaryDeps } from '#guard/canaries/run.ts';
import type { DayDeps } from '#pipeline/day.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { modelOf, simpleSystems } from '#test/fakes/prediction-world.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

export interface TestWorld extends CanaryDeps {
  readonly clock: SettableClock;
  readonly models: ObjectStore;
  readonly day: DayDeps;
  close(): Promise<void>;
}

/** Empty engines in memory, exports in a temporary folder, simple systems for a model. */
export async function emptyWorld(start = '2024-11-29T12:00:00Z'): Promise<TestWorld> {
  const clock = settableClock(new Date(start));
  const folder = await mkdtemp(join(tmpdir(), 'tipoff-canaries-'));
  const warehouse = await openWarehouse({ clock });
  const state = openSqliteState(':memory:', { clock });
  const queue = openSqliteQueue(':memory:', { clock });
  const exports = directoryObjects(folder);
  const day: DayDeps = {
    warehouse,
    state,
    queue,
    clock,
    runId: 'test',
    codeVersion: 'test',
    models: modelOf(simpleSystems()),
    exports,
    dataSource: 'simulated',
  };
  return {
    warehouse,
    state,
    exports,
    models: directoryObjects(join(folder, 'models')),
    queue,
    clock,
    day,
    deployment: {
      codeVersion: 'test',
      expectedVersion: 'test',
      scheduledJobs: [],
      configGaps: [],
      backup: 'saved',
    },
    close: async () => {
      await warehouse.close();
      await state.close();
      await queue.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

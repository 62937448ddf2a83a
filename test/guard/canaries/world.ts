import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DayHour,
  HEALTHY_AS_OF,
  healthyLeague,
  liveDays,
  proofSlates,
  type SettableClock,
  settableClock,
} from '#app/healthy-league.ts';
import { addDays } from '#core/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { CanaryResult } from '#guard/canaries/definition.ts';
import { type CanaryDeps, runCanaries } from '#guard/canaries/run.ts';
import type { DayDeps } from '#pipeline/day.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { madeOnce } from '#test/fakes/leagues.ts';
import { modelOf, simpleSystems } from '#test/fakes/prediction-world.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
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
  return worldOver(clock, await openWarehouse({ clock }), folder, {
    state: ':memory:',
    closed: removal(folder),
  });
}

/** What decides what is in the healthy world. */
const SOURCES = [
  'src',
  ...['guard/canaries/world', 'fakes/prediction-world', 'fakes/leagues'].map((path) => `test/${path}.ts`),
];

/** A healthy league on its last evening, and what the checks said on the evenings before. */
export interface HealthyWorld {
  readonly world: TestWorld;
  /** What every check said at 23:30 of each day. */
  readonly lived: readonly CanaryResult[];
}

/**
 * A world in which a holiday without games and the last two days of the healthy league were lived through all phases. They are
 * lived once; every caller has a copy of his own.
 */
export async function healthyWorld(): Promise<HealthyWorld> {
  const saved = await madeOnce('healthy days', SOURCES, liveHealthyDays);
  const folder = await mkdtemp(join(tmpdir(), 'tipoff-canaries-'));
  for (const name of [STATE, OBJECTS]) await cp(join(saved, name), join(folder, name), { recursive: true });
  const clock = settableClock(HEALTHY_AS_OF);
  const warehouse = await openCopy(join(saved, WAREHOUSE), { clock });
  return {
    world: worldOver(clock, warehouse, folder, { state: join(folder, STATE), closed: removal(folder) }),
    lived: JSON.parse(await readFile(join(saved, LIVED), 'utf8')),
  };
}

const WAREHOUSE = 'warehouse.duckdb';
const STATE = 'state.sqlite';
const OBJECTS = 'objects';
const LIVED = 'lived.json';

const removal = (folder: string) => (): Promise<void> => rm(folder, { force: true, recursive: true });

async function liveHealthyDays(folder: string): Promise<void> {
  const league = healthyLeague();
  const [yesterday, tonight] = proofSlates(league);
  if (yesterday === undefined || tonight === undefined) throw new Error('expected two slates');
  const holiday = addDays(yesterday, -1);
  const clock = settableClock(new Date(`${holiday}T06:00:00Z`));
  await mkdir(folder);
  const warehouse = await openWarehouse({ path: join(folder, WAREHOUSE), clock });
  const world = worldOver(clock, warehouse, folder, { state: join(folder, STATE) });
  const lived: CanaryResult[] = [];
  const look = async (asOf: Date): Promise<void> => {
    lived.push(...(await runCanaries(world, { canaries: CATALOGUE, asOf, store: false })).results);
  };
  const hours: readonly DayHour[] = [
    { at: '12:15', run: true },
    { at: '23:30', look },
  ];
  await liveDays(world.day, { league, clock, slates: [holiday, yesterday, tonight], hours });
  await world.close();
  await writeFile(join(folder, LIVED), JSON.stringify(lived));
}

/** A world over a warehouse, with its documents and models in a folder, and its state and queue in a file. */
function worldOver(
  clock: SettableClock,
  warehouse: Warehouse,
  folder: string,
  stores: { readonly state: string; readonly closed?: () => Promise<void> },
): TestWorld {
  const state = openSqliteState(stores.state, { clock });
  const queue = openSqliteQueue(stores.state, { clock });
  const exports = directoryObjects(join(folder, OBJECTS));
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
      await stores.closed?.();
    },
  };
}

import { afterAll, afterEach } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import type { Answer, StatusDeps } from '#guard/status/answer.ts';
import { QUESTIONS, readStatus, type Status } from '#guard/status/status.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { gameRow, SLATE } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** 13:00 in New York on the day of the slate. */
export const NOON = '2025-01-10T18:00:00.000Z';

export interface TestStatusWorld extends StatusDeps {
  readonly clock: VirtualClock;
  read(): Promise<Status>;
  answer(number: number): Promise<Answer>;
}

export interface StatusWorldOptions {
  readonly games?: number;
  readonly at?: string;
  /** The test changes the warehouse and needs one of its own. */
  readonly own?: boolean;
}

/** A maker of worlds with empty tables and as many games tonight as asked for; call it once in a test file. */
export function statusWorlds(): (options?: StatusWorldOptions) => Promise<TestStatusWorld> {
  const closers: (() => Promise<void>)[] = [];
  const shared = new Map<number, Promise<Warehouse>>();
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  afterAll(async () => {
    for (const warehouse of shared.values()) await (await warehouse).close();
  });
  const common = (games: number): Promise<Warehouse> => {
    const warehouse = shared.get(games) ?? emptyWarehouse(games);
    shared.set(games, warehouse);
    return warehouse;
  };
  return async ({ games = 2, at = NOON, own = false } = {}) => {
    const clock = virtualClock(at);
    const warehouse = await (own ? emptyWarehouse(games) : common(games));
    if (own) closers.push(() => warehouse.close());
    const state = openSqliteState(':memory:', { clock });
    const folder = await temporaryFolder();
    closers.push(
      () => state.close(),
      () => folder.remove(),
    );
    const world: StatusDeps = {
      warehouse,
      state,
      exports: directoryObjects(folder.path),
      models: directoryObjects(folder.path),
      queue: { parked: async () => [] },
      clock,
      deployment: { codeVersion: 'v1', scheduledJobs: [], configGaps: [] },
    };
    return {
      ...world,
      clock,
      read: () => readStatus(world, SLATE),
      answer: async (number) => {
        const questions = QUESTIONS.filter((one) => one.number === number);
        const [found] = (await readStatus(world, SLATE, questions)).answers;
        if (found === undefined) throw new Error(`no answer ${number}`);
        return found;
      },
    };
  };
}

async function emptyWarehouse(games: number): Promise<Warehouse> {
  const warehouse = await openWarehouse();
  const tonight = Array.from({ length: games }, (_, i) => gameRow(SLATE, i));
  const last = { ...gameRow('2025-01-09', 90, '2025-01-10T00:00:00.000Z'), status: 'final' };
  await warehouse.append(schedule, [...tonight, last]);
  return warehouse;
}

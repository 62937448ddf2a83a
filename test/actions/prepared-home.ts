import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { stagingTable } from '#pipeline/batch/output-gate.ts';
import { type BatchState, COLLECTIONS } from '#pipeline/batch/state.ts';
import { systemClock, virtualClock } from '#platform/clock.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { TableInfo } from '#platform/warehouse/port.ts';
import { loadLeague } from '#simulate/league.ts';
import { madeOnce, simulatedLeague } from '#test/fakes/leagues.ts';
import { stagedRow } from '#test/guard/staging-cleanup/staged-row.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

export const SLATE = '2025-01-10';

/** Batches of a home: id and state; each has one staging table with two rows, 30 hours old. */
export type Batches = Readonly<Record<string, BatchState | 'unknown'>>;

export interface Home {
  readonly path: string;
  /** A copy, for a test that changes something. */
  copy(into: string): string;
  remove(): Promise<void>;
}

/** An embedded home on disk with batches and their staging tables, closed again, as it is at an instant. */
export async function preparedHome(batches: Batches, now = systemClock.now()): Promise<Home> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'home');
  await within(path, async (app) => {
    for (const [id, state] of Object.entries(batches)) {
      if (state === 'unknown') continue;
      const doc = {
        batch_id: id,
        slate: SLATE,
        mode: 'FIRST',
        state,
        by: 'test',
        caller_key: null,
        games: 1,
        expected: 2,
        units: 1,
      };
      const times = {
        created_at: `${SLATE}T13:00:00Z`,
        progress_at: `${SLATE}T13:00:00Z`,
        closed_at: null,
        reason: null,
      };
      await app.state.create(COLLECTIONS.batches, id, {
        ...doc,
        ...times,
        policy: 'publish',
        publication_id: null,
        attempts: 0,
        events: 0,
      });
    }
  });
  // The tables are 30 hours old.
  const clock = virtualClock(new Date(now.getTime() - 30 * 3_600_000));
  const warehouse = await openDuckDb(join(path, 'warehouse.duckdb'), { clock });
  for (const id of Object.keys(batches)) {
    const table = stagingTable(id, 'u00', 1);
    await warehouse.createTable(stagedPredictions, table);
    await warehouse.append(stagedPredictions, [stagedRow(id, 1), stagedRow(id, 2)], table);
  }
  await warehouse.close();
  return homeAt(path, folder.remove);
}

/** What decides what is in a home that is made once. */
const SOURCES = ['src', 'test/actions/prepared-home.ts', 'test/fakes/leagues.ts'];

/** A home that holds the raw data of a league of four teams and nothing computed from it: a copy of one that is made once. */
export async function leagueHome(): Promise<Home> {
  const saved = await madeOnce('league home', SOURCES, async (path) => {
    const league = simulatedLeague({
      seed: 5,
      seasons: ['2024-25'],
      teams: 4,
      gamesPerTeam: 12,
      through: '2024-11-20',
    });
    await within(path, async (app) => void (await loadLeague(app.warehouse, league)), true);
  });
  const folder = await temporaryFolder();
  const path = join(folder.path, 'home');
  cpSync(saved, path, { recursive: true });
  return homeAt(path, folder.remove);
}

function homeAt(path: string, remove: () => Promise<void>): Home {
  return {
    path,
    copy: (into) => {
      const copy = join(into, 'home');
      cpSync(path, copy, { recursive: true });
      return copy;
    },
    remove,
  };
}

/** Staging tables and batch states of a home. */
export async function lookInto(path: string): Promise<{ tables: string[]; states: Record<string, string> }> {
  return within(path, async (app) => {
    const tables: TableInfo[] = await app.warehouse.listTables('nba_predictions', '_staging_');
    const docs = await app.state.list<{ batch_id: string; state: string }>(COLLECTIONS.batches);
    return {
      tables: tables.map(({ name }) => name).sort(),
      states: Object.fromEntries(docs.map(({ data }) => [data.batch_id, data.state])),
    };
  });
}

/** Opens a home for one piece of work. */
export async function within<T>(
  home: string,
  work: (app: Awaited<ReturnType<typeof openApp>>) => Promise<T>,
  prepare = false,
): Promise<T> {
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'test',
    prepare,
    clock: systemClock,
    write: () => undefined,
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

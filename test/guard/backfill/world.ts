import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSlate, type Slate } from '#core/calendar.ts';
import type { RunDeps, RunReport, RunRequest } from '#guard/backfill/execute.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS, SUMMARY_PROCESSORS } from '#pipeline/graph.ts';
import type { Processor } from '#pipeline/processor.ts';
import { systemClock } from '#platform/clock.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import type { LeagueOptions, SimulatedLeague } from '#simulate/league.ts';
import { leagueWarehouse, madeOnce, simulatedLeague } from '#test/fakes/leagues.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy, saveCopy } from '#test/platform/warehouse/copies.ts';

export const STATEMENTS: readonly Processor[] = [
  ...SUMMARY_PROCESSORS,
  ...CONTEXT_PROCESSORS,
  ...PRECOMPUTE_PROCESSORS,
];

/** Two seasons of four teams: small enough to be computed many times, with every feed. */
const TINY: LeagueOptions = {
  seed: 5,
  seasons: ['2023-24', '2024-25'],
  teams: 4,
  gamesPerTeam: 10,
  playersPerTeam: 12,
  withShots: true,
};

export interface BackfillWorld {
  readonly league: SimulatedLeague;
  readonly deps: RunDeps;
  readonly warehouse: Warehouse;
  /** Slates of the last season. */
  readonly season: readonly Slate[];
  readonly first: Slate;
  readonly last: Slate;
  /** A run over the last season's features, with changes. */
  run(request?: Partial<RunRequest>, deps?: Partial<RunDeps>): Promise<RunReport>;
  close(): Promise<void>;
}

const unused = (): never => {
  throw new Error('these tests do not predict');
};

/** A warehouse with the raw rows of a league, and an empty ledger. */
export async function backfillWorld(options: LeagueOptions = TINY): Promise<BackfillWorld> {
  const warehouse = await leagueWarehouse(options);
  const state = openSqliteState(':memory:', { clock: systemClock });
  return worldOver(simulatedLeague(options), warehouse, state);
}

/** What decides what one run over the season leaves. */
const SOURCES = ['src', 'test/guard/backfill/world.ts', 'test/fakes/leagues.ts'];

/**
 * The same world after one run over the season, with nothing in its way, and with its ledger. The run is made once; every
 * caller has a copy of his own.
 */
export async function computedWorld(options: LeagueOptions = TINY): Promise<BackfillWorld> {
  const league = simulatedLeague(options);
  const saved = await madeOnce(`computed season ${JSON.stringify(options)}`, SOURCES, async (path) => {
    await mkdir(path);
    const state = openSqliteState(join(path, STATE), { clock: systemClock });
    const world = worldOver(league, await leagueWarehouse(options), state);
    await world.run({}, { runId: 'computed' });
    await saveCopy(world.warehouse, join(path, WAREHOUSE));
    await world.close();
  });
  const folder = await temporaryFolder();
  await cp(join(saved, STATE), join(folder.path, STATE));
  const state = openSqliteState(join(folder.path, STATE), { clock: systemClock });
  return worldOver(league, await openCopy(join(saved, WAREHOUSE)), state, () => folder.remove());
}

const WAREHOUSE = 'warehouse.duckdb';
const STATE = 'state.sqlite';

function worldOver(
  league: SimulatedLeague,
  warehouse: Warehouse,
  state: StateStore,
  closed: () => Promise<void> = async () => undefined,
): BackfillWorld {
  const clock = systemClock;
  const queue = openSqliteQueue(':memory:', { clock });
  const deps: RunDeps = {
    warehouse,
    state,
    queue,
    clock,
    codeVersion: 'test',
    functionLibrary: 'library',
    runId: 'run',
    dataSource: 'simulated',
    models: unused,
    exports: {
      locate: unused,
      put: unused,
      get: unused,
      list: unused,
      delete: unused,
      head: unused,
    } as unknown as RunDeps['exports'],
  };
  const season = league.slates.filter((slate) => slate >= '2024-07-01').map(parseSlate);
  const [first, last] = [season[0] ?? parseSlate('2024-10-22'), season.at(-1) ?? parseSlate('2025-06-30')];
  let runs = 0;
  return {
    league,
    deps,
    warehouse,
    season,
    first,
    last,
    run: (request = {}, changed = {}) =>
      runBackfill(
        { ...deps, runId: `run-${++runs}`, ...changed },
        { from: first, to: last, phases: ['analytics', 'precompute'], by: 'test', ...request },
      ),
    close: async () => {
      await queue.close();
      await state.close();
      await warehouse.close();
      await closed();
    },
  };
}

/** Every row of every computed table as text, by processor and slate. */
export async function contents(warehouse: Warehouse): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name, table } of STATEMENTS) {
    const rows = await warehouse.query<Row>(
      `SELECT * FROM ${table.dataset}.${table.name} WHERE slate >= CAST(@from AS DATE) ORDER BY ${['slate', ...table.key].join(', ')}`,
      { from: '1946-11-01' },
    );
    for (const [slate, own] of Map.groupBy(rows, (row) => String(row['slate'])))
      found.set(`${name} ${slate}`, JSON.stringify(own));
  }
  return found;
}

/** Keys under which two contents differ. */
export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).sort();
}

/** "step slate" of everything a plan names. */
export function plannedSlates(plan: RunReport['plan']): string[] {
  return plan.units.flatMap(({ step, slates }) => slates.map((slate) => `${step} ${slate}`)).sort();
}

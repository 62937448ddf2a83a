import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSlate, type Slate } from '#core/calendar.ts';
import { columnNames, tableId } from '#core/contracts/define.ts';
import type { Processor } from '#pipeline/processor.ts';
import { DAILY_WAITING, type RefreshResult, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { LeagueOptions } from '#simulate/league.ts';
import { leagueWarehouse, madeOnce } from '#test/fakes/leagues.ts';
import { saveCopy } from '#test/platform/warehouse/copies.ts';

/** Everything that decides what the refresh of a league leaves in the tables. */
const SOURCES = [
  ...['core', 'simulate', 'platform', 'pipeline'].map((path) => `src/${path}`),
  ...['pipeline/computed-league.ts', 'fakes/leagues.ts'].map((path) => `test/${path}`),
];

export const TONIGHT = parseSlate('2024-11-20');
export const NOON = `${TONIGHT}T17:00:00Z`;
/** A month of a small league that ends with a slate that waits for its results. */
export const SHORT_LEAGUE: LeagueOptions = {
  seed: 5,
  seasons: ['2024-25'],
  teams: 6,
  gamesPerTeam: 20,
  playersPerTeam: 12,
  through: TONIGHT,
};

export interface ComputedLeague {
  /** The warehouse after the refresh; open a copy of it. */
  readonly file: string;
  /** What the refresh said, and how long it waited. */
  readonly first: RefreshResult;
  readonly slept: VirtualClock['slept'];
}

/** A league as the first refresh of its last slate leaves it, the short one unless asked otherwise: computed once per content of the sources. */
export async function computedLeague(
  options: LeagueOptions = SHORT_LEAGUE,
  tonight: Slate = TONIGHT,
  at: string = NOON,
): Promise<ComputedLeague> {
  const made = await madeOnce(JSON.stringify(['computed', options, tonight, at]), SOURCES, async (path) => {
    await mkdir(path, { recursive: true });
    const warehouse = await leagueWarehouse(options, at);
    const clock = virtualClock(at);
    const deps = { warehouse, clock, codeVersion: 'test', runId: 'test' };
    const first = await refresh(deps, tonight, DAILY_WAITING);
    await saveCopy(warehouse, join(path, 'warehouse.duckdb'));
    await warehouse.close();
    await writeFile(join(path, 'said.json'), JSON.stringify({ first, slept: clock.slept }));
  });
  const said = JSON.parse(await readFile(join(made, 'said.json'), 'utf8')) as Omit<ComputedLeague, 'file'>;
  return { file: join(made, 'warehouse.duckdb'), ...said };
}

/** The ranges, as `from..to`, that processors were to compute, by the name of their table. */
export type Ranges = Map<string, string[]>;

/** A warehouse to which some processors write nothing: for tests of what is decided before they run. */
export function withoutWork(
  warehouse: Warehouse,
  processors: readonly Processor[],
): { readonly warehouse: Warehouse; readonly asked: Ranges } {
  const asked: Ranges = new Map(processors.map(({ table }) => [table.name, []]));
  const replaceRange: Warehouse['replaceRange'] = async (table, range, ...rest) => {
    const own = asked.get(table.name);
    if (own === undefined) return warehouse.replaceRange(table, range, ...rest);
    own.push(`${range.from}..${range.to}`);
    return 0;
  };
  return { warehouse: { ...warehouse, replaceRange }, asked };
}

/**
 * A warehouse in which some processors write, with all that belongs to it, the rows that are there already: for tests of the
 * writing, with inputs that are as they were.
 */
export function rewriting(warehouse: Warehouse, processors: readonly Processor[]): Warehouse {
  const tables = new Set(processors.map(({ table }) => table));
  const replaceRange: Warehouse['replaceRange'] = (table, range, select, params) =>
    warehouse.replaceRange(
      table,
      range,
      tables.has(table)
        ? `SELECT ${columnNames(table).join(', ')} FROM ${tableId(table)} WHERE ${range.column} BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`
        : select,
      params,
    );
  return { ...warehouse, replaceRange };
}

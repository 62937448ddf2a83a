import type { Slate } from '#core/calendar.ts';
import { buildPlayerReference } from '#pipeline/analytics/reference.ts';
import { ANALYTICS_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { HISTORY_FROM, NO_AS_OF, type Processor, rangeParams } from '#pipeline/processor.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import type { LeagueOptions, SimulatedLeague } from '#simulate/league.ts';
import { leagueWarehouse, madeOnce, simulatedLeague } from '#test/fakes/leagues.ts';
import { openCopy, saveCopy } from '#test/platform/warehouse/copies.ts';

/** A league small enough for every test and large enough for every rule: two short seasons of eight teams, with shots. */
const SMALL_LEAGUE: LeagueOptions = {
  seed: 11,
  seasons: ['2023-24', '2024-25'],
  teams: 8,
  gamesPerTeam: 14,
  playersPerTeam: 12,
  withShots: true,
};

/** Everything that decides what is in a world that is computed. */
const SOURCES = [
  'src/core',
  'src/simulate',
  'src/platform',
  'src/pipeline',
  'test/pipeline/feature-world.ts',
];

export const PROCESSORS: readonly Processor[] = [...ANALYTICS_PROCESSORS, ...PRECOMPUTE_PROCESSORS];

export const league = (): SimulatedLeague => simulatedLeague(SMALL_LEAGUE);

/** An in-memory warehouse with the raw rows of the league and the reference tables built. */
export async function rawWorld(): Promise<Warehouse> {
  const warehouse = await leagueWarehouse(SMALL_LEAGUE);
  await buildPlayerReference(warehouse);
  return warehouse;
}

/** The same with everything computed, from the first slate to the last: once per content of the sources. */
export async function computedWorld(): Promise<Warehouse> {
  const made = await madeOnce(JSON.stringify(['features', SMALL_LEAGUE]), SOURCES, async (path) => {
    const { slates } = league();
    const warehouse = await rawWorld();
    await compute(warehouse, slates[0] ?? '', slates.at(-1) ?? '');
    await saveCopy(warehouse, path);
    await warehouse.close();
  });
  return openCopy(made);
}

/** The processors that say what happened: they are run over all history, whatever range is asked for. */
const SUMMARIES = PROCESSORS.filter(
  ({ name }) => name === 'ScheduleReference' || name.endsWith('GameSummary'),
);
/** The others, whose rows are as of their slate. */
export const AS_OF_SLATES = PROCESSORS.filter((processor) => !SUMMARIES.includes(processor));

/** A processor as it is. */
export const unchanged = ({ select }: Processor): string => select;

/** Runs processors over a range, as they are or changed. */
export async function compute(
  warehouse: Warehouse,
  from: string,
  to: string,
  change: (processor: Processor) => string = unchanged,
  processors: readonly Processor[] = PROCESSORS,
): Promise<void> {
  for (const processor of processors) {
    const [first, last] = SUMMARIES.includes(processor) ? [HISTORY_FROM, '9999-12-31'] : [from, to];
    const params = rangeParams({ from: first as Slate, to: last as Slate, asOf: NO_AS_OF });
    await warehouse.replaceRange(
      processor.table,
      { column: 'slate', from: first, to: last },
      change(processor),
      params,
    );
  }
}

/** Everything that was computed for slates from..to, as text, table by table. */
export async function fingerprint(warehouse: Warehouse, from: string, to: string = from): Promise<string> {
  const parts: string[] = [];
  for (const { table } of AS_OF_SLATES) {
    const rows = await warehouse.query<Row>(
      `SELECT * FROM ${table.dataset}.${table.name} WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) ORDER BY ${table.key.join(', ')}`,
      { from, to },
    );
    parts.push(`${table.name} ${rows.length}`, ...rows.map((row) => JSON.stringify(row)));
  }
  return parts.join('\n');
}

/** SQL: noise in every column of a player's box score that still adds up, as the contract of the table demands. */
export const BOX_NOISE = `points = 2 * (19 + MOD(fgm, 5)) + 19 - fg3m + MOD(ftm + 3, 7), fgm = 19 + MOD(fgm, 5), fg3m = 19 - fg3m, ftm = MOD(ftm + 3, 7),
  fga = 27 + MOD(fga, 9), fg3a = 20 + MOD(fg3a, 7), fta = 7 + MOD(fta, 5), minutes = 60 - minutes, tov = MOD(tov + 3, 9),
  oreb = MOD(oreb + 3, 9), dreb = MOD(dreb + 5, 15), reb = MOD(oreb + 3, 9) + MOD(dreb + 5, 15), ast = MOD(ast + 7, 20), stl = MOD(stl + 2, 6), blk = MOD(blk + 2, 5)`;

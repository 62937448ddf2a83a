import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import type { RunRequest } from '#guard/backfill/execute.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { planBatch, skippedBy } from '#pipeline/batch/plan.ts';
import { runDay } from '#pipeline/day.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { NO_WAITING, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { serviceOver } from '#test/app/services/service-world.ts';
import { itForSpread } from '#test/depth.ts';
import { leagueWarehouse, madeOnce } from '#test/fakes/leagues.ts';
import { modelOf, simpleSystems } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
import { computedLeague } from './computed-league.ts';

// A season is computed twice before the first test where no run has done so, and again by every backfill.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const TONIGHT = parseSlate('2024-11-30');
const LAST_NIGHT = addDays(TONIGHT, -1);
/** 12:15 in New York: everything of last night is due. */
const NOON = '2024-11-30T17:15:00Z';
const NEXT_NOON = '2024-12-01T17:15:00Z';
const LEAGUE = { seed: 11, seasons: ['2024-25'], teams: 8, gamesPerTeam: 24, through: TONIGHT };

const ROWS = `nba_raw.player_box_scores WHERE slate = DATE '${LAST_NIGHT}'`;
const change = (set: string): string =>
  `UPDATE nba_raw.player_box_scores SET row_id = row_id || '-other', ${set} WHERE slate = DATE '${LAST_NIGHT}'`;
const again = (replace: string): string =>
  `INSERT INTO nba_raw.player_box_scores SELECT * REPLACE (row_id || '-2' AS row_id, ingested_at + INTERVAL 1 MINUTE AS ingested_at${replace}) FROM ${ROWS}`;
/** What is refused on the way in is missing in the tables: a page of HTML, a renamed column and wrong types come to the same. */
const MISSING = `DELETE FROM ${ROWS}`;

/** Checks for which this league is too small: features move more than in a league of thirty teams. */
const SMALL = ['features_continuous'];

/** What a bad night leaves in the raw tables, thirteen ways. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'half a file': [`${MISSING} AND MOD(player_id, 2) = 0`],
  'a stale file': [MISSING],
  'future dates': [change(`slate = DATE '${addDays(TONIGHT, 1)}'`)],
  'a renamed column': [MISSING],
  'shifted columns': [change('points = reb, reb = ast, ast = points')],
  'wrong types in a game': [`${MISSING} AND game_id IN (SELECT MIN(game_id) FROM ${ROWS})`],
  nulls: [change('minutes = NULL')],
  'negative minutes': [change('minutes = -minutes')],
  'swapped teams': [change('team_abbr = opponent_abbr, opponent_abbr = team_abbr, is_home = NOT is_home')],
  'conflicting duplicates': [again(', minutes * 0.5 AS minutes')],
  'an empty file': [MISSING],
  'a repeated file': [again('')],
  'a mix': [
    `${MISSING} AND MOD(player_id, 3) = 0`,
    change('minutes = CASE WHEN MOD(player_id, 5) = 0 THEN NULL ELSE minutes END'),
  ],
};

const THROUGH_ALL_PHASES = ['half a file', 'shifted columns', 'swapped teams', 'a mix'];

/** Everything that decides what the features of tonight are. */
const SOURCES = ['src', 'test/pipeline/bad-night.test.ts', 'test/fakes/leagues.ts'];

/** Features of tonight when nothing is wrong, by the home that they are computed in. */
const truths: Record<string, ReadonlyMap<unknown, string>> = {};
/** Homes with nothing wrong, each opened as a copy of its own. */
const homes: Record<string, () => Promise<Warehouse>> = {};
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

async function features(warehouse: Warehouse): Promise<ReadonlyMap<unknown, string>> {
  const rows = await warehouse.query<Row>(
    `SELECT player_id, ${FEATURE_NAMES.join(', ')} FROM nba_predictions.ml_feature_store WHERE slate = DATE '${TONIGHT}'`,
  );
  return new Map(rows.map(({ player_id, ...row }) => [player_id, JSON.stringify(row)]));
}

/** A file with the features of tonight in the played home, computed once per content of the sources. */
function featuresOfPlayed(): Promise<string> {
  return madeOnce('features of the night after a bad one', SOURCES, async (path) => {
    const played = await homeOf('played');
    const past = runDeps(played, virtualClock(NEXT_NOON));
    await backfill(past, ['analytics', 'precompute']);
    await writeFile(path, JSON.stringify([...(await features(played))]));
    await past.queue.close();
    await past.state.close();
    await played.close();
  });
}

function homeOf(name: string): Promise<Warehouse> {
  const copied = homes[name];
  if (copied === undefined) throw new RangeError(`there is no home ${name}`);
  return copied();
}

/** The same warehouse, in which contexts and features of earlier slates, which nobody looks at here, stay as they are. */
function featuresOfTonight(warehouse: Warehouse): Warehouse {
  const tables = new Set([...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS].map(({ table }) => table));
  const replaceRange: Warehouse['replaceRange'] = async (table, range, ...rest) =>
    range.to < TONIGHT && tables.has(table) ? 0 : warehouse.replaceRange(table, range, ...rest);
  return { ...warehouse, replaceRange };
}

const clock = () => virtualClock(NOON);
const deps = (warehouse: Warehouse) => ({ warehouse, clock: clock(), codeVersion: 'test', runId: 'test' });

beforeAll(async () => {
  folder = await temporaryFolder();
  const { file } = await computedLeague(LEAGUE, TONIGHT, NOON);
  homes['healthy'] = async () => featuresOfTonight(await openCopy(file));
  homes['played'] = () => leagueWarehouse(LEAGUE, NEXT_NOON);
  const healthy = await homes['healthy']();
  truths['healthy'] = await features(healthy);
  await healthy.close();
  truths['played'] = new Map(JSON.parse(await readFile(await featuresOfPlayed(), 'utf8')));
});
afterAll(() => folder.remove());

/** Mornings by their damage: several ways leave the same behind. */
const mornings = new Map<string, ReturnType<typeof computed>>();
function damaged(statements: readonly string[]): ReturnType<typeof computed> {
  const key = statements.join(';');
  const morning = mornings.get(key) ?? computed(statements);
  mornings.set(key, morning);
  return morning;
}

/** The healthy morning with the damage in its raw tables, computed anew. */
async function computed(statements: readonly string[]) {
  const warehouse = await homeOf('healthy');
  for (const statement of statements) await warehouse.execute(statement);
  // Rows that break a rule of their contract are refused before anything is computed from them: the day ends there, and says so.
  const refreshed = await refresh(deps(warehouse), TONIGHT, NO_WAITING).catch((error: unknown) => {
    if (error instanceof TipoffError && error.code === 'TIPOFF_SCHEMA_MISMATCH') return error;
    throw error;
  });
  if (refreshed instanceof TipoffError) {
    await warehouse.close();
    return { through: [], wrong: 0, skipped: {}, told: [refreshed.code] };
  }
  const { notReady } = refreshed;
  const state = openSqliteState(':memory:', { clock: clock() });
  const { results } = await runCanaries(
    {
      warehouse,
      state,
      exports: directoryObjects(folder.path),
      models: directoryObjects(folder.path),
      queue: { parked: async () => [] },
      clock: clock(),
      deployment: { codeVersion: 'test', scheduledJobs: [], configGaps: [] },
    },
    {
      canaries: CATALOGUE.filter(({ phase }) => ['ingest', 'analytics', 'precompute'].includes(phase)),
      asOf: new Date(NOON),
      store: false,
    },
  );
  // A day that is held plans no batch.
  const { verdicts } =
    notReady.length > 0
      ? { verdicts: [] }
      : await planBatch(warehouse, { slate: TONIGHT, mode: 'FIRST' }, clock().now());
  const stored = await features(warehouse);
  await warehouse.close();
  await state.close();
  const through = verdicts.filter(({ skip }) => skip === undefined);
  return {
    through: through.map(({ player_id }) => player_id),
    wrong: through.filter(({ player_id }) => stored.get(player_id) !== truths['healthy']?.get(player_id))
      .length,
    skipped: skippedBy(verdicts),
    told: results
      .filter(({ status }) => status === 'fail')
      .map(({ check }) => check)
      .filter((check) => !SMALL.includes(check)),
  };
}

/** What a run works with: one store of everything, and the clock of its morning. */
function runDeps(warehouse: Warehouse, at: VirtualClock) {
  return {
    ...{ warehouse, clock: at, codeVersion: 'test', runId: 'test', dataSource: 'simulated' as const },
    state: openSqliteState(':memory:', { clock: at }),
    queue: openSqliteQueue(':memory:', { clock: at }),
    exports: directoryObjects(`${folder.path}/objects`),
    models: modelOf(simpleSystems()),
  };
}

type Run = (deps: ReturnType<typeof runDeps>) => Promise<string>;

/** How a slate can come about. Each gives what it says for itself in a word. */
const RUNS: Readonly<Record<string, { readonly home: string; readonly at: string; readonly run: Run }>> = {
  'the day': {
    home: 'healthy',
    at: NOON,
    run: async (deps) => (await runDay(deps, { slate: TONIGHT, by: 'test' })).state,
  },
  'the services': {
    home: 'healthy',
    at: NOON,
    run: async (deps) => {
      await refresh(deps, TONIGHT, NO_WAITING);
      const { call, runtime } = serviceOver(deps);
      const { status, body } = await call('POST', '/start', { game_date: TONIGHT, mode: 'RETRY' });
      if (status !== 202) return body.code;
      await runtime.idle();
      await runtime.drainQueue();
      await runtime.idle();
      return (await call('GET', `/batches/${body.batch_id}`)).body.state;
    },
  },
  'a backfill': {
    home: 'played',
    at: NEXT_NOON,
    run: async (deps) => {
      const report = await backfill(deps, ['analytics', 'precompute', 'predict', 'export', 'grade']);
      // The first slates of the league have no player with a history.
      const isBehind = ({ month }: { readonly month: string }): boolean => TONIGHT.startsWith(month);
      return [...report.held, ...report.failed, ...report.blocked].some(isBehind) ? 'held' : 'done';
    },
  },
};

function backfill({ models, ...deps }: ReturnType<typeof runDeps>, phases: RunRequest['phases']) {
  return runBackfill(
    { ...deps, functionLibrary: 'library', models: () => models },
    { from: LAST_NIGHT, to: TONIGHT, by: 'test', phases },
  );
}

/** The damaged morning through all phases of a run: what is visible afterwards, and what the run says. */
async function through(way: string, statements: readonly string[]) {
  const { home, at, run } = RUNS[way] as (typeof RUNS)[string];
  const warehouse = await homeOf(home);
  for (const statement of statements) await warehouse.execute(statement);
  const deps = runDeps(warehouse, virtualClock(at));
  const said = await run(deps).catch((error: unknown) => {
    if (error instanceof TipoffError && error.code === 'TIPOFF_SCHEMA_MISMATCH') return error.code;
    throw error;
  });
  const visible = await warehouse.query<{ player_id: number }>(
    `SELECT DISTINCT player_id FROM nba_predictions.current_predictions WHERE slate = DATE '${TONIGHT}'`,
  );
  const stored = await features(warehouse);
  await warehouse.close();
  await deps.queue.close();
  await deps.state.close();
  return {
    said,
    visible: visible.length,
    wrong: visible.filter(({ player_id }) => stored.get(player_id) !== truths[home]?.get(player_id)).length,
  };
}

describe('a bad night', () => {
  it.each([
    ['the day', 'published'],
    ['the services', 'published'],
    ['a backfill', 'done'],
  ])('is a good one to %s when nothing is wrong with it', async (way, good) => {
    const { said, visible, wrong } = await through(way, []);
    expect({ said, wrong }).toEqual({ said: good, wrong: 0 });
    expect(visible).toBeGreaterThan(20);
  });

  // A part that is missing, rows that break rules, rows that do not, and both at once: the others differ only on the way in.
  itForSpread(
    Object.keys(RUNS).flatMap((run) => THROUGH_ALL_PHASES.map((way) => [way, run] as const)),
    2,
  )('%s brings nothing wrong to readers through %s', async ([way, run]) => {
    expect((await through(run, WAYS[way] ?? [])).wrong).toBe(0);
  });

  it('does not change what a good one gives', async () => {
    const { through, wrong, told, skipped } = await damaged([]);
    expect({ wrong, told, unknown: skipped['last_game_unknown'] }).toEqual({
      wrong: 0,
      told: [],
      unknown: undefined,
    });
    expect(through.length).toBeGreaterThan(20);
  });

  itForSpread(Object.entries(WAYS), 4)(
    '%s lets no wrong feature row through, and is told',
    async ([way, statements]) => {
      const { wrong, told, through } = await damaged(statements);
      expect(wrong).toBe(0);
      if (way === 'a repeated file') expect(through.length).toBeGreaterThan(20);
      else expect(told).not.toEqual([]);
    },
  );
});

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { DAILY_WAITING, NO_WAITING, type RefreshResult, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague } from '#simulate/league.ts';
import { leagueWarehouse, simulatedLeague } from '#test/fakes/leagues.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy, saveCopy } from '#test/platform/warehouse/copies.ts';

// Every test computes a league of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TONIGHT = parseSlate('2024-11-20');
const LEAGUE = {
  seed: 5,
  seasons: ['2024-25'],
  teams: 6,
  gamesPerTeam: 20,
  playersPerTeam: 12,
  through: TONIGHT,
};
const league = simulatedLeague(LEAGUE);
const noon = (slate: Slate): string => `${slate}T17:00:00Z`;

const open: Warehouse[] = [];
afterEach(async () => {
  for (const warehouse of open.splice(0)) await warehouse.close();
});

interface World {
  readonly warehouse: Warehouse;
  readonly clock: VirtualClock;
  readonly run: (slate: Slate) => Promise<RefreshResult>;
}

function worldOf(warehouse: Warehouse, at: string): World {
  open.push(warehouse);
  const clock = virtualClock(at);
  const deps = { warehouse, clock, codeVersion: 'test', runId: 'test' };
  return { warehouse, clock, run: (slate) => refresh(deps, slate, DAILY_WAITING) };
}

// The season as its first run leaves it; every test that goes on from there has a copy.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let first: RefreshResult;
let slept: VirtualClock['slept'];
beforeAll(async () => {
  folder = await temporaryFolder();
  const at = noon(TONIGHT);
  const { warehouse, clock, run } = worldOf(await leagueWarehouse(LEAGUE, at), at);
  first = await run(TONIGHT);
  slept = clock.slept;
  await saveCopy(warehouse, `${folder.path}/computed.duckdb`);
});
afterAll(() => folder.remove());

async function computedWorld(at = noon(TONIGHT)): Promise<World> {
  return worldOf(await openCopy(`${folder.path}/computed.duckdb`), at);
}

/** The same without a single box score of the week before tonight. */
async function worldWithoutResults(): Promise<World> {
  const world = await computedWorld();
  await world.warehouse.execute('DELETE FROM nba_raw.player_box_scores WHERE slate >= CAST(@week AS DATE)', {
    week: addDays(TONIGHT, -7),
  });
  return world;
}

const rowsOf = (result: RefreshResult, processor: string): number[] =>
  result.processors.filter((run) => run.processor === processor).map(({ rows }) => rows);

describe('refresh', () => {
  it('computes the slate and every earlier one that lacks its features, and the second time the slate alone', async () => {
    const { warehouse, clock, run } = await computedWorld();
    expect(first.notReady).toEqual([]);
    expect(first.from).toBe(league.slates[0]);
    const [counted] = await warehouse.query<{ n: number }>(
      "SELECT COUNT(DISTINCT slate) AS n FROM nba_predictions.ml_feature_store WHERE slate > DATE '2000-01-01'",
    );
    expect(counted?.n).toBeGreaterThan(league.slates.length * 0.8);
    const second = await run(TONIGHT);
    expect(second.from).toBe(TONIGHT);
    expect(rowsOf(second, 'PlayerGameSummary')).toEqual([]);
    expect([...slept, ...clock.slept]).toEqual([]);
  });

  it('computes everything after a corrected box score again, and nothing before it', async () => {
    const { warehouse, run } = await computedWorld();
    const middle = league.slates[Math.floor(league.slates.length / 2)] as Slate;
    await warehouse.execute(
      "UPDATE nba_raw.player_box_scores SET points = points + 1, ftm = ftm + 1, fta = fta + 1, row_id = row_id || 'x' WHERE slate = CAST(@slate AS DATE) AND played",
      {
        slate: middle,
      },
    );
    const again = await run(TONIGHT);
    expect(again.from).toBe(middle);
  });

  it.each([
    ['was corrected', 'UPDATE nba_raw.team_box_scores SET tov = tov + 1'],
    ['was taken back', 'DELETE FROM nba_raw.team_box_scores'],
  ])('computes everything again after the line of a team that %s, and then no more', async (_what, sql) => {
    const { warehouse, run } = await computedWorld();
    const middle = league.slates[Math.floor(league.slates.length / 2)] as Slate;
    const changed = await warehouse.execute(
      `${sql} WHERE slate = CAST(@slate AS DATE) AND team_abbr IN (SELECT MIN(team_abbr) FROM nba_raw.team_box_scores WHERE slate = CAST(@slate AS DATE))`,
      { slate: middle },
    );
    expect(changed).toBe(1);
    expect((await run(TONIGHT)).from).toBe(middle);
    expect((await run(TONIGHT)).from).toBe(TONIGHT);
  });

  it('waits 60, 120 and 180 s for results that are missing, then holds the chain with the reason', async () => {
    const { clock, run } = await worldWithoutResults();
    const result = await run(TONIGHT);
    expect(clock.slept).toEqual([60_000, 120_000, 180_000]);
    expect(result.notReady).toEqual([
      expect.objectContaining({
        check: 'results',
        status: 'fail',
        subject: TONIGHT,
        reason: expect.stringMatching(/0 of \d+ games of the 7 days before have box scores/),
      }),
    ]);
    const verdicts = result.processors.filter(
      ({ phase, to, from }) => phase === 'precompute' && to === TONIGHT && from === TONIGHT,
    );
    expect(new Set(verdicts.map(({ verdict, processor }) => `${processor} ${verdict}`))).toEqual(
      new Set([
        'TeamDefenseZoneAnalysis held',
        'PlayerShotZoneAnalysis done',
        'PlayerDailyCache held',
        'PlayerAvailability held',
        'PlayerCompositeFactors held',
        'MLFeatureStore held',
      ]),
    );
  });

  it('goes on as soon as the results arrive during the wait', async () => {
    const { warehouse, clock } = await worldWithoutResults();
    const waiting = {
      now: clock.now,
      sleep: async (milliseconds: number) => {
        await clock.sleep(milliseconds);
        await loadLeague(warehouse, league);
      },
    };
    const result = await refresh(
      { warehouse, clock: waiting, codeVersion: 'test', runId: 'test' },
      TONIGHT,
      DAILY_WAITING,
    );
    expect(result.notReady).toEqual([]);
    expect(clock.slept.length).toBeLessThanOrEqual(1);
  });

  it('checks in a backfill what a daily run checks, without the wait', async () => {
    const { warehouse, clock } = await worldWithoutResults();
    const result = await refresh(
      { warehouse, clock, codeVersion: 'test', runId: 'test' },
      TONIGHT,
      NO_WAITING,
    );
    expect(result.notReady).toHaveLength(1);
    expect(clock.slept).toEqual([]);
  });

  it('leaves a receipt for every run of a processor', async () => {
    const { warehouse, run } = await computedWorld();
    const receipts = async (): Promise<number | undefined> =>
      (await warehouse.query<{ n: number }>('SELECT COUNT(*) AS n FROM nba_orchestration.phase_runs'))[0]?.n;
    expect(await receipts()).toBe(first.processors.length);
    const second = await run(TONIGHT);
    expect(await receipts()).toBe(first.processors.length + second.processors.length);
  });

  it('writes them together, and goes on when they are refused, saying so', async () => {
    const { warehouse, clock } = await computedWorld();
    const written: number[] = [];
    const warnings: string[] = [];
    const append: Warehouse['append'] = async (table, rows, into) => {
      if (table.name !== 'phase_runs') return warehouse.append(table, rows, into);
      written.push(rows.length);
      throw new Error('Quota exceeded');
    };
    const deps = { clock, codeVersion: 'test', runId: 'test', warn: (line: string) => warnings.push(line) };
    const result = await refresh({ ...deps, warehouse: { ...warehouse, append } }, TONIGHT, NO_WAITING);
    expect(written).toEqual([result.processors.length]);
    expect(warnings).toEqual([
      `${result.processors.length} receipts of phases were not written: Quota exceeded`,
    ]);
  });

  it('uses no line and no report that came after the present', async () => {
    const early = await computedWorld(`${TONIGHT}T06:00:00Z`);
    const late = await computedWorld(`${TONIGHT}T23:00:00Z`);
    for (const { warehouse } of [early, late]) await loadLeague(warehouse, league);
    for (const { run } of [early, late]) await run(TONIGHT);
    const newest = async (warehouse: Warehouse): Promise<string> => {
      const [row] = await warehouse.query<{ newest: string | null }>(
        'SELECT MAX(injury_report_at) AS newest FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)',
        { slate: TONIGHT },
      );
      return row?.newest ?? '';
    };
    expect((await newest(early.warehouse)) <= `${TONIGHT}T06:00:00.000Z`).toBe(true);
    expect((await newest(late.warehouse)) > `${TONIGHT}T06:00:00.000Z`).toBe(true);
  });
});

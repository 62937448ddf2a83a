import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, type Slate } from '#core/calendar.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { DAILY_WAITING, NO_WAITING, type RefreshResult, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague } from '#simulate/league.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy, saveCopy } from '#test/platform/warehouse/copies.ts';
import {
  type ComputedLeague,
  computedLeague,
  NOON,
  type Ranges,
  SHORT_LEAGUE,
  TONIGHT,
  withoutWork,
} from './computed-league.ts';

// The season is computed before the first test where no run has done so, and parts of it by several tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const league = simulatedLeague(SHORT_LEAGUE);
const middle = league.slates[Math.floor(league.slates.length / 2)] as Slate;
const yesterday = addDays(TONIGHT, -1);

const open: Warehouse[] = [];
afterEach(async () => {
  for (const warehouse of open.splice(0)) await warehouse.close();
});

interface World {
  readonly warehouse: Warehouse;
  readonly clock: VirtualClock;
  readonly run: (slate: Slate) => Promise<RefreshResult>;
}

async function worldOf(file: string, at = NOON): Promise<World> {
  const warehouse = await openCopy(file);
  open.push(warehouse);
  const clock = virtualClock(at);
  const deps = { warehouse, clock, codeVersion: 'test', runId: 'test' };
  return { warehouse, clock, run: (slate) => refresh(deps, slate, DAILY_WAITING) };
}

// The season as its first run leaves it; every test that goes on from there has a copy. Beside it the same without a single box
// score of the week before tonight, as a run without waiting leaves its contexts.
let computed: ComputedLeague;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let held: { readonly file: string; readonly result: RefreshResult; readonly slept: VirtualClock['slept'] };
beforeAll(async () => {
  computed = await computedLeague();
  folder = await temporaryFolder();
  const { warehouse, clock } = await worldOf(computed.file);
  await warehouse.execute('DELETE FROM nba_raw.player_box_scores WHERE slate >= CAST(@week AS DATE)', {
    week: addDays(TONIGHT, -7),
  });
  const { warehouse: idle } = withoutWork(warehouse, PRECOMPUTE_PROCESSORS);
  const deps = { warehouse: idle, clock, codeVersion: 'test', runId: 'test' };
  const result = await refresh(deps, TONIGHT, NO_WAITING);
  held = { file: `${folder.path}/held.duckdb`, result, slept: clock.slept };
  await saveCopy(warehouse, held.file);
});
afterAll(() => folder.remove());

/** What a run at noon would compute anew: it writes the summaries, and notes for which slates contexts and features are to be computed. */
async function decided({
  warehouse,
  clock,
}: World): Promise<{ readonly from: Slate; readonly asked: Ranges }> {
  const { asked, warehouse: watched } = withoutWork(warehouse, [
    ...CONTEXT_PROCESSORS,
    ...PRECOMPUTE_PROCESSORS,
  ]);
  const deps = { warehouse: watched, clock, codeVersion: 'test', runId: 'test' };
  const { from } = await refresh(deps, TONIGHT, DAILY_WAITING);
  return { from, asked };
}

/** Every processor computes these slates and no other ones. */
function expectComputed(asked: Ranges, ranges: readonly string[]): void {
  expect(asked.size).toBe(CONTEXT_PROCESSORS.length + PRECOMPUTE_PROCESSORS.length);
  for (const [table, seen] of asked) expect(seen, table).toEqual(ranges);
}

/** The second run of the season, with the receipts and the slates with features that there were before it and after. */
let second: ReturnType<typeof runAgain> | undefined;
async function runAgain() {
  const { warehouse, clock, run } = await worldOf(computed.file);
  const counted = async (sql: string): Promise<number | undefined> =>
    (await warehouse.query<{ n: number }>(sql))[0]?.n;
  const receipts = () => counted('SELECT COUNT(*) AS n FROM nba_orchestration.phase_runs');
  const before = await receipts();
  const withFeatures = await counted(
    "SELECT COUNT(DISTINCT slate) AS n FROM nba_predictions.ml_feature_store WHERE slate > DATE '2000-01-01'",
  );
  const result = await run(TONIGHT);
  return { result, slept: clock.slept, withFeatures, receipts: [before, await receipts()] };
}

const rowsOf = (result: RefreshResult, processor: string): number[] =>
  result.processors.filter((run) => run.processor === processor).map(({ rows }) => rows);

describe('refresh', () => {
  it('computes the slate and every earlier one that lacks its features, and the second time the slate alone', async () => {
    const { first, slept } = computed;
    second ??= runAgain();
    const again = await second;
    expect(first.notReady).toEqual([]);
    expect(first.from).toBe(league.slates[0]);
    expect(again.withFeatures).toBeGreaterThan(league.slates.length * 0.8);
    expect(again.result.from).toBe(TONIGHT);
    expect(rowsOf(again.result, 'PlayerGameSummary')).toEqual([]);
    expect([...slept, ...again.slept]).toEqual([]);
  });

  it('computes everything after a corrected box score again, and nothing before it', async () => {
    const world = await worldOf(computed.file);
    await world.warehouse.execute(
      "UPDATE nba_raw.player_box_scores SET points = points + 1, ftm = ftm + 1, fta = fta + 1, row_id = row_id || 'x' WHERE slate = CAST(@slate AS DATE) AND played",
      { slate: middle },
    );
    const again = await decided(world);
    expect(again.from).toBe(middle);
    expectComputed(again.asked, [`${middle}..${yesterday}`, `${TONIGHT}..${TONIGHT}`]);
  });

  it.each([
    ['was corrected', 'UPDATE nba_raw.team_box_scores SET tov = tov + 1'],
    ['was taken back', 'DELETE FROM nba_raw.team_box_scores'],
  ])('computes everything again after the line of a team that %s, and then no more', async (_what, sql) => {
    const world = await worldOf(computed.file);
    const changed = await world.warehouse.execute(
      `${sql} WHERE slate = CAST(@slate AS DATE) AND team_abbr IN (SELECT MIN(team_abbr) FROM nba_raw.team_box_scores WHERE slate = CAST(@slate AS DATE))`,
      { slate: middle },
    );
    expect(changed).toBe(1);
    const [again, afterwards] = [await decided(world), await decided(world)];
    expect(again.from).toBe(middle);
    expectComputed(again.asked, [`${middle}..${yesterday}`, `${TONIGHT}..${TONIGHT}`]);
    expect(afterwards.from).toBe(TONIGHT);
    expectComputed(afterwards.asked, [`${TONIGHT}..${TONIGHT}`]);
  });

  it('waits 60, 120 and 180 s for results that are missing, then holds the chain with the reason', async () => {
    const { clock, run } = await worldOf(held.file);
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
    const { warehouse, clock } = await worldOf(held.file);
    const { warehouse: idle, asked } = withoutWork(warehouse, PRECOMPUTE_PROCESSORS);
    const waiting = {
      now: clock.now,
      sleep: async (milliseconds: number) => {
        await clock.sleep(milliseconds);
        expect(asked.get('ml_feature_store')).toEqual([]);
        await loadLeague(warehouse, league, { since: `${addDays(TONIGHT, -8)}T00:00:00Z` });
      },
    };
    const result = await refresh(
      { warehouse: idle, clock: waiting, codeVersion: 'test', runId: 'test' },
      TONIGHT,
      DAILY_WAITING,
    );
    expect(result.notReady).toEqual([]);
    expect(clock.slept).toHaveLength(1);
    expect(asked.get('ml_feature_store')?.at(-1)).toBe(`${TONIGHT}..${TONIGHT}`);
  });

  it('checks in a backfill what a daily run checks, without the wait', () => {
    expect(held.result.notReady).toHaveLength(1);
    expect(held.slept).toEqual([]);
  });

  it('leaves a receipt for every run of a processor', async () => {
    second ??= runAgain();
    const { result, receipts } = await second;
    const runs = computed.first.processors.length;
    expect(receipts).toEqual([runs, runs + result.processors.length]);
  });

  it('writes them together, and goes on when they are refused, saying so', async () => {
    const { warehouse, clock } = await worldOf(computed.file);
    const written: number[] = [];
    const warnings: string[] = [];
    const append: Warehouse['append'] = async (table, rows, into) => {
      if (table.name !== 'phase_runs') return warehouse.append(table, rows, into);
      written.push(rows.length);
      throw new Error('Quota exceeded');
    };
    const { warehouse: idle } = withoutWork(warehouse, PRECOMPUTE_PROCESSORS);
    const deps = { clock, codeVersion: 'test', runId: 'test', warn: (line: string) => warnings.push(line) };
    const result = await refresh({ ...deps, warehouse: { ...idle, append } }, TONIGHT, NO_WAITING);
    expect(written).toEqual([result.processors.length]);
    expect(warnings).toEqual([
      `${result.processors.length} receipts of phases were not written: Quota exceeded`,
    ]);
  });

  it('uses no line and no report that came after the present', async () => {
    const { warehouse } = await worldOf(computed.file);
    await loadLeague(warehouse, league, { since: NOON });
    const newestAt = async (at: string): Promise<string> => {
      const { warehouse: idle } = withoutWork(warehouse, PRECOMPUTE_PROCESSORS);
      const deps = { warehouse: idle, clock: virtualClock(at), codeVersion: 'test', runId: 'test' };
      await refresh(deps, TONIGHT, DAILY_WAITING);
      const [row] = await warehouse.query<{ newest: string | null }>(
        'SELECT MAX(injury_report_at) AS newest FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)',
        { slate: TONIGHT },
      );
      return row?.newest ?? '';
    };
    const [early, late] = [await newestAt(`${TONIGHT}T06:00:00Z`), await newestAt(`${TONIGHT}T23:00:00Z`)];
    expect(early <= `${TONIGHT}T06:00:00.000Z`).toBe(true);
    expect(late > `${TONIGHT}T06:00:00.000Z`).toBe(true);
  });
});

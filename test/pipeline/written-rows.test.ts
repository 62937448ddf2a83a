import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { phaseRuns } from '#core/contracts/nba_orchestration.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { planBatch } from '#pipeline/batch/plan.ts';
import { inputProblems } from '#pipeline/generations.ts';
import { NO_WAITING, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import { leagueWarehouse } from '#test/fakes/leagues.ts';

// A league is computed once.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TONIGHT = parseSlate('2024-11-20');
const LEAGUE = {
  seed: 5,
  seasons: ['2024-25'],
  teams: 6,
  gamesPerTeam: 20,
  playersPerTeam: 12,
  through: TONIGHT,
};

let warehouse: Warehouse;
let clock: VirtualClock;
const compute = () => refresh({ warehouse, clock, codeVersion: 'test', runId: 'test' }, TONIGHT, NO_WAITING);
const plan = () => planBatch(warehouse, { slate: TONIGHT, mode: 'FIRST' }, clock.now());
const altered = async (asked: Warehouse = warehouse) =>
  (await inputProblems(asked, TONIGHT, clock.now())).map(({ subject, note }) => `${subject}: ${note}`);

beforeAll(async () => {
  const now = `${TONIGHT}T17:00:00Z`;
  warehouse = await leagueWarehouse(LEAGUE, now);
  clock = virtualClock(now);
  await compute();
});
afterAll(() => warehouse.close());

describe('rows that lie where a day wrote them', () => {
  it('are those that it wrote, run after run', async () => {
    expect(await altered()).toEqual([]);
    clock.advance(1_000);
    await compute();
    expect(await altered()).toEqual([]);
    expect((await plan()).verdicts.length).toBeGreaterThan(0);
  });

  it('are those that were written last, though the clock of the last writer was behind', async () => {
    const later = virtualClock(`${TONIGHT}T18:00:00Z`);
    await refresh({ warehouse, clock: later, codeVersion: 'test', runId: 'later' }, TONIGHT, NO_WAITING);
    const game = '(SELECT MIN(game_id) FROM nba_raw.schedule_games WHERE slate = CAST(@slate AS DATE))';
    const moved = (minutes: number) =>
      warehouse.execute(
        `UPDATE nba_raw.schedule_games SET tipoff_at = fn.add_seconds(tipoff_at, ${minutes * 60}) WHERE game_id = ${game}`,
        { slate: TONIGHT },
      );
    expect(await moved(30)).toBeGreaterThan(0);
    await compute();
    expect(await altered()).toEqual([]);
    await moved(-30);
    await compute();
    expect(await altered()).toEqual([]);
  });

  it('are those that were written last, though nobody would enter so old a slate for the first time', async () => {
    const game = '(SELECT MIN(game_id) FROM nba_raw.schedule_games WHERE slate = CAST(@slate AS DATE))';
    const season = virtualClock(`${addDays(TONIGHT, 60)}T17:00:00Z`);
    expect(
      await warehouse.execute(
        `UPDATE nba_raw.schedule_games SET tipoff_at = fn.add_seconds(tipoff_at, 60) WHERE game_id = ${game}`,
        { slate: TONIGHT },
      ),
    ).toBeGreaterThan(0);
    const deps = { warehouse, clock: season, codeVersion: 'test', runId: 'season' };
    await refresh(deps, TONIGHT, NO_WAITING);
    expect(await altered()).toEqual([]);
  });

  it('are of one generation, though the clock of an earlier command was ahead', async () => {
    const ahead = virtualClock(new Date(clock.now().getTime() + 60_000).toISOString());
    await refresh({ warehouse, clock: ahead, codeVersion: 'test', runId: 'ahead' }, TONIGHT, NO_WAITING);
    await compute();
    expect(await altered()).toEqual([]);
  });

  it('are of two generations when the process is killed before the features, and start no batch', async () => {
    clock.advance(1_000);
    // A process that is killed writes neither the rest nor a receipt of what it has written.
    const killed: Warehouse = Object.assign(Object.create(warehouse), {
      replaceRange: (...given: Parameters<Warehouse['replaceRange']>) =>
        given[0] === mlFeatureStore ? Promise.reject(new Error('killed')) : warehouse.replaceRange(...given),
      append: (...given: Parameters<Warehouse['append']>) =>
        given[0] === phaseRuns ? Promise.resolve(0) : warehouse.append(...given),
    });
    const deps = { warehouse: killed, clock, codeVersion: 'test', runId: 'killed' };
    await expect(refresh(deps, TONIGHT, NO_WAITING)).rejects.toThrow('killed');
    expect((await altered())[0]).toMatch(/^MLFeatureStore after \w+: written .*, its input /);
    await expect(plan()).rejects.toThrow(`the features of ${TONIGHT} are of different generations`);
    await compute();
    expect(await altered()).toEqual([]);
  });

  itForSpread(
    [
      [
        'one value',
        'nba_precompute.player_daily_cache',
        'UPDATE {table} SET minutes_last7 = minutes_last7 + 0.001 WHERE slate = CAST(@slate AS DATE) AND player_id = (SELECT MIN(player_id) FROM {table} WHERE slate = CAST(@slate AS DATE))',
        TONIGHT,
        false,
      ],
      [
        'one row less',
        'nba_precompute.player_availability',
        'DELETE FROM {table} WHERE slate = CAST(@slate AS DATE) AND player_id = (SELECT MIN(player_id) FROM {table} WHERE slate = CAST(@slate AS DATE))',
        TONIGHT,
        true,
      ],
      [
        'all rows gone',
        'nba_analytics.player_prop_lines',
        'DELETE FROM {table} WHERE slate = CAST(@slate AS DATE)',
        TONIGHT,
        true,
      ],
      [
        'a result of last night',
        'nba_analytics.player_game_summary',
        'UPDATE {table} SET plus_minus = COALESCE(plus_minus, 0) + 1 WHERE slate = CAST(@slate AS DATE)',
        addDays(TONIGHT, -1),
        false,
      ],
    ] as const,
    2,
  )(
    'are named when something changed (%s), start no batch, and are computed again',
    async ([_what, table, sql, slate, isMiscounted]) => {
      const changed = await warehouse.execute(sql.replaceAll('{table}', table), { slate });
      expect(changed).toBeGreaterThan(0);
      const named = [expect.stringMatching(new RegExp(`^${table} of ${slate}: `))];
      expect(await altered()).toEqual(named);
      // There the number of rows alone holds a slate.
      const onBigQuery: Warehouse = Object.assign(Object.create(warehouse), { engine: 'bigquery' });
      expect(await altered(onBigQuery)).toEqual(isMiscounted ? named : []);
      await expect(plan()).rejects.toThrow(
        `rows that ${TONIGHT} rests on are not those that were written: ${table}`,
      );
      clock.advance(1_000);
      await compute();
      expect(await altered()).toEqual([]);
    },
  );
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays } from '#core/calendar.ts';
import { phaseRuns } from '#core/contracts/nba_orchestration.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { planBatch } from '#pipeline/batch/plan.ts';
import { inputProblems } from '#pipeline/generations.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { outputOf, type Processor } from '#pipeline/processor.ts';
import { NO_WAITING, refresh } from '#pipeline/refresh.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
import { computedLeague, NOON, rewriting, TONIGHT } from './computed-league.ts';

// A league is computed once, and its last slate again by every test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let warehouse: Warehouse;
let clock: VirtualClock;
const refreshWith = (own: Warehouse, at: VirtualClock = clock) =>
  refresh({ warehouse: own, clock: at, codeVersion: 'test', runId: 'test' }, TONIGHT, NO_WAITING);
const compute = () => refreshWith(warehouse);
/** The same for tests of the writing: contexts and features are written again as they are, but for those that some processors compute. */
const write = (computing: readonly Processor[] = [], at?: VirtualClock) => {
  const others = [...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS].filter((one) => !computing.includes(one));
  return refreshWith(rewriting(warehouse, others), at);
};
const plan = () => planBatch(warehouse, { slate: TONIGHT, mode: 'FIRST' }, clock.now());
const altered = async (asked: Warehouse = warehouse) =>
  (await inputProblems(asked, TONIGHT, clock.now())).map(({ subject, note }) => `${subject}: ${note}`);

beforeAll(async () => {
  const { file } = await computedLeague();
  warehouse = await openCopy(file);
  clock = virtualClock(NOON);
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
    await write(CONTEXT_PROCESSORS, later);
    const game = '(SELECT MIN(game_id) FROM nba_raw.schedule_games WHERE slate = CAST(@slate AS DATE))';
    const moved = (minutes: number) =>
      warehouse.execute(
        `UPDATE nba_raw.schedule_games SET tipoff_at = fn.add_seconds(tipoff_at, ${minutes * 60}) WHERE game_id = ${game}`,
        { slate: TONIGHT },
      );
    expect(await moved(30)).toBeGreaterThan(0);
    await write(CONTEXT_PROCESSORS);
    expect(await altered()).toEqual([]);
    await moved(-30);
    await write(CONTEXT_PROCESSORS);
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
    await write(CONTEXT_PROCESSORS, season);
    expect(await altered()).toEqual([]);
  });

  it('are of one generation, though the clock of an earlier command was ahead', async () => {
    const ahead = virtualClock(new Date(clock.now().getTime() + 60_000).toISOString());
    await write([], ahead);
    await write();
    expect(await altered()).toEqual([]);
  });

  it('are of two generations when the process is killed before the features, and start no batch', async () => {
    clock.advance(1_000);
    const writing = rewriting(warehouse, PRECOMPUTE_PROCESSORS);
    // A process that is killed writes neither the rest nor a receipt of what it has written.
    const killed: Warehouse = Object.assign(Object.create(writing), {
      replaceRange: (...given: Parameters<Warehouse['replaceRange']>) =>
        given[0] === mlFeatureStore ? Promise.reject(new Error('killed')) : writing.replaceRange(...given),
      append: (...given: Parameters<Warehouse['append']>) =>
        given[0] === phaseRuns ? Promise.resolve(0) : writing.append(...given),
    });
    await expect(refreshWith(killed)).rejects.toThrow('killed');
    expect((await altered())[0]).toMatch(/^MLFeatureStore after \w+: written .*, its input /);
    await expect(plan()).rejects.toThrow(`the features of ${TONIGHT} are of different generations`);
    await write();
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
      const own = [...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS].filter((one) => outputOf(one) === table);
      await write(own);
      expect(await altered()).toEqual([]);
    },
  );
});

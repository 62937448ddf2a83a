import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { phaseRuns } from '#core/contracts/nba_orchestration.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { listBatches } from '#pipeline/batch/state.ts';
import { type DayResult, lastCallDue, modeAt, runDay } from '#pipeline/day.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague } from '#simulate/league.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';
import { gameRow, modelOf, SLATE, simpleSystems } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import {
  computedLeague,
  NOON as SHORT_NOON,
  TONIGHT as SHORT_TONIGHT,
  withoutWork,
} from './computed-league.ts';

// Every test lives days of a league through all phases.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TONIGHT = parseSlate('2024-12-08');
const league = simulatedLeague({
  seed: 3,
  seasons: ['2024-25'],
  teams: 8,
  gamesPerTeam: 40,
  playersPerTeam: 12,
  through: TONIGHT,
});
const yesterday = league.slates[league.slates.length - 1] as Slate;
const noon = (slate: Slate): string => `${slate}T17:00:00Z`;
/** The same warehouse, in which contexts and features stay as an earlier day wrote them. */
const asComputed = (warehouse: Warehouse): Warehouse =>
  withoutWork(warehouse, [...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS]).warehouse;

describe('a game day from raw rows to grades', () => {
  let app: App;
  let clock: VirtualClock;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let letGo: () => void;
  let first: DayResult;
  let second: DayResult;
  /** For days of which nobody asks what they learn. */
  const models = modelOf(simpleSystems());

  const day = async (slate: Slate): Promise<DayResult> =>
    runDay(await dayDeps(app, 'test'), { slate, by: 'test' });

  beforeAll(async () => {
    folder = await temporaryFolder();
    await homeWithoutRows(folder.path);
    letGo = await holdWarehouse(folder.path);
    clock = virtualClock(noon(yesterday));
    app = await openApp(readConfig({ TIPOFF_HOME: folder.path }), {
      command: 'test',
      clock,
      write: () => undefined,
    });
    await loadLeague(app.warehouse, league, { clock });
    first = await day(yesterday);
    clock.set(noon(TONIGHT));
    await loadLeague(app.warehouse, league, { clock });
    second = await day(TONIGHT);
  });
  afterAll(async () => {
    await app.close();
    letGo();
    await folder.remove();
  });

  it('predicts every expected player or says why not', () => {
    for (const result of [first, second]) {
      expect(result.state).toBe('published');
      const skipped = Object.values(result.skipped).reduce((total, count) => total + count, 0);
      expect(result.predicted + skipped).toBe(result.expected);
      expect(result.predicted).toBeGreaterThan(result.games * 12);
      expect(result.failed).toEqual({});
    }
  });

  it('reports all phases with their verdicts, and writes the documents', () => {
    expect(first.phases.map(({ phase, verdict }) => `${phase} ${verdict}`)).toEqual([
      'analytics done',
      'precompute done',
      'predict done',
      'grade empty',
      'export done',
    ]);
    expect(first.outputs.map((path) => path.split('/').at(-1))).toEqual(['picks.json', 'predictions.json']);
  });

  it('grades yesterday once its results are there, as the live record', async () => {
    expect(second.phases.find(({ phase }) => phase === 'grade')).toMatchObject({ verdict: 'done' });
    const classes = await app.warehouse.query(
      'SELECT DISTINCT record_class FROM nba_predictions.prediction_grades WHERE slate = CAST(@yesterday AS DATE)',
      { yesterday },
    );
    expect(classes).toEqual([{ record_class: 'live' }]);
  });

  it('does nothing the second time: everybody has a visible prediction', async () => {
    const again = await day(TONIGHT);
    expect(again).toMatchObject({ state: 'nothing_to_do', batch_id: null, publication_id: null });
    const [counted] = await app.warehouse.query<{ n: number }>(
      "SELECT COUNT(*) AS n FROM nba_predictions.publications WHERE event = 'published' AND slate = CAST(@slate AS DATE)",
      { slate: TONIGHT },
    );
    expect(counted?.n).toBe(1);
  });

  it('takes up the batch that a killed run of the same day left behind', async () => {
    const past = league.slates[league.slates.length - 6] as Slate;
    const deps = { ...(await dayDeps(app, 'test', models)), warehouse: asComputed(app.warehouse) };
    const killed = { ...deps, queue: { ...deps.queue, pull: () => Promise.reject(new Error('killed')) } };
    await expect(runDay(killed, { slate: past, by: 'test' })).rejects.toThrow('killed');
    expect(await listBatches(app.state, past)).toMatchObject([{ state: 'running' }]);
    expect(await runDay(deps, { slate: past, by: 'test' })).toMatchObject({
      state: 'published',
      batch_id: `${past}-backfill-001`,
    });
  });

  it('predicts a slate of the past as a backfill, never as part of the live record', async () => {
    const past = league.slates[league.slates.length - 4] as Slate;
    const deps = { ...(await dayDeps(app, 'test')), warehouse: asComputed(app.warehouse) };
    const result = await runDay(deps, { slate: past, by: 'test' });
    expect(result).toMatchObject({ mode: 'BACKFILL', state: 'published' });
    const classes = await app.warehouse.query(
      'SELECT DISTINCT record_class FROM nba_predictions.prediction_grades WHERE slate = CAST(@past AS DATE)',
      { past },
    );
    expect(classes).toEqual([{ record_class: 'backfill' }]);
  });

  it('says that a date without games has none', async () => {
    const result = await day(parseSlate('2024-07-20'));
    expect(result).toMatchObject({ state: 'no_games', games: 0, expected: 0 });
  });

  it('holds a slate whose results are missing, with the reason, and publishes nothing', async () => {
    const at = virtualClock(SHORT_NOON);
    const warehouse = await openCopy((await computedLeague()).file);
    const state = openSqliteState(':memory:', { clock: at });
    const queue = openSqliteQueue(':memory:', { clock: at });
    try {
      for (const table of ['player_box_scores', 'team_box_scores'])
        await warehouse.execute(`DELETE FROM nba_raw.${table} WHERE slate >= CAST(@week AS DATE)`, {
          week: addDays(SHORT_TONIGHT, -7),
        });
      const result = await runDay(
        {
          ...{
            warehouse: asComputed(warehouse),
            state,
            queue,
            clock: at,
            codeVersion: 'test',
            runId: 'test',
          },
          exports: directoryObjects(`${folder.path}/held`),
          models,
          dataSource: 'simulated',
        },
        { slate: SHORT_TONIGHT, by: 'test' },
      );
      expect(result).toMatchObject({
        state: 'held',
        reason: expect.stringContaining('box scores'),
        publication_id: null,
        predictions: 0,
      });
      expect(result.phases.find(({ phase }) => phase === 'predict')).toMatchObject({ verdict: 'held' });
    } finally {
      await queue.close();
      await state.close();
      await warehouse.close();
    }
  });
});

describe('the mode that the clock suggests', () => {
  const slate = parseSlate('2025-01-10');
  const evening = ['2025-01-11T00:00:00Z', '2025-01-11T03:30:00Z'];
  it.each([
    ['the day before', '2025-01-09T20:00:00Z', 'FIRST'],
    ['08:59 in New York', '2025-01-10T13:59:00Z', 'FIRST'],
    ['09:00', '2025-01-10T14:00:00Z', 'RETRY'],
    ['13:00', '2025-01-10T18:00:00Z', 'FINAL_RETRY'],
    ['16:00', '2025-01-10T21:00:00Z', 'LAST_CALL'],
    ['between two tip-offs', '2025-01-11T01:00:00Z', 'LAST_CALL'],
    ['after the last tip-off', '2025-01-11T03:30:00Z', 'BACKFILL'],
    ['a week later', '2025-01-17T12:00:00Z', 'BACKFILL'],
  ])('%s is %s: %s', (_what, instant, mode) => {
    expect(modeAt(slate, evening, new Date(instant))).toBe(mode);
  });
});

describe('the looks of a slate', () => {
  it('are due 180 and 20 minutes before each tip-off, once each, and until then', async () => {
    const warehouse = await openWarehouse();
    const at = (time: string): string => `2025-01-10T${time}:00.000Z`;
    // 19:00 and 22:00 in New York.
    await warehouse.append(schedule, [
      gameRow(SLATE, 0, '2025-01-11T00:00:00.000Z'),
      gameRow(SLATE, 1, '2025-01-11T03:00:00.000Z'),
    ]);
    const due = (now: string) => lastCallDue({ warehouse, clock: virtualClock(now) }, SLATE);
    const looked = (started_at: string, verdict: 'done' | 'failed' = 'done') =>
      warehouse.append(phaseRuns, [
        {
          run_id: started_at,
          phase: 'precompute',
          processor: 'PlayerAvailability',
          slate_from: SLATE,
          slate_to: SLATE,
          verdict,
          row_count: 1,
          reason: null,
          started_at,
          finished_at: started_at,
          code_version: 'test',
        },
      ]);
    expect(await due(at('20:59'))).toEqual({ isDue: false, next: at('21:00') });
    expect(await due(at('21:00'))).toEqual({ isDue: true, next: at('21:00') });
    await looked(at('21:01'), 'failed');
    expect(await due(at('21:05'))).toMatchObject({ isDue: true });
    await looked(at('21:06'));
    expect(await due(at('21:10'))).toEqual({ isDue: false, next: at('23:40') });
    // The look of 18:40 was missed for five minutes, and is made up for.
    expect(await due(at('23:45'))).toMatchObject({ isDue: true });
    await looked(at('23:46'));
    expect(await due(at('23:50'))).toEqual({ isDue: false, next: '2025-01-11T00:00:00.000Z' });
    expect(await due('2025-01-11T02:41:00.000Z')).toMatchObject({ isDue: true });
    expect(await due('2025-01-11T03:00:00.000Z')).toEqual({ isDue: false, next: null });
    await warehouse.close();
  });
});

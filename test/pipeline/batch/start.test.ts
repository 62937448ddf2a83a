import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { playerCompositeFactors, playerDailyCache } from '#core/contracts/nba_precompute.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { TipoffError } from '#core/errors.ts';
import { planBatch } from '#pipeline/batch/plan.ts';
import { listPublications, undoPublication } from '#pipeline/batch/receipt.ts';
import { type BatchDeps, runBatch } from '#pipeline/batch/run.ts';
import { type StartRequest, startBatch } from '#pipeline/batch/start.ts';
import { listBatches, readBatch, readEvents, readUnits } from '#pipeline/batch/state.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import {
  gameRow,
  MORNING,
  type PredictionWorld,
  players,
  predictionWorlds,
  SLATE,
} from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST: StartRequest = { slate: SLATE, mode: 'FIRST', by: 'test' };

async function started(world: PredictionWorld, request: Partial<StartRequest> = {}) {
  const result = await startBatch(world.deps, { ...FIRST, ...request });
  if (!('batch' in result)) throw new TypeError(`expected a batch, saw ${result.kind}`);
  return result;
}

describe('starting a batch', () => {
  it('writes the expected set before anything else: units of players and skips with reasons', async () => {
    const world = await worldOf([
      ...players(5),
      { id: 6, context: { injury_status: 'out' } },
      { id: 7, features: null },
      { id: 8, features: { feature_quality_score: 80 } },
    ]);
    const { batch } = await started(world, { unitSize: 2 });
    expect(batch).toMatchObject({ state: 'created', expected: 8, units: 3, games: 1 });
    expect((await readUnits(world.deps.state, batch.batch_id)).map((unit) => unit.players)).toEqual([
      [1, 2],
      [3, 4],
      [5],
    ]);
    const skips = [...(await world.outcomes(batch.batch_id)).values()].map(
      ({ player_id, outcome, reason }) => [player_id, outcome, reason],
    );
    expect(skips).toEqual([
      [6, 'skipped', 'player_out'],
      [7, 'skipped', 'no_features'],
      [8, 'skipped', 'below_threshold'],
    ]);
    expect(await readEvents(world.deps.state, batch.batch_id)).toEqual([
      { batch_id: batch.batch_id, at: MORNING, by: 'test', from: null, to: 'created', reason: null },
    ]);
  });

  it('says no_games for a slate without counted games that stand', async () => {
    const world = await worldOf(players(3), { games: 0 });
    await world.warehouse.append(schedule, [
      { ...gameRow(SLATE, 0), status: 'postponed' },
      { ...gameRow(SLATE, 1), is_counted: false },
    ]);
    expect(await startBatch(world.deps, FIRST)).toEqual({ kind: 'no_games', slate: SLATE });
    expect(await listBatches(world.deps.state)).toEqual([]);
  });

  it('is not ready when there are games and nobody in the context', async () => {
    const world = await worldOf([], { games: 2 });
    await expect(startBatch(world.deps, FIRST)).rejects.toMatchObject({ code: 'TIPOFF_NOT_READY' });
  });

  it('refuses a live mode once every game has begun, and a backfill before', async () => {
    const evening = await worldOf(players(3), { at: '2025-01-11T00:00:00Z' });
    const late = await startBatch(evening.deps, FIRST).catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 'TIPOFF_BAD_INPUT', hint: expect.stringContaining('BACKFILL') });
    await expect(started(evening, { mode: 'BACKFILL' })).resolves.toMatchObject({ kind: 'started' });
    const morning = await worldOf(players(3));
    await expect(startBatch(morning.deps, { ...FIRST, mode: 'BACKFILL' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    const before = await worldOf(players(3), { at: '2025-01-08T13:00:00Z' });
    await expect(startBatch(before.deps, { ...FIRST, mode: 'BACKFILL' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });

  it('starts nothing when the gate cannot be read: neither everybody nor nobody', async () => {
    const world = await worldOf(players(3));
    const broken = new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'no answer', { hint: 'wait' });
    const warehouse = {
      ...world.warehouse,
      query: async <T extends object>(sql: string, params?: Parameters<typeof world.warehouse.query>[1]) => {
        if (sql.includes('ml_feature_store')) throw broken;
        return world.warehouse.query<T>(sql, params);
      },
    };
    await expect(startBatch({ ...world.deps, warehouse }, FIRST)).rejects.toBe(broken);
    expect(await listBatches(world.deps.state)).toEqual([]);
  });

  it('gives the slate to one of many starters; the others learn its id', async () => {
    const world = await worldOf(players(20));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => started(world, { by: `starter ${i}` })),
    );
    const winners = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value.batch.batch_id] : [],
    );
    const losers = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(winners).toHaveLength(1);
    expect(losers).toHaveLength(7);
    for (const loser of losers)
      expect(loser).toMatchObject({ code: 'TIPOFF_BATCH_ACTIVE', details: { batch_id: winners[0] } });
    expect(await listBatches(world.deps.state)).toHaveLength(1);
  });

  it('gives the same batch for the same caller key, also together and after its end', async () => {
    const world = await worldOf(players(4));
    const both = await Promise.all([started(world, { callerKey: 'k' }), started(world, { callerKey: 'k' })]);
    expect(new Set(both.map(({ batch }) => batch.batch_id)).size).toBe(1);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['same', 'started']);
    const again = await runBatch(world.deps, { ...FIRST, callerKey: 'k' });
    expect(again).toMatchObject({ state: 'published', predicted: 4 });
    expect((await runBatch(world.deps, { ...FIRST, callerKey: 'k' })).batch_id).toBe(again.batch_id);
    expect(await listBatches(world.deps.state)).toHaveLength(1);
  });

  it.each<readonly [string, Partial<StartRequest>, string]>([
    ['names a player whom the slate has not', { players: [1, 999] }, 'TIPOFF_BAD_INPUT'],
    ['is a backfill of a slate that is not over', { mode: 'BACKFILL' }, 'TIPOFF_BAD_INPUT'],
    ['would predict nobody anew', { mode: 'RETRY' }, 'nothing_to_do'],
  ])('that is forced and %s leaves the active batch alone', async (_, request, expected) => {
    const world = await worldOf(players(5));
    await runBatch(world.deps, FIRST);
    const { batch } = await started(world, { mode: 'LINE_UPDATE' });
    const answer = await startBatch(world.deps, { ...FIRST, force: true, ...request }).then(
      ({ kind }) => kind,
      (error: unknown) => (error instanceof TipoffError ? error.code : error),
    );
    expect(answer).toBe(expected);
    expect(await readBatch(world.deps.state, batch.batch_id)).toMatchObject({
      state: 'created',
      closed_at: null,
    });
    expect((await listBatches(world.deps.state, SLATE)).length).toBe(2);
  });

  it('closes the active batch when forced, with an audit event', async () => {
    const world = await worldOf(players(4));
    const { batch: old } = await started(world);
    const { batch } = await started(world, { force: true, by: 'operator' });
    expect(batch.batch_id).not.toBe(old.batch_id);
    expect((await readEvents(world.deps.state, old.batch_id)).at(-1)).toMatchObject({
      from: 'created',
      to: 'reset',
      by: 'operator',
    });
  });

  it('waits for a build that was stopped halfway to be done anew: its steps are of different generations', async () => {
    const world = await worldOf(players(20));
    const order = [playerDailyCache, playerCompositeFactors, mlFeatureStore];
    const write = (tables: readonly TableContract[], minute: number) =>
      world.warehouse.append(
        writtenRows,
        tables.map((table, i) => ({
          ...{ table_id: tableId(table), slate: SLATE, row_count: 1, checksum: 1, layout: 'another' },
          written_at: `2025-01-10T12:${minute + i}:00Z`,
        })),
      );
    await write(order, 10);
    const plan = () => planBatch(world.warehouse, { slate: SLATE, mode: 'FIRST' }, world.clock.now());
    expect((await plan()).verdicts).toHaveLength(20);
    await write([playerDailyCache], 30);
    await expect(plan()).rejects.toThrow(/of different generations: .* after PlayerDailyCache/);
    await write(order.slice(1), 31);
    expect((await plan()).verdicts).toHaveLength(20);
  });

  it('predicts once: a retry takes only players without a visible prediction, and does nothing when there are none', async () => {
    const world = await worldOf([...players(4), { id: 5, features: { feature_quality_score: 82 } }]);
    await runBatch(world.deps, FIRST);
    expect(await startBatch(world.deps, { ...FIRST, mode: 'RETRY' })).toEqual({
      kind: 'nothing_to_do',
      slate: SLATE,
      games: 1,
      expected: 5,
      skipped: { already_predicted: 4, below_threshold: 1 },
    });
    const last = await runBatch(world.deps, { ...FIRST, mode: 'FINAL_RETRY' });
    expect(last).toMatchObject({ state: 'published', predicted: 1, skipped: { already_predicted: 4 } });
    expect(new Set((await world.visible()).map((row) => row.split(' ')[0]))).toEqual(
      new Set(['1', '2', '3', '4', '5']),
    );
  });

  it('asks the gate again when a batch of the slate ended while it was asked', async () => {
    const world = await worldOf(players(4));
    let interfered = false;
    const warehouse = {
      ...world.warehouse,
      query: async <T extends object>(sql: string, params?: Parameters<typeof world.warehouse.query>[1]) => {
        const rows = await world.warehouse.query<T>(sql, params);
        if (sql.includes('AS is_played') && !interfered) {
          interfered = true;
          await runBatch(world.deps, FIRST);
        }
        return rows;
      },
    };
    const result = await startBatch({ ...world.deps, warehouse }, { ...FIRST, mode: 'RETRY' });
    expect(result).toMatchObject({ kind: 'nothing_to_do', skipped: { already_predicted: 4 } });
  });

  it('expects only the named players, and refuses one who is not on the slate', async () => {
    const world = await worldOf(players(6));
    const { batch } = await started(world, { players: [2, 5] });
    expect(batch.expected).toBe(2);
    const other = await worldOf(players(6));
    await expect(startBatch(other.deps, { ...FIRST, players: [2, 77] })).rejects.toMatchObject({
      details: { unknown: [77] },
    });
  });

  it('expects a player once who stands in the context of two games', async () => {
    const world = await worldOf(players(2));
    await world.add([{ id: 1, context: { game_id: '0022400099' }, features: null }]);
    const { batch } = await started(world);
    expect(batch.expected).toBe(2);
    expect((await world.outcomes(batch.batch_id)).size).toBe(0);
  });

  it('takes any past date in BACKFILL', async () => {
    const world = await worldOf([], { games: 0, at: '2026-01-01T00:00:00Z' });
    const past = parseSlate('2019-11-05');
    await world.warehouse.append(schedule, [gameRow(past, 0, '2019-11-06T00:00:00Z')]);
    await world.add(players(3), past);
    expect(await runBatch(world.deps, { slate: past, mode: 'BACKFILL', by: 'test' })).toMatchObject({
      state: 'published',
      predicted: 3,
    });
  });
});

describe('a state store that was lost, or came back from a copy, beside the warehouse', () => {
  /** The deps of a process that finds the same warehouse and knows nothing of its slates. */
  const forgotten = (world: PredictionWorld): BatchDeps => ({
    ...world.deps,
    state: openSqliteState(':memory:', { clock: world.clock }),
    queue: openSqliteQueue(':memory:', { clock: world.clock }),
  });
  const doubled = async (world: PredictionWorld): Promise<number> => {
    const visible = await world.visible();
    return visible.length - new Set(visible).size;
  };

  it('goes on counting where the publications of the slate are', async () => {
    const world = await worldOf(players(24));
    const first = await runBatch(world.deps, { ...FIRST, mode: 'LINE_UPDATE' });
    const before = await world.visible();
    const second = await runBatch(forgotten(world), { ...FIRST, mode: 'LINE_UPDATE' });
    expect([first.batch_id, second.batch_id]).toEqual([
      `${SLATE}-line-update-001`,
      `${SLATE}-line-update-002`,
    ]);
    expect(second).toMatchObject({ state: 'published', predicted: 24 });
    expect(await world.visible()).toEqual(before);
    expect(await doubled(world)).toBe(0);
    const [newest, oldest] = await listPublications(world.warehouse);
    expect(newest?.publication_id).toBe(second.publication_id);
    expect(newest?.fencing_token).toBeGreaterThan(oldest?.fencing_token ?? Number.NaN);
  });

  it('shows nothing of a batch whose audit failed', async () => {
    const world = await worldOf(players(24));
    await runBatch(world.deps, { ...FIRST, mode: 'LINE_UPDATE' });
    const before = await world.visible();
    const deps = forgotten(world);
    const damaged: Warehouse = {
      ...world.warehouse,
      stage: (table, as, rows, options) =>
        world.warehouse.stage(
          table,
          as,
          rows.map((row) => ({ ...row, sd: 0 })),
          options,
        ),
    };
    const second = await runBatch({ ...deps, warehouse: damaged }, { ...FIRST, mode: 'LINE_UPDATE' });
    expect(second).toMatchObject({ state: 'held', reason: expect.stringContaining('spread_is_positive') });
    expect(await world.visible()).toEqual(before);
    expect(await listPublications(world.warehouse)).toHaveLength(1);
  });

  it('does not publish under a withdrawn id', async () => {
    const world = await worldOf(players(24));
    const first = await runBatch(world.deps, FIRST);
    await undoPublication(world.deps, {
      publicationId: first.publication_id ?? 'none',
      by: 'test',
      reason: 'wrong',
    });
    expect(await runBatch(forgotten(world), FIRST)).toMatchObject({
      state: 'published',
      batch_id: `${SLATE}-first-002`,
    });
    expect(await world.visible()).toHaveLength(first.predictions);
    expect(await doubled(world)).toBe(0);
  });

  it('counts copies without a receipt too', async () => {
    const world = await worldOf(players(24));
    const cut = interceptedDeps(world.deps, async (now, what) => {
      if (now === 'before' && what === 'execute') throw new Error('killed before the receipt');
    });
    await runBatch(cut, FIRST).catch(() => undefined);
    const copies = await world.warehouse.query(
      'SELECT COUNT(*) AS n FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)',
      { slate: SLATE },
    );
    expect(copies[0]?.['n']).toBeGreaterThan(0);
    const batch = await runBatch(forgotten(world), FIRST);
    expect(batch).toMatchObject({ state: 'published', batch_id: `${SLATE}-first-002` });
    expect(await world.visible()).toHaveLength(batch.predictions);
    expect(await doubled(world)).toBe(0);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { listPublications, undoPublication } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { listBatches, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { mischievousQueue } from '#test/fakes/mischievous-queue.ts';
import { players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

// Whole batches run under a queue that repeats and reorders.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;
const published = `SELECT record_class, COUNT(*) AS n FROM nba_predictions.current_predictions
  WHERE slate = CAST(@slate AS DATE) GROUP BY record_class`;

describe('a batch from start to publication', () => {
  it('predicts everybody, publishes once and leaves nothing behind', async () => {
    const world = await worldOf(players(30));
    const result = await runBatch(world.deps, FIRST);
    expect(result).toMatchObject({
      state: 'published',
      games: 2,
      expected: 30,
      predicted: 30,
      skipped: {},
      failed: {},
      predictions: 120,
    });
    expect(result.actionable).toBe(30);
    expect(await world.visible()).toHaveLength(120);
    expect(await world.warehouse.listTables('nba_predictions', '_staging_')).toEqual([]);
    expect(await world.deps.queue.depth(UNIT_TOPIC)).toBe(0);
    const [receipt, ...others] = await listPublications(world.warehouse, SLATE);
    expect(others).toEqual([]);
    expect(receipt).toMatchObject({
      publication_id: result.publication_id,
      batch_id: result.batch_id,
      completeness: 'full',
      row_count: 120,
      players: 30,
      expected: 30,
      missing: '[]',
      model_hash: 'a'.repeat(64),
      withdrawn_at: null,
    });
    const audit = JSON.parse(receipt?.audit ?? '[]') as {
      name: string;
      ok: boolean;
      expected: string;
      seen: string;
    }[];
    expect(audit.length).toBeGreaterThan(10);
    expect(audit.every(({ ok, expected, seen }) => ok && expected !== '' && seen !== '')).toBe(true);
  });

  it('gives the same rows whatever the queue does to the messages', async () => {
    const calm = await worldOf(players(40));
    await runBatch(calm.deps, { ...FIRST, unitSize: 4 });
    for (const seed of [1, 2, 3]) {
      const wild = await worldOf(players(40));
      const queue = mischievousQueue(wild.deps.queue, { seed, duplicate: 0.6, delay: 0.5 });
      expect(await runBatch({ ...wild.deps, queue }, { ...FIRST, unitSize: 4 })).toMatchObject({
        state: 'published',
        predicted: 40,
      });
      expect(await wild.visible()).toEqual(await calm.visible());
    }
  });

  it('is live before tip-off and backfill after, row by row', async () => {
    const world = await worldOf([...players(2), { id: 3, context: { tipoff_at: '2025-01-10T20:00:00Z' } }]);
    await runBatch(world.deps, FIRST);
    expect(await world.warehouse.query(published, { slate: SLATE })).toEqual([
      { record_class: 'live', n: 12 },
    ]);
    const misdated = { id: 2, context: { tipoff_at: '2025-01-14T00:00:00Z' } };
    const later = await worldOf([...players(1), misdated], { at: '2025-01-13T13:00:00Z' });
    await runBatch(later.deps, { ...FIRST, mode: 'BACKFILL' });
    expect(await later.warehouse.query(published, { slate: SLATE })).toEqual([
      { record_class: 'backfill', n: 8 },
    ]);
  });

  it('calls rows backfill whose game began while they were made', async () => {
    const world = await worldOf([...players(2), { id: 3, context: { tipoff_at: '2025-01-10T13:00:30Z' } }]);
    const models = {
      forSlate: async () => {
        world.clock.advance(60_000);
        return world.deps.models.forSlate(SLATE);
      },
    };
    expect(await runBatch({ ...world.deps, models }, FIRST)).toMatchObject({
      state: 'published',
      predicted: 3,
    });
    const classes = await world.warehouse.query(
      'SELECT DISTINCT player_id, record_class FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) ORDER BY player_id',
      { slate: SLATE },
    );
    expect(classes.map((row) => row['record_class'])).toEqual(['live', 'live', 'backfill']);
  });

  it('stores a line that moved under a key of its own, and shows the newest', async () => {
    const world = await worldOf([{ id: 1, points: 28, context: { line: '24.5' } }]);
    await runBatch(world.deps, FIRST);
    await world.warehouse.execute(
      "UPDATE nba_analytics.player_prop_lines SET line = CAST('25' AS NUMERIC) WHERE player_id = 1",
    );
    const moved = await runBatch(world.deps, { ...FIRST, mode: 'LINE_UPDATE' });
    expect(moved).toMatchObject({ state: 'published', predicted: 1 });
    expect(new Set((await world.visible()).map((row) => row.split(' ')[2]))).toEqual(new Set(['25']));
    const all = await world.warehouse.query(
      "SELECT line, edge, predicted FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' ORDER BY line",
      { slate: SLATE },
    );
    expect(all.map((row) => row['line'])).toEqual(['24.5', '25']);
    for (const row of all)
      expect(Number(row['edge'])).toBeCloseTo(Number(row['predicted']) - Number(row['line']), 3);
  });

  it('can be undone and predicted again; what stood before is visible in between', async () => {
    const world = await worldOf(players(4));
    const first = await runBatch(world.deps, FIRST);
    const second = await runBatch(world.deps, { ...FIRST, mode: 'LINE_UPDATE' });
    const shown = async () => {
      const rows = await world.warehouse.query(
        'SELECT DISTINCT publication_id FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)',
        {
          slate: SLATE,
        },
      );
      return rows.map((row) => row['publication_id']);
    };
    expect(await shown()).toEqual([second.publication_id]);
    await undoPublication(world.deps, {
      publicationId: second.publication_id ?? '',
      by: 'operator',
      reason: 'wrong lines',
    });
    expect(await shown()).toEqual([first.publication_id]);
    await undoPublication(world.deps, {
      publicationId: first.publication_id ?? '',
      by: 'operator',
      reason: 'wrong model',
    });
    expect(await shown()).toEqual([]);
    const third = await runBatch(world.deps, FIRST);
    expect(third).toMatchObject({ state: 'published', predicted: 4 });
    expect(await shown()).toEqual([third.publication_id]);
    await expect(
      undoPublication(world.deps, {
        publicationId: first.publication_id ?? '',
        by: 'operator',
        reason: 'again',
      }),
    ).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
    const receipts = await listPublications(world.warehouse, SLATE);
    expect(receipts.map(({ withdrawn_reason }) => withdrawn_reason).sort()).toEqual([
      null,
      'wrong lines',
      'wrong model',
    ]);
    const tokens = receipts
      .sort((a, b) => a.publication_id.localeCompare(b.publication_id))
      .map(({ fencing_token }) => fencing_token);
    expect(new Set(tokens).size).toBe(3);
  });

  it('says no_games and writes nothing on a day without games', async () => {
    const world = await worldOf([], { games: 0 });
    expect(await runBatch(world.deps, FIRST)).toMatchObject({
      state: 'no_games',
      games: 0,
      expected: 0,
      predictions: 0,
    });
    expect(await listBatches(world.deps.state)).toEqual([]);
  });

  it('runs batches of several slates beside each other without waiting for a unit that another of them took', async () => {
    const world = await worldOf([]);
    const slates = ['2025-01-11', '2025-01-12'].map((slate) => parseSlate(slate));
    for (const slate of slates) await world.addSlate(slate, players(12));
    const deps = { ...world.deps, atWork: new Set<Promise<unknown>>() };
    // Three units for two: whoever does two of them has taken one of the other's.
    const results = await Promise.all(
      slates.map((slate, i) => runBatch(deps, { ...FIRST, slate, unitSize: i === 0 ? 6 : 12 })),
    );
    for (const result of results) expect(result).toMatchObject({ state: 'published', predicted: 12 });
    for (const slate of slates) expect(await world.visible(slate)).toHaveLength(48);
    expect(world.clock.slept).toEqual([]);
    expect(deps.atWork.size).toBe(0);
  });
});

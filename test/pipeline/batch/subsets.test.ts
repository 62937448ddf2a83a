import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '#pipeline/batch/prediction-rows.ts';
import { dailySignal, type PickRow, subsetPicksOf, surplusPicks } from '#pipeline/batch/published-rows.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const pick = (id: number, edge: number, change: Partial<PickRow> = {}): PickRow => ({
  publication_id: 'p1',
  prediction_id: `prediction-${String(id).padStart(3, '0')}`,
  slate: SLATE,
  record_class: 'live',
  market: 'points',
  system_id: 'ridge',
  player_id: id,
  recommendation: edge > 0 ? 'OVER' : 'UNDER',
  edge,
  expected_value: Math.abs(edge) / 100,
  is_actionable: true,
  ...change,
});
const members = (rows: readonly PickRow[], subset: string): number[] =>
  subsetPicksOf(rows)
    .filter(({ subset_id }) => subset_id === subset)
    .sort((a, b) => a.rank - b.rank)
    .map(({ player_id }) => player_id);

describe('the subsets of two markets', () => {
  const two = [pick(1, 8), pick(2, 6), pick(3, 9, { market: 'pra' }), pick(4, -7, { market: 'pra' })];

  it('are chosen and ranked apart', () => {
    const top = subsetPicksOf(two).filter(({ subset_id }) => subset_id === 'top_3');
    expect(top.map(({ market, rank, player_id }) => [market, rank, player_id])).toEqual([
      ['points', 1, 1],
      ['points', 2, 2],
      ['pra', 1, 3],
      ['pra', 2, 4],
    ]);
  });

  it('have a signal of their own', () => {
    const signals = new Map(subsetPicksOf(two).map(({ market, daily_signal }) => [market, daily_signal]));
    expect(Object.fromEntries(signals)).toEqual({ points: 'red', pra: 'yellow' });
  });
});

describe('the picks of a slate', () => {
  const beyond = (rows: readonly PickRow[], most: number) => surplusPicks(rows, most).sort();

  it('are the best few, one of each player', () => {
    const rows = [
      pick(1, 8),
      pick(2, 7, { market: 'pra' }),
      { ...pick(3, 6, { market: 'rebounds' }), player_id: 1 },
      pick(4, 5),
      pick(5, 9, { is_actionable: false }),
    ];
    expect(beyond(rows, 10)).toEqual(['prediction-003']);
    expect(beyond(rows, 2)).toEqual(['prediction-003', 'prediction-004']);
    expect(beyond(rows, 0)).toHaveLength(4);
  });

  it('are told apart from better ones when they are published, and leave earlier ones alone', async () => {
    const world = await worldOf(players(6));
    const deps = { ...world.deps, rules: { ...DEFAULT_RULES, maxPicks: 2 } };
    const shown = async () =>
      (
        await world.warehouse.query(
          "SELECT player_id, filter_reason FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND (is_actionable OR filter_reason = 'better_picks') ORDER BY player_id",
          { slate: SLATE },
        )
      ).map((row) => `${row['player_id']} ${row['filter_reason'] ?? 'pick'}`);
    await runBatch(deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    const first = await shown();
    expect(first).toHaveLength(6);
    expect(first.filter((row) => row.endsWith('pick'))).toHaveLength(2);
    await world.add([{ id: 7 }]);
    await runBatch(deps, { slate: SLATE, mode: 'RETRY', by: 'test' });
    expect(await shown()).toEqual([...first, '7 better_picks']);
  });
});

describe('the subsets of a slate', () => {
  const rows = [
    pick(1, 8),
    pick(2, -7.5),
    pick(3, 6),
    pick(4, -5),
    pick(5, 5.5),
    pick(6, -9),
    pick(7, 4.9),
    pick(8, -3),
  ];

  it('are chosen by edge and side, ranked by expected value', () => {
    expect(members(rows, 'top_pick')).toEqual([1]);
    expect(members(rows, 'top_3')).toEqual([6, 1, 2]);
    expect(members(rows, 'top_5')).toEqual([6, 1, 2, 3, 5]);
    expect(members(rows, 'high_edge_over')).toEqual([1, 3, 5]);
    expect(members(rows, 'high_edge_all')).toEqual([6, 1, 2, 3, 5, 4]);
    expect(members(rows, 'ultra_high_edge')).toEqual([6, 1, 2]);
    expect(members(rows, 'green_light')).toEqual([6, 1, 2, 3, 5, 4, 7, 8]);
    expect(members(rows, 'all_picks')).toEqual([6, 1, 2, 3, 5, 4, 7, 8]);
  });

  it('take no row that is no pick', () => {
    expect(subsetPicksOf(rows.map((row) => ({ ...row, is_actionable: false })))).toEqual([]);
  });

  it('rank by expected value, then by id, whatever the order of the rows', () => {
    const tied = [
      pick(1, 6, { expected_value: 0.08 }),
      pick(2, -6, { expected_value: 0.2 }),
      pick(3, 6, { expected_value: 0.08 }),
      pick(4, -6, { expected_value: 0.06 }),
    ];
    expect(members(tied, 'top_3')).toEqual([2, 1, 3]);
    expect(members([...tied].reverse(), 'top_3')).toEqual([2, 1, 3]);
  });

  it('leave the signalled subsets empty on a lopsided slate', () => {
    const lopsided = [pick(1, 8), pick(2, 7), pick(3, 6), pick(4, 5), pick(5, -5, { is_actionable: false })];
    expect(dailySignal(lopsided)).toBe('red');
    expect(members(lopsided, 'top_pick')).toEqual([]);
    expect(members(lopsided, 'green_light')).toEqual([]);
    expect(members(lopsided, 'top_3')).toEqual([1, 2, 3]);
  });

  it.each([
    ['red', [6, 6, 6, 6, -6]],
    ['yellow', [6, 6, 6, -6]],
    ['yellow', [6, 6, -4, -4]],
    ['green', [6, 6, -6, -4]],
  ] as const)('are %s with edges of %j', (signal, edges) => {
    expect(dailySignal(edges.map((edge, i) => pick(i, edge)))).toBe(signal);
  });

  it('are fixed with the publication and cover players of earlier ones', async () => {
    const quality = (id: number) => (id % 4 === 0 ? { features: { feature_quality_score: 82 } } : {});
    const world = await worldOf(players(12).map((player) => ({ ...player, ...quality(player.id) })));
    const picks = async (id: string | null) =>
      (
        await world.warehouse.query(
          "SELECT player_id FROM nba_predictions.subset_picks WHERE slate = CAST(@slate AS DATE) AND publication_id = @id AND subset_id = 'all_picks' ORDER BY player_id",
          { slate: SLATE, id },
        )
      ).map((row) => row['player_id']);
    const first = await runBatch(world.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    expect(await picks(first.publication_id)).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11]);
    const second = await runBatch(world.deps, { slate: SLATE, mode: 'FINAL_RETRY', by: 'test' });
    expect(second.predicted).toBe(3);
    expect(await picks(second.publication_id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { subsetPicks } from '#core/contracts/nba_predictions.ts';
import { exportSeasonSubsets } from '#pipeline/exports/export.ts';
import type { SubsetRow } from '#pipeline/exports/season-documents.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type RecordedObjects, recordedObjects } from '#test/fakes/recorded-objects.ts';
import {
  addBoxScore,
  addGame,
  type GivenPrediction,
  predictionRow,
  publish,
  SLATE,
  withdraw,
} from '#test/pipeline/grade/rows.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const PATH = 'exports/seasons/2024-25/subsets.json';
let warehouse: Warehouse;
let objects: RecordedObjects;
const clock = virtualClock('2025-01-20T12:00:00Z');
beforeEach(async () => {
  warehouse = await openWarehouse();
  objects = recordedObjects();
});
afterEach(async () => {
  await warehouse.close();
  await objects.dispose();
});

const run = () =>
  exportSeasonSubsets({ warehouse, objects, clock, dataSource: 'real' }, { season: '2024-25' });
const document = async () => JSON.parse(new TextDecoder().decode((await objects.get(PATH))?.bytes));
async function subset(id: string, record_class = 'live', system_id = 'ridge'): Promise<SubsetRow> {
  const rows: SubsetRow[] = (await document()).rows;
  const found = rows.find(
    (row) => row.subset_id === id && row.record_class === record_class && row.system_id === system_id,
  );
  if (found === undefined) throw new Error(`no subset ${id}`);
  return found;
}
/** Publishes rows and puts them into a subset in their order. */
async function show(
  rows: readonly GivenPrediction[],
  { id = 'pub-1', at = '', slate = SLATE, subset_id = 'top_3' } = {},
): Promise<void> {
  await publish(warehouse, rows, { id, slate, at: at === '' ? `${slate}T12:00:00.000Z` : at });
  await choose(
    rows.map((row) => ({ publication_id: id, slate, ...row })),
    id,
    subset_id,
  );
}
async function choose(
  rows: readonly GivenPrediction[],
  publication_id: string,
  subset_id: string,
): Promise<void> {
  await warehouse.append(
    subsetPicks,
    rows.map(predictionRow).map((row, i) => ({
      publication_id,
      subset_id,
      prediction_id: row.prediction_id ?? '',
      slate: row.slate ?? '',
      record_class: row.record_class ?? '',
      market: row.market ?? '',
      system_id: row.system_id ?? '',
      rank: i + 1,
      player_id: row.player_id ?? 0,
      daily_signal: 'green',
    })),
  );
}
async function play(slate: string, game_id: string): Promise<void> {
  await addGame(warehouse, { slate, game_id, tipoff_at: `${slate}T23:59:00Z` });
  await addBoxScore(warehouse, { slate, game_id });
}
const gradeAll = () => grade({ warehouse, clock }, { from: '2024-10-01', to: '2025-09-30' });
const win: GivenPrediction = { player_id: 901, line: '15.5' };
const loss: GivenPrediction = { player_id: 902, line: '22.5' };

describe('the subsets of a season', () => {
  it('are eight for every system and record class with picks', async () => {
    await play(SLATE, '0022400517');
    await show([win]);
    await show([{ ...win, system_id: 'market' }], { id: 'pub-2', at: '2025-01-10T13:00:00Z' });
    await run();
    const rows: SubsetRow[] = (await document()).rows;
    expect(rows.filter((row) => row.system_id === 'market').map((row) => row.subset_id)).toEqual([
      'top_pick',
      'top_3',
      'top_5',
      'high_edge_over',
      'high_edge_all',
      'ultra_high_edge',
      'green_light',
      'all_picks',
    ]);
  });

  it('have wins and losses by season, month and ISO week, and picks, newest first', async () => {
    const slates = ['2024-12-30', '2025-01-02', '2025-01-06'];
    for (const [i, slate] of slates.entries()) {
      const game_id = `002240040${i}`;
      await play(slate, game_id);
      await show(
        [
          { ...win, game_id },
          { ...loss, game_id },
        ],
        { id: `pub-${i}`, slate },
      );
    }
    await show([{ ...win, game_id: '0022400999' }], { id: 'tonight', slate: '2025-01-20' });
    await gradeAll();
    await run();
    const { record, picks, name } = await subset('top_3');
    expect(name).toBe('Top 3');
    expect(record.season).toMatchObject({
      wins: 3,
      losses: 3,
      pushes: 0,
      voids: 0,
      pending: 1,
      decided: 6,
      hit_rate: 0.5,
      profit: -0.272727,
    });
    expect(record.months).toMatchObject([
      { period: '2025-01', wins: 2, losses: 2, pending: 1 },
      { period: '2024-12', wins: 1, losses: 1, pending: 0 },
    ]);
    expect(record.weeks.map(({ period, decided }) => [period, decided])).toEqual([
      ['2025-W04', 0],
      ['2025-W02', 2],
      ['2025-W01', 4],
    ]);
    expect(picks.map((pick) => [pick.slate, pick.rank, pick.result])).toEqual([
      ['2025-01-20', 1, 'pending'],
      ['2025-01-06', 1, 'win'],
      ['2025-01-06', 2, 'loss'],
      ['2025-01-02', 1, 'win'],
      ['2025-01-02', 2, 'loss'],
      ['2024-12-30', 1, 'win'],
      ['2024-12-30', 2, 'loss'],
    ]);
    expect(picks[1]).toMatchObject({
      player_name: 'Player 901',
      line: '15.5',
      actual: 20,
      daily_signal: 'green',
    });
    expect((await document()).row_count).toBe(7);
  });

  it('keep live and backfill apart', async () => {
    await play(SLATE, '0022400517');
    await show([win], { id: 'a' });
    await show([{ ...loss, record_class: 'backfill' }], { id: 'b', at: '2025-01-15T12:00:00Z' });
    await gradeAll();
    await run();
    expect((await subset('top_3', 'live')).record.season).toMatchObject({ wins: 1, losses: 0 });
    expect((await subset('top_3', 'backfill')).record.season).toMatchObject({ wins: 0, losses: 1 });
  });

  it('take the last version before the first tip-off, which may name predictions of an earlier publication', async () => {
    await play(SLATE, '0022400517');
    await show([loss], { id: 'first', at: '2025-01-10T13:00:00Z' });
    await publish(warehouse, [win], { id: 'second', at: '2025-01-10T15:00:00Z' });
    await choose(
      [
        { publication_id: 'second', ...win },
        { publication_id: 'first', ...loss },
      ],
      'second',
      'top_3',
    );
    await show([{ ...win, player_id: 903 }], { id: 'third', at: '2025-01-10T23:59:30Z' });
    await gradeAll();
    await run();
    expect(
      (await subset('top_3')).picks.map((pick) => [pick.publication_id, pick.player_id, pick.result]),
    ).toEqual([
      ['second', 901, 'win'],
      ['first', 902, 'loss'],
    ]);
  });

  it('fall back to the version before when one is withdrawn', async () => {
    await play(SLATE, '0022400517');
    await show([loss], { id: 'first', at: '2025-01-10T13:00:00Z' });
    await show([win], { id: 'second', at: '2025-01-10T15:00:00Z' });
    await withdraw(warehouse, 'second');
    await gradeAll();
    await run();
    expect((await subset('top_3')).picks.map((pick) => pick.publication_id)).toEqual(['first']);
  });

  it('do not lose a subset whose id is not among the eight', async () => {
    await show([win], { subset_id: 'blue_moon' });
    await run();
    expect((await subset('blue_moon')).picks).toHaveLength(1);
  });

  it('never become empty without a withdrawal', async () => {
    await show([win]);
    await run();
    await warehouse.execute('DELETE FROM nba_predictions.subset_picks WHERE player_id > 0');
    await expect(run()).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('1 stored rows with 0'),
    });
    await withdraw(warehouse, 'pub-1');
    await run();
    expect(await document()).toMatchObject({
      status: 'withdrawn',
      row_count: 0,
      rows: [],
      season: '2024-25',
    });
  });

  it('are not written before there are any, and are in the manifest afterwards', async () => {
    expect((await run()).documents).toMatchObject([{ result: 'not_ready' }]);
    await show([win]);
    expect((await run()).documents).toMatchObject([{ result: 'written', path: PATH }]);
    expect((await run()).documents).toMatchObject([{ result: 'unchanged' }]);
    const index = JSON.parse(new TextDecoder().decode((await objects.get('exports/manifest.json'))?.bytes));
    expect(index.documents).toMatchObject([
      { path: PATH, kind: 'season-subsets', season: '2024-25', row_count: 1 },
    ]);
  });

  it('need a season', async () => {
    const deps = { warehouse, objects, clock, dataSource: 'real' as const };
    await expect(exportSeasonSubsets(deps, { season: '2025' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });
});

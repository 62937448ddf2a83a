import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { playerGameSummary, playerPropLines } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { checkTrainingSet, columnOf, type TrainingSet } from '#model/dataset.ts';
import { readTrainingSets, type TrainingRange } from '#model/training-set.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { featureRow, lineRow, summaryRow } from './feature-rows.ts';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openWarehouse();
});
afterEach(() => warehouse.close());

async function readPoints(range: TrainingRange): Promise<TrainingSet> {
  const [set] = await readTrainingSets(warehouse, range, [MAIN_MARKET]);
  if (set === undefined) throw new Error('no set for a market');
  return set;
}

const first = { slate: '2025-01-08', player_id: 7, game_id: '0022400501' };
const second = { slate: '2025-01-10', player_id: 3, game_id: '0022400517' };

describe('the training set', () => {
  it('joins features with what happened, features in the order of the contract, nulls as NaN', async () => {
    await warehouse.append(mlFeatureStore, [
      featureRow(second, { pts_ewma8: 21.25 }),
      featureRow(first, { pts_ewma8: 12.5 }),
    ]);
    await warehouse.append(playerPropLines, [
      lineRow({ ...second, line: '24.5', over_price: -110, under_price: -110 }),
      lineRow({ ...first, line: '12', over_price: 150, under_price: null }),
      lineRow({ ...first, market: 'rebounds', line: '7.5' }),
    ]);
    await warehouse.append(playerGameSummary, [
      summaryRow({ ...first, points: 11, minutes: 22.5 }),
      summaryRow({ ...second, points: 30, minutes: 36 }),
    ]);
    const set = await readPoints({ before: '2025-01-11' });
    checkTrainingSet(set);
    expect(set.features).toEqual(FEATURE_NAMES);
    expect(set.slates).toEqual(['2025-01-08', '2025-01-10']);
    expect([...set.target]).toEqual([11, 30]);
    expect([...set.minutes]).toEqual([22.5, 36]);
    expect([...(columnOf(set, 'pts_ewma8') ?? [])]).toEqual([12.5, 21.25]);
    expect([...(columnOf(set, 'zone_matchup') ?? [])]).toEqual([Number.NaN, Number.NaN]);
    expect([...(set.line ?? [])]).toEqual([12, 24.5]);
    expect([...(set.marketOver ?? [])]).toEqual([Number.NaN, 0.5]);
  });

  it('ends strictly before the cut-off and starts at `from`', async () => {
    await warehouse.append(mlFeatureStore, [featureRow(first), featureRow(second)]);
    await warehouse.append(playerGameSummary, [summaryRow(first), summaryRow(second)]);
    expect((await readPoints({ before: '2025-01-10' })).slates).toEqual(['2025-01-08']);
    expect((await readPoints({ from: '2025-01-09', before: '2025-01-11' })).slates).toEqual(['2025-01-10']);
    expect((await readPoints({ before: '2025-01-08' })).rows).toBe(0);
  });

  it('leaves out who did not play, who has no box score, and the date a moved game was not played on', async () => {
    await warehouse.append(mlFeatureStore, [
      featureRow(first),
      featureRow({ ...first, player_id: 8 }),
      featureRow({ ...first, player_id: 9, slate: '2025-01-07' }),
    ]);
    await warehouse.append(playerGameSummary, [
      summaryRow({ ...first, played: false, points: null, minutes: null }),
      summaryRow({ ...first, player_id: 9, slate: '2025-01-08' }),
    ]);
    expect((await readPoints({ before: '2025-02-01' })).rows).toBe(0);
  });

  it('orders rows of a slate by player', async () => {
    const players = [9, 2, 5];
    await warehouse.append(
      mlFeatureStore,
      players.map((player_id) => featureRow({ ...first, player_id })),
    );
    await warehouse.append(
      playerGameSummary,
      players.map((player_id) => summaryRow({ ...first, player_id, points: player_id })),
    );
    expect([...(await readPoints({ before: '2025-02-01' })).target]).toEqual([2, 5, 9]);
  });

  it('refuses a bound that is no date, and a read that failed throws', async () => {
    await expect(readPoints({ before: 'tomorrow' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    await warehouse.dropTable(mlFeatureStore);
    await expect(readPoints({ before: '2025-01-11' })).rejects.toMatchObject({
      code: 'TIPOFF_SQL',
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { TableContract } from '#core/contracts/define.ts';
import { playerPropPredictions } from '#core/contracts/nba_predictions.ts';
import { audit } from '#pipeline/batch/audit.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { listPublications } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { COLLECTIONS, readBatch, readOutcomes, readUnits, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import { withoutCopies } from '#test/fakes/intercepted-deps.ts';
import {
  type FakePlayer,
  modelOf,
  type PredictionWorld,
  players,
  predictionWorlds,
  SLATE,
  simpleSystem,
} from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;

/** A batch whose units are all staged and which waits to be consolidated, and the name of its first staging table. */
async function staged(
  slatePlayers: readonly FakePlayer[] = players(24),
): Promise<{ world: PredictionWorld; id: string; table: string }> {
  const world = await worldOf(slatePlayers);
  const started = await startBatch(world.deps, { ...FIRST, unitSize: 12 });
  if (!('batch' in started)) throw new TypeError('expected a batch');
  const id = started.batch.batch_id;
  await dispatch(world.deps, id, 'test');
  for (const delivery of await world.deps.queue.pull(UNIT_TOPIC, 10)) await handleUnit(world.deps, delivery);
  const [unit] = await readUnits(world.deps.state, id);
  return { world, id, table: `nba_predictions.${unit?.staging_table ?? 'none'}` };
}

async function failedChecks(world: PredictionWorld, id: string): Promise<string[]> {
  const batch = await readBatch(world.deps.state, id);
  const [outcomes, units] = [await readOutcomes(world.deps.state, id), await readUnits(world.deps.state, id)];
  return (await audit(world.warehouse, batch, outcomes, units))
    .filter(({ status }) => status !== 'pass')
    .map(({ check }) => check);
}

/** The planted damage, and the check that must see it. `@table` is the first staging table. */
const DAMAGE: readonly (readonly [check: string, sql: string])[] = [
  ['rows_match_outcomes', "DELETE FROM @table WHERE player_id = 3 AND system_id = 'ewma8'"],
  ['rows_match_outcomes', 'DELETE FROM @table WHERE player_id = 3'],
  ['rows_match_outcomes', 'UPDATE @table SET player_id = 999 WHERE player_id = 3'],
  [
    'champion_for_every_player',
    "UPDATE @table SET system_id = 'other' WHERE player_id = 3 AND system_id = 'ridge'",
  ],
  [
    'ids_are_unique',
    'UPDATE @table SET prediction_id = (SELECT MIN(prediction_id) FROM @table) WHERE player_id = 3',
  ],
  [
    'keys_are_unique',
    "UPDATE @table SET system_id = 'ewma8' WHERE player_id = 3 AND system_id = 'minutes_rate'",
  ],
  ['probabilities_sum_to_one', 'UPDATE @table SET p_over = p_over + 0.00001 WHERE player_id = 3'],
  ['probabilities_sum_to_one', 'UPDATE @table SET p_push = NULL WHERE player_id = 3'],
  ['values_in_range', 'UPDATE @table SET predicted = 80.5 WHERE player_id = 3'],
  ['values_in_range', 'UPDATE @table SET p_over = -0.1, p_under = 1.1 - p_push WHERE player_id = 3'],
  ['rules_are_kept', 'UPDATE @table SET p75 = predicted - 1 WHERE player_id = 3'],
  ['rules_are_kept', 'UPDATE @table SET edge = edge + 1 WHERE player_id = 3'],
  ['spread_is_positive', 'UPDATE @table SET sd = 0 WHERE player_id = 3'],
  ['no_defaults', 'UPDATE @table SET required_default_count = 1 WHERE player_id = 3'],
  [
    'sides_agree_with_forecasts',
    "UPDATE @table SET recommendation = 'OVER', predicted = CAST(line AS FLOAT64) - 1 WHERE player_id = 3",
  ],
  [
    'sides_agree_with_forecasts',
    "UPDATE @table SET recommendation = 'UNDER', predicted = CAST(line AS FLOAT64) WHERE player_id = 3",
  ],
  [
    'sides_agree_with_forecasts',
    "UPDATE @table SET recommendation = 'NO_LINE', is_actionable = FALSE WHERE player_id = 3",
  ],
  [
    'picks_have_a_side',
    "UPDATE @table SET recommendation = 'PASS', is_actionable = TRUE WHERE player_id = 3",
  ],
  ['rows_are_as_made', 'UPDATE @table SET sd = 5.5 WHERE TRUE'],
  ['rows_are_as_made', 'UPDATE @table SET model_p_over = model_p_over + 0.000001 WHERE player_id = 3'],
  [
    'rows_are_as_made',
    'UPDATE @table SET player_id = CASE player_id WHEN 1 THEN 2 ELSE 1 END WHERE player_id IN (1, 2)',
  ],
  ['one_model', "UPDATE @table SET model_hash = 'another' WHERE player_id = 3"],
  ['staging_tables_exist', 'DROP TABLE @table'],
];

describe('the audit', () => {
  it('finds nothing wrong with sound rows, and says what it expected and saw', async () => {
    const { world, id } = await staged();
    const batch = await readBatch(world.deps.state, id);
    const checks = await audit(
      world.warehouse,
      batch,
      await readOutcomes(world.deps.state, id),
      await readUnits(world.deps.state, id),
    );
    expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    for (const name of new Set(DAMAGE.map(([check]) => check)))
      expect(checks.map(({ check }) => check)).toContain(name);
  });

  itForSpread(DAMAGE, 12)('sees by %s: %s', async ([check, sql]) => {
    const { world, id, table } = await staged();
    const drop = sql.startsWith('DROP');
    if (drop)
      await world.warehouse.dropTable({ dataset: 'nba_predictions', name: table.split('.')[1] ?? '' });
    else await world.warehouse.execute(sql.replaceAll('@table', table));
    expect(await failedChecks(world, id)).toContain(check);
    const batch = await consolidateIfComplete(world.deps, id, 'test');
    expect(batch).toMatchObject({
      state: 'held',
      publication_id: null,
      reason: expect.stringMatching(`^TIPOFF_AUDIT_FAILED: .*${check}`),
    });
    expect(await world.visible()).toEqual([]);
    expect(await listPublications(world.warehouse)).toEqual([]);
    expect((await world.warehouse.listTables('nba_predictions', '_staging_')).length).toBe(drop ? 1 : 2);
    expect((await world.deps.state.get(COLLECTIONS.slates, SLATE))?.data['active_batch']).toBeNull();
  });

  it.each([
    ['and the table refuses it', false],
    ['and the table would take it', true],
  ])('sees a required value that is missing %s', async (_, isTaken) => {
    const world = await worldOf(players(24));
    const { warehouse } = world;
    if (isTaken) {
      await warehouse.dropTable(playerPropPredictions);
      await warehouse.createTable(withEmptyNames(playerPropPredictions), playerPropPredictions);
    }
    const forgetful: Warehouse = {
      ...warehouse,
      stage: (table, as, rows, options) => {
        const left = rows.map((row) =>
          'player_id' in row && row.player_id === 3 ? { ...row, player_name: null } : row,
        );
        return warehouse.stage(withEmptyNames(table), as, left, options);
      },
    };
    const batch = await runBatch({ ...world.deps, warehouse: forgetful }, FIRST);
    expect(batch).toMatchObject({
      state: 'held',
      publication_id: null,
      reason: expect.stringMatching(/^TIPOFF_AUDIT_FAILED: required_values_are_there \(.*saw [1-9]\d*\)$/),
    });
    expect(await world.visible()).toEqual([]);
    expect(await listPublications(warehouse)).toEqual([]);
  });

  it('gives the reason of a copy that failed with nothing wrong in the rows', async () => {
    const { world, id } = await staged();
    const warehouse = withoutCopies(world.warehouse, new Error('no writes today'));
    const batch = await consolidateIfComplete({ ...world.deps, warehouse }, id, 'test');
    expect(batch).toMatchObject({ state: 'held', reason: expect.stringContaining('no writes today') });
    expect(await world.visible()).toEqual([]);
  });

  it('sees a system that gives 20 players one and the same forecast, and no fewer', async () => {
    const stuck = (count: number) =>
      worldOf(players(24), {
        models: modelOf([simpleSystem('ridge'), { ...simpleSystem('ewma8'), forecast: stuckFor(count) }]),
      });
    const held = await runBatch((await stuck(20)).deps, FIRST);
    expect(held).toMatchObject({
      state: 'held',
      reason: expect.stringContaining('forecasts_are_not_constant'),
    });
    expect(await runBatch((await stuck(19)).deps, FIRST)).toMatchObject({ state: 'published' });
  });

  it('holds a slate whose forecasts lie more than three points beside the lines, and warns from two on', async () => {
    const shifted = (points: number) =>
      worldOf(players(24), { models: modelOf([simpleSystem('ridge', (own) => own + points)]) });
    expect(await runBatch((await shifted(3.5)).deps, FIRST)).toMatchObject({
      state: 'held',
      reason: expect.stringMatching(/bias_to_the_line .*points on average 3.5 above the lines/),
    });
    const warned = await shifted(2.5);
    expect(await runBatch(warned.deps, FIRST)).toMatchObject({ state: 'published' });
    const [receipt] = await listPublications(warned.warehouse);
    const warnings = (JSON.parse(receipt?.audit ?? '[]') as { name: string; ok: boolean }[]).filter(
      ({ ok }) => !ok,
    );
    expect(warnings.map(({ name }) => name)).toEqual(['bias_to_the_line_is_small']);
  });

  it('warns of a slate with one side only and publishes it', async () => {
    const world = await worldOf(
      players(24).map((player) => ({ ...player, points: 5 + (player.id % 40) / 2 + 1 + player.id / 1000 })),
    );
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published' });
    const [receipt] = await listPublications(world.warehouse);
    const warnings = (JSON.parse(receipt?.audit ?? '[]') as { name: string; ok: boolean }[]).filter(
      ({ ok }) => !ok,
    );
    expect(warnings.map(({ name }) => name)).toEqual(['both_sides_occur']);
  });

  it('does not take an unreadable warehouse for a failed or a passed check', async () => {
    const { world, id } = await staged();
    const warehouse = { ...world.warehouse, query: async () => Promise.reject(new Error('no reads today')) };
    await expect(failedChecks({ ...world, warehouse }, id)).rejects.toThrow('no reads today');
    expect(
      (await consolidateIfComplete({ ...world.deps, warehouse }, id, 'test').catch(() => undefined))?.state,
    ).not.toBe('published');
  });
});

/** Forecasts of 12 points for the first `count` inputs, its own for the others. */
function stuckFor(count: number): ReturnType<typeof simpleSystem>['forecast'] {
  const own = simpleSystem('ewma8');
  let seen = 0;
  return (input) => {
    seen += 1;
    return own.forecast(seen > count ? input : { ...input, features: { ...input.features, pts_ewma8: 12 } });
  };
}

/** A table that takes rows without a player's name. */
function withEmptyNames<T extends TableContract>(table: T): T {
  const columns = { ...table.columns, player_name: { ...table.columns['player_name'], required: false } };
  return { ...table, columns } as T;
}

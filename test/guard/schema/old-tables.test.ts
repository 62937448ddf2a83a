import { afterEach, describe, expect, it } from 'vitest';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { causedByOldTables, requireCurrentTables } from '#guard/schema/old-tables.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

let warehouse: Warehouse | undefined;
afterEach(async () => warehouse?.close());

/** A home whose summaries were made before a column was thought of. */
async function olderHome(): Promise<Warehouse> {
  warehouse = await openWarehouse({ tables: 'none' });
  const { fg3m: _later, ...columns } = playerGameSummary.columns;
  const older: TableContract = { ...playerGameSummary, columns };
  await warehouse.prepare([older, ...CONTRACTS.filter((one) => tableId(one) !== tableId(older))]);
  return warehouse;
}

const refused = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('tables of an earlier version', () => {
  it('are told by what they lack, with what adds it', async () => {
    const home = await olderHome();
    const error = await refused(home.query('SELECT fg3m FROM nba_analytics.player_game_summary'));
    const told = await causedByOldTables(error, home, CONTRACTS);
    expect(messageOf(told)).toBe(
      'expected the tables of this version, saw older ones: nba_analytics.player_game_summary lacks fg3m',
    );
    expect(told).toMatchObject({
      code: 'TIPOFF_SCHEMA_MISMATCH',
      hint: expect.stringContaining('`tipoff schema apply`'),
    });
  });

  it('are not blamed for a statement that names something else', async () => {
    const home = await olderHome();
    const error = await refused(home.query('SELECT nope FROM nba_analytics.player_game_summary'));
    expect(await causedByOldTables(error, home, CONTRACTS)).toBe(error);
    const other = new TipoffError('TIPOFF_BAD_INPUT', 'fg3m', { hint: 'none' });
    expect(await causedByOldTables(other, home, CONTRACTS)).toBe(other);
  });

  it('stop a long run before its first step', async () => {
    const home = await olderHome();
    await expect(requireCurrentTables(home, CONTRACTS)).rejects.toMatchObject({
      code: 'TIPOFF_SCHEMA_MISMATCH',
    });
    await home.addColumn(playerGameSummary, 'fg3m', { type: 'INT64', description: 'Three-pointers made' });
    await expect(requireCurrentTables(home, CONTRACTS)).resolves.toBeUndefined();
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { gameRow, SLATE } from '#test/fakes/prediction-world.ts';
import { openWarehouse } from './open.ts';

describe('a warehouse in memory that a test opens', () => {
  const open: Warehouse[] = [];
  afterEach(async () => {
    for (const warehouse of open.splice(0)) await warehouse.close();
  });
  const opened = async (): Promise<Warehouse> => {
    const warehouse = await openWarehouse();
    open.push(warehouse);
    return warehouse;
  };
  const closed = async (): Promise<void> => open.pop()?.close();
  /** What a test can see of a warehouse. */
  const seen = async (warehouse: Warehouse) => {
    const tables = [];
    for (const dataset of ['nba_reference', 'nba_predictions'] as const)
      tables.push(...(await warehouse.listTables(dataset)));
    return {
      tables,
      columns: await warehouse.describe(schedule),
      functions: await warehouse.listFunctions(),
      settings: await warehouse.query("SELECT current_setting('memory_limit') AS memory"),
      schemas: await warehouse.query(
        'SELECT catalog_name, schema_name FROM information_schema.schemata ORDER BY catalog_name, schema_name',
      ),
    };
  };
  const fill = (warehouse: Warehouse) => warehouse.append(schedule, [gameRow(SLATE, 0)]);

  it.each<[string, (warehouse: Warehouse) => Promise<unknown>]>([
    ['rows were written', fill],
    [
      'rows were written and deleted',
      async (warehouse) => {
        await fill(warehouse);
        await warehouse.execute('DELETE FROM nba_reference.schedule WHERE TRUE');
      },
    ],
    [
      'a table was staged',
      (warehouse) =>
        warehouse.stage(schedule, { dataset: 'nba_predictions', name: '_staging_x' }, [gameRow(SLATE, 0)]),
    ],
    ['a table was dropped', (warehouse) => warehouse.dropTable(schedule)],
    [
      'a column was added',
      (warehouse) => warehouse.addColumn(schedule, 'more', { type: 'STRING', description: 'More.' }),
    ],
    ['a description was changed', (warehouse) => warehouse.alterTable(schedule, { description: 'Another.' })],
    [
      'a view was replaced',
      (warehouse) =>
        warehouse.createView({ dataset: 'nba_reference', name: 'counted_games' }, 'SELECT 1 AS one'),
    ],
    ['a function was replaced', (warehouse) => warehouse.execute('CREATE OR REPLACE MACRO fn.dow(d) AS 8')],
    ['a setting was changed', (warehouse) => warehouse.execute("SET GLOBAL memory_limit = '2GB'")],
    ['a schema was made', (warehouse) => warehouse.execute('CREATE SCHEMA strange')],
    ['a database was attached', (warehouse) => warehouse.execute("ATTACH ':memory:' AS strange")],
  ])('is as new after one in which %s', async (_what, change) => {
    const before = await seen(await opened());
    await closed();
    await change(await opened());
    await closed();
    expect(await seen(await opened())).toEqual(before);
  });

  it('does not share rows with another one that is open', async () => {
    const [one, other] = [await opened(), await opened()];
    await fill(one);
    expect(await other.query('SELECT game_id FROM nba_reference.schedule')).toEqual([]);
  });

  it('refuses work once it is closed, and is given to one test only however often it is closed', async () => {
    const one = await openWarehouse();
    await one.close();
    await one.close();
    await expect(one.query('SELECT 1 AS one')).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
    const [next, afterNext] = [await opened(), await opened()];
    await fill(next);
    expect(await afterNext.query('SELECT game_id FROM nba_reference.schedule')).toEqual([]);
  });
});

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { undoPublication } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openCopy, saveCopy } from '#test/platform/warehouse/copies.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const TABLE = 'nba_predictions.player_prop_predictions';

/** Names and numbers on which digests of two engines could differ. */
const STRANGE = { player_name: 'Luka Dončić | ~', injury_status: 'available', line: '8.000000005' };

describe('rows_as_audited', () => {
  const newWorld = predictionWorlds();
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let world: TestWorld;
  const unpublished = () => newWorld([...players(5), { id: 6, context: STRANGE, points: 8.0005 }]);
  // What was published as it was made, for every test that changes it.
  beforeAll(async () => {
    folder = await temporaryFolder();
    const batches = await unpublished();
    await publish(batches);
    await saveCopy(batches.warehouse, join(folder.path, 'published.duckdb'));
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    world = await emptyWorld();
  });
  afterEach(() => world.close());

  const publish = (batches: PredictionWorld, warehouse: Warehouse = batches.warehouse) =>
    runBatch({ ...batches.deps, warehouse }, { slate: SLATE, mode: 'FIRST', by: 'test' });
  const asked = async (warehouse: Warehouse) =>
    (
      await runCanaries(
        { ...world, warehouse },
        { canaries: [canaryNamed('rows_as_audited')], asOf: new Date('2025-01-10T17:30:00Z') },
      )
    ).results[0];

  test('passes what was published as it was made', async () => {
    const batches = await unpublished();
    expect(await publish(batches)).toMatchObject({ state: 'published' });
    expect(await batches.visible()).toContain('6 ridge 8.000000005');
    expect(await asked(batches.warehouse)).toMatchObject({ status: 'pass', seen: 1 });
  });

  test.each([
    ['one value for everybody', 'UPDATE @table SET sd = 5 WHERE TRUE'],
    [
      'the last decimal of one probability',
      'UPDATE @table SET p_over = p_over + 0.000001 WHERE player_id = 2',
    ],
    [
      'two players exchanged',
      'UPDATE @table SET player_id = CASE player_id WHEN 1 THEN 2 ELSE 1 END WHERE player_id IN (1, 2)',
    ],
    ['another name', "UPDATE @table SET player_name = 'Luka Doncic | ~' WHERE player_id = 6"],
    ['a null', 'UPDATE @table SET injury_status = NULL WHERE player_id = 6'],
    [
      'the last place of a line',
      "UPDATE @table SET line = line + CAST('0.000000001' AS NUMERIC) WHERE player_id = 6",
    ],
    ['a second later', 'UPDATE @table SET cutoff_at = fn.add_seconds(cutoff_at, 1) WHERE player_id = 3'],
    ['a missing row', "DELETE FROM @table WHERE player_id = 3 AND system_id = 'ewma8'"],
    ['a row twice', "INSERT INTO @table SELECT * FROM @table WHERE player_id = 3 AND system_id = 'ewma8'"],
    ['every row twice', 'INSERT INTO @table SELECT * FROM @table'],
  ])('tells of %s', async (_, sql) => {
    const warehouse = await openCopy(join(folder.path, 'published.duckdb'));
    onTestFinished(() => warehouse.close());
    await warehouse.execute(sql.replaceAll('@table', TABLE));
    expect(await asked(warehouse)).toMatchObject({
      status: 'fail',
      offenders: [
        expect.stringMatching(/^2025-01-10-first-001-p1: \d+ rows have the digest .*, the receipt says /),
      ],
    });
  });

  test('tells of rows that were changed while they were copied', async () => {
    const batches = await unpublished();
    const { warehouse } = batches;
    const faulty: Warehouse = {
      ...warehouse,
      execute: async (sql, params) => {
        const count = await warehouse.execute(sql, params);
        if (sql.startsWith(`INSERT INTO ${TABLE}`))
          await warehouse.execute(`UPDATE ${TABLE} SET sd = 5 WHERE slate = CAST('${SLATE}' AS DATE)`);
        return count;
      },
    };
    expect(await publish(batches, faulty)).toMatchObject({ state: 'published' });
    expect(await asked(warehouse)).toMatchObject({ status: 'fail' });
  });

  test('does not ask about what was withdrawn, or published before receipts had a digest', async () => {
    const batches = await unpublished();
    const { publication_id } = await publish(batches);
    const { warehouse } = batches;
    await warehouse.execute(`UPDATE ${TABLE} SET sd = 5 WHERE TRUE`);
    await undoPublication(batches.deps, { publicationId: publication_id ?? '', by: 'test', reason: 'wrong' });
    expect(await asked(warehouse)).toMatchObject({ status: 'skip' });
    await warehouse.execute("DELETE FROM nba_predictions.publications WHERE event = 'withdrawn'");
    expect(await asked(warehouse)).toMatchObject({ status: 'fail' });
    await warehouse.execute('UPDATE nba_predictions.publications SET rows_digest = NULL WHERE TRUE');
    expect(await asked(warehouse)).toMatchObject({ status: 'skip' });
  });
});

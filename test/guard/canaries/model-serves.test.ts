import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('model_serves', () => {
  let world: TestWorld;
  let warehouse: Warehouse;
  beforeEach(async () => {
    world = await emptyWorld();
    ({ warehouse } = world);
    await warehouse.append(schedule, [gameRow('2024-11-29', 0)]);
  });
  afterEach(() => world.close());

  const register = (model: string, status: string): Promise<number> =>
    warehouse.execute(
      `INSERT INTO nba_predictions.model_registry (market, model_id, family, status, status_changed_at, status_changed_by, artefact_path, artefact_hash,
         code_version, feature_contract_hash, data_cutoff, training_from, training_rows, calibration_rows, config, metrics, created_at)
       VALUES ('all', @model, 'ridge', @status, TIMESTAMP '2024-11-01T00:00:00Z', 'test', 'models/one.json', 'hash', 'test', 'hash', DATE '2024-11-01',
         DATE '2023-11-01', 1, 1, '{}', '{}', TIMESTAMP '2024-11-01T00:00:00Z')`,
      { model, status },
    );
  const asked = async () =>
    (
      await runCanaries(world, {
        canaries: [canaryNamed('model_serves')],
        asOf: new Date('2024-11-29T22:45:00Z'),
      })
    ).results[0];

  test.each(['Champion', 'champion ', '', 'archived'])(
    'tells of a model whose status is "%s"',
    async (status) => {
      await register('known', 'retired');
      await register('changed', status);
      expect(await asked()).toMatchObject({
        status: 'fail',
        offenders: [
          expect.stringMatching(/^statuses of models: 1 models: .*candidate, shadow, champion, retired/),
        ],
      });
    },
  );

  test('has nothing to say about the four that there are', async () => {
    for (const status of ['candidate', 'shadow', 'champion', 'retired']) await register(status, status);
    expect(await asked()).toMatchObject({ status: 'skip' });
  });
});

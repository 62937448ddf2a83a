import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ingestedFiles } from '#core/contracts/nba_raw.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('rejected_share', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
  });
  afterEach(() => world.close());

  test.each([
    ['a fifth of many rows', [[100, 20]], 'pass'],
    ['more than a fifth of many rows', [[100, 21]], 'fail'],
    ['some rows of a small file', [[13, 6]], 'pass'],
    [
      'all rows of a small file, after a good one',
      [
        [20, 0],
        [13, 13],
      ],
      'fail',
    ],
    ['all four rows of a file', [[4, 4]], 'pass'],
    [
      'a small file that was loaded again',
      [
        [13, 13],
        [13, 0],
      ],
      'pass',
    ],
  ] as const)('%s in quarantine', async (_name, loads, status) => {
    await world.warehouse.append(
      ingestedFiles,
      loads.map(([rows_read, rows_rejected], i) => ({
        receipt_id: String(i),
        source: 'reports',
        source_file: 'reports.csv',
        content_hash: String(i),
        rows_read,
        rows_loaded: rows_read - rows_rejected,
        rows_duplicate: 0,
        rows_rejected,
        ingested_at: `2024-11-29T0${1 + i}:00:00Z`,
      })),
    );
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('rejected_share')],
      asOf: new Date('2024-11-29T17:00:00Z'),
    });
    expect(results[0]?.status).toBe(status);
  });
});

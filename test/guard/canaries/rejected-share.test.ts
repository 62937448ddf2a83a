import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ingestedFiles, rejectedRows } from '#core/contracts/nba_raw.ts';
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

  test.each([
    ['all of them', 24, 'pass'],
    ['a few of them', 4, 'fail'],
  ])('refused rows of All-Star games, %s, are no change of a format', async (_what, allStar, status) => {
    const file = { source: 'logs', source_file: 'logs.csv', ingested_at: '2024-11-29T06:00:00Z' };
    const counts = { rows_read: 24, rows_loaded: 0, rows_duplicate: 0, rows_rejected: 24 };
    await world.warehouse.append(ingestedFiles, [
      { ...file, ...counts, receipt_id: 'receipt', content_hash: 'hash' },
    ]);
    await world.warehouse.append(
      rejectedRows,
      Array.from({ length: allStar }, (_, i) => ({
        ...file,
        ...{ row_id: `row ${i}`, source_line: i, field: 'GAME_ID', reason_code: 'all_star_game' },
        ...{ reason: 'expected a game of teams of the league', raw_row: '0032400001' },
      })),
    );
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('rejected_share')],
      asOf: new Date('2024-11-29T17:00:00Z'),
    });
    expect(results[0]?.status).toBe(status);
  });

  test.each([
    [
      'a game of the league that was refused for the name of a team',
      'unknown_opponent',
      '06:00',
      ['odds teams'],
    ],
    ['it on the day before', 'unknown_opponent', undefined, []],
    ['a friendly game', 'unknown_team', '06:00', []],
  ])('tells of %s', async (_name, reason_code, time, offenders) => {
    await world.warehouse.append(ingestedFiles, [
      {
        receipt_id: 'receipt',
        source: 'odds',
        source_file: 'odds.json',
        content_hash: 'hash',
        rows_read: 100,
        rows_loaded: 94,
        rows_duplicate: 0,
        rows_rejected: 6,
        ingested_at: '2024-11-29T06:00:00Z',
      },
    ]);
    await world.warehouse.append(rejectedRows, [
      {
        row_id: 'row',
        source: 'odds',
        source_file: 'odds.json',
        source_line: 1,
        field: 'home_team',
        reason_code,
        reason: 'expected two teams of the league, saw "Bees" at "Boston Celtics"',
        raw_row: '{}',
        ingested_at: time === undefined ? '2024-11-28T06:00:00Z' : `2024-11-29T${time}:00Z`,
      },
    ]);
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('rejected_share')],
      asOf: new Date('2024-11-29T17:00:00Z'),
    });
    expect(results[0]?.offenders.map((offender) => offender.replace(/:.*/, ''))).toEqual(offenders);
  });
});

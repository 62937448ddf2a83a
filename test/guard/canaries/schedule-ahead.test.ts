import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const SLATE = '2024-12-09';
const TIP_OFF = '2024-12-10T00:00:00.000Z';

describe('schedule_ahead', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld('2024-12-09T17:00:00Z');
  });
  afterEach(() => world.close());

  test.each([
    ['an evening of three games', ['scheduled', 'scheduled', 'scheduled'], []],
    ['an evening with one game called off', ['postponed', 'scheduled', 'scheduled'], []],
    ['the only game called off', ['postponed'], []],
    [
      'every game called off',
      ['postponed', 'cancelled', 'postponed'],
      ['today: 3 of 3 games are called off'],
    ],
  ] as const)('is asked about %s', async (_name, statuses, offenders) => {
    const tomorrow = gameRow('2024-12-10', 9, '2024-12-11T00:00:00.000Z');
    const tonight = statuses.map((status, i) => ({
      ...gameRow(SLATE, i, TIP_OFF),
      status,
      is_counted: status === 'scheduled',
    }));
    await world.warehouse.append(schedule, [tomorrow, ...tonight]);
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('schedule_ahead')],
      asOf: world.clock.now(),
    });
    expect(results[0]).toMatchObject({
      status: offenders.length === 0 ? 'pass' : 'fail',
      offenders,
    });
  });

  const asked = async (asOf: string) => {
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('schedule_ahead')],
      asOf: new Date(asOf),
    });
    return results[0];
  };
  const evening = (row: object): Promise<unknown> =>
    world.warehouse.append(
      schedule,
      [0, 1].map((i) => ({ ...gameRow(SLATE, i, TIP_OFF), published_slate: SLATE, ...row })),
    );

  test.each([
    ['moved to another date', { slate: '2024-12-10', tipoff_at: '2024-12-11T00:00:00.000Z' }],
    ['called a game of the preseason', { season_type: 'preseason', is_counted: false }],
  ])('tells of an evening of which every game is %s', async (_name, row) => {
    await world.warehouse.append(schedule, [gameRow('2024-12-10', 9, '2024-12-11T00:00:00.000Z')]);
    await evening(row);
    expect(await asked('2024-12-09T17:00:00Z')).toMatchObject({
      status: 'fail',
      offenders: ['today: 2 of 2 games are called off'],
    });
  });

  describe('in the playoffs', () => {
    const MAY = '2025-05-11T17:00:00Z';
    const games = (status: string): Promise<unknown> =>
      world.warehouse.append(
        schedule,
        [0, 1].map((i) => ({
          ...gameRow('2025-05-11', i, '2025-05-12T00:00:00.000Z'),
          game_id: `004240020${i}`,
          season_type: 'playoffs',
          status,
          is_counted: status === 'scheduled',
        })),
      );

    test('nothing need be ahead', async () => {
      expect(await asked(MAY)).toMatchObject({
        status: 'skip',
        reason: 'outside of the regular season nothing need be ahead',
      });
    });

    test.each([
      ['is played', 'scheduled', 'pass'],
      ['is postponed', 'postponed', 'fail'],
      ['is not needed any more', 'cancelled', 'skip'],
    ])('an evening that %s', async (_name, status, told) => {
      await games(status);
      expect(await asked(MAY)).toMatchObject({ status: told });
    });
  });
});

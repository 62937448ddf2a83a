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
});

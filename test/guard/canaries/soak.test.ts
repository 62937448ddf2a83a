import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DayHour, healthyLeague, liveDays } from '#app/healthy-world.ts';
import { parseSlate } from '#core/calendar.ts';
import { CATALOGUE } from '#guard/canaries/catalog/index.ts';
import { runCanaries } from '#guard/canaries/engine.ts';
import type { CanaryResult } from '#guard/canaries/run.ts';
import { emptyWorld, type TestWorld } from './world.ts';

/** Friday with games, the holiday before it without, and the switch from summer time live in the long version: scripts/soak.ts. */
const SLATES = ['2024-11-27', '2024-11-28', '2024-11-29'].map(parseSlate);

describe('healthy days', () => {
  let world: TestWorld;
  const results: CanaryResult[] = [];
  beforeAll(async () => {
    world = await emptyWorld(`${SLATES[0]}T06:00:00Z`);
    const look = async (now: Date): Promise<void> => {
      results.push(...(await runCanaries(world, { canaries: CATALOGUE, asOf: now, store: false })).results);
    };
    const hours: readonly DayHour[] = [
      { at: '09:00', look },
      { at: '10:05', run: true },
      { at: '13:00', look },
      { at: '18:30', look },
      { at: '23:30', look },
    ];
    await liveDays(world.day, { league: healthyLeague(), clock: world.clock, slates: SLATES, hours });
  });
  afterAll(() => world.close());

  test('raise no alert', () => {
    // The very first look comes before anything was ever loaded.
    const loud = results.filter(({ status, slate }) => (status === 'FAIL' || status === 'ERROR') && slate > '2024-11-27');
    expect(loud.map(({ canary_id, slate, reason, offenders }) => [canary_id, slate, reason, offenders.slice(0, 2)])).toEqual([]);
  });

  test('say why a holiday is not asked about', () => {
    const holiday = results.filter(({ canary_id, slate }) => canary_id === 'prediction_gap' && slate === '2024-11-28');
    expect(holiday.map(({ status, reason }) => [status, reason])).toEqual(
      Array.from({ length: 4 }, () => ['SKIP', 'no games on 2024-11-28']),
    );
  });

  test('are looked at on both sides of the night', () => {
    const graded = results.filter(
      ({ canary_id, slate, status }) => canary_id === 'yesterday_graded' && slate === '2024-11-27' && status === 'PASS',
    );
    expect(graded.length).toBeGreaterThan(0);
  });
});

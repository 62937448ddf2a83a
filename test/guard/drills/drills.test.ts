import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HEALTHY_AS_OF } from '#app/healthy-league.ts';
import { DRILLS } from '#guard/drills/catalogue/catalogue.ts';
import {
  askAll,
  type DrillContext,
  type DrillOutcome,
  defineDrill,
  runDrills,
  type Scene,
} from '#guard/drills/drill.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { times } from '#test/depth.ts';
import { healthyWorld, type TestWorld } from '#test/guard/canaries/world.ts';

// A league is simulated, and every drill lives days of it.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/**
 * One of every kind in a run of all cases; `tipoff drill run` plays all of them, which takes minutes. The first ones are of data, of
 * a refusal and of a false alarm.
 */
const PLAYED = [
  'first-game-only',
  'unknown-column',
  'forty-eight-reposts',
  'jobs-purged',
  'no-predictions',
  'picks-doubled',
  'too-early',
  'batch-never-ended',
].slice(0, times(3, 8));

describe('drills', () => {
  let world: TestWorld;
  let drillContext: DrillContext;
  const scratches: StateStore[] = [];
  beforeAll(async () => {
    ({ world } = await healthyWorld());
    const scratch = (): StateStore => {
      const state = openSqliteState(':memory:', { clock: world.clock });
      scratches.push(state);
      return state;
    };
    drillContext = { ...world, asOf: HEALTHY_AS_OF, scratch };
  });
  afterAll(async () => {
    for (const state of scratches) await state.close();
    await world.close();
  });

  test('cover at least twenty recorded incidents, each under a name of its own', () => {
    expect(new Set(DRILLS.map(({ incident }) => incident)).size).toBeGreaterThanOrEqual(20);
    expect(new Set(DRILLS.map(({ id }) => id)).size).toBe(DRILLS.length);
    expect(DRILLS.filter(({ id, incident }) => !/^[a-z-]+$/.test(id) || !/^I\d+$/.test(incident))).toEqual(
      [],
    );
  });

  test('an incident is reported with its cause, and its twin is silent; a false alarm the other way round', {
    // Every drill lives days of the league twice: with its incident and without.
    timeout: 240_000,
  }, async () => {
    const drills = DRILLS.filter(({ id }) => PLAYED.includes(id));
    const { results, passed } = await runDrills(drillContext, drills);
    expect(
      results.filter((result) => !result.passed).map(({ drill_id, wrong }) => [drill_id, wrong]),
    ).toEqual([]);
    expect([drills.length, passed]).toEqual([PLAYED.length, PLAYED.length]);
    expect(await askAll(drillContext)).toEqual({ alerted: [], said: 'nothing fails' });
  });

  const scene = (...alerted: string[]): Scene => ({
    what: 'something',
    play: async (): Promise<DrillOutcome> => ({ alerted, said: 'so' }),
  });
  const base = {
    id: 'example',
    incident: 'I01',
    date: '2026-02-07',
    happened: 'Something.',
    guard: 'prediction_gap',
  };

  test.each([
    ['nobody notices', { replay: scene(), twin: scene() }, 'expected prediction_gap, got nothing: so'],
    [
      'another one is named',
      { replay: scene('lines_present'), twin: scene() },
      'expected prediction_gap, got lines_present: so',
    ],
    [
      'more is reported than the cause',
      { replay: scene('prediction_gap', 'lines_present'), twin: scene() },
      'expected prediction_gap alone, also got lines_present: so',
    ],
    [
      'the twin is not silent',
      { replay: scene('prediction_gap'), twin: scene('prediction_gap') },
      'expected silence, got prediction_gap: so',
    ],
    [
      'a false alarm is raised',
      { isNoise: true, replay: scene('prediction_gap'), twin: scene('prediction_gap') },
      'expected silence, got prediction_gap: so',
    ],
    [
      'a scene throws',
      {
        replay: scene('prediction_gap'),
        twin: { what: 'x', play: async () => Promise.reject(new Error('no batch')) },
      },
      'expected silence, got the scene could not be played: no batch',
    ],
  ])('do not pass when %s', async (_what, change, wrong) => {
    const { results, passed } = await runDrills(drillContext, [defineDrill({ ...base, ...change })]);
    expect(passed).toBe(0);
    expect(results[0]?.wrong).toBe(wrong);
  });

  test('pass when the incident is reported and the twin is silent', async () => {
    const { passed } = await runDrills(drillContext, [
      defineDrill({ ...base, replay: scene('prediction_gap'), twin: scene() }),
      defineDrill({ ...base, isNoise: true, replay: scene(), twin: scene('prediction_gap') }),
      defineDrill({
        ...base,
        beside: ['lines_present'],
        replay: scene('lines_present', 'prediction_gap'),
        twin: scene(),
      }),
    ]);
    expect(passed).toBe(3);
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import type { CanaryResult } from '#guard/canaries/definition.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

describe('job_heartbeats', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld('2025-01-10T12:00:00Z');
  });
  afterEach(() => world.close());

  const answerAt = async (at: string): Promise<CanaryResult | undefined> =>
    (await runCanaries(world, { canaries: [canaryNamed('job_heartbeats')], asOf: new Date(at) })).results[0];

  test('knows nothing where no job is declared and none ever reported', async () => {
    expect(await answerAt('2025-01-10T12:00:00Z')).toMatchObject({ status: 'skip' });
  });

  test('misses a declared job that has never reported', async () => {
    world.deployment = { ...world.deployment, scheduledJobs: ['day', 'staging-cleanup'] };
    await beat(world, { job: 'day', ok: true, maxSilenceSeconds: 3600 });
    expect(await answerAt('2025-01-10T12:30:00Z')).toMatchObject({
      status: 'fail',
      seen: 1,
      offenders: ['staging-cleanup: is declared as scheduled and has never reported'],
    });
  });

  test('misses a job that has become silent', async () => {
    await beat(world, { job: 'day', ok: true, maxSilenceSeconds: 3600 });
    expect(await answerAt('2025-01-10T13:00:00Z')).toMatchObject({ status: 'pass' });
    expect(await answerAt('2025-01-10T13:01:00Z')).toMatchObject({
      status: 'fail',
      offenders: ['day: silent for 61 minutes, allowed 60'],
    });
  });

  test('one bad end is no silence, bad ends without a good one within its time are', async () => {
    await beat(world, { job: 'day', ok: true, maxSilenceSeconds: 3600 });
    for (let i = 0; i < 3; i++) {
      await world.clock.sleep(25 * 60_000);
      await beat(world, { job: 'day', ok: false, maxSilenceSeconds: 3600, detail: 'held' });
    }
    expect(await answerAt('2025-01-10T12:55:00Z')).toMatchObject({ status: 'pass' });
    expect(await answerAt('2025-01-10T13:15:00Z')).toMatchObject({
      status: 'fail',
      offenders: ['day: has not ended well for 75 minutes: held'],
    });
  });

  test.each([
    ['2025-01-11T17:44:00Z', []],
    ['2025-01-11T17:45:00Z', ['day: has not run today, and there are games: reported 1365 minutes ago']],
  ])('misses the daily job on a day with games, whose time is not over: at %s', async (at, offenders) => {
    await world.warehouse.append(schedule, [gameRow('2025-01-11', 0, '2025-01-12T00:00:00.000Z')]);
    await world.clock.sleep(7 * 3_600_000);
    await beat(world, { job: 'day', ok: true, maxSilenceSeconds: JOBS.day });
    expect(await answerAt(at)).toMatchObject({ offenders });
    await world.clock.sleep(22 * 3_600_000);
    await beat(world, { job: 'day', ok: false, maxSilenceSeconds: JOBS.day });
    expect(await answerAt('2025-01-11T17:45:00Z')).toMatchObject({ status: 'pass' });
  });

  test('does not miss the daily job before a game at noon, nor on a day without games', async () => {
    await world.warehouse.append(schedule, [gameRow('2025-01-12', 0, '2025-01-12T17:30:00.000Z')]);
    await beat(world, { job: 'day', ok: true, maxSilenceSeconds: JOBS.day * 2 });
    expect(await answerAt('2025-01-11T23:00:00Z')).toMatchObject({ status: 'pass' });
    expect(await answerAt('2025-01-12T16:44:00Z')).toMatchObject({ status: 'pass' });
    expect(await answerAt('2025-01-12T16:45:00Z')).toMatchObject({ status: 'fail' });
  });
});

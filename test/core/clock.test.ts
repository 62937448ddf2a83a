import { describe, expect, it } from 'vitest';
import { JOBS_BY_CLOCK, LATE_CRONS, minutesOfAMonth, updateTimes } from '#core/clock.ts';

const at = (time: string): Date => new Date(`2025-01-10T${time}:00Z`);
const plan = (tipoffs: readonly string[], now: string): string[][] =>
  updateTimes(tipoffs.map(at), at(now)).map((one) => [
    one.at.toISOString().slice(11, 16),
    one.tipoff.toISOString().slice(11, 16),
  ]);

describe('the updates of an evening', () => {
  it('are one before each tip-off, done a quarter of an hour before it', () => {
    expect(plan(['19:00', '21:30'], '15:00')).toEqual([
      ['18:38', '19:00'],
      ['21:08', '21:30'],
    ]);
  });

  it('share what begins within ten minutes, and come at once where they are due', () => {
    expect(plan(['19:10', '19:00', '19:08', '19:11'], '18:50')).toEqual([
      ['18:50', '19:00'],
      ['18:50', '19:11'],
    ]);
  });

  it('are none for games that have begun', () => {
    expect(plan(['19:00', '19:30'], '19:30')).toEqual([]);
  });
});

describe('the minutes of a month', () => {
  it('fit into those that are free, with as many late runs as they pay', () => {
    const { month, withLateRuns, lateRuns, free } = minutesOfAMonth();
    expect(month).toBeLessThanOrEqual(free);
    expect(withLateRuns).toBeLessThanOrEqual(free);
    expect(lateRuns).toBeGreaterThanOrEqual(1);
    expect(minutesOfAMonth(month).lateRuns).toBe(0);
    expect(minutesOfAMonth(100_000).lateRuns).toBe(LATE_CRONS.length);
  });

  it('count every hour that a schedule names', () => {
    const watchdog = minutesOfAMonth().rows.find(({ workflow }) => workflow === 'watchdog.yml');
    expect(watchdog).toMatchObject({ runs: 2, month: 2 * JOBS_BY_CLOCK.watchdog.github.minutes * 31 });
  });
});

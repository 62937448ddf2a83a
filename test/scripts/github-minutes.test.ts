import { describe, expect, it } from 'vitest';
import { GITHUB_JOBS, LATE_CRONS } from '#core/clock.ts';
import { FACTOR, minutesOfAMonth, RUNNER_SECONDS, readMeasured } from '#scripts/github-minutes.ts';

const measured = readMeasured();

describe('the minutes of a month', () => {
  it('fit into those that a private repository has for nothing, with as many late runs as they pay', () => {
    const { month, withLateRuns, lateRuns, free } = minutesOfAMonth(measured);
    expect(free).toBe(2000);
    expect(month).toBeLessThanOrEqual(free);
    expect(withLateRuns).toBeLessThanOrEqual(free);
    expect(lateRuns).toBeGreaterThanOrEqual(1);
    expect(minutesOfAMonth(measured, month).lateRuns).toBe(0);
    expect(minutesOfAMonth(measured, 100_000).lateRuns).toBe(LATE_CRONS.length);
  });

  it('count every hour that a schedule names, and round every run up', () => {
    const seconds = { ...measured.seconds, 'watchdog.yml': 1 };
    const rowOf = (install: number) =>
      minutesOfAMonth({ ...measured, install, seconds }).rows.find(
        ({ workflow }) => workflow === 'watchdog.yml',
      );
    const whole = (60 - RUNNER_SECONDS) / FACTOR - 1;
    expect(rowOf(whole)).toMatchObject({ runs: 2, minutes: 1, month: 62 });
    expect(rowOf(whole + 0.5)).toMatchObject({ minutes: 2, month: 124 });
  });

  it('rest on a measurement of every workflow that has a schedule', () => {
    const scheduled = GITHUB_JOBS.map(({ workflow }) => workflow);
    expect(Object.keys(measured.seconds).sort()).toEqual(scheduled.sort());
  });
});

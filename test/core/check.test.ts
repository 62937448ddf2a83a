import { describe, expect, it } from 'vitest';
import { byUrgency, countOutcomes, exitCodeOf, type Outcome, outcome, verdictOf } from '#core/check.ts';

const of = (status: Outcome['status'], severity: Outcome['severity'] = 'critical'): Outcome =>
  outcome({ check: `${status}_${severity}`, status, severity, reason: 'why' });

describe('a verdict on outcomes', () => {
  it.each([
    ['everything passed', [of('pass'), of('pass')], 'ok'],
    ['a skip beside a pass', [of('pass'), of('skip')], 'ok'],
    ['nothing but skips', [of('skip'), of('skip')], 'skipped'],
    ['a failure that matters', [of('pass'), of('fail', 'warning')], 'failed'],
    ['a failure for information', [of('pass'), of('fail', 'info')], 'warning'],
    ['a check that could not look beside a failure', [of('fail'), of('error', 'info')], 'error'],
    ['nobody looked', [], 'error'],
  ] as const)('of %s', (_what, outcomes, verdict) => {
    expect(verdictOf(outcomes)).toBe(verdict);
  });

  it('leaves warnings green where only what is critical fails', () => {
    expect(verdictOf([of('fail', 'warning')], 'critical')).toBe('warning');
    expect(verdictOf([of('fail', 'critical')], 'critical')).toBe('failed');
  });

  it('decides the exit code', () => {
    expect((['ok', 'warning', 'skipped', 'nothing', 'failed', 'error'] as const).map(exitCodeOf)).toEqual([
      0, 0, 0, 0, 1, 3,
    ]);
  });
});

describe('outcomes', () => {
  it('are counted by status', () => {
    expect(countOutcomes([of('pass'), of('skip'), of('skip'), of('error')])).toEqual({
      pass: 1,
      fail: 0,
      error: 1,
      skip: 2,
    });
  });

  it('come worst first', () => {
    const mixed = [of('skip'), of('pass'), of('fail', 'info'), of('error', 'warning'), of('fail')];
    expect(mixed.toSorted(byUrgency).map(({ check }) => check)).toEqual([
      'fail_critical',
      'error_warning',
      'fail_info',
      'pass_critical',
      'skip_critical',
    ]);
  });
});

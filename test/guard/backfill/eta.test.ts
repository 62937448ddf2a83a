import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { pace, ratesOf, secondsFor } from '#guard/backfill/eta.ts';
import { digestOf, partsReader } from '#guard/backfill/fingerprints.ts';
import type { UnitDoc } from '#guard/backfill/ledger.ts';
import { backfillSteps } from '#guard/backfill/steps.ts';

const unit = (step: string, seconds: number, measured_slates: number): UnitDoc => ({
  step,
  phase: 'analytics',
  month: '2024-11',
  code_hash: '',
  contract_hash: '',
  slates: {},
  failed: {},
  seconds,
  measured_slates,
  attempts: 1,
  run_id: 'r',
  updated_at: '2024-11-01T00:00:00Z',
});

describe('the estimate', () => {
  it('takes the rates that were measured', () => {
    const rates = ratesOf([unit('PlayerDailyCache', 3, 10), unit('PlayerDailyCache', 1, 10)]);
    expect(secondsFor(rates, 'PlayerDailyCache', 5)).toBeCloseTo(1, 9);
  });

  it('scales what it never measured by what it did', () => {
    const plain = ratesOf([]);
    const slow = ratesOf([unit('PlayerDailyCache', 10 * secondsFor(plain, 'PlayerDailyCache', 20), 20)]);
    expect(secondsFor(slow, 'MLFeatureStore', 7)).toBeCloseTo(10 * secondsFor(plain, 'MLFeatureStore', 7), 9);
  });

  it('goes on at the pace seen: a machine three times slower than thought triples what is left', () => {
    const slow = pace();
    expect(slow.left(9)).toBe(9);
    for (let i = 0; i < 10; i++) slow.done(0.5, 1.5);
    expect(slow.left(9)).toBeGreaterThan(9 * 3 * 0.9);
    expect(slow.left(9)).toBeLessThanOrEqual(9 * 3);
  });
});

describe('fingerprints', () => {
  const steps = backfillSteps({ codeVersion: '1', functionLibrary: '' });
  const slates = ['2024-11-04', '2024-11-06', '2024-11-08', '2024-11-12'].map(parseSlate);
  const digests = (box: readonly string[]): Map<string, readonly string[]> => {
    const reader = partsReader(steps, slates, new Map([['player_box' as const, new Map(slates.map((slate, i) => [slate, box[i] ?? '']))]]));
    const found = new Map<string, readonly string[]>();
    for (const step of steps) {
      const parts = reader.parts(step);
      reader.provide(step, parts, new Set(slates));
      found.set(
        step.name,
        slates.map((slate) => digestOf(parts.get(slate) ?? {})),
      );
    }
    return found;
  };
  const changed = (step: string): boolean[] => {
    const [then, now] = [digests(['a', 'b', 'c', 'd']).get(step) ?? [], digests(['a', 'B', 'c', 'd']).get(step) ?? []];
    return then.map((digest, i) => digest !== now[i]);
  };

  it('change for the slate itself where its own rows are read', () =>
    expect(changed('PlayerGameSummary')).toEqual([false, true, false, false]));
  it('change for everything after it where history is read', () => expect(changed('PlayerDailyCache')).toEqual([false, false, true, true]));
  it('change below what changed', () => expect(changed('MLFeatureStore')).toEqual([false, false, true, true]));
  it('change for predictions with the features and with the model of the next Monday', () =>
    expect(changed('Predictions')).toEqual([false, false, true, true]));
  it('change for grades of the slate, whose outcome it is', () => expect(changed('Grades')).toEqual([false, true, true, true]));
  it('do not change where nothing of it is read', () => expect(changed('PlayerShotZoneAnalysis')).toEqual([false, false, false, false]));
});

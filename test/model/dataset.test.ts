import { describe, expect, it } from 'vitest';
import { FEATURE_NAMES } from '#core/features.ts';
import { MARKETS } from '#core/markets.ts';
import {
  beforeCutoff,
  betweenSlates,
  columnOf,
  firstRowAt,
  type TrainingSet,
  vectorAt,
} from '#model/dataset.ts';
import { availableColumns, designOf } from '#model/design.ts';
import { modelColumns } from '#model/features.ts';
import { columnValue } from '#model/linear.ts';

const set: TrainingSet = {
  features: ['a', 'b'],
  columns: [Float64Array.of(1, 2, 3, 4), Float64Array.of(10, Number.NaN, 30, 40)],
  target: Float64Array.of(5, 6, 7, 8),
  minutes: Float64Array.of(20, 21, 22, 23),
  slates: ['2024-01-01', '2024-01-03', '2024-01-03', '2024-01-07'],
  rows: 4,
  line: Float64Array.of(24.5, Number.NaN, 25, 10.5),
};

describe('a training set', () => {
  it('is cut strictly before a date', () => {
    expect(firstRowAt(set, '2024-01-03')).toBe(1);
    expect(firstRowAt(set, '2023-01-01')).toBe(0);
    expect(firstRowAt(set, '2025-01-01')).toBe(4);
    expect([...beforeCutoff(set, '2024-01-07').target]).toEqual([5, 6, 7]);
    expect(beforeCutoff(set, '2024-01-03').slates).toEqual(['2024-01-01']);
  });

  it('is sliced with both ends included', () => {
    expect([...betweenSlates(set, '2024-01-02', '2024-01-07').target]).toEqual([6, 7, 8]);
    expect([...(betweenSlates(set, '2024-01-03', '2024-01-03').line ?? [])]).toEqual([Number.NaN, 25]);
    expect(betweenSlates(set, '2024-01-04', '2024-01-05').rows).toBe(0);
  });

  it('shares memory with its slices', () => {
    expect(beforeCutoff(set, '2024-01-07').target.buffer).toBe(set.target.buffer);
  });

  it('gives a row as features by name with its line as text', () => {
    expect(vectorAt(set, 0)).toEqual({ features: { a: 1, b: 10 }, line: '24.5', marketOver: null });
    expect(vectorAt(set, 1).line).toBeNull();
    expect(vectorAt(set, 2).line).toBe('25');
    expect(columnOf(set, 'c')).toBeUndefined();
  });
});

describe('the model columns', () => {
  it.each(MARKETS.flatMap(({ features }) => features.map((one) => [one.stat, one] as const)))(
    'of %s are made of features of the contract only, each with its own name',
    (stat, features) => {
      const columns = modelColumns(features);
      const names = columns.map((column) => column.name);
      expect(new Set(names).size).toBe(names.length);
      for (const column of columns)
        for (const { feature } of column.factors) expect(FEATURE_NAMES).toContain(feature);
      expect(names).toContain(`${stat}_ewma8`);
      expect(names).toContain(`freed_${stat}`);
      expect(names.filter((name) => name.endsWith('_ewma8') && !name.includes('*')).length).toBeLessThan(8);
      expect(names).not.toContain('status_feed');
    },
  );

  it.each([
    ['assists', 'ast_ewma4', ['ast', 'tov']],
    ['points', 'pts_ewma4', ['pts', 'fg3m', 'tov']],
    ['rebounds', 'reb_ewma4', ['reb']],
  ])('hold recent %s where the market asks for them, and nowhere else', (_words, column, stats) => {
    const readers = MARKETS.flatMap(({ features }) => features).filter((features) =>
      modelColumns(features).some(({ name }) => name === column),
    );
    expect(new Set(readers.map(({ stat }) => stat))).toEqual(new Set(stats));
  });

  it('multiply their factors, divide, and turn thresholds into indicators', () => {
    const column = {
      name: 'x',
      factors: [
        { feature: 'a', from: 2 },
        { feature: 'b', over: 10 },
      ],
    };
    const at = (a: number, b: number): number => columnValue(column, (name) => (name === 'a' ? a : b));
    expect(at(2, 30)).toBe(3);
    expect(at(1, 30)).toBe(0);
    expect(at(Number.NaN, 30)).toBeNaN();
    expect(at(2, Number.NaN)).toBeNaN();
    expect([...designOf(set, [column], Int32Array.of(3, 1)).values]).toEqual([4, Number.NaN]);
  });

  it('are left out when the set lacks a feature, unless it is required', () => {
    const columns = [
      { name: 'a', factors: [{ feature: 'a' }] },
      { name: 'a*c', factors: [{ feature: 'a' }, { feature: 'c' }] },
    ];
    expect(availableColumns(set, columns, ['a']).map((column) => column.name)).toEqual(['a']);
    expect(() => availableColumns(set, columns, ['c'])).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '#core/random.ts';
import { rowIds } from '#simulate/league-rows.ts';
import { shareUnits } from '#simulate/players.ts';
import { mean, standardDeviation } from './league-checks.ts';

const draws = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);

describe('the random stream', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    const [a, b, c] = [new Random(1), new Random(1), new Random(2)].map((random) =>
      draws(20, () => random.next()),
    );
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('gives forks that depend on their name and not on what was drawn before', () => {
    const [used, fresh] = [new Random(1), new Random(1)];
    draws(50, () => used.next());
    expect(used.fork('games', 7).next()).toBe(fresh.fork('games', 7).next());
    expect(fresh.fork('games', 8).next()).not.toBe(fresh.fork('games', 7).next());
    expect(fresh.fork('lines', 7).next()).not.toBe(fresh.fork('games', 7).next());
  });

  it('is uniform, normal and Poisson where it says so', () => {
    const random = new Random(3);
    const uniform = draws(20_000, () => random.next());
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    const normal = draws(20_000, () => random.normal(5, 2));
    expect(mean(normal)).toBeCloseTo(5, 1);
    expect(standardDeviation(normal)).toBeCloseTo(2, 1);
    expect(mean(draws(20_000, () => random.poisson(3)))).toBeCloseTo(3, 1);
    expect(mean(draws(5000, () => random.binomial(10, 0.3)))).toBeCloseTo(3, 1);
  });

  it('keeps whole numbers and clamped normals inside their limits', () => {
    const random = new Random(3);
    expect([...new Set(draws(500, () => random.int(2, 5)))].sort()).toEqual([2, 3, 4, 5]);
    expect(draws(500, () => random.normalWithin(0, 5, -1, 1)).every((x) => x >= -1 && x <= 1)).toBe(true);
    expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
    expect(() => random.pick([])).toThrow('at least one element');
  });
});

describe('sharing minutes', () => {
  it('hands out exactly the total, nobody above the cap, nothing without weight', () => {
    const weights = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 40, noNaN: true })), {
      minLength: 9,
      maxLength: 15,
    });
    fc.assert(
      fc.property(weights, (list) => {
        fc.pre(list.filter((weight) => weight > 0).length >= 6);
        const shares = shareUnits(list, 1440, 248);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(1440);
        expect(
          shares.every(
            (share, i) =>
              Number.isInteger(share) && share >= 0 && share <= 248 && (share === 0 || (list[i] ?? 0) > 0),
          ),
        ).toBe(true);
      }),
    );
  });

  it('refuses a total that does not fit', () => {
    expect(() => shareUnits([1, 1, 0], 100, 40)).toThrow('expected room for 100 units');
  });
});

describe('row ids', () => {
  it('depend on seed, table and every value', () => {
    const ids = rowIds(1);
    const all = [
      ids('t', ['a', 1]),
      ids('t', ['a', 2]),
      ids('t', ['b', 1]),
      ids('u', ['a', 1]),
      ids('t', [null, 1]),
      rowIds(2)('t', ['a', 1]),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(ids('t', ['a', 1])).toBe(all[0]);
  });

  it('tell instants apart that agree in their lower bits', () => {
    const ids = rowIds(1);
    expect(ids('t', [1_700_000_000_000])).not.toBe(ids('t', [1_700_000_000_000 + 2 ** 32]));
  });
});

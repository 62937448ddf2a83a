import { describe, expect, it } from 'vitest';
import { massesOf, type PublishedQuantiles } from '#app/site/browser/density.ts';

const STAR: PublishedQuantiles = {
  p10: 12.4,
  p25: 16.1,
  predicted: 21.3,
  p75: 26.6,
  p90: 31.9,
  sd: 7.6,
  line: '19.5',
  model_p_over: 0.585,
};
/** A count that is mostly nothing: the lower quantiles cannot be told apart. */
const BLOCKS: PublishedQuantiles = {
  p10: 0,
  p25: 0,
  predicted: 0.31,
  p75: 1.12,
  p90: 1.9,
  sd: 0.9,
  line: '0.5',
  model_p_over: 0.43,
};
const DRAWN = [
  ['a star', STAR],
  ['a rare count', BLOCKS],
  ['no line', { ...STAR, line: null, model_p_over: null }],
  ['a whole line', { ...STAR, line: '21', model_p_over: 0.5 }],
  ['all quantiles alike', { ...BLOCKS, predicted: 0, p75: 0, p90: 0, line: null, model_p_over: null }],
] as const;

const above = (row: PublishedQuantiles, line: number): number =>
  massesOf(row)
    .filter(({ k }) => k > line)
    .reduce((sum, { p }) => sum + p, 0);

describe('the drawn distribution', () => {
  it.each(DRAWN)('of %s has no negative mass, and all of it', (_, row) => {
    const masses = massesOf(row);
    expect(masses.map(({ p }) => p >= 0)).not.toContain(false);
    expect(masses.map(({ k }) => k)).toEqual(masses.map((__, k) => k));
    expect(masses.reduce((sum, { p }) => sum + p, 0)).toBeCloseTo(1, 2);
  });

  it('colours as much as the model gives to OVER', () => {
    expect(above(STAR, 19.5)).toBeCloseTo(0.585, 2);
    expect(above(BLOCKS, 0.5)).toBeCloseTo(0.43, 2);
    expect(above({ ...STAR, line: '21', model_p_over: 0.5 }, 21)).toBeCloseTo(0.5, 2);
  });

  it('has its quantiles where they were published', () => {
    expect(above({ ...STAR, line: null }, 31.4)).toBeCloseTo(0.105, 1);
    expect(above({ ...STAR, line: null }, 20.8)).toBeCloseTo(0.52, 1);
  });
});

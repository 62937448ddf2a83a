import { describe, expect, it } from 'vitest';
import { ALIASES, canonicalLookup, lastLookup, playerLookup } from '#core/names.ts';

describe('aliases', () => {
  it.each([
    ['Carlton Carrington', 'Bub Carrington'],
    ['B.J. Boston Jr', 'Brandon Boston'],
    ['Gregory Jackson II', 'GG Jackson'],
    ['Ron Holland', 'Ronald Holland II'],
    ['Murray Dejounte', 'Dejounte Murray'],
    ['Christian James McCollum', 'CJ McCollum'],
  ])('lists %s as %s', (line, box) => {
    expect(canonicalLookup(playerLookup(line))).toBe(playerLookup(box));
  });

  it('leaves a name without an alias alone, also one that is a property of every object', () => {
    expect(canonicalLookup('tovenobrand')).toBe('tovenobrand');
    expect(canonicalLookup('constructor')).toBe('constructor');
  });

  it('holds lookups only, and no alias leads to another', () => {
    for (const [from, to] of Object.entries(ALIASES)) {
      expect([from, to]).toEqual([playerLookup(from), playerLookup(to)]);
      expect(canonicalLookup(to)).toBe(to);
    }
  });

  it('keeps apart people whose names are alike', () => {
    expect(canonicalLookup('jaylinwilliams')).not.toBe(canonicalLookup('jalenwilliams'));
    expect(canonicalLookup('maxchristie')).not.toBe(canonicalLookup('camchristie'));
  });
});

describe('lastLookup', () => {
  it.each([
    ['Amir Coffey', 'coffey'],
    ['Shai Gilgeous-Alexander', 'gilgeousalexander'],
    ['Javonte Green Jr.', 'green'],
    ['P.J. Washington', 'washington'],
    ['Nikola Jokić', 'jokic'],
  ])('of %s is %s', (name, last) => {
    expect(lastLookup(name)).toBe(last);
  });

  it.each(['Nenê', ''])('does not exist for the one-word name %j', (name) => {
    expect(lastLookup(name)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { ALIASES, canonicalLookup, initialKey, matchesInitialKey } from '#core/aliases.ts';
import { playerLookup } from '#core/names.ts';

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

describe('initialKey', () => {
  it.each([
    ['A. Coffey', 'a|coffey'],
    ['S Gilgeous-Alexander', 's|gilgeousalexander'],
    ['Mil. Bridges', 'mil|bridges'],
    ['D. Jones Jr.', 'd|jones'],
    ['É. Novák (Phi)', 'e|novak'],
  ])('turns %s into %s', (name, key) => {
    expect(initialKey(name)).toBe(key);
  });

  it.each(['Amir Coffey', 'A.J. Green', 'B.J. Boston Jr', 'OG Anunoby', 'Nene', '', 'A.'])('takes "%s" for a full name', (name) => {
    expect(initialKey(name)).toBeUndefined();
  });

  it('matches every player it may mean, and nobody else', () => {
    expect(matchesInitialKey('j|green', 'Jalen Green')).toBe(true);
    expect(matchesInitialKey('j|green', 'Javonte Green Jr.')).toBe(true);
    expect(matchesInitialKey('j|green', 'Draymond Green')).toBe(false);
    expect(matchesInitialKey('j|green', 'Jalen Greenwood')).toBe(false);
    expect(matchesInitialKey('mil|bridges', 'Miles Bridges')).toBe(true);
    expect(matchesInitialKey('mil|bridges', 'Mikal Bridges')).toBe(false);
    expect(matchesInitialKey('s|gilgeousalexander', 'Shai Gilgeous-Alexander')).toBe(true);
  });
});

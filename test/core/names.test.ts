import { describe, expect, it } from 'vitest';
import { alikeNames, playerLookup } from '#core/names.ts';

describe('playerLookup', () => {
  it.each([
    ['Lukáš Dvořák', 'lukasdvorak'],
    ["D'Marco O’Neal", 'dmarcooneal'],
    ['Anton Berg-Larsen Jr.', 'antonberglarsen'],
    ['A.B. Carter III', 'abcarter'],
    ['Carter, Anton', 'antoncarter'],
    ['Carter, Jr.', 'carter'],
    ['Kyle Novak (Phi)', 'kylenovak'],
    ['  Two   Spaces ', 'twospaces'],
  ])('turns %s into %s', (name, lookup) => {
    expect(playerLookup(name)).toBe(lookup);
  });

  it('is stable when applied to its own result', () => {
    expect(playerLookup(playerLookup('Jean-Luc Péter IV'))).toBe('jeanlucpeter');
  });

  it('keeps two different people apart', () => {
    expect(playerLookup('Jalen Wilson')).not.toBe(playerLookup('Jaylin Wilson'));
  });
});

describe('names that a misspelt one may have meant', () => {
  const NAMES = ['Luka Dončić', 'Nikola Jokić', 'Josh Hart', 'Nikola Vučević', 'Al Horford'];
  it.each([
    ['Jokc', ['Nikola Jokić']],
    ['nikola jokich', ['Nikola Jokić']],
    ['Donkic', ['Luka Dončić']],
    ['nikol', ['Nikola Jokić', 'Nikola Vučević']],
    ['Wembanyama', []],
    ['al', []],
    ['-', []],
  ])('of %s are %j', (text, expected) => {
    expect(alikeNames(text, NAMES)).toEqual(expected);
  });
});

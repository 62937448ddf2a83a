import { describe, expect, it } from 'vitest';
import { findTeam, TEAMS } from '#core/teams.ts';

describe('findTeam', () => {
  it('finds every team by code, id, nickname and full name', () => {
    expect(TEAMS).toHaveLength(30);
    for (const team of TEAMS) {
      for (const text of [
        team.abbr,
        team.abbr.toLowerCase(),
        team.id,
        String(team.id),
        team.nickname,
        `${team.city} ${team.nickname}`,
      ]) {
        expect(findTeam(text)).toBe(team);
      }
    }
  });

  it('has thirty codes, ids and nicknames that differ', () => {
    for (const part of ['abbr', 'id', 'nickname'] as const)
      expect(new Set(TEAMS.map((team) => team[part])).size).toBe(30);
  });

  it.each([
    ['Los Angeles Clippers', 'LAC'],
    ['LA Clippers', 'LAC'],
    ['Los Angeles Lakers', 'LAL'],
    ['Portland  Trail Blazers ', 'POR'],
    ['PHO', 'PHX'],
    ['WSH', 'WAS'],
    ['GS', 'GSW'],
  ])('reads %s as %s', (text, abbr) => {
    expect(findTeam(text)?.abbr).toBe(abbr);
  });

  it.each(['', 'Los Angeles', 'Seattle SuperSonics', 'LAK', 1612709925])('finds no team in "%s"', (text) => {
    expect(findTeam(text)).toBeUndefined();
  });
});

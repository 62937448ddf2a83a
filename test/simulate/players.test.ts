import { describe, expect, it } from 'vitest';
import { playerLookup } from '#core/names.ts';
import { Random } from '#core/random.ts';
import { findTeam, TEAMS } from '#core/teams.ts';
import { INVENTED_TEAMS, NameMaker } from '#simulate/teams.ts';
import { tinyLeague } from '#test/fakes/tiny-league.ts';

describe('invented names', () => {
  const names = new NameMaker(new Random(4));
  const made = Array.from({ length: 1500 }, () => names.next());

  it('are unique by their normalised form, and keep it without diacritics', () => {
    expect(new Set(made.map(({ lookup }) => lookup)).size).toBe(made.length);
    expect(
      made.filter(
        ({ name, ascii, lookup }) => playerLookup(name) !== lookup || playerLookup(ascii) !== lookup,
      ),
    ).toEqual([]);
  });

  it('have the diacritics, apostrophes, hyphens and suffixes that trouble real feeds', () => {
    for (const trouble of [/[čćšöéó]/i, /'/, /-/, / (?:Jr\.|II|III)$/])
      expect(made.some(({ name }) => trouble.test(name))).toBe(true);
    expect(made.every(({ ascii }) => /^[\x20-\x7e]+$/.test(ascii))).toBe(true);
  });

  it('come in pairs that an initial and a last name cannot tell apart', () => {
    const twin = names.twinOf(made[0] ?? names.next());
    expect([twin.last, twin.first.slice(0, 1)]).toEqual([made[0]?.last, made[0]?.first.slice(0, 1)]);
    expect(twin.lookup).not.toBe(made[0]?.lookup);
  });
});

describe('invented teams', () => {
  it('are thirty, and none of them is a team of the real league', () => {
    expect(INVENTED_TEAMS.length).toBe(30);
    expect(new Set(INVENTED_TEAMS.map(({ abbr }) => abbr)).size).toBe(30);
    const real = new Set(TEAMS.flatMap(({ city, nickname }) => [city, nickname]));
    expect(
      INVENTED_TEAMS.filter((team) =>
        [team.abbr, team.id, team.nickname].some((text) => findTeam(text) !== undefined),
      ),
    ).toEqual([]);
    expect(INVENTED_TEAMS.filter((team) => real.has(team.city) || real.has(team.nickname))).toEqual([]);
  });
});

describe('players of a league', () => {
  it('keep one id and one name for life', () => {
    const { playerBoxScores } = tinyLeague().tables;
    const pairs = new Set(
      playerBoxScores.map((row) => `${row.player_id} ${row.player_name} ${row.player_lookup}`),
    );
    expect(pairs.size).toBe(new Set(playerBoxScores.map((row) => row.player_id)).size);
    expect(pairs.size).toBe(new Set(playerBoxScores.map((row) => row.player_lookup)).size);
  });

  it('partly leave in summer, and newcomers appear', () => {
    const { playerBoxScores } = tinyLeague().tables;
    const [before, after] = ['2023-24', '2024-25'].map(
      (season) => new Set(playerBoxScores.filter((row) => row.season === season).map((row) => row.player_id)),
    );
    const stayed = [...(after ?? [])].filter((id) => before?.has(id)).length;
    expect(stayed).toBeGreaterThan(60);
    expect((after?.size ?? 0) - stayed).toBeGreaterThan(5);
  });
});

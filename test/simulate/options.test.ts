import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { type LeagueOptions, resolveOptions } from '#simulate/options.ts';

describe('options of a league', () => {
  it('default to two seasons of thirty teams', () => {
    expect(resolveOptions({ seed: 1 })).toEqual({
      seed: 1,
      seasons: ['2023-24', '2024-25'],
      through: null,
      teams: 30,
      gamesPerTeam: 82,
      playersPerTeam: 15,
      withShots: false,
      withRosters: false,
      scenario: { noLines: false, noStatusFeed: false },
    });
  });

  it.each<[string, LeagueOptions]>([
    ['seed', { seed: 1.5 }],
    ['seasons', { seed: 1, seasons: [] }],
    ['season', { seed: 1, seasons: ['2024-26'] }],
    ['seasons', { seed: 1, seasons: ['2024-25', '2023-24'] }],
    ['date', { seed: 1, through: '2024-02-30' }],
    ['teams', { seed: 1, teams: 7 }],
    ['teams', { seed: 1, teams: 32 }],
    ['gamesPerTeam', { seed: 1, gamesPerTeam: 83 }],
    ['playersPerTeam', { seed: 1, playersPerTeam: 8 }],
  ])('say what is wrong with %s', (field, options) => {
    const refusal = (): unknown => resolveOptions(options);
    expect(refusal).toThrow(TipoffError);
    expect(refusal).toThrow(field);
  });
});

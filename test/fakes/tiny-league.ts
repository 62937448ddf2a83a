import type { LeagueOptions, SimulatedLeague } from '#simulate/league.ts';
import { simulatedLeague } from '#test/fakes/leagues.ts';

/** The slate on which the tiny league stops: it has schedule, reports and lines, and no results. */
export const TINY_TONIGHT = '2024-11-30';

const DEFAULTS: LeagueOptions = {
  seed: 11,
  seasons: ['2023-24', '2024-25'],
  teams: 8,
  gamesPerTeam: 24,
  through: TINY_TONIGHT,
};

/**
 * A league that is small enough for any test: eight teams, one short season and most of a second, ending with a slate
 * that waits for its results. Made once per process and combination of overrides: treat its rows as read-only.
 */
export function tinyLeague(overrides: Partial<LeagueOptions> = {}): SimulatedLeague {
  return simulatedLeague({ ...DEFAULTS, ...overrides });
}

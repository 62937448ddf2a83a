import { addDays, easternInstant, parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { INVENTED_TEAMS } from './teams.ts';

/** What kind of league to simulate. Equal options give byte-identical rows. */
export interface LeagueOptions {
  /** Any integer. */
  readonly seed: number;
  /** Season labels in ascending order; 2023-24 and 2024-25 when absent. */
  readonly seasons?: readonly string[];
  /** Tonight's slate: it has schedule, lines and injury reports; only earlier slates have results. */
  readonly through?: string;
  /** Even, 4 to 30; 30 when absent. */
  readonly teams?: number;
  /** Even, 2 to 82; 82 when absent. A shorter season keeps 3 to 4 games a week and ends earlier. */
  readonly gamesPerTeam?: number;
  /** 12 to 18; 15 when absent. */
  readonly playersPerTeam?: number;
  /** Also one row per field-goal attempt (about 230,000 a season). */
  readonly withShots?: boolean;
  /** Also who is on which roster on the morning of every slate, as a provider lists it (a row per player and slate). */
  readonly withRosters?: boolean;
  /** Feeds to leave out, as if their providers had gone. Nothing else changes. */
  readonly scenario?: Partial<LeagueScenario>;
}

interface LeagueScenario {
  readonly noLines: boolean;
  readonly noStatusFeed: boolean;
}

/** Options with every default filled in. */
export interface ResolvedLeagueOptions {
  readonly seed: number;
  readonly seasons: readonly string[];
  readonly through: Slate | null;
  readonly teams: number;
  readonly gamesPerTeam: number;
  readonly playersPerTeam: number;
  readonly withShots: boolean;
  readonly withRosters: boolean;
  readonly scenario: LeagueScenario;
}

const LIMITS = {
  teams: { from: 4, to: INVENTED_TEAMS.length, even: true, fallback: INVENTED_TEAMS.length },
  gamesPerTeam: { from: 2, to: 82, even: true, fallback: 82 },
  playersPerTeam: { from: 12, to: 18, even: false, fallback: 15 },
} as const;

/** Fills in defaults. Throws TIPOFF_BAD_INPUT for a value outside its limits. */
export function resolveOptions(options: LeagueOptions): ResolvedLeagueOptions {
  if (!Number.isInteger(options.seed)) throw badOption('seed', 'a whole number', options.seed);
  const seasons = options.seasons ?? ['2023-24', '2024-25'];
  if (seasons.length === 0) throw badOption('seasons', 'at least one season', seasons);
  for (const season of seasons) seasonSpan(season);
  if (seasons.some((season, i) => i > 0 && startYear(season) <= startYear(seasons[i - 1] ?? ''))) {
    throw badOption('seasons', 'seasons in ascending order without repeats', seasons);
  }
  return {
    seed: options.seed,
    seasons,
    through: options.through === undefined ? null : parseSlate(options.through),
    teams: limited('teams', options.teams),
    gamesPerTeam: limited('gamesPerTeam', options.gamesPerTeam),
    playersPerTeam: limited('playersPerTeam', options.playersPerTeam),
    withShots: options.withShots ?? false,
    withRosters: options.withRosters ?? false,
    scenario: {
      noLines: options.scenario?.noLines ?? false,
      noStatusFeed: options.scenario?.noStatusFeed ?? false,
    },
  };
}

/** The calendar year a season starts in. */
export function startYear(season: string): number {
  return Number(season.slice(0, 4));
}

function limited(name: keyof typeof LIMITS, value: number | undefined): number {
  const { from, to, even, fallback } = LIMITS[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < from || value > to || (even && value % 2 !== 0)) {
    throw badOption(name, `${even ? 'an even' : 'a'} whole number from ${from} to ${to}`, value);
  }
  return value;
}

function badOption(name: string, expected: string, seen: unknown): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `simulated league: expected ${name} to be ${expected}, saw ${JSON.stringify(seen)}`,
    {
      hint: `Give ${name} as ${expected}, or leave it out for the default.`,
      details: { option: name, value: seen },
    },
  );
}

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** Turns New York clock times of a slate and its neighbours into instants (milliseconds). */
export interface SlateClock {
  readonly today: WallClock;
  readonly dayBefore: WallClock;
  readonly dayAfter: WallClock;
}

/** The instant (ms) at which a New York clock shows a time, HH:MM. */
export type WallClock = (time: string) => number;

/** The wall clock of one date. DST is looked up once, at noon, so times before 03:00 on a switch day are wrong. */
export function wallClockOf(date: Slate): WallClock {
  const noon = easternInstant(date, '12:00').getTime();
  return (time) => noon + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)) - 720) * MINUTE;
}

export function slateClock(slate: Slate): SlateClock {
  return {
    today: wallClockOf(slate),
    dayBefore: wallClockOf(addDays(slate, -1)),
    dayAfter: wallClockOf(addDays(slate, 1)),
  };
}

/** ISO text of an instant in milliseconds. */
export function iso(instant: number): string {
  return new Date(instant).toISOString();
}

import type { Slate } from '#core/calendar.ts';
import type { Random } from '#core/random.ts';
import { type Availability, PLAYS_WHEN, type StatusHistory, statusAt } from './availability.ts';
import { playWeight, RATES, type ShootingClimate } from './game.ts';
import { HOUR, MINUTE, type SlateClock } from './options.ts';
import { type ExpectedRole, expectRoles, type SimulatedPlayer, type TeamState } from './players.ts';
import type { PlannedGame } from './season.ts';

/** A well-informed observer's expectation of a player, if he plays. */
export interface Expectation extends ExpectedRole {
  readonly points: number;
}

export interface SideExpectation {
  readonly players: readonly Expectation[];
  readonly points: number;
}

/**
 * Expected points of a side, from the quantities that also drive the game: minutes given who is available,
 * share of the team's plays, and the value of each player's plays.
 *
 * @param presence chance to play, in roster order
 * @param possessions of the side in 48 minutes
 */
function expectSide(
  roster: readonly SimulatedPlayer[],
  presence: readonly number[],
  climate: ShootingClimate,
  possessions: number,
  playoffs: boolean,
): SideExpectation {
  const roles = expectRoles(roster, presence, playoffs);
  const minutes = roles.map((role) => afterBlowouts(role.minutes));
  const plays = roles.map(({ player }, i) => (minutes[i] ?? 0) * playWeight(player));
  let [total, again] = [0, 0];
  for (const [i, role] of roles.entries()) {
    const weight = (plays[i] ?? 0) * role.presence;
    total += weight;
    again += weight * secondChance(role.player, climate);
  }
  const count = total > 0 ? possessions / (1 - again / total) : 0;
  const players = roles.map(({ player, presence: here }, i): Expectation => {
    const share = total > 0 ? (plays[i] ?? 0) / total : 0;
    return {
      player,
      presence: here,
      minutes: minutes[i] ?? 0,
      points: share * count * playValue(player, climate),
    };
  });
  return { players, points: players.reduce((sum, { points, presence: here }) => sum + points * here, 0) };
}

/**
 * Expected minutes after blowouts, which move minutes from starters to the bench: a 36-minute plan averages
 * 34.9, a 10-minute one 10.7 (measured on simulated games).
 */
function afterBlowouts(minutes: number): number {
  return minutes <= 0 ? 0 : minutes + 0.068 * (20 - minutes);
}

function playValue({ mix, touch }: SimulatedPlayer, climate: ShootingClimate): number {
  const shot = 1 - mix.turnover - mix.freeThrowTrip;
  const two = (1 - mix.three) * mix.makeTwo * climate.two * (1 + touch);
  const three = mix.three * mix.makeThree * climate.three * (1 + touch);
  return mix.freeThrowTrip * 2 * mix.makeFree + shot * (two * (2 + RATES.andOne * mix.makeFree) + three * 3);
}

/** Probability that a play of this player ends in an offensive rebound. */
function secondChance({ mix, touch }: SimulatedPlayer, climate: ShootingClimate): number {
  const shot = 1 - mix.turnover - mix.freeThrowTrip;
  const made =
    (1 + touch) * ((1 - mix.three) * mix.makeTwo * climate.two + mix.three * mix.makeThree * climate.three);
  const missedFree = 1 - mix.makeFree * mix.makeFree;
  return (
    shot * (1 - made) * RATES.offensiveRebound +
    mix.freeThrowTrip * missedFree * RATES.offensiveReboundAfterFreeThrow
  );
}

/** An invented bookmaker. */
export interface Bookmaker {
  readonly key: string;
  /** When its first quotes of the day go up, New York time. */
  readonly opens: string;
  /** Standard deviation of its own error in a line, in points. */
  readonly noise: number;
  /** Sum of the two implied probabilities above one. */
  readonly vig: number;
  /** Share of whole-number lines, on which a bet can push. */
  readonly wholeLines: number;
  /** True when it prints names without diacritics. */
  readonly asciiNames: boolean;
}

export const BOOKMAKERS: readonly Bookmaker[] = [
  { key: 'northline', opens: '11:05', noise: 0.25, vig: 0.045, wholeLines: 0.05, asciiNames: false },
  { key: 'harborbet', opens: '11:40', noise: 0.35, vig: 0.05, wholeLines: 0.15, asciiNames: true },
  { key: 'summitbook', opens: '12:50', noise: 0.4, vig: 0.065, wholeLines: 0, asciiNames: false },
];

/** A half-point line below the value, or the nearest whole one. */
export function toLine(value: number, whole: boolean): number {
  return whole ? Math.max(1, Math.round(value)) : Math.max(0.5, Math.floor(value) + 0.5);
}

/** American odds of a probability after vig, in steps of five; never between -100 and +100. */
export function americanPrice(probability: number, vig: number): number {
  const priced = Math.min(0.93, Math.max(0.07, probability * (1 + vig)));
  const exact = priced >= 0.5 ? (-100 * priced) / (1 - priced) : (100 * (1 - priced)) / priced;
  const stepped = Math.round(exact / 5) * 5;
  return Math.abs(stepped) <= 100 ? 100 : stepped;
}

/** Probability that a normal variable exceeds a threshold (logistic approximation, error below 0.01). */
export function chanceAbove(threshold: number, mean: number, sd: number): number {
  return 1 / (1 + Math.exp((1.702 * (threshold - mean)) / sd));
}

/** A game on its day: both teams, who plays, what the reports say. */
export interface Matchday {
  readonly season: string;
  readonly game: PlannedGame;
  readonly slate: Slate;
  readonly clock: SlateClock;
  readonly home: MatchdaySide;
  readonly away: MatchdaySide;
  /** Instants of news about the game. */
  readonly newsTimes: readonly number[];
  /** Expected possessions of each side in 48 minutes. */
  readonly pace: number;
  readonly playoffs: boolean;
}

export interface MatchdaySide {
  readonly state: TeamState;
  readonly availability: readonly Availability[];
  /** True when it played the evening before. */
  readonly backToBack: boolean;
  readonly histories: readonly StatusHistory[];
  readonly climate: ShootingClimate;
}

/** Both sides, home first, each with its opponent. */
export function sidesOf(day: Matchday): { side: MatchdaySide; opponent: MatchdaySide; isHome: boolean }[] {
  return [
    { side: day.home, opponent: day.away, isHome: true },
    { side: day.away, opponent: day.home, isHome: false },
  ];
}

/** A moment at which a bookmaker prices a game, with the expectations of both sides at that time (home first). */
interface Snapshot {
  readonly at: number;
  readonly opening: boolean;
  readonly sides: readonly SideExpectation[];
}

/** Games before this time of day open the evening before, so that the opening precedes the later snapshots. */
const EARLY_TIPOFF = '15:30';

/** A game as bookmakers see it: expectations change only with the reports. */
export interface Information {
  /** Opening, an hour and a half before tip-off, and a few minutes before; all before tip-off. */
  snapshots(bookmaker: Bookmaker, random: Random): Snapshot[];
}

/** The information bookmakers have about a game. */
export function informationOf(day: Matchday): Information {
  const known = new Map<number, SideExpectation[]>();
  const expectations = sidesOf(day).map(({ side }) => sideExpectations(day, side));
  const expected = (at: number): SideExpectation[] => {
    const reports = day.newsTimes.filter((report) => report <= at).length;
    const sides = known.get(reports) ?? expectations.map((expect) => expect(at));
    known.set(reports, sides);
    return sides;
  };
  const { tipoff } = day.game;
  const early = tipoff < day.clock.today(EARLY_TIPOFF);
  return {
    snapshots: ({ opens }, random) => {
      const first =
        (early ? day.clock.dayBefore(opens) + 8 * HOUR : day.clock.today(opens)) + random.int(0, 25) * MINUTE;
      const later = [tipoff - random.int(75, 115) * MINUTE, tipoff - random.int(4, 12) * MINUTE];
      return [first, ...later].map((at, index) => ({ at, opening: index === 0, sides: expected(at) }));
    },
  };
}

/** Returns a function for a side's expectation at an instant; recomputed only when a report has changed who will play. */
function sideExpectations(
  day: Matchday,
  { state, histories, climate }: MatchdaySide,
): (at: number) => SideExpectation {
  const places = histories.map((history) => ({
    history,
    place: state.roster.indexOf(history.availability.player),
  }));
  const known = new Map<string, SideExpectation>();
  return (at) => {
    const presence = new Array<number>(state.roster.length).fill(PLAYS_WHEN.available);
    for (const { history, place } of places)
      presence[place] = PLAYS_WHEN[statusAt(history, at) ?? 'available'];
    const key = presence.join();
    const side = known.get(key) ?? expectSide(state.roster, presence, climate, day.pace, day.playoffs);
    known.set(key, side);
    return side;
  };
}

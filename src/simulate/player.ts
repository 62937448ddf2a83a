import type { NameMaker, PlayerName } from './player-names.ts';
import type { Random } from './random.ts';

type Archetype = 'guard' | 'wing' | 'big';

/** Per-minute weights by which events of a game fall to a player. */
interface Tendencies {
  readonly assist: number;
  readonly offensiveRebound: number;
  readonly defensiveRebound: number;
  readonly steal: number;
  readonly block: number;
  readonly foul: number;
}

/** What a player does with a play he ends. */
interface Mix {
  /** Share of plays that end in a turnover, in a trip to the line, and of shots taken from three. */
  readonly turnover: number;
  readonly freeThrowTrip: number;
  readonly three: number;
  /** Chance to make a two, a three, a free throw. */
  readonly makeTwo: number;
  readonly makeThree: number;
  readonly makeFree: number;
}

/** Why a player is away and for how many more team games. */
export interface Absence {
  gamesLeft: number;
  readonly reason: string;
  readonly length: number;
}

/** A player: what he is, and the state that moves from game to game. */
export interface SimulatedPlayer {
  readonly id: number;
  readonly identity: PlayerName;
  readonly archetype: Archetype;
  readonly tendencies: Tendencies;
  age: number;
  /** Standing among teammates; 0 is a league-average rotation player. */
  skill: number;
  /** Relative share of his team's plays per minute; 1 is average. */
  usage: number;
  mix: Mix;
  /** Minutes above or below what his place in the roster gives; drifts (AR(1)). */
  minutesDrift: number;
  /** Log of the temporary change of usage; drifts (AR(1)). */
  form: number;
  /** Shooting above or below his level; drifts (AR(1)). */
  touch: number;
  absence: Absence | null;
  /** Games played since the last absence of five games or more. */
  gamesSinceReturn: number;
}

/** Games after a long absence with fewer minutes, as a share of the usual ones. */
const RESTRICTION = [0.62, 0.74, 0.88];
export const LONG_ABSENCE = 5;

/** Share of his usual minutes a player is allowed. */
export function restriction(player: SimulatedPlayer): number {
  return RESTRICTION[player.gamesSinceReturn] ?? 1;
}

const TENDENCIES: Readonly<Record<Archetype, Tendencies>> = {
  guard: { assist: 1.9, offensiveRebound: 0.45, defensiveRebound: 0.7, steal: 1.3, block: 0.45, foul: 0.9 },
  wing: { assist: 0.9, offensiveRebound: 0.8, defensiveRebound: 0.95, steal: 1, block: 0.8, foul: 1 },
  big: { assist: 0.65, offensiveRebound: 2.1, defensiveRebound: 1.55, steal: 0.7, block: 2.2, foul: 1.25 },
};
const THREE_SHARE: Readonly<Record<Archetype, number>> = { guard: 0.45, wing: 0.46, big: 0.2 };

/** Nobody ends more than about twice his share of plays. */
const MOST_USAGE = 2;

/** Makes a player with a skill; ability to score rises with skill, its shape with the archetype. */
export function createPlayer(
  id: number,
  names: NameMaker,
  skill: number,
  age: number,
  random: Random,
  twinOf?: PlayerName,
): SimulatedPlayer {
  const kind = random.next();
  const archetype: Archetype = kind < 0.4 ? 'guard' : kind < 0.75 ? 'wing' : 'big';
  const around = (value: number): number => value * Math.exp(random.normal(0, 0.25));
  const base = TENDENCIES[archetype];
  return {
    id,
    identity: twinOf === undefined ? names.next() : names.twinOf(twinOf),
    archetype,
    tendencies: {
      assist: around(base.assist),
      offensiveRebound: around(base.offensiveRebound),
      defensiveRebound: around(base.defensiveRebound),
      steal: around(base.steal),
      block: around(base.block),
      foul: around(base.foul),
    },
    age,
    skill,
    usage: Math.min(MOST_USAGE, Math.exp(0.1 + 0.21 * skill + random.normalWithin(0, 0.21, -0.42, 0.38))),
    mix: drawMix(archetype, skill, random),
    minutesDrift: 0,
    form: 0,
    touch: 0,
    absence: null,
    gamesSinceReturn: 99,
  };
}

function drawMix(archetype: Archetype, skill: number, random: Random): Mix {
  return {
    turnover: random.normalWithin(0.118, 0.02, 0.06, 0.18),
    freeThrowTrip: random.normalWithin(0.095 + 0.012 * skill, 0.03, 0.03, 0.2),
    three: random.normalWithin(THREE_SHARE[archetype], 0.15, 0.01, 0.85),
    makeTwo: random.normalWithin((archetype === 'big' ? 0.58 : 0.52) + 0.008 * skill, 0.025, 0.42, 0.7),
    makeThree: random.normalWithin(0.358 + 0.004 * skill, 0.02, 0.28, 0.43),
    makeFree: random.normalWithin(archetype === 'big' ? 0.72 : 0.8, 0.06, 0.5, 0.94),
  };
}

/** A summer: a year older, better or worse, with a somewhat different game. */
export function age(player: SimulatedPlayer, random: Random): void {
  player.age += 1;
  const trend = player.age < 25 ? 0.22 : player.age < 30 ? 0.02 : -0.16;
  player.skill += random.normal(trend, 0.25);
  player.usage = Math.min(MOST_USAGE, player.usage * Math.exp(random.normal(0.15 * trend, 0.09)));
  const { mix } = player;
  player.mix = {
    ...mix,
    three: Math.min(0.85, Math.max(0.01, mix.three + random.normal(0.005, 0.04))),
    makeTwo: Math.min(0.7, Math.max(0.42, mix.makeTwo + random.normal(0, 0.012))),
    makeThree: Math.min(0.43, Math.max(0.28, mix.makeThree + random.normal(0, 0.01))),
  };
  player.minutesDrift = 0;
  player.form = 0;
  player.touch = 0;
  player.absence = null;
  player.gamesSinceReturn = 99;
}

const MINUTES = { keep: 0.965, sd: 1.3, jumpChance: 0.012, jumpSd: 5, limit: 10 };
const FORM = { keep: 0.97, sd: 0.042 };
const TOUCH = { keep: 0.95, sd: 0.006 };

/** One game's step of the drifts. Always the same number of draws. */
export function drift(player: SimulatedPlayer, random: Random): void {
  const jump = random.next() < MINUTES.jumpChance ? MINUTES.jumpSd : 0;
  const minutes = player.minutesDrift * MINUTES.keep + random.normal(0, MINUTES.sd) + random.normal(0, 1) * jump;
  player.minutesDrift = Math.max(-MINUTES.limit, Math.min(MINUTES.limit, minutes));
  player.form = player.form * FORM.keep + random.normal(0, FORM.sd);
  player.touch = player.touch * TOUCH.keep + random.normal(0, TOUCH.sd);
}

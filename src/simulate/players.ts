import type { Slate } from '#core/calendar.ts';
import { FIRST_INVENTED_PLAYER } from '#core/names.ts';
import type { Random } from '#core/random.ts';
import { NameMaker, type PlayerName, type SimulatedTeam } from './teams.ts';

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

/** How the plays that a player ends turn out. */
interface Mix {
  /** Share of plays that end in a turnover, in free throws, and of shots taken from three. */
  readonly turnover: number;
  readonly freeThrowTrip: number;
  readonly three: number;
  /** Probability of making a two, a three, a free throw. */
  readonly makeTwo: number;
  readonly makeThree: number;
  readonly makeFree: number;
}

/** Reason of an absence and the team games it still lasts. */
export interface Absence {
  gamesLeft: number;
  readonly reason: string;
  readonly length: number;
}

/** A player: fixed traits, and state that changes from game to game. */
export interface SimulatedPlayer {
  readonly id: number;
  readonly identity: PlayerName;
  readonly archetype: Archetype;
  readonly tendencies: Tendencies;
  age: number;
  /** Decides his rank among teammates; 0 is a league-average rotation player. */
  skill: number;
  /** Relative share of his team's plays per minute; 1 is average. */
  usage: number;
  mix: Mix;
  /** Minutes above or below those of his roster rank; drifts (AR(1)). */
  minutesDrift: number;
  /** Log of a temporary factor on usage; drifts (AR(1)). */
  form: number;
  /** Relative shooting above or below his level; drifts (AR(1)). */
  touch: number;
  absence: Absence | null;
  /** Games played since the last absence of five games or more. */
  gamesSinceReturn: number;
}

/** Share of usual minutes in the first games after a long absence. */
const RESTRICTION = [0.62, 0.74, 0.88];
/** Team games from which on an absence is long. */
export const LONG_ABSENCE = 5;

/** Share of his usual minutes a player is allowed. */
function restriction(player: SimulatedPlayer): number {
  return RESTRICTION[player.gamesSinceReturn] ?? 1;
}

const TENDENCIES: Readonly<Record<Archetype, Tendencies>> = {
  guard: { assist: 1.9, offensiveRebound: 0.45, defensiveRebound: 0.7, steal: 1.3, block: 0.45, foul: 0.9 },
  wing: { assist: 0.9, offensiveRebound: 0.8, defensiveRebound: 0.95, steal: 1, block: 0.8, foul: 1 },
  big: { assist: 0.65, offensiveRebound: 2.1, defensiveRebound: 1.55, steal: 0.7, block: 2.2, foul: 1.25 },
};
const THREE_SHARE: Readonly<Record<Archetype, number>> = { guard: 0.45, wing: 0.46, big: 0.2 };

/** Cap on usage: about twice an average share of plays. */
const MAX_USAGE = 2;

/** Creates a player of a given skill; scoring ability rises with skill, its mix depends on the archetype. */
function createPlayer(
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
    usage: Math.min(MAX_USAGE, Math.exp(0.1 + 0.21 * skill + random.normalWithin(0, 0.21, -0.42, 0.38))),
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

/** Ages a player over a summer: a year older, better or worse, with a slightly different game. */
function age(player: SimulatedPlayer, random: Random): void {
  player.age += 1;
  const trend = player.age < 25 ? 0.22 : player.age < 30 ? 0.02 : -0.16;
  player.skill += random.normal(trend, 0.25);
  player.usage = Math.min(MAX_USAGE, player.usage * Math.exp(random.normal(0.15 * trend, 0.09)));
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

/** Advances the drifts by one game. Always makes the same number of draws. */
export function drift(player: SimulatedPlayer, random: Random): void {
  const jump = random.next() < MINUTES.jumpChance ? MINUTES.jumpSd : 0;
  const minutes =
    player.minutesDrift * MINUTES.keep + random.normal(0, MINUTES.sd) + random.normal(0, 1) * jump;
  player.minutesDrift = Math.max(-MINUTES.limit, Math.min(MINUTES.limit, minutes));
  player.form = player.form * FORM.keep + random.normal(0, FORM.sd);
  player.touch = player.touch * TOUCH.keep + random.normal(0, TOUCH.sd);
}

/** Minutes by rank in a healthy roster, best player first. */
const ROLE_MINUTES = [35, 33.5, 31.5, 29.5, 27, 23, 20, 17, 13.5, 10, 7, 5, 4, 3, 2];
/** Size of the rotation in a close game. */
const ROTATION = { regular: 10, playoffs: 9 };
const MAX_MINUTES = 38;

/** A roster player's expected role in one game, before tip-off. */
export interface ExpectedRole {
  readonly player: SimulatedPlayer;
  /** Probability that he plays at all, 0 to 1. */
  readonly presence: number;
  /** Expected minutes if he plays. */
  readonly minutes: number;
}

/**
 * Splits 240 minutes among a roster ordered by rank. Absent players' minutes go to the available ones, most
 * to those with room for more.
 *
 * @param presence chance to play per player, in roster order: 0 or 1 once the line-up is known
 */
export function expectRoles(
  roster: readonly SimulatedPlayer[],
  presence: readonly number[],
  playoffs: boolean,
): ExpectedRole[] {
  let places = playoffs ? ROTATION.playoffs : ROTATION.regular;
  const limits = roster.map((player) => MAX_MINUTES * restriction(player));
  const minutes = roster.map((player, rank) => {
    const here = presence[rank] ?? 0;
    const place = Math.min(1, Math.max(0, places));
    places -= here;
    const wanted = (ROLE_MINUTES[rank] ?? 1) + player.minutesDrift;
    return place * Math.min(MAX_MINUTES, Math.max(2, wanted)) * restriction(player);
  });
  for (let pass = 0; pass < 3; pass++) {
    const here = (i: number): number => presence[i] ?? 0;
    const total = minutes.reduce((sum, m, i) => sum + m * here(i), 0);
    const missing = 240 - total;
    if (Math.abs(missing) < 0.01) break;
    const appetite = minutes.map((m, i) =>
      m <= 0 ? 0 : missing > 0 ? Math.max(0, (limits[i] ?? 0) - m) * (m + 4) : m,
    );
    const weight = appetite.reduce((sum, w, i) => sum + w * here(i), 0);
    if (weight <= 0) break;
    for (const [i, w] of appetite.entries())
      minutes[i] = Math.max(0, Math.min(MAX_MINUTES, (minutes[i] ?? 0) + (missing * w) / weight));
  }
  return roster.map((player, i) => ({ player, presence: presence[i] ?? 0, minutes: minutes[i] ?? 0 }));
}

/** Eighths of a minute: exact in binary, so that sums of minutes are exact in every engine. */
export const UNITS_PER_MINUTE = 8;

/**
 * Divides `total` into integer units in proportion to weights, each at most `cap`, with an exact sum. Throws
 * RangeError when the positive weights cannot hold the total.
 */
export function shareUnits(weights: readonly number[], total: number, cap: number): number[] {
  const takers = weights.filter((w) => w > 0).length;
  if (takers * cap < total)
    throw new RangeError(`expected room for ${total} units, saw ${takers} players with at most ${cap} each`);
  const shares = new Array<number>(weights.length).fill(0);
  const capped = new Array<boolean>(weights.length).fill(false);
  for (let pass = 0; pass < weights.length; pass++) {
    let [open, fixed] = [0, 0];
    for (const [i, w] of weights.entries()) {
      if (capped[i]) fixed += cap;
      else open += w;
    }
    let again = false;
    for (const [i, w] of weights.entries()) {
      if (capped[i]) continue;
      shares[i] = open > 0 ? (w * (total - fixed)) / open : 0;
      if ((shares[i] ?? 0) > cap) {
        capped[i] = again = true;
        shares[i] = cap;
      }
    }
    if (!again) break;
  }
  const units = shares.map(Math.floor);
  let rest = total - units.reduce((sum, u) => sum + u, 0);
  for (let i = 0; rest > 0; i = (i + 1) % units.length) {
    if ((weights[i] ?? 0) <= 0 || (units[i] ?? 0) >= cap) continue;
    units[i] = (units[i] ?? 0) + 1;
    rest -= 1;
  }
  return units;
}

/** A team and its changing state. */
export interface TeamState {
  readonly team: SimulatedTeam;
  readonly index: number;
  /** Ordered by rank, best first. */
  roster: SimulatedPlayer[];
  /** Possessions above or below the league average. */
  pace: number;
  /** Relative reduction of opponents' shooting. */
  defence: number;
  lastSlate: Slate | null;
  wins: number;
}

/** Share of a roster that leaves in summer; half of those join another team. */
const TURNOVER = 0.22;
const RETIRES = 0.4;

/** The players of the league, their teams, and all roster changes. */
export class Rosters {
  readonly teams: readonly TeamState[];
  /** Every player who ever had a team. */
  readonly players: SimulatedPlayer[] = [];
  private readonly names: NameMaker;
  private readonly random: Random;
  private readonly size: number;

  constructor(teams: readonly SimulatedTeam[], playersPerTeam: number, random: Random) {
    this.names = new NameMaker(random.fork('names'));
    this.random = random;
    this.size = playersPerTeam;
    this.teams = teams.map((team, index) => ({
      team,
      index,
      roster: [],
      pace: 0,
      defence: 0,
      lastSlate: null,
      wins: 0,
    }));
    for (const state of this.teams) {
      const star = this.teams[0]?.roster[0];
      for (let place = 0; place < playersPerTeam; place++) {
        const twinOf = state.index === 1 && place === 1 ? star?.identity : undefined;
        state.roster.push(this.newPlayer(1.7 - (3.4 * place) / (playersPerTeam - 1), 22, 34, twinOf));
      }
      rank(state);
    }
  }

  /** Starts a season: everybody ages a year (except before the first), some leave, rookies arrive, teams change style. */
  newSeason(season: string, first: boolean): void {
    const random = this.random.fork('summer', season);
    const market: SimulatedPlayer[] = [];
    for (const state of this.teams) {
      state.wins = 0;
      state.lastSlate = null;
      state.pace = 0.5 * state.pace + random.normal(0, 1.3);
      state.defence = 0.5 * state.defence + random.normal(0, 0.034);
      if (first) continue;
      for (const player of state.roster) age(player, random);
      const leaving = state.roster.filter((player) => random.chance(player.age > 36 ? 0.8 : TURNOVER));
      state.roster = state.roster.filter((player) => !leaving.includes(player));
      market.push(...leaving.filter((player) => player.age <= 36 && !random.chance(RETIRES)));
    }
    const free = random.shuffled(market);
    for (let open = true; open; ) {
      open = false;
      for (const state of this.teams) {
        if (state.roster.length >= this.size) continue;
        open = true;
        state.roster.push(free.pop() ?? this.newPlayer(random.normal(-0.4, 0.8), 19, 23));
      }
    }
    for (const state of this.teams) rank(state);
  }

  /** Swaps two players between teams; both miss a game or two. */
  trade(a: TeamState, b: TeamState, random: Random): void {
    const place = random.int(2, Math.min(9, this.size - 1));
    const [fromA, fromB] = [a.roster[place], b.roster[place]];
    if (fromA === undefined || fromB === undefined) return;
    a.roster[place] = fromB;
    b.roster[place] = fromA;
    for (const player of [fromA, fromB]) {
      const away = Math.max(player.absence?.gamesLeft ?? 0, random.int(1, 2));
      const injured = player.absence !== null && player.absence.gamesLeft > 2;
      player.absence = {
        gamesLeft: away,
        reason: injured ? (player.absence?.reason ?? '') : 'Trade Pending',
        length: player.absence?.length ?? 1,
      };
      player.minutesDrift = 0;
    }
    rank(a);
    rank(b);
  }

  /** Replaces the last man by a newcomer, occasionally good enough for the rotation. */
  callUp(state: TeamState, random: Random): void {
    state.roster.pop();
    state.roster.push(this.newPlayer(random.normalWithin(-0.5, 0.9, -2, 1.4), 19, 25));
    rank(state);
  }

  private newPlayer(
    skill: number,
    youngest: number,
    oldest: number,
    twinOf?: SimulatedPlayer['identity'],
  ): SimulatedPlayer {
    const id = FIRST_INVENTED_PLAYER + this.players.length;
    const random = this.random.fork('player', id);
    const player = createPlayer(
      id,
      this.names,
      skill + random.normal(0, 0.25),
      random.int(youngest, oldest),
      random,
      twinOf,
    );
    this.players.push(player);
    return player;
  }
}

function rank(state: TeamState): void {
  state.roster.sort((a, b) => b.skill - a.skill || a.id - b.id);
}

/** A trade or a call-up, done on the morning of a slate. */
export interface RosterMove {
  readonly slate: Slate;
  readonly apply: (rosters: Rosters) => void;
}

/** Trades before the deadline (the part of a season in which they happen) and newcomers, per team. */
const TRADES = { perTeam: 0.45, from: 0.25, to: 0.6 };
const CALL_UPS = { perTeam: 0.8, from: 0.15, to: 0.85 };

/** Dates the trades and call-ups of a season; at least one of each. */
export function planMoves(slates: readonly Slate[], teams: number, random: Random): RosterMove[] {
  const day = (stream: Random, window: { from: number; to: number }): Slate | undefined =>
    slates[Math.floor(slates.length * stream.between(window.from, window.to))];
  const moves: RosterMove[] = [];
  for (let n = 0; n < Math.max(1, Math.round(teams * TRADES.perTeam)); n++) {
    const stream = random.fork('trade', n);
    const slate = day(stream, TRADES);
    const first = stream.int(0, teams - 1);
    const second = (first + stream.int(1, teams - 1)) % teams;
    if (slate === undefined) continue;
    moves.push({
      slate,
      apply: (rosters) => {
        const [a, b] = [rosters.teams[first], rosters.teams[second]];
        if (a !== undefined && b !== undefined) rosters.trade(a, b, stream);
      },
    });
  }
  for (let n = 0; n < Math.max(1, Math.round(teams * CALL_UPS.perTeam)); n++) {
    const stream = random.fork('call-up', n);
    const slate = day(stream, CALL_UPS);
    const team = stream.int(0, teams - 1);
    if (slate === undefined) continue;
    moves.push({
      slate,
      apply: (rosters) => {
        const state = rosters.teams[team];
        if (state !== undefined) rosters.callUp(state, stream);
      },
    });
  }
  return moves.sort((a, b) => (a.slate < b.slate ? -1 : a.slate > b.slate ? 1 : 0));
}

import type { Random } from '#core/random.ts';
import { type ExpectedRole, type SimulatedPlayer, shareUnits, UNITS_PER_MINUTE } from './players.ts';

/** One player's counts in one game; points and rebounds follow from them. */
export interface StatLine {
  readonly player: SimulatedPlayer;
  readonly starter: boolean;
  /** Playing time in eighths of a minute. */
  units: number;
  fgm: number;
  fga: number;
  fg3m: number;
  fg3a: number;
  ftm: number;
  fta: number;
  oreb: number;
  dreb: number;
  ast: number;
  stl: number;
  blk: number;
  tov: number;
  pf: number;
  plusMinus: number;
}

/** A stat line of zeros. */
function emptyLine(player: SimulatedPlayer, starter: boolean): StatLine {
  const zero = {
    units: 0,
    fgm: 0,
    fga: 0,
    fg3m: 0,
    fg3a: 0,
    ftm: 0,
    fta: 0,
    oreb: 0,
    dreb: 0,
    ast: 0,
    stl: 0,
    blk: 0,
    tov: 0,
    pf: 0,
    plusMinus: 0,
  };
  return { player, starter, ...zero };
}

/** Points of a line: two per field goal, one more per three, one per free throw. */
export function pointsOf(line: Pick<StatLine, 'fgm' | 'fg3m' | 'ftm'>): number {
  return 2 * line.fgm + line.fg3m + line.ftm;
}

/** League-wide rates per play; with the players' own mixes they give about 114 points a team. */
export const RATES = {
  offensiveRebound: 0.255,
  offensiveReboundAfterFreeThrow: 0.12,
  andOne: 0.045,
  stolen: 0.55,
  blockedTwo: 0.19,
  assisted: 0.72,
  looseFoul: 0.075,
  /** Share of rebounds credited to no player. */
  teamRebound: 0.12,
} as const;

/** Multipliers on the chance to make a shot. */
export interface ShootingClimate {
  readonly two: number;
  readonly three: number;
}

/** A field-goal attempt, kept only when shots are requested. */
interface ShotEvent {
  readonly line: StatLine;
  readonly three: boolean;
  readonly made: boolean;
}

/** The players of one side during a stretch, with the cumulative weights by which events fall to them. */
interface Unit {
  readonly lines: readonly StatLine[];
  readonly plays: Float64Array;
  readonly assists: Float64Array;
  readonly offensiveRebounds: Float64Array;
  readonly defensiveRebounds: Float64Array;
  readonly steals: Float64Array;
  readonly blocks: Float64Array;
  readonly fouls: Float64Array;
}

/**
 * Prepares a side for a stretch.
 *
 * @param units minutes of each line in this stretch, in eighths
 * @param heat per line, how much more than usual he shoots tonight
 */
function makeUnit(lines: readonly StatLine[], units: readonly number[], heat: readonly number[]): Unit {
  const cumulative = (weight: (player: SimulatedPlayer, index: number) => number): Float64Array => {
    const sums = new Float64Array(lines.length);
    let [sum, i] = [0, 0];
    for (const { player } of lines) {
      sum += (units[i] ?? 0) * weight(player, i);
      sums[i++] = sum;
    }
    return sums;
  };
  return {
    lines,
    plays: cumulative((player, i) => playWeight(player) * (heat[i] ?? 1)),
    assists: cumulative((player) => player.tendencies.assist * player.usage),
    offensiveRebounds: cumulative((player) => player.tendencies.offensiveRebound),
    defensiveRebounds: cumulative((player) => player.tendencies.defensiveRebound),
    steals: cumulative((player) => player.tendencies.steal),
    blocks: cumulative((player) => player.tendencies.block),
    fouls: cumulative((player) => player.tendencies.foul),
  };
}

/** How often a player ends plays per minute, relative to his teammates. */
export function playWeight(player: SimulatedPlayer): number {
  return player.usage * Math.exp(player.form);
}

/** Plays possessions of one side and returns its points; mutates the lines of both sides. */
function playPossessions(
  count: number,
  offence: Unit,
  defence: Unit,
  climate: ShootingClimate,
  random: Random,
  onShot: ((shot: ShotEvent) => void) | null,
): number {
  let points = 0;
  for (let i = 0; i < count; i++) {
    if (random.next() < RATES.looseFoul) foul(defence, random);
    for (let alive = true; alive; ) {
      const line = draw(offence.lines, offence.plays, random);
      const { mix, touch } = line.player;
      const kind = random.next();
      if (kind < mix.turnover) {
        line.tov += 1;
        if (random.next() < RATES.stolen) draw(defence.lines, defence.steals, random).stl += 1;
        alive = false;
      } else if (kind < mix.turnover + mix.freeThrowTrip) {
        foul(defence, random);
        const made = freeThrows(line, 2, random);
        points += made;
        alive =
          made < 2 && reboundedByOffence(offence, defence, RATES.offensiveReboundAfterFreeThrow, random);
      } else {
        const three = random.next() < mix.three;
        const chance = three ? mix.makeThree * climate.three : mix.makeTwo * climate.two;
        const made = random.next() < chance * (1 + touch);
        line.fga += 1;
        if (three) line.fg3a += 1;
        onShot?.({ line, three, made });
        if (made) {
          line.fgm += 1;
          if (three) line.fg3m += 1;
          points += three ? 3 : 2;
          if (random.next() < RATES.assisted) creditAssist(offence, line, random);
          if (!three && random.next() < RATES.andOne) {
            foul(defence, random);
            points += freeThrows(line, 1, random);
          }
          alive = false;
        } else {
          if (!three && random.next() < RATES.blockedTwo)
            draw(defence.lines, defence.blocks, random).blk += 1;
          alive = reboundedByOffence(offence, defence, RATES.offensiveRebound, random);
        }
      }
    }
  }
  return points;
}

function freeThrows(line: StatLine, attempts: number, random: Random): number {
  const made = random.binomial(attempts, line.player.mix.makeFree);
  line.fta += attempts;
  line.ftm += made;
  return made;
}

function reboundedByOffence(offence: Unit, defence: Unit, chance: number, random: Random): boolean {
  if (random.next() < chance) {
    if (random.next() >= RATES.teamRebound) draw(offence.lines, offence.offensiveRebounds, random).oreb += 1;
    return true;
  }
  if (random.next() >= RATES.teamRebound) draw(defence.lines, defence.defensiveRebounds, random).dreb += 1;
  return false;
}

/** An assist goes to anybody but the scorer. */
function creditAssist(offence: Unit, scorer: StatLine, random: Random): void {
  const passer = draw(offence.lines, offence.assists, random);
  if (passer !== scorer) passer.ast += 1;
}

function foul(defence: Unit, random: Random): void {
  const line = draw(defence.lines, defence.fouls, random);
  if (line.pf < 6) line.pf += 1;
}

function draw(lines: readonly StatLine[], cumulative: Float64Array, random: Random): StatLine {
  const at = random.next() * (cumulative[cumulative.length - 1] ?? 0);
  let index = 0;
  while (index < cumulative.length - 1 && (cumulative[index] ?? 0) <= at) index += 1;
  const line = lines[index];
  if (line === undefined) throw new RangeError('expected players on court, saw none');
  return line;
}

/** Conditions of one game. */
export interface GameSetting {
  /** Expected possessions of each side in 48 minutes. */
  readonly pace: number;
  readonly home: SideSetting;
  readonly away: SideSetting;
}

export interface SideSetting {
  /** Available players in roster order, with expected minutes. */
  readonly roles: readonly ExpectedRole[];
  readonly climate: ShootingClimate;
}

interface SideResult {
  readonly lines: readonly StatLine[];
  score: number;
}

export interface GameResult {
  readonly home: SideResult;
  readonly away: SideResult;
  readonly overtimes: number;
}

/** A shot with its stretch: 0 for the first three quarters, 1 for the fourth, 2 and up for overtimes. */
export interface TimedShot extends ShotEvent {
  readonly stretch: number;
  readonly home: boolean;
}

const DRESSED = 13;
const PACE_SD = 3.2;
/** Game-to-game standard deviation of a player's minutes: a constant part and a share of his role. */
const MINUTES_NOISE = { base: 2, share: 0.1 };
/** In-game injuries and foul trouble: probability, and range of the share of minutes that remains. */
const CUT_SHORT = { chance: 0.022, from: 0.1, to: 0.6 };
const HEAT_SD = 0.06;
/** Margin after three quarters at which starters begin to sit, and the further points until none of them plays. */
const BLOWOUT = { from: 12, over: 16 };

/** Relative loss in shooting per point of lead (gain when trailing), up to a limit. */
const EASE = { perPoint: 0.0045, limit: 0.12 };

interface Team extends SideResult {
  readonly plan: readonly number[];
  readonly heat: readonly number[];
  readonly climate: ShootingClimate;
}

/**
 * Plays a game possession by possession, in stretches: three quarters as planned, a fourth in which a lopsided score
 * gives the bench the floor, and overtimes until somebody wins.
 */
export function playGame(
  setting: GameSetting,
  random: Random,
  onShot: ((shot: TimedShot) => void) | null = null,
): GameResult {
  const home = takeTheFloor(setting.home, random);
  const away = takeTheFloor(setting.away, random);
  const pace = setting.pace + random.normal(0, PACE_SD);
  const stretch = (index: number, minutes: number, shares: (team: Team) => number[]): void => {
    const lead = home.score - away.score;
    const possessions = Math.round((pace * minutes) / 48 + random.normal(0, 0.6));
    const sides = [home, away].map((team) => ({ team, units: shares(team), before: team.score }));
    const units = sides.map(({ team, units: shared }) => makeUnit(team.lines, shared, team.heat));
    for (const [side, { team }] of sides.entries()) {
      const [offence, defence] = [units[side], units[1 - side]];
      if (offence === undefined || defence === undefined) continue;
      const record =
        onShot === null
          ? null
          : (shot: ShotEvent) => onShot({ ...shot, stretch: index, home: team === home });
      team.score += playPossessions(
        possessions,
        offence,
        defence,
        eased(team.climate, team === home ? lead : -lead),
        random,
        record,
      );
    }
    const margin = sides.reduce(
      (sum, { team, before }) => sum + (team === home ? 1 : -1) * (team.score - before),
      0,
    );
    for (const { team, units: shared } of sides)
      creditMinutes(team, shared, minutes, team === home ? margin : -margin, random);
  };
  stretch(0, 36, (team) => shareUnits(team.plan, 180 * UNITS_PER_MINUTE, 31 * UNITS_PER_MINUTE));
  const margin = Math.abs(home.score - away.score);
  const blowout = Math.min(1, Math.max(0, (margin - BLOWOUT.from) / BLOWOUT.over));
  stretch(1, 12, (team) =>
    shareUnits(fourthQuarter(team, blowout), 60 * UNITS_PER_MINUTE, 12 * UNITS_PER_MINUTE),
  );
  let overtimes = 0;
  while (home.score === away.score) {
    overtimes += 1;
    stretch(1 + overtimes, 5, (team) =>
      shareUnits(closers(team), 25 * UNITS_PER_MINUTE, 5 * UNITS_PER_MINUTE),
    );
  }
  return { home, away, overtimes };
}

/**
 * Sets up a side: the starters are the five with the most expected minutes; planned minutes are the expected
 * ones plus noise.
 */
function takeTheFloor(side: SideSetting, random: Random): Team {
  const dressed = side.roles.slice(0, DRESSED);
  const starters = new Set([...dressed].sort((a, b) => b.minutes - a.minutes).slice(0, 5));
  const plan = dressed.map(({ minutes }) => {
    const noise = random.normal(0, MINUTES_NOISE.base + MINUTES_NOISE.share * minutes);
    const kept = random.chance(CUT_SHORT.chance) ? random.between(CUT_SHORT.from, CUT_SHORT.to) : 1;
    return minutes < 1 ? 0 : Math.max(0.5, minutes + noise) * kept;
  });
  return {
    lines: dressed.map((role) => emptyLine(role.player, starters.has(role))),
    plan,
    heat: dressed.map(() => Math.exp(random.normal(0, HEAT_SD))),
    climate: side.climate,
    score: 0,
  };
}

/** Minutes of the fourth quarter: as planned in a close game, shifting to the end of the bench the more it is decided. */
function fourthQuarter(team: Team, blowout: number): number[] {
  const order = [...team.plan].sort((a, b) => b - a);
  const starterLevel = order[5] ?? 0;
  return team.plan.map((minutes) => {
    const open = minutes > starterLevel ? minutes * 1.06 : minutes * 0.9;
    const decided = minutes > starterLevel ? minutes * 0.12 : 14 + minutes * 0.3;
    return open * (1 - blowout) + decided * blowout;
  });
}

function closers(team: Team): number[] {
  const seventh = [...team.plan].sort((a, b) => b - a)[6] ?? 0;
  return team.plan.map((minutes) => (minutes >= seventh && minutes > 0 ? minutes : 0));
}

function eased({ two, three }: ShootingClimate, lead: number): ShootingClimate {
  const factor = 1 - Math.max(-EASE.limit, Math.min(EASE.limit, EASE.perPoint * lead));
  return { two: two * factor, three: three * factor };
}

function creditMinutes(
  team: Team,
  units: readonly number[],
  minutes: number,
  margin: number,
  random: Random,
): void {
  for (const [i, line] of team.lines.entries()) {
    const share = (units[i] ?? 0) / (minutes * UNITS_PER_MINUTE);
    line.units += units[i] ?? 0;
    if (share > 0)
      line.plusMinus += Math.round(
        margin * share + random.normal(0, 5 * Math.sqrt(Math.max(0, share * (1 - share)))),
      );
  }
}

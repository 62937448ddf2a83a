import { makeUnit, playPossessions, type ShootingClimate, type ShotEvent } from './possessions.ts';
import type { Random } from './random.ts';
import { type ExpectedRole, shareUnits, UNITS_PER_MINUTE } from './rotation.ts';
import { emptyLine, type StatLine } from './stat-line.ts';

/** What a game is played under. */
export interface GameSetting {
  /** Expected possessions of each side in 48 minutes. */
  readonly pace: number;
  readonly home: SideSetting;
  readonly away: SideSetting;
}

export interface SideSetting {
  /** Players who are there, in roster order, with expected minutes. */
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

/** A shot with the stretch it fell into: 0 for the first three quarters, 1 for the fourth, 2 and more for overtimes. */
export interface TimedShot extends ShotEvent {
  readonly stretch: number;
  readonly home: boolean;
}

const DRESSED = 13;
const PACE_SD = 3.2;
/** Game-to-game spread of a player's minutes: constant part and part in proportion to his role. */
const MINUTES_NOISE = { base: 2, share: 0.1 };
/** In-game injuries and foul trouble: how often, and what is left of the minutes. */
const CUT_SHORT = { chance: 0.022, from: 0.1, to: 0.6 };
const HEAT_SD = 0.06;
/** From which margin after three quarters starters begin to sit, and over how many points until none plays. */
const BLOWOUT = { from: 12, over: 16 };

/** How much less a team that leads makes of its shots per point of lead (and more when it trails), up to a limit. */
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
export function playGame(setting: GameSetting, random: Random, onShot: ((shot: TimedShot) => void) | null = null): GameResult {
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
      const record = onShot === null ? null : (shot: ShotEvent) => onShot({ ...shot, stretch: index, home: team === home });
      team.score += playPossessions(possessions, offence, defence, eased(team.climate, team === home ? lead : -lead), random, record);
    }
    const margin = sides.reduce((sum, { team, before }) => sum + (team === home ? 1 : -1) * (team.score - before), 0);
    for (const { team, units: shared } of sides) credit(team, shared, minutes, team === home ? margin : -margin, random);
  };
  stretch(0, 36, (team) => shareUnits(team.plan, 180 * UNITS_PER_MINUTE, 31 * UNITS_PER_MINUTE));
  const margin = Math.abs(home.score - away.score);
  const blowout = Math.min(1, Math.max(0, (margin - BLOWOUT.from) / BLOWOUT.over));
  stretch(1, 12, (team) => shareUnits(fourthQuarter(team, blowout), 60 * UNITS_PER_MINUTE, 12 * UNITS_PER_MINUTE));
  let overtimes = 0;
  while (home.score === away.score) {
    overtimes += 1;
    stretch(1 + overtimes, 5, (team) => shareUnits(closers(team), 25 * UNITS_PER_MINUTE, 5 * UNITS_PER_MINUTE));
  }
  return { home, away, overtimes };
}

/** Starters are the five with the most expected minutes; tonight's plan is those minutes with noise. */
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

/** In an open game the fourth quarter follows the plan; the more it is decided, the more of it goes to the end of the bench. */
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

function credit(team: Team, units: readonly number[], minutes: number, margin: number, random: Random): void {
  for (const [i, line] of team.lines.entries()) {
    const share = (units[i] ?? 0) / (minutes * UNITS_PER_MINUTE);
    line.units += units[i] ?? 0;
    if (share > 0) line.plusMinus += Math.round(margin * share + random.normal(0, 5 * Math.sqrt(Math.max(0, share * (1 - share)))));
  }
}

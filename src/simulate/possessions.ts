import type { SimulatedPlayer } from './player.ts';
import type { Random } from './random.ts';
import type { StatLine } from './stat-line.ts';

/** League-wide rates per play; with the players' own mixes they give about 114 points a team. */
export const RATES = {
  offensiveRebound: 0.255,
  offensiveReboundAfterFreeThrow: 0.12,
  andOne: 0.045,
  stolen: 0.55,
  blockedTwo: 0.19,
  assisted: 0.72,
  looseFoul: 0.075,
  /** Rebounds that nobody is credited with. */
  teamRebound: 0.12,
} as const;

/** Multipliers on the chance to make a shot. */
export interface ShootingClimate {
  readonly two: number;
  readonly three: number;
}

/** A field-goal attempt, kept only when shots are asked for. */
export interface ShotEvent {
  readonly line: StatLine;
  readonly three: boolean;
  readonly made: boolean;
}

/** The players of one side during a stretch, with the cumulative weights by which events fall to them. */
export interface Unit {
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
export function makeUnit(lines: readonly StatLine[], units: readonly number[], heat: readonly number[]): Unit {
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

/** Plays a number of possessions of one side and returns its points; the lines of both sides are updated. */
export function playPossessions(
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
        alive = made < 2 && reboundedByOffence(offence, defence, RATES.offensiveReboundAfterFreeThrow, random);
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
          if (random.next() < RATES.assisted) credit(offence, line, random);
          if (!three && random.next() < RATES.andOne) {
            foul(defence, random);
            points += freeThrows(line, 1, random);
          }
          alive = false;
        } else {
          if (!three && random.next() < RATES.blockedTwo) draw(defence.lines, defence.blocks, random).blk += 1;
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
function credit(offence: Unit, scorer: StatLine, random: Random): void {
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

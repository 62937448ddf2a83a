import type { SimulatedPlayer } from './player.ts';
import { playWeight, RATES, type ShootingClimate } from './possessions.ts';
import { type ExpectedRole, expectRoles } from './rotation.ts';

/** What a well-informed observer expects of a player, if he plays. */
export interface Expectation extends ExpectedRole {
  readonly points: number;
}

export interface SideExpectation {
  readonly players: readonly Expectation[];
  readonly points: number;
}

/**
 * Expected points of a side, from the same quantities that play the game: minutes given who is there, share of the
 * team's plays, and what a play of each player is worth.
 *
 * @param presence chance to play, in roster order
 * @param possessions of the side in 48 minutes
 */
export function expectSide(
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
    return { player, presence: here, minutes: minutes[i] ?? 0, points: share * count * playValue(player, climate) };
  });
  return { players, points: players.reduce((sum, { points, presence: here }) => sum + points * here, 0) };
}

/**
 * Decided games move minutes from starters to the bench: over many games a 36-minute plan ends at 34.9, a 10-minute one
 * at 10.7 (measured on simulated games).
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

/** Chance that a play of this player ends in an offensive rebound. */
function secondChance({ mix, touch }: SimulatedPlayer, climate: ShootingClimate): number {
  const shot = 1 - mix.turnover - mix.freeThrowTrip;
  const made = (1 + touch) * ((1 - mix.three) * mix.makeTwo * climate.two + mix.three * mix.makeThree * climate.three);
  const missedFree = 1 - mix.makeFree * mix.makeFree;
  return shot * (1 - made) * RATES.offensiveRebound + mix.freeThrowTrip * missedFree * RATES.offensiveReboundAfterFreeThrow;
}

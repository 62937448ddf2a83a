import { restriction, type SimulatedPlayer } from './player.ts';

/** Minutes that a place in a healthy roster is worth, best player first. */
const ROLE_MINUTES = [35, 33.5, 31.5, 29.5, 27, 23, 20, 17, 13.5, 10, 7, 5, 4, 3, 2];
/** Players a coach uses when the game is open. */
const ROTATION = { regular: 10, playoffs: 9 };
const MOST_MINUTES = 38;

/** A roster player's part in one game as it can be expected before tip-off. */
export interface ExpectedRole {
  readonly player: SimulatedPlayer;
  /** Chance that he plays at all, 0 to 1. */
  readonly presence: number;
  /** Expected minutes if he plays. */
  readonly minutes: number;
}

/**
 * Splits 240 minutes among a roster ordered by standing. Absent players' minutes go to those who are there, most to
 * those with room for more.
 *
 * @param presence chance to play per player, in roster order: 0 or 1 once the line-up is known
 */
export function expectRoles(roster: readonly SimulatedPlayer[], presence: readonly number[], playoffs: boolean): ExpectedRole[] {
  let places = playoffs ? ROTATION.playoffs : ROTATION.regular;
  const limits = roster.map((player) => MOST_MINUTES * restriction(player));
  const minutes = roster.map((player, rank) => {
    const here = presence[rank] ?? 0;
    const place = Math.min(1, Math.max(0, places));
    places -= here;
    const wanted = (ROLE_MINUTES[rank] ?? 1) + player.minutesDrift;
    return place * Math.min(MOST_MINUTES, Math.max(2, wanted)) * restriction(player);
  });
  for (let pass = 0; pass < 3; pass++) {
    const here = (i: number): number => presence[i] ?? 0;
    const total = minutes.reduce((sum, m, i) => sum + m * here(i), 0);
    const missing = 240 - total;
    if (Math.abs(missing) < 0.01) break;
    const appetite = minutes.map((m, i) => (m <= 0 ? 0 : missing > 0 ? Math.max(0, (limits[i] ?? 0) - m) * (m + 4) : m));
    const weight = appetite.reduce((sum, w, i) => sum + w * here(i), 0);
    if (weight <= 0) break;
    for (const [i, w] of appetite.entries()) minutes[i] = Math.max(0, Math.min(MOST_MINUTES, (minutes[i] ?? 0) + (missing * w) / weight));
  }
  return roster.map((player, i) => ({ player, presence: presence[i] ?? 0, minutes: minutes[i] ?? 0 }));
}

/** Eighths of a minute: exact in binary, so that sums of minutes are exact in every engine. */
export const UNITS_PER_MINUTE = 8;

/**
 * Divides `total` units among weights, nobody above `cap`; whole units, exact sum. Throws RangeError when the positive
 * weights cannot hold the total.
 */
export function shareUnits(weights: readonly number[], total: number, cap: number): number[] {
  const takers = weights.filter((w) => w > 0).length;
  if (takers * cap < total) throw new RangeError(`expected room for ${total} units, saw ${takers} players with at most ${cap} each`);
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

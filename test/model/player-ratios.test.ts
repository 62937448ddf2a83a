import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/random.ts';
import { playerRatio } from '#model/linear.ts';
import { fitPlayerRatios } from '#model/player-ratios.ts';
import { normal } from '#test/model/synthetic-set.ts';

const WEEKS = 60;
const PLAYERS = 40;
const GAMES_A_WEEK = 3;
const LEVEL = 6;
/** Enough rows before these that none of them counts as one of the first. */
const EARLIER = 3000;

/** Forecasts of 6 for everybody; players with even ids count `apart` more, those with odd ids as much less. */
function history(apart: number, seed = 3) {
  const random = seededRandom(seed);
  const rows = WEEKS * PLAYERS * GAMES_A_WEEK;
  const index = Array.from({ length: rows }, (_, i) => i);
  const players = Float64Array.from(index, (i) => i % PLAYERS);
  const target = Float64Array.from(index, (i) => {
    const mean = LEVEL * (1 + (i % 2 === 0 ? apart : -apart));
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  });
  const full = new Float64Array(rows).fill(LEVEL);
  const days = Int32Array.from(index, (i) => 4 + 7 * Math.floor(i / (PLAYERS * GAMES_A_WEEK)));
  const source = Int32Array.from(index);
  const set = { players, history: { rows: EARLIER, from: '1969-01-01', counts: new Map() } };
  return { set, walk: { days, target, source, level: full, outOfFold: full }, rows };
}

/** The first position of a week. */
const startOf = (week: number): number => week * PLAYERS * GAMES_A_WEEK;

describe('ratios of players', () => {
  it('are learnt where players differ from what is forecast for them', () => {
    const { set, walk, rows } = history(0.2);
    const { means, ratios } = fitPlayerRatios(set, walk, rows);
    for (let player = 0; player < PLAYERS; player++)
      expect(Math.abs(playerRatio(ratios, player) - (player % 2 === 0 ? 1.2 : 0.8))).toBeLessThan(0.1);
    const loss = (forecast: Float64Array): number =>
      forecast.reduce((sum, mean, i) => sum + (mean - (walk.target[i] ?? 0)) ** 2, 0);
    expect(loss(means)).toBeLessThan(0.9 * loss(walk.outOfFold));
  });

  it('are close to 1, or none, where they do not', () => {
    const { set, walk, rows } = history(0);
    const { ratios } = fitPlayerRatios(set, walk, rows);
    for (let player = 0; player < PLAYERS; player++)
      expect(Math.abs(playerRatio(ratios, player) - 1)).toBeLessThan(0.02);
  });

  it('correct a week by what earlier weeks have shown, and by nothing of the week itself or later', () => {
    const { set, walk, rows } = history(0.2);
    const { means } = fitPlayerRatios(set, walk, rows);
    const from = startOf(30);
    const scrambled = walk.target.map((y, i) => (i < from ? y : 40 - y));
    const other = fitPlayerRatios(set, { ...walk, target: scrambled }, rows);
    const end = startOf(31);
    expect(other.means.subarray(0, end)).toEqual(means.subarray(0, end));
    expect(other.means.subarray(end)).not.toEqual(means.subarray(end));
    expect(means.subarray(0, startOf(1))).toEqual(walk.outOfFold.subarray(0, startOf(1)));
  });

  it('serve the next week what they would have corrected it by', () => {
    const { set, walk, rows } = history(0.2);
    const from = startOf(40);
    const { means } = fitPlayerRatios(set, walk, rows);
    const { ratios } = fitPlayerRatios(set, walk, from);
    for (let i = from; i < startOf(41); i++)
      expect(LEVEL * playerRatio(ratios, set.players[i])).toBeCloseTo(means[i] ?? Number.NaN, 4);
  });

  it('are 1 for players of whom nothing is known, and for everybody without ids', () => {
    const { set, walk, rows } = history(0.2);
    const { ratios } = fitPlayerRatios(set, walk, rows);
    expect([playerRatio(ratios, 999_999), playerRatio(ratios, undefined), playerRatio(undefined, 1)]).toEqual(
      [1, 1, 1],
    );
    expect(fitPlayerRatios({}, walk, rows)).toEqual({ means: walk.outOfFold, ratios: undefined });
  });

  it('are not learnt from the first weeks of a history, whose forecasts are bad', () => {
    const { set, walk } = history(0.2);
    const { players } = set;
    expect(fitPlayerRatios({ players }, walk, EARLIER).ratios).toBeUndefined();
    expect(fitPlayerRatios({ players }, walk, 2 * EARLIER).ratios).toBeDefined();
  });
});

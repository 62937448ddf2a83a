import { describe, expect, it } from 'vitest';
import { parseMarket } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { type Artefact, artefactBytes, artefactSystems, modelOf, parseArtefact } from '#model/artefact.ts';
import { fitCareerRates } from '#model/career-rates.ts';
import { beforeCutoff, sliceRows, type TrainingSet, vectorAt } from '#model/dataset.ts';
import { type CareerRates, meanByRecord } from '#model/linear.ts';
import type { CutoffFit } from '#model/out-of-fold.ts';
import { isPrediction } from '#model/systems.ts';
import { trainArtefact, trainSeries } from '#model/train.ts';
import { dateOf } from '#model/training-set.ts';
import { normal, syntheticSet } from '#test/model/synthetic-set.ts';

const WEEKS = 60;
const PLAYERS = 40;
const GAMES_A_WEEK = 3;
const ROWS_A_WEEK = PLAYERS * GAMES_A_WEEK;
const MINUTES = 24;
/** A Monday. */
const FIRST_DAY = 4;

/** The first position of a week, and the Monday on which it begins. */
const startOf = (week: number): number => week * ROWS_A_WEEK;
const mondayOf = (week: number): string => dateOf(FIRST_DAY + 7 * week);

/**
 * Players whose counts differ for good, from .1 to .9 a game, and forecasts that are off by `noise` of them each week. With `real`,
 * what the forecasts say of a week is what comes true.
 */
function history({ noise = 0.5, real = false } = {}) {
  const random = seededRandom(3);
  const rows = WEEKS * ROWS_A_WEEK;
  const index = Array.from({ length: rows }, (_, i) => i);
  const players = Float64Array.from(index, (i) => i % PLAYERS);
  const usual = (i: number): number => 0.1 + (0.8 * (i % PLAYERS)) / (PLAYERS - 1);
  const forecasts = Float64Array.from(index, (i) => usual(i) * Math.exp(noise * normal(random)));
  const target = Float64Array.from(index, (i) => poisson(real ? (forecasts[i] ?? 0) : usual(i), random));
  const days = Int32Array.from(index, (i) => FIRST_DAY + 7 * Math.floor(i / ROWS_A_WEEK));
  const set: TrainingSet = {
    features: ['min_ewma4'],
    columns: [new Float64Array(rows).fill(MINUTES)],
    minutes: new Float64Array(rows).fill(MINUTES),
    slates: Array.from(days, dateOf),
    players,
    target,
    rows,
  };
  const walk = { days, target, source: Int32Array.from(index) };
  return { set, walk, forecasts, usual };
}

function poisson(mean: number, random: () => number): number {
  let [count, left] = [0, random()];
  for (let p = Math.exp(-mean); left > p; p *= mean / ++count) left -= p;
  return count;
}

/** The rates as of the Monday of a week, and the means of the positions before it. */
function fitAt(
  week: number,
  { set, walk, forecasts }: Omit<ReturnType<typeof history>, 'usual'>,
  level = 0.5,
) {
  const rows = startOf(week);
  const model = { intercept: level, centres: [], coefficients: [] };
  const fit: CutoffFit = { cutoff: mondayOf(week), model, rows };
  const positions = Int32Array.from({ length: rows }, (_, i) => i);
  return fitCareerRates(set, walk, fit, positions, forecasts.slice(0, rows));
}

/** What a fit has moved the forecasts by, as a multiple of its share. */
function distances({ means, rates }: ReturnType<typeof fitAt>, forecasts: Float64Array): Float64Array {
  return means.map((mean, i) => (mean - (forecasts[i] ?? 0)) / (rates?.share ?? Number.NaN));
}

const served = (rates: CareerRates | undefined, mean: number, player?: number, minutes = MINUTES): number =>
  meanByRecord({ careers: rates }, mean, player, minutes);

describe('rates of careers', () => {
  it('pull the forecasts of a rare count towards what players count for good', () => {
    const given = history();
    const { means, rates } = fitAt(WEEKS, given);
    expect(rates?.share).toBeGreaterThan(0.8);
    const loss = (forecast: Float64Array): number =>
      forecast.reduce((sum, mean, i) => sum + (mean - given.usual(i)) ** 2, 0);
    expect(loss(means)).toBeLessThan(0.2 * loss(given.forecasts));
  });

  it('leave forecasts alone that come true as they are', () => {
    const given = history({ real: true });
    const { means, rates } = fitAt(WEEKS, given);
    expect(rates?.share ?? 0).toBeLessThan(0.05);
    means.forEach((mean, i) => {
      const forecast = given.forecasts[i] ?? 0;
      expect(Math.abs(mean - forecast)).toBeLessThanOrEqual(0.05 * (1 + forecast));
    });
  });

  it('know of a week what was counted before it, and nothing of the week itself or later', () => {
    const given = history();
    const from = startOf(30);
    const target = given.walk.target.map((y, i) => (i < from ? y : y === 0 ? 2 : 0));
    const scrambled = { ...given, set: { ...given.set, target }, walk: { ...given.walk, target } };
    const [own, other] = [given, scrambled].map((one) => distances(fitAt(WEEKS, one), given.forecasts));
    const end = startOf(31);
    for (let i = 0; i < end; i++) expect(other?.[i]).toBeCloseTo(own?.[i] ?? Number.NaN, 9);
    expect(Math.abs((other?.[end] ?? 0) - (own?.[end] ?? 0))).toBeGreaterThan(1e-3);
    expect(own?.subarray(0, startOf(1)).every((distance) => distance === 0)).toBe(true);
  });

  it('as of a cut-off are the same whether or not the set goes on after it', () => {
    const given = history();
    const rows = startOf(40);
    const cut = { ...given, set: sliceRows(given.set, 0, rows) };
    expect(fitAt(40, given)).toEqual(fitAt(40, cut));
  });

  it('serve the next week what it would have been moved by', () => {
    const given = history();
    const later = distances(fitAt(41, given), given.forecasts);
    const { rates } = fitAt(40, given);
    for (let i = startOf(40); i < startOf(41); i++) {
      const mean = given.forecasts[i] ?? Number.NaN;
      const moved = served(rates, mean, given.set.players?.[i]) - mean;
      expect(moved / (rates?.share ?? Number.NaN)).toBeCloseTo(later[i] ?? Number.NaN, 6);
    }
  });

  it('move a forecast by the share of its distance from the career, as credible as the career is long', () => {
    const rates = { share: 0.5, prior: 100, careers: { '7': [30, 900] } } satisfies CareerRates;
    // 30 in 900 minutes are .8 in 24, and 900 minutes are 90 % credible.
    expect(served(rates, 1.2, 7)).toBeCloseTo(1.2 + 0.5 * 0.9 * (0.8 - 1.2), 12);
    const players = { prior: 64, ratio: { '7': 1.5 } };
    expect(meanByRecord({ players, careers: rates }, 0.8, 7, MINUTES)).toBeCloseTo(served(rates, 1.2, 7), 12);
    expect([served(rates, 1.2, 8), served(rates, 1.2), served(rates, 1.2, 7, Number.NaN)]).toEqual([
      1.2, 1.2, 1.2,
    ]);
    expect(served(undefined, 1.2, 7)).toBe(1.2);
  });

  it('are none for a count of one a game or more, and without ids of players', () => {
    const given = history();
    const { players: _, ...anonymous } = given.set;
    expect(fitAt(WEEKS, given, 0.99).rates).toBeDefined();
    for (const { means, rates } of [fitAt(WEEKS, given, 1), fitAt(WEEKS, { ...given, set: anonymous })]) {
      expect(rates).toBeUndefined();
      expect(means).toEqual(given.forecasts);
    }
  });
});

describe('a model of a rare count', () => {
  const blocks = parseMarket('blocks');
  const synthetic = syntheticSet({ from: '2023-10-24', slates: 70, rowsPerSlate: 40 });
  const random = seededRandom(9);
  // No feature tells the players apart: only their careers do.
  const set: TrainingSet = {
    ...synthetic,
    market: blocks,
    players: synthetic.target.map((_, row) => 1 + (row % 40)),
    target: synthetic.minutes.map((minutes, row) => poisson((minutes * (1 + (row % 40))) / 1000, random)),
  };
  const about = { createdAt: '2024-01-20T12:00:00Z', codeVersion: 'c', featureContractHash: 'h' };
  const train = (cutoff: string): Artefact =>
    trainArtefact([beforeCutoff(set, cutoff)], { ...about, cutoff, modelId: `model-${cutoff}` });
  const artefact = train('2023-12-20');
  const model = modelOf(artefact, blocks);
  const asBytes = (change: object): Uint8Array =>
    new TextEncoder().encode(
      JSON.stringify({ ...artefact, markets: { blocks: { ...model, careers: undefined, ...change } } }),
    );
  const meanOf = (from: Artefact, player?: number): number => {
    const [, , ridge] = artefactSystems(from, blocks);
    const { features } = vectorAt(set, 2300);
    const forecast = ridge?.forecast({ features: { ...features }, player });
    return forecast !== undefined && isPrediction(forecast) ? forecast.mean : Number.NaN;
  };

  it('knows the careers as of its cut-off, whatever the history goes on with', () => {
    expect(model.careers?.share).toBeGreaterThan(0.5);
    expect(Object.keys(model.careers?.careers ?? {})).toHaveLength(40);
    const cutoffs = ['2023-12-20', '2023-12-27'];
    const series = trainSeries([set], cutoffs, { ...about, modelId: (cutoff) => `model-${cutoff}` });
    expect(series).toEqual(cutoffs.map(train));
  });

  it('forecasts more for who has always counted more, survives storage, and one of before forecasts all alike', () => {
    const [stored, older] = [parseArtefact(artefactBytes(artefact)), parseArtefact(asBytes({}))];
    expect(stored).toEqual(artefact);
    expect(meanOf(stored, 40)).toBeGreaterThan(1.2 * meanOf(stored));
    expect(meanOf(stored, 1)).toBeLessThan(meanOf(stored) / 1.2);
    expect([1, 40, undefined].map((player) => meanOf(older, player))).toEqual(Array(3).fill(meanOf(stored)));
  });

  it('is refused with a share that is none, or a career without its minutes', () => {
    const careers = { share: 0.5, prior: 100, careers: { '7': [1, 20] } };
    expect(() => parseArtefact(asBytes({ careers }))).not.toThrow();
    for (const wrong of [{ share: 1.5 }, { share: -0.1 }, { prior: 0 }, { careers: { '7': [1] } }])
      expect(() => parseArtefact(asBytes({ careers: { ...careers, ...wrong } }))).toThrow(
        expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
      );
  });
});

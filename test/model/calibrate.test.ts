import { describe, expect, it } from 'vitest';
import { type CountedColumn, parseMarket } from '#core/markets.ts';
import { artefactSystems, modelOf } from '#model/artefact.ts';
import { calibrationPositions } from '#model/calibrate.ts';
import { beforeCutoff, firstRowAt, type TrainingSet, vectorAt } from '#model/dataset.ts';
import { correctedMean, ownAverage } from '#model/linear.ts';
import { walkMarkets } from '#model/out-of-fold.ts';
import { shrunkWalk, sumShare } from '#model/sum-shrinkage.ts';
import { isPrediction } from '#model/systems.ts';
import { trainArtefact } from '#model/train.ts';
import { DEFAULT_CONFIG, runSteps } from '#model/train-config.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const CUTOFF = '2024-01-01';
const LAST_DAY = 19_722;

/** A history of so many rows on one day, each with an out-of-fold forecast from the thousandth on. */
function positionsOf(rows: number, history?: number): Int32Array {
  const ones = new Float64Array(rows).fill(1);
  const set: TrainingSet = {
    features: ['pts_ewma8', 'minutes_rate'],
    columns: [ones, ones],
    target: ones,
    minutes: ones,
    slates: new Array<string>(rows).fill('2023-12-31'),
    rows,
    ...(history === undefined ? {} : { history: { rows: history, from: '2022-10-18', counts: new Map() } }),
  };
  const walk = {
    columns: [],
    days: new Int32Array(rows).fill(LAST_DAY),
    target: ones,
    source: Int32Array.from(ones.keys()),
    linear: ones,
    level: ones,
    own: ones,
    outOfFold: Float64Array.from(ones.keys(), (i) => (i < 1000 ? Number.NaN : 1)),
    fits: [],
  };
  const model = { intercept: 1, centres: [], coefficients: [] };
  return calibrationPositions(set, walk, { cutoff: CUTOFF, model, rows }, 730);
}

describe('what calibrates a fit', () => {
  it('is every out-of-fold forecast of a young history', () => {
    expect([positionsOf(5999)[0], positionsOf(5999).length]).toEqual([1000, 4999]);
  });

  it('leaves out the forecasts of the first weeks as soon as there are as many later ones', () => {
    expect([positionsOf(6000)[0], positionsOf(6000).length]).toEqual([3000, 3000]);
  });

  it('leaves out none of the newest rows of a long history', () => {
    expect([positionsOf(6000, 90_000)[0], positionsOf(6000, 90_000).length]).toEqual([1000, 5000]);
  });

  it('is, for a sum of counts, the mean that a model of the sum serves', () => {
    const alone = syntheticSet({ from: '2023-10-24', slates: 60, rowsPerSlate: 40 });
    const rebounds = alone.target.map((points, row) => (points + row) % 3);
    const market = parseMarket('pr');
    const sum: TrainingSet = {
      ...alone,
      market,
      target: alone.target.map((points, row) => points + (rebounds[row] ?? 0)),
      counts: new Map<CountedColumn, Float64Array>([
        ['points', alone.target],
        ['reb', rebounds],
      ]),
    };
    const [walk] = runSteps(walkMarkets([sum], [], DEFAULT_CONFIG));
    const monday = '2023-12-18';
    const artefact = trainArtefact([beforeCutoff(sum, monday)], {
      cutoff: monday,
      modelId: 'sum',
      createdAt: '2023-12-18T12:00:00Z',
      codeVersion: 'abc1234',
      featureContractHash: 'contract',
    });
    const ridge = artefactSystems(artefact, market).find(({ id }) => id === 'ridge');
    const { correction, ridge: model } = modelOf(artefact, market);
    const first = firstRowAt(sum, monday);
    if (walk === undefined) throw new Error('a walk is missing');
    const rows = walk.source.findIndex((row) => row >= first);
    const positions = calibrationPositions(sum, walk, { cutoff: monday, model, rows }, 730);
    const share = sumShare(market, walk, positions);
    expect(share).toBeLessThan(1);
    const { outOfFold } = shrunkWalk(walk, share);
    const week = Array.from(walk.source.keys()).filter((i) => i >= rows);
    const forecasts = week.map((i) => {
      const vector = vectorAt(sum, walk.source[i] ?? 0);
      const served = ridge?.forecast(vector);
      const own = ownAverage(correction, (name) => vector.features[name] ?? Number.NaN);
      return {
        served: served !== undefined && isPrediction(served) ? served.mean : Number.NaN,
        calibrated: correctedMean(correction, outOfFold[i] ?? Number.NaN, own),
      };
    });
    expect(forecasts.length).toBeGreaterThan(100);
    for (const { served, calibrated } of forecasts) expect(calibrated).toBeCloseTo(served, 9);
  });
});

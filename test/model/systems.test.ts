import { describe, expect, it } from 'vitest';
import { REQUIRED_FEATURES } from '#core/features.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { artefactSystems, modelOf } from '#model/artefact.ts';
import { beforeCutoff, vectorAt } from '#model/dataset.ts';
import { pOverDecided } from '#model/distribution.ts';
import type { MeanCorrection } from '#model/linear.ts';
import {
  type FeatureVector,
  type Forecast,
  isPrediction,
  type Prediction,
  SYSTEM_IDS,
  type SystemId,
} from '#model/systems.ts';
import { trainArtefact } from '#model/train.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 60, rowsPerSlate: 40 });
const artefact = trainArtefact([beforeCutoff(set, '2023-12-20')], {
  cutoff: '2023-12-20',
  modelId: 'm',
  createdAt: '2023-12-20T12:00:00Z',
  codeVersion: 'c',
  featureContractHash: 'h',
});
const points = modelOf(artefact, MAIN_MARKET);
const systems = new Map(artefactSystems(artefact, MAIN_MARKET).map((system) => [system.id, system]));
const vector = vectorAt(set, 2350);

function ask(id: SystemId, input: FeatureVector): Forecast {
  const system = systems.get(id);
  if (system === undefined) throw new Error(`no system ${id}`);
  return system.forecast(input);
}

function predicted(id: SystemId, input: FeatureVector): Prediction {
  const forecast = ask(id, input);
  if (!isPrediction(forecast)) throw new Error(`${id} cannot: ${forecast.cannot}`);
  return forecast;
}

const withFeature = (name: string, value: number | null): FeatureVector => ({
  ...vector,
  features: { ...vector.features, [name]: value },
});

describe('the forecast systems', () => {
  it('are the four of the contract, in order', () => {
    expect([...systems.keys()]).toEqual([...SYSTEM_IDS]);
  });

  it('use a feature as the mean of a baseline', () => {
    expect(predicted('ewma8', withFeature('pts_ewma8', 17.25)).mean).toBe(17.25);
    expect(predicted('minutes_rate', withFeature('minutes_rate', 9.5)).mean).toBe(9.5);
  });

  it('forecast next to nothing for who hardly ever scores, where others like him did', () => {
    const meanOf = (correction: MeanCorrection, input: FeatureVector): number => {
      const markets = { points: { ...points, correction } };
      const system = artefactSystems({ ...artefact, markets }, MAIN_MARKET).find(({ id }) => id === 'ridge');
      const forecast = system?.forecast(input);
      return forecast !== undefined && isPrediction(forecast) ? forecast.mean : Number.NaN;
    };
    const { at, ratio } = points.correction;
    const rare = { of: 'pts_ewma32', at: [0, 1], ratio: [0.1, 1] };
    for (const [own, share] of [
      [0, 0.1],
      [0.5, 0.55],
      [3, 1],
    ] as const) {
      const input = withFeature('pts_ewma32', own);
      expect(meanOf({ at, ratio, rare }, input)).toBeCloseTo(share * meanOf({ at, ratio }, input), 9);
    }
  });

  it('multiply the model’s mean of a player by his ratio, and of nobody else', () => {
    const players = { prior: 64, ratio: { '7': 1.25 } };
    const markets = { points: { ...points, players, correction: { at: [], ratio: [] } } };
    const means = [undefined, 7, 8].map((player) =>
      artefactSystems({ ...artefact, markets }, MAIN_MARKET).map((system) => {
        const forecast = system.forecast({ ...vector, features: { ...vector.features }, player });
        return isPrediction(forecast) ? forecast.mean : Number.NaN;
      }),
    );
    const [[ewma8 = 0, rate = 0, ridge = 0] = [], own, other] = means;
    expect(own?.slice(0, 3)).toEqual([ewma8, rate, 1.25 * ridge]);
    expect(other).toEqual(means[0]);
  });

  it('say which essential feature is missing instead of making a number up', () => {
    for (const value of [null, Number.NaN]) {
      expect(ask('ewma8', withFeature('pts_ewma8', value))).toEqual({
        cannot: 'missing_features',
        missing: ['pts_ewma8'],
      });
    }
    expect(ask('ridge', { features: {} })).toEqual({
      cannot: 'missing_features',
      missing: [...REQUIRED_FEATURES],
    });
    expect(ask('market', { ...withFeature('opp_pace', null), line: '20.5' })).toEqual({
      cannot: 'missing_features',
      missing: ['opp_pace'],
    });
    expect(isPrediction(ask('ewma8', withFeature('opp_pace', null)))).toBe(true);
  });

  it('do without optional features: a missing one counts as its training mean', () => {
    const column = points.columns.findIndex((c) => c.name === 'zone_matchup');
    const mean = points.ridge.centres[column] ?? Number.NaN;
    expect(predicted('ridge', withFeature('zone_matchup', null)).mean).toBeCloseTo(
      predicted('ridge', withFeature('zone_matchup', mean)).mean,
      10,
    );
  });

  it('never forecast below zero', () => {
    // A feature of its own (in no interaction), pushed far against its coefficient.
    const alone = points.columns.findIndex(
      ({ name }, j) => name === 'team_pace' && points.ridge.coefficients[j] !== 0,
    );
    const far = (points.ridge.centres[alone] ?? 0) - 1e6 / (points.ridge.coefficients[alone] ?? 1);
    expect(predicted('ridge', withFeature('team_pace', far)).mean).toBe(0);
    expect(predicted('ewma8', withFeature('pts_ewma8', -3)).mean).toBe(0);
  });

  it('give no market forecast without a line, and none of the others needs one', () => {
    expect(ask('market', { ...vector, line: null })).toEqual({ cannot: 'no_line', missing: [] });
    for (const id of ['ewma8', 'minutes_rate', 'ridge'] as const)
      expect(isPrediction(ask(id, { ...vector, line: null }))).toBe(true);
  });

  it('believe a two-way price and little of their own, until the layer has learnt otherwise', () => {
    const input = { ...vector, line: '14.5', marketOver: 0.61 };
    const { distribution, believedOver } = predicted('market', input);
    expect(pOverDecided(distribution, '14.5')).toBeCloseTo(believedOver ?? Number.NaN, 8);
    const own = pOverDecided(predicted('ridge', input).distribution, '14.5');
    expect(Math.abs((believedOver ?? 0) - 0.61)).toBeLessThan(Math.abs((believedOver ?? 0) - own));
    expect(predicted('ridge', input).believedOver).toBe(believedOver);
  });

  it('say of no line what is to be believed at it', () => {
    expect(predicted('ridge', { ...vector, line: null }).believedOver).toBeNull();
  });

  it('put the forecast that has heard the line between model and line', () => {
    const model = predicted('ridge', vector).median;
    for (const line of [
      String(Math.floor(model) + 5.5),
      String(Math.max(0, Math.floor(model) - 5) + 0.5),
      '12',
    ]) {
      const heard = predicted('market', { ...vector, line }).median;
      expect(heard).toBeGreaterThan(Math.min(model, Number(line)));
      expect(heard).toBeLessThan(Math.max(model, Number(line)));
    }
  });

  it('answer the same whatever was asked in between', () => {
    const first = predicted('ridge', vector);
    predicted('ridge', vectorAt(set, 17));
    predicted('market', { ...vectorAt(set, 400), line: '30.5' });
    expect(predicted('ridge', vector)).toEqual(first);
    expect(first.distribution.mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  });
});

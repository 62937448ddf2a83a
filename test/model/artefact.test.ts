import { describe, expect, it } from 'vitest';
import { MAIN_MARKET, MARKETS } from '#core/markets.ts';
import {
  type Artefact,
  artefactBytes,
  artefactHash,
  artefactSystems,
  type MarketModel,
  modelOf,
  parseArtefact,
} from '#model/artefact.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import { beforeCutoff, vectorAt } from '#model/dataset.ts';
import { isPrediction } from '#model/systems.ts';
import { trainArtefact } from '#model/train.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 60, rowsPerSlate: 40 });
const artefact = trainArtefact([beforeCutoff(set, '2023-12-20')], {
  cutoff: '2023-12-20',
  modelId: 'ridge-2023-12-20',
  createdAt: '2023-12-20T12:00:00.000Z',
  codeVersion: 'abc1234',
  featureContractHash: 'contract',
});
const points = modelOf(artefact, MAIN_MARKET);
const bytes = artefactBytes(artefact);
const coded = (code: string) => expect.objectContaining({ code });
const asBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('an artefact', () => {
  it('survives storage: the same hash, the same forecasts', () => {
    const loaded = parseArtefact(bytes, artefactHash(artefact));
    expect(loaded).toEqual(artefact);
    expect(artefactHash(loaded)).toBe(artefactHash(artefact));
    const [before, after] = [artefactSystems(artefact, MAIN_MARKET), artefactSystems(loaded, MAIN_MARKET)];
    for (const row of [2300, 2350, 2399]) {
      const vector = { ...vectorAt(set, row), line: '14.5' };
      before.forEach((system, i) => {
        const [a, b] = [system.forecast(vector), after[i]?.forecast(vector)];
        expect(isPrediction(a)).toBe(true);
        expect(b).toEqual(a);
      });
    }
  });

  it('says which markets it forecasts when it is asked for another', () => {
    const blocks = MARKETS.find(({ id }) => id === 'blocks') ?? MAIN_MARKET;
    expect(() => artefactSystems(artefact, blocks)).toThrow(coded('TIPOFF_NO_MODEL'));
  });

  it('does not depend on the order of its members', () => {
    const shuffled: Artefact = JSON.parse(
      JSON.stringify(Object.fromEntries(Object.entries(artefact).reverse())),
    );
    expect(artefactHash(shuffled)).toBe(artefactHash(artefact));
  });

  it('is refused when a single bit differs from what was registered', () => {
    const tampered = bytes.slice();
    const place = new TextDecoder().decode(bytes).indexOf('"intercept":') + '"intercept":'.length;
    tampered[place] = (tampered[place] ?? 0) ^ 1;
    expect(() => parseArtefact(tampered, artefactHash(artefact))).toThrow(coded('TIPOFF_INTEGRITY'));
    expect(() => parseArtefact(bytes, '0'.repeat(64))).toThrow(coded('TIPOFF_INTEGRITY'));
  });

  it('is refused when it is no JSON, of another format, or contradicts itself', () => {
    const falling = { ...points.shapes.ridge, levels: points.shapes.ridge.levels.toReversed() };
    const unevenSteps = { at: [3, 9], levels: [points.shapes.ridge.levels] };
    const changed = (change: Partial<MarketModel>) => ({
      ...artefact,
      markets: { points: { ...points, ...change } },
    });
    const wrong: Uint8Array[] = [
      bytes.slice(0, -1),
      Uint8Array.of(0xff, 0xfe),
      asBytes({ ...artefact, format_version: 2 }),
      asBytes({ ...artefact, surprise: 1 }),
      asBytes({ ...artefact, data_cutoff: '2023-02-30' }),
      asBytes(changed({ columns: points.columns.slice(1) })),
      asBytes({ ...artefact, feature_list: artefact.feature_list.slice(1) }),
      asBytes(changed({ ridge: { ...points.ridge, centres: [] } })),
      asBytes(changed({ shapes: { ...points.shapes, ridge: falling } })),
      asBytes(
        changed({ shapes: { ...points.shapes, ridge: { ...points.shapes.ridge, steps: unevenSteps } } }),
      ),
      asBytes({ ...artefact, markets: { dunks: points } }),
    ];
    for (const one of wrong) expect(() => parseArtefact(one)).toThrow(coded('TIPOFF_BAD_INPUT'));
    expect(() => parseArtefact(asBytes(artefact))).not.toThrow();
  });

  it('of an older version, whose levels are the same for all means, still forecasts', () => {
    const { steps, ...older } = points.shapes.ridge;
    expect(steps?.at.length).toBeGreaterThan(1);
    const shapes = { ...points.shapes, ridge: older };
    const loaded = parseArtefact(asBytes({ ...artefact, markets: { points: { ...points, shapes } } }));
    const forecasts = artefactSystems(loaded, MAIN_MARKET).map((one) => one.forecast(vectorAt(set, 2300)));
    expect(forecasts.slice(0, 3).every(isPrediction)).toBe(true);
  });

  it('cannot hold a number that JSON cannot', () => {
    const ridge = { ...points.ridge, intercept: Number.NaN };
    expect(() => artefactBytes({ ...artefact, markets: { points: { ...points, ridge } } })).toThrow(
      /ridge\.intercept/,
    );
  });
});

describe('canonical JSON', () => {
  it('sorts keys at every level, keeps the order of lists, and leaves out what is undefined', () => {
    expect(canonicalJson({ b: [2, 1, { d: 'é"', c: null }], a: undefined, A: true })).toBe(
      '{"A":true,"b":[2,1,{"c":null,"d":"é\\""}]}',
    );
  });
});

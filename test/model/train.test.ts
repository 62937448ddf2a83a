import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mondayBefore, parseSlate } from '#core/calendar.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { artefactBytes, artefactHash, artefactSystems, modelOf } from '#model/artefact.ts';
import { beforeCutoff, firstRowAt, sliceRows, type TrainingSet, vectorAt } from '#model/dataset.ts';
import { isPrediction } from '#model/systems.ts';
import { eachSteps, trainArtefact, trainEach, trainSeries } from '#model/train.ts';
import { runStepsYielding } from '#model/train-config.ts';
import { syntheticSet } from '#test/model/synthetic-set.ts';

const synthetic = syntheticSet({ from: '2023-10-24', slates: 90, rowsPerSlate: 20, lined: 0.5 });
const set = { ...synthetic, players: synthetic.target.map((_, row) => 1 + (row % 40)) };
const identity = {
  createdAt: '2024-01-20T12:00:00Z',
  codeVersion: 'abc1234',
  featureContractHash: 'contract',
};
const series = { ...identity, modelId: (cutoff: string) => `model-${cutoff}` };
const at = (cutoff: string) => ({ ...identity, cutoff, modelId: `model-${cutoff}` });

function codeOf(work: () => unknown): { code: string; message: string; hint: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'hint' in error)
      return { code: String(error.code), message: error.message, hint: String(error.hint) };
    throw error;
  }
  return { code: 'none', message: '', hint: '' };
}

describe('training', () => {
  const artefact = trainArtefact([beforeCutoff(set, '2024-01-15')], at('2024-01-15'));
  const points = modelOf(artefact, MAIN_MARKET);

  it('beats both baselines on the rows that follow', () => {
    const [ewma, , ridge] = artefactSystems(artefact, MAIN_MARKET);
    const totals = { ewma: 0, ridge: 0 };
    for (let row = firstRowAt(set, '2024-01-15'); row < set.rows; row++) {
      const [a, b] = [ewma?.forecast(vectorAt(set, row)), ridge?.forecast(vectorAt(set, row))];
      if (a === undefined || b === undefined || !isPrediction(a) || !isPrediction(b))
        throw new Error('a forecast is missing');
      totals.ewma += Math.abs(a.median - (set.target[row] ?? 0));
      totals.ridge += Math.abs(b.median - (set.target[row] ?? 0));
    }
    expect(totals.ridge).toBeLessThan(totals.ewma);
    expect(points.metrics.ridge.mae_mean).toBeLessThan(points.metrics.ewma8.mae_mean);
    expect(Math.abs(points.metrics.ridge.bias)).toBeLessThan(0.5);
  });

  it('says what it was trained on', () => {
    expect(artefact).toMatchObject({
      data_cutoff: '2024-01-15',
      training_from: '2023-10-24',
      model_id: 'model-2024-01-15',
      family: 'ridge',
    });
    expect(artefact.training_rows).toBeGreaterThan(artefact.calibration_rows);
    expect(points.metrics.ridge.rows).toBe(artefact.calibration_rows);
    expect(artefact.feature_list).toContain('minutes_rate');
  });

  it('refuses a row of the cut-off day itself', () => {
    const planted = sliceRows(set, 0, firstRowAt(set, '2024-01-15') + 1);
    expect(codeOf(() => trainArtefact([planted], at('2024-01-15')))).toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      message: expect.stringContaining('2024-01-15'),
    });
  });

  it('leaves out rows that were not played, too few career games, and the end of the bench', () => {
    const rows = beforeCutoff(set, '2024-01-15');
    const column = (name: string): Float64Array =>
      rows.columns[rows.features.indexOf(name)] ?? new Float64Array(0);
    const usable = Array.from(rows.target.keys()).filter(
      (i) =>
        (rows.minutes[i] ?? 0) > 0 &&
        (column('games_career')[i] ?? 0) >= 5 &&
        (column('min_ewma4')[i] ?? 0) >= 6,
    );
    expect(artefact.training_rows).toBe(usable.length);
    const noise = { ...rows, target: rows.target.map((y, i) => ((rows.minutes[i] ?? 0) > 0 ? y : 60)) };
    expect(artefactHash(trainArtefact([noise], at('2024-01-15')))).toBe(artefactHash(artefact));
  });

  it('gives the same bytes for the same rows', () => {
    const again = trainArtefact([beforeCutoff(set, '2024-01-15')], at('2024-01-15'));
    expect(Buffer.from(artefactBytes(again)).equals(artefactBytes(artefact))).toBe(true);
  });

  it('says how much history is missing when there is too little', () => {
    const seen = codeOf(() => trainArtefact([beforeCutoff(set, '2023-11-06')], at('2023-11-06')));
    expect(seen.code).toBe('TIPOFF_NO_MODEL');
    expect(seen.message).toContain('2023-11-06');
    expect(seen.hint).toContain('more history');
    expect(codeOf(() => trainArtefact([sliceRows(set, 0, 0)], at('2023-11-06'))).code).toBe(
      'TIPOFF_NO_MODEL',
    );
  });

  it('needs every required feature as a column, and does without optional ones', () => {
    const without = (name: string): TrainingSet => {
      const rows = beforeCutoff(set, '2024-01-15');
      const keep = rows.features.map((feature) => feature !== name);
      return {
        ...rows,
        features: rows.features.filter((_, j) => keep[j]),
        columns: rows.columns.filter((_, j) => keep[j]),
      };
    };
    expect(codeOf(() => trainArtefact([without('rate32')], at('2024-01-15')))).toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      message: expect.stringContaining('rate32'),
    });
    expect(trainArtefact([without('zone_matchup')], at('2024-01-15')).feature_list).not.toContain(
      'zone_matchup',
    );
  });

  it('fits the market layer where earlier rows had lines, and keeps the prior where none had', () => {
    expect(points.belief.without_feed.rows).toBeGreaterThan(500);
    expect(points.belief.priced.rows).toBe(0);
    const { line: _, ...unlined } = beforeCutoff(set, '2024-01-15');
    expect(
      modelOf(trainArtefact([unlined], at('2024-01-15')), MAIN_MARKET).belief.without_feed,
    ).toMatchObject({
      a: 0,
      b: 0.2,
      rows: 0,
    });
  });

  it('refuses arrays that disagree, slates out of order, and a played row without points', () => {
    const rows = beforeCutoff(set, '2024-01-15');
    const broken: TrainingSet[] = [
      { ...rows, target: rows.target.subarray(1) },
      { ...rows, slates: [...rows.slates.slice(1), '2023-10-24'] },
      { ...rows, slates: ['24.10.2023', ...rows.slates.slice(1)] },
      { ...rows, target: rows.target.map(() => Number.NaN) },
    ];
    for (const one of broken)
      expect(codeOf(() => trainArtefact([one], at('2024-01-15'))).code).toBe('TIPOFF_BAD_INPUT');
  });
});

describe('a series of cut-offs', () => {
  const cutoffs = ['2023-12-25', '2024-01-01', '2024-01-04', '2024-01-15', '2024-02-20'];

  it('gives for each, byte for byte, what training on the rows before it gives', () => {
    const together = trainSeries([set], cutoffs, series);
    for (const [i, cutoff] of cutoffs.entries()) {
      const alone = trainArtefact([beforeCutoff(set, cutoff)], at(cutoff));
      const one = together[i];
      if (one === undefined) throw new Error('an artefact is missing');
      expect(artefactHash(one)).toBe(artefactHash(alone));
    }
  });

  it('does not see the future: noise at and after the cut-off changes no byte', () => {
    const start = firstRowAt(set, '2024-01-04');
    const random = seededRandom(99);
    const scramble = (column: Float64Array): Float64Array =>
      column.map((x, row) => (row < start ? x : 100 * random()));
    const scrambled = {
      ...set,
      columns: set.columns.map(scramble),
      target: scramble(set.target),
      minutes: scramble(set.minutes),
      line: scramble(set.line ?? set.target),
    };
    const hashes = (rows: TrainingSet): string[] =>
      trainSeries([rows], ['2024-01-01', '2024-01-04'], series).map(artefactHash);
    const honest = hashes(set);
    expect(hashes(scrambled)).toEqual(honest);
    const leaking = { ...scrambled, target: set.target.map((y, row) => (row === start - 1 ? y + 20 : y)) };
    expect(hashes(leaking)).not.toEqual(honest);
  });

  it('in turns leaves the process free between weeks and cut-offs, and gives the same', async () => {
    let isOver = false;
    let turns = 0;
    const others = async (): Promise<void> => {
      for (; !isOver; turns++) await nextTurn();
    };
    const beside = others();
    const said: string[] = [];
    const inTurn = await runStepsYielding(eachSteps([set], cutoffs, series), async (next) => {
      if (next !== undefined) said.push(next);
      await nextTurn();
    });
    isOver = true;
    await beside;
    const weeks = new Set(set.slates.map((slate) => mondayBefore(parseSlate(slate)))).size;
    expect(turns).toBeGreaterThanOrEqual(weeks + cutoffs.length - 2);
    expect(inTurn).toEqual(trainEach([set], cutoffs, series));
    // Whoever watches hears of every week and every cut-off.
    expect(new Set(said.filter((next) => /^learns points, week of \d{4}-\d\d-\d\d$/.test(next))).size).toBe(
      weeks,
    );
    expect(said.filter((next) => next.startsWith('calibrates points as of '))).toHaveLength(cutoffs.length);
  });

  it('refuses cut-offs out of order', () => {
    expect(codeOf(() => trainSeries([set], ['2024-01-15', '2024-01-01'], series)).code).toBe(
      'TIPOFF_BAD_INPUT',
    );
  });
});

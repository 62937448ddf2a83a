import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN_MARKET, MARKETS, type Market } from '#core/markets.ts';
import { columnOf, type TrainingSet } from '#model/dataset.ts';
import { designOf } from '#model/design.ts';
import { modelColumns } from '#model/features.ts';
import { GramAccumulator } from '#model/ridge.ts';
import { DEFAULT_CONFIG } from '#model/train-config.ts';
import { train } from '#model/train-run.ts';
import { dayNumber, FIRST_SEASON, mondayOf, weekOf } from '#model/training-set.ts';
import { countSums, readHistory } from '#model/week-sums.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type RecordedObjects, recordedObjects } from '#test/fakes/recorded-objects.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { storeSet } from './feature-rows.ts';
import { syntheticSet } from './synthetic-set.ts';

const BEFORE = '2024-01-17';
const BOUNDS = { from: FIRST_SEASON, before: BEFORE };
const set = syntheticSet({ from: '2023-10-24', slates: 90, rowsPerSlate: 25, lined: 0.5 });
const market = (id: string): Market => MARKETS.find((one) => one.id === id) ?? MAIN_MARKET;

let warehouse: Warehouse;
let objects: RecordedObjects;
beforeAll(async () => {
  warehouse = await openWarehouse();
  await storeSet(warehouse, set);
  objects = recordedObjects();
});
afterAll(async () => {
  await warehouse.close();
  await objects.dispose();
});

/** The sums of a count, which come after those of another one with mostly the same columns. */
const sums = async (part: Market) =>
  (await countSums(warehouse, BOUNDS, [market('assists'), part], DEFAULT_CONFIG)).get(part.id) ??
  Promise.reject(new Error(part.id));

describe('the sums of a week', () => {
  it.each(['points', 'rebounds'])('of %s are those of its rows, to 1e-9', async (id) => {
    const part = market(id);
    const columns = part.features.slice(0, 1).flatMap((features) => modelColumns(features));
    const { frame, weeks } = await sums(part);
    const [read] = await readHistory(warehouse, BEFORE, [part]);
    if (read === undefined) throw new Error('no set for a market');
    const usable = usableOf(read);
    expect(frame.missing).toContain(1);
    expect(weeks.length).toBeGreaterThan(10);
    let compared = 0;
    for (const { week, sums } of weeks) {
      const rows = usable.filter((row) => weekOf(dayNumber(read.slates[row] ?? '')) === week);
      const expected = sumsOf(designOf(read, columns, rows), frame, week);
      compared += rows.length;
      const size = (Math.sqrt(8 * sums.length + 1) - 1) / 2;
      const diagonal = Array.from({ length: size }, (_, i) => expected[place(size, i, i)] ?? 0);
      for (let i = 0; i < size; i++)
        for (let j = i; j < size; j++) {
          const at = place(size, i, j);
          const scale = Math.sqrt((diagonal[i] ?? 0) * (diagonal[j] ?? 0));
          expect(Math.abs((sums[at] ?? Number.NaN) - (expected[at] ?? 0))).toBeLessThanOrEqual(
            1e-9 * Math.max(1, scale),
          );
        }
    }
    expect(compared).toBe(usable.length);
  });

  it('are asked once for all counts that share them, of the same rows', async () => {
    const asked: string[] = [];
    const watched: Warehouse = {
      ...warehouse,
      queryColumns: async (sql, params) => {
        asked.push(sql);
        return warehouse.queryColumns(sql, params);
      },
    };
    await countSums(watched, BOUNDS, ['points', 'rebounds'].map(market), DEFAULT_CONFIG);
    const sums = asked.map((sql) => sql.split('SUM(').length - 1);
    expect(Math.max(...sums)).toBeLessThanOrEqual(801);
    const own = sums.at(-1) ?? 0;
    expect(own).toBeLessThan(sums.reduce((sum, n) => sum + n, -own) / 2);
    const statements = asked.length;
    asked.length = 0;

    // Somebody writes between the two statements.
    const written: Warehouse = {
      ...warehouse,
      queryColumns: async (sql, params = {}) =>
        warehouse.queryColumns(
          sql,
          asked.push(sql) >= statements ? { ...params, before: '2024-01-10' } : params,
        ),
    };
    await expect(
      countSums(written, BOUNDS, ['points', 'rebounds'].map(market), DEFAULT_CONFIG),
    ).rejects.toMatchObject({ code: 'TIPOFF_WAREHOUSE_BUSY' });
  });

  it('make the equations that the rows make', async () => {
    const { frame, weeks } = await sums(MAIN_MARKET);
    const [read] = await readHistory(warehouse, BEFORE, [MAIN_MARKET]);
    if (read === undefined) throw new Error('no set for a market');
    const columns = MAIN_MARKET.features.slice(0, 1).flatMap((features) => modelColumns(features));
    const design = designOf(read, columns, usableOf(read));
    const [summed, added] = [0, 1].map(() => new GramAccumulator(design, DEFAULT_CONFIG.halfLifeDays, frame));
    for (const { week, sums } of weeks) summed?.addWeek(week, sums);
    added?.addUpTo(design.rows);
    const [mine, theirs] = [summed?.momentsAt(dayNumber(BEFORE)), added?.momentsAt(dayNumber(BEFORE))];
    expect(mine?.weight).toBeCloseTo(theirs?.weight ?? 0, 6);
    for (const which of ['cross', 'crossTarget', 'means', 'deviations'] as const) {
      const scale = Math.max(...(theirs?.[which] ?? []).map(Math.abs));
      for (const [k, value] of (theirs?.[which] ?? []).entries())
        expect(Math.abs((mine?.[which][k] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-9 * scale);
    }
  });
});

describe('a long history', () => {
  const trained = async (maxRows: number) => {
    const deps = { warehouse, objects, clock: virtualClock(`${BEFORE}T12:00:00Z`), codeVersion: 'abc1234' };
    const request = { cutoff: BEFORE, by: 'ann' };
    return (
      await train(
        { ...deps, admit: async () => undefined, markets: [MAIN_MARKET], history: { maxRows } },
        request,
      )
    ).artefact;
  };

  it('is its newest rows and the sums of all, and gives the same model up to rounding, the same bytes each time', async () => {
    const [long] = await readHistory(warehouse, BEFORE, [MAIN_MARKET], { maxRows: 1200 });
    expect(long?.rows).toBeLessThan(1400);
    expect(long?.history?.from).toBe('2023-10-24');
    const [whole, summed] = [await trained(1_000_000), await trained(1200)];
    const [a, b] = [whole.markets['points']?.ridge, summed.markets['points']?.ridge];
    for (const [j, coefficient] of (a?.coefficients ?? []).entries())
      expect(b?.coefficients[j]).toBeCloseTo(coefficient, 7);
    expect([summed.training_rows, summed.training_from]).toEqual([whole.training_rows, whole.training_from]);
    expect(summed.calibration_rows).toBeLessThan(whole.calibration_rows);
    expect((await trained(1200)).model_id).toBe(summed.model_id);
  });
});

/** The rows that a model learns from. */
function usableOf(read: TrainingSet): Int32Array {
  const [career, expected] = [columnOf(read, 'games_career'), columnOf(read, 'min_ewma4')];
  return Int32Array.from(read.slates.keys()).filter(
    (row) =>
      (read.minutes[row] ?? 0) > 0 &&
      (career?.[row] ?? 0) >= DEFAULT_CONFIG.minCareerGames &&
      (expected?.[row] ?? 0) >= DEFAULT_CONFIG.minExpectedMinutes,
  );
}

function place(size: number, i: number, j: number): number {
  return i * size - (i * (i - 1)) / 2 + (j - i);
}

/** The sums as the definition has them, row by row. */
function sumsOf(
  design: ReturnType<typeof designOf>,
  frame: { readonly centres: Float64Array; readonly missing: Uint8Array },
  week: number,
): Float64Array {
  const withMissing = [...frame.missing.keys()].filter((j) => frame.missing[j] === 1);
  const size = 2 + design.width + withMissing.length;
  const sums = new Float64Array((size * (size + 1)) / 2);
  for (let row = 0; row < design.rows; row++) {
    const x = design.values.subarray(row * design.width, (row + 1) * design.width);
    const weight = 2 ** (((design.days[row] ?? 0) - mondayOf(week)) / DEFAULT_CONFIG.halfLifeDays);
    const a = [
      1,
      ...Array.from(x, (value, j) => (Number.isNaN(value) ? 0 : value - (frame.centres[j] ?? 0))),
      ...withMissing.map((j) => (Number.isNaN(x[j]) ? 0 : 1)),
      design.target[row] ?? 0,
    ];
    for (let i = 0, k = 0; i < size; i++)
      for (let j = i; j < size; j++, k++) sums[k] = (sums[k] ?? 0) + weight * (a[i] ?? 0) * (a[j] ?? 0);
  }
  return sums;
}

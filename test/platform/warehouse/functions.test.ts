import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bigqueryFunctions, FUNCTIONS } from '#platform/warehouse/functions.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from './open.ts';

const NO_DATE = 'CAST(NULL AS DATE)';
const NO_INSTANT = 'CAST(NULL AS TIMESTAMP)';
const NO_NUMBER = 'CAST(NULL AS FLOAT64)';
const at = (instant: string) => `TIMESTAMP '${instant}'`;

/** Calls with what they must give. Every function of the library has at least one call with null. */
const CALLS: readonly (readonly [call: string, expected: string | number | null])[] = [
  ["fn.days_between(DATE '2025-01-01', DATE '2025-03-01')", 59],
  ["fn.days_between(DATE '2024-01-01', DATE '2024-03-01')", 60],
  ["fn.days_between(DATE '2025-01-02', DATE '2025-01-01')", -1],
  ["fn.days_between(DATE '2025-01-02', DATE '2025-01-02')", 0],
  [`fn.days_between(${NO_DATE}, DATE '2025-01-01')`, null],
  [`fn.days_between(DATE '2025-01-01', ${NO_DATE})`, null],
  ["fn.add_days(DATE '2024-02-28', 1)", '2024-02-29'],
  ["fn.add_days(DATE '2025-01-01', -1)", '2024-12-31'],
  ["fn.add_days(DATE '2025-01-01', 0)", '2025-01-01'],
  [`fn.add_days(${NO_DATE}, 1)`, null],
  ["fn.add_days(DATE '2025-01-01', CAST(NULL AS INT64))", null],
  [`fn.local_date(${at('2025-01-02T04:59:59Z')}, 'America/New_York')`, '2025-01-01'],
  [`fn.local_date(${at('2025-01-02T05:00:00Z')}, 'America/New_York')`, '2025-01-02'],
  [`fn.local_date(${at('2025-01-02T05:00:00Z')}, 'UTC')`, '2025-01-02'],
  [`fn.local_date(${NO_INSTANT}, 'UTC')`, null],
  [`fn.local_date(${at('2025-01-02T05:00:00Z')}, CAST(NULL AS STRING))`, null],
  [`fn.eastern_date(${at('2025-01-02T04:59:59Z')})`, '2025-01-01'],
  [`fn.eastern_date(${at('2025-01-02T05:00:00Z')})`, '2025-01-02'],
  [`fn.eastern_date(${at('2025-07-02T03:59:59Z')})`, '2025-07-01'],
  [`fn.eastern_date(${at('2025-07-02T04:00:00Z')})`, '2025-07-02'],
  [`fn.eastern_date(${at('2025-03-10T03:30:00Z')})`, '2025-03-09'],
  [`fn.eastern_date(${at('2025-11-03T04:30:00Z')})`, '2025-11-02'],
  [`fn.eastern_date(${NO_INSTANT})`, null],
  ["fn.eastern_instant(DATE '2025-01-02', 19)", '2025-01-03T00:00:00.000Z'],
  ["fn.eastern_instant(DATE '2025-07-02', 19)", '2025-07-02T23:00:00.000Z'],
  ["fn.eastern_instant(DATE '2025-01-02', 0)", '2025-01-02T05:00:00.000Z'],
  [`fn.eastern_instant(${NO_DATE}, 19)`, null],
  ["fn.eastern_instant(DATE '2025-01-02', CAST(NULL AS INT64))", null],
  [`fn.seconds_between(${at('2025-01-01T00:00:00Z')}, ${at('2025-01-01T01:00:00.5Z')})`, 3600.5],
  [`fn.seconds_between(${at('2025-01-01T00:00:01Z')}, ${at('2025-01-01T00:00:00Z')})`, -1],
  [`fn.seconds_between(${at('2025-03-09T06:00:00Z')}, ${at('2025-03-09T08:00:00Z')})`, 7200],
  [`fn.seconds_between(${NO_INSTANT}, ${at('2025-01-01T00:00:00Z')})`, null],
  [`fn.seconds_between(${at('2025-01-01T00:00:00Z')}, ${NO_INSTANT})`, null],
  [`fn.add_seconds(${at('2025-01-01T23:59:30Z')}, 45)`, '2025-01-02T00:00:15.000Z'],
  [`fn.add_seconds(${at('2025-01-01T00:00:00Z')}, -1)`, '2024-12-31T23:59:59.000Z'],
  [`fn.add_seconds(${at('2025-03-09T06:30:00Z')}, 3600)`, '2025-03-09T07:30:00.000Z'],
  [`fn.add_seconds(${NO_INSTANT}, 1)`, null],
  [`fn.add_seconds(${at('2025-01-01T00:00:00Z')}, CAST(NULL AS INT64))`, null],
  ["fn.epoch_day(DATE '1970-01-01')", 0],
  ["fn.epoch_day(DATE '1969-12-31')", -1],
  ["fn.epoch_day(DATE '2025-01-01')", 20089],
  [`fn.epoch_day(${NO_DATE})`, null],
  ["fn.decimal_text(CAST('24.5' AS NUMERIC))", '24.5'],
  ["fn.decimal_text(CAST('100' AS NUMERIC))", '100'],
  ["fn.decimal_text(CAST('-0.050' AS NUMERIC))", '-0.05'],
  ["fn.decimal_text(CAST('0' AS NUMERIC))", '0'],
  ['fn.decimal_text(CAST(NULL AS NUMERIC))', null],
  ["fn.text_hash('abc')", 0x90015098],
  ["fn.text_hash('')", 0xd41d8cd9],
  ["fn.text_hash('Dončić')", 0x3cb474cf],
  ['fn.text_hash(CAST(NULL AS STRING))', null],
  ["fn.dow(DATE '2025-01-05')", 1],
  ["fn.dow(DATE '2025-01-06')", 2],
  ["fn.dow(DATE '2025-01-11')", 7],
  [`fn.dow(${NO_DATE})`, null],
  ['fn.safe_div(1, 4)', 0.25],
  ['fn.safe_div(1, 0)', null],
  ['fn.safe_div(0, 0)', null],
  ['fn.safe_div(1.5, 0.0)', null],
  ['fn.safe_div(0, 3)', 0],
  ["fn.safe_div(CAST('1' AS NUMERIC), CAST('8' AS NUMERIC))", 0.125],
  [`fn.safe_div(${NO_NUMBER}, 2)`, null],
  [`fn.safe_div(2, ${NO_NUMBER})`, null],
  ['fn.greatest2(1, 2)', 2],
  ['fn.greatest2(-1, -2)', -1],
  ["fn.greatest2(DATE '2025-01-01', DATE '2025-01-02')", '2025-01-02'],
  [`fn.greatest2(${NO_NUMBER}, 2.0)`, null],
  [`fn.greatest2(2.0, ${NO_NUMBER})`, null],
  ['fn.least2(1, 2)', 1],
  ['fn.least2(2, 2)', 2],
  [`fn.least2(${NO_NUMBER}, 2.0)`, null],
  [`fn.least2(2.0, ${NO_NUMBER})`, null],
  ['fn.clamp(5, 0, 3)', 3],
  ['fn.clamp(-5, 0, 3)', 0],
  ['fn.clamp(2, 0, 3)', 2],
  ['fn.clamp(3, 3, 3)', 3],
  [`fn.clamp(${NO_NUMBER}, 0.0, 3.0)`, null],
  [`fn.clamp(2.0, ${NO_NUMBER}, 3.0)`, null],
  [`fn.clamp(2.0, 0.0, ${NO_NUMBER})`, null],
];

describe('the fn library on DuckDB', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ tables: [] });
  });
  afterAll(() => warehouse.close());

  it.each(CALLS)('%s gives %s', async (call, expected) => {
    expect(await warehouse.query(`SELECT ${call} AS value`)).toEqual([{ value: expected }]);
  });

  it.each(FUNCTIONS.map((f) => f.name).filter((name) => name !== 'row_hash'))(
    'fn.%s is tested with null and with values',
    (name) => {
      const expected = CALLS.filter(([call]) => call.startsWith(`fn.${name}(`)).map(([, value]) => value);
      expect(expected).toContain(null);
      expect(expected.some((value) => value !== null)).toBe(true);
    },
  );

  it('fn.row_hash tells rows apart by any column, nulls included, and fits a number', async () => {
    const rows = await warehouse.query<{ digest: number; same: number }>(
      `SELECT fn.row_hash(t) AS digest, COUNT(*) OVER (PARTITION BY fn.row_hash(t)) AS same
       FROM (SELECT 1 AS a, 'x' AS b UNION ALL SELECT 1, 'x' UNION ALL SELECT 2, 'x' UNION ALL SELECT 1, 'y' UNION ALL SELECT NULL, 'x' UNION ALL SELECT 1, NULL) t`,
    );
    expect(new Set(rows.map(({ digest }) => digest)).size).toBe(5);
    expect(rows.map(({ same }) => same).toSorted()).toEqual([1, 1, 1, 1, 2, 2]);
    expect(rows.every(({ digest }) => Number.isSafeInteger(digest) && digest >= 0)).toBe(true);
  });

  it('takes columns and works inside of windows', async () => {
    const rows = await warehouse.query(
      `SELECT d, COUNT(*) OVER (ORDER BY fn.epoch_day(d) RANGE BETWEEN 2 PRECEDING AND 1 PRECEDING) AS recent
       FROM (SELECT DATE '2025-01-01' AS d UNION ALL SELECT DATE '2025-01-02' UNION ALL SELECT DATE '2025-01-05' UNION ALL SELECT DATE '2025-01-06')
       ORDER BY d`,
    );
    expect(rows.map((row) => row.recent)).toEqual([0, 1, 0, 1]);
  });
});

describe('the fn library on BigQuery', () => {
  it('has a typed definition of every function with as many arguments', () => {
    const parameters = (text: string) =>
      text
        .slice(1, text.indexOf(')'))
        .split(',')
        .map((p) => p.trim().split(' ')[0]);
    for (const f of FUNCTIONS) {
      expect(parameters(f.bigquery), f.name).toEqual(parameters(f.duckdb));
      expect(bigqueryFunctions()).toContain(`CREATE OR REPLACE FUNCTION fn.${f.name}${f.bigquery}`);
    }
  });
});

import { createHash } from 'node:crypto';

/** What tells two texts of SQL apart: 32 hexadecimal digits, the same for texts that differ in white space only. */
export function textDigest(sql: string): string {
  return createHash('sha256').update(sql.replace(/\s+/g, ' ').trim()).digest('hex').slice(0, 32);
}

/**
 * The portable function library: what the two engines spell or mean differently is called through `fn.<name>`.
 * Each entry has the DuckDB macro and the BigQuery function with the same meaning, nulls included.
 */
export interface PortableFunction {
  readonly name: string;
  readonly description: string;
  readonly duckdb: string;
  readonly bigquery: string;
}

export const FUNCTIONS: readonly PortableFunction[] = [
  {
    name: 'days_between',
    description: 'Calendar days from a to b; negative when b is earlier.',
    duckdb: "(a, b) AS date_diff('day', a, b)",
    bigquery: '(a DATE, b DATE) AS (DATE_DIFF(b, a, DAY))',
  },
  {
    name: 'add_days',
    description: 'The date some days later.',
    duckdb: '(d, n) AS CAST(d + CAST(n AS INTEGER) AS DATE)',
    bigquery: '(d DATE, n INT64) AS (DATE_ADD(d, INTERVAL n DAY))',
  },
  {
    name: 'local_date',
    description: 'Calendar date of an instant in a zone.',
    duckdb: '(t, z) AS CAST(t AT TIME ZONE z AS DATE)',
    bigquery: '(t TIMESTAMP, z STRING) AS (DATE(t, z))',
  },
  {
    name: 'eastern_instant',
    description: 'The instant at which a New York wall clock shows a full hour of a date.',
    duckdb: "(d, h) AS (CAST(d AS TIMESTAMP) + to_hours(h)) AT TIME ZONE 'America/New_York'",
    bigquery:
      "(d DATE, h INT64) AS (TIMESTAMP(DATETIME_ADD(DATETIME(d), INTERVAL h HOUR), 'America/New_York'))",
  },
  {
    name: 'eastern_date',
    description: 'Calendar date of an instant in New York: the slate of a tip-off.',
    duckdb: "(t) AS CAST(t AT TIME ZONE 'America/New_York' AS DATE)",
    bigquery: "(t TIMESTAMP) AS (DATE(t, 'America/New_York'))",
  },
  {
    name: 'seconds_between',
    description:
      'Seconds from instant a to instant b with their fraction, as a float; negative when b is earlier.',
    duckdb: '(a, b) AS CAST(epoch_us(b) - epoch_us(a) AS DOUBLE) / 1000000',
    bigquery: '(a TIMESTAMP, b TIMESTAMP) AS (TIMESTAMP_DIFF(b, a, MICROSECOND) / 1000000)',
  },
  {
    name: 'add_seconds',
    description: 'The instant some whole seconds later.',
    duckdb: '(t, n) AS t + to_seconds(CAST(n AS BIGINT))',
    bigquery: '(t TIMESTAMP, n INT64) AS (TIMESTAMP_ADD(t, INTERVAL n SECOND))',
  },
  {
    name: 'epoch_day',
    description:
      'Days since 1970-01-01, the whole number that window frames over calendar days are ordered by.',
    duckdb: "(d) AS date_diff('day', DATE '1970-01-01', d)",
    bigquery: '(d DATE) AS (UNIX_DATE(d))',
  },
  {
    name: 'decimal_text',
    description: 'An exact decimal as text without trailing zeros: 24.5, 25.',
    duckdb: "(n) AS regexp_replace(CAST(CAST(n AS DECIMAL(38,9)) AS VARCHAR), '\\.?0+$', '')",
    bigquery: '(n NUMERIC) AS (CAST(n AS STRING))',
  },
  {
    name: 'dow',
    description: 'Day of the week, 1 = Sunday to 7 = Saturday.',
    duckdb: '(d) AS CAST(dayofweek(d) AS INTEGER) + 1',
    bigquery: '(d DATE) AS (EXTRACT(DAYOFWEEK FROM d))',
  },
  {
    name: 'safe_div',
    description: 'a / b as a float; null when b is zero or either is null.',
    duckdb: '(a, b) AS CASE WHEN b = 0 THEN NULL ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END',
    bigquery: '(a FLOAT64, b FLOAT64) AS (SAFE_DIVIDE(a, b))',
  },
  {
    name: 'greatest2',
    description: 'The larger of two; null when either is null.',
    duckdb: '(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN a >= b THEN a ELSE b END',
    bigquery: '(a ANY TYPE, b ANY TYPE) AS (GREATEST(a, b))',
  },
  {
    name: 'least2',
    description: 'The smaller of two; null when either is null.',
    duckdb: '(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN a <= b THEN a ELSE b END',
    bigquery: '(a ANY TYPE, b ANY TYPE) AS (LEAST(a, b))',
  },
  {
    name: 'clamp',
    description: 'x held between lo and hi; null when any is null.',
    duckdb:
      '(x, lo, hi) AS CASE WHEN x IS NULL OR lo IS NULL OR hi IS NULL THEN NULL WHEN x < lo THEN lo WHEN x > hi THEN hi ELSE x END',
    bigquery: '(x ANY TYPE, lo ANY TYPE, hi ANY TYPE) AS (LEAST(GREATEST(x, lo), hi))',
  },
  {
    name: 'text_hash',
    description:
      'A whole number of 32 bits that depends on every character of a text: the first eight digits of its MD5. The same on both engines.',
    duckdb: "(t) AS CAST('0x' || substr(md5(t), 1, 8) AS BIGINT)",
    bigquery: "(t STRING) AS (CAST('0x' || SUBSTR(TO_HEX(MD5(t)), 1, 8) AS INT64))",
  },
  {
    name: 'row_hash',
    description:
      'A whole number of 53 bits over all columns of a row, given by its alias. Stable within one engine, not across engines.',
    duckdb: '(t) AS CAST(hash(t) >> 11 AS BIGINT)',
    bigquery: '(t ANY TYPE) AS (FARM_FINGERPRINT(TO_JSON_STRING(t)) & 0x1FFFFFFFFFFFFF)',
  },
];

/** The statements that create the library on DuckDB. A macro keeps no text, so that its digest goes into its comment. */
export function duckdbFunctions(): string[] {
  return FUNCTIONS.flatMap((f) => [
    `CREATE OR REPLACE MACRO fn.${f.name}${f.duckdb}`,
    `COMMENT ON MACRO fn.${f.name} IS '${textDigest(f.duckdb)}'`,
  ]);
}

/** The statements that create the library on BigQuery. */
export function bigqueryFunctions(): string[] {
  return FUNCTIONS.map((f) => `CREATE OR REPLACE FUNCTION fn.${f.name}${f.bigquery}`);
}

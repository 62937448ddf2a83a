import { hashText } from '#core/random.ts';
import { columnNames, type TableContract, tableId } from './define.ts';
import { writtenRows } from './nba_orchestration.ts';

/** What a replacement of a range of slates enters in `nba_orchestration.written_rows`. */
export interface Recording {
  /** ISO date: earlier slates that were never entered are not entered now, nobody asks about them. */
  readonly since: string;
  /** ISO instant of the replacement. */
  readonly at: string;
}

/** Days before a slate in which the newest entry about it, or about the one before, is looked for at the latest. */
export const WRITTEN_DAYS = 3;

/** Digest of the columns that a checksum is taken over. */
function layoutOf(table: TableContract): string {
  return hashText(hashed(table)).toString(16);
}

/** The columns of a contract in its order, so that a live table whose columns lie in another order has the same checksum. */
function hashed(table: TableContract): string {
  return columnNames(table).join(', ');
}

/**
 * SQL that enters rows and checksum of each slate of a replacement: of the rows that `rows` gives, and nothing for slates of `before`, which
 * had rows and may have none now. A slate that was entered once is entered again, however old. Clocks go back where a command looks
 * as it was then, so an entry is always later than those before it about the slate, of whatever table: they are in the order in which
 * the rows were written. To be run in one transaction with the replacement. Parameters
 * recorded_since and recorded_at.
 */
export function recordingSql(
  table: TableContract,
  { rows, before }: { readonly rows: string; readonly before: string },
): string {
  return `INSERT INTO ${tableId(writtenRows)} (table_id, slate, row_count, checksum, layout, written_at)
SELECT '${tableId(table)}' AS table_id, w.slate, SUM(w.row_count) AS row_count, BIT_XOR(w.checksum) AS checksum, '${layoutOf(table)}' AS layout,
  CASE WHEN MAX(n.written_at) >= CAST(@recorded_at AS TIMESTAMP) THEN fn.add_seconds(MAX(n.written_at), 1)
    ELSE CAST(@recorded_at AS TIMESTAMP) END AS written_at
FROM (
  SELECT t.slate, 1 AS row_count, fn.row_hash(t) AS checksum FROM (SELECT ${hashed(table)} FROM ${rows}) t
  UNION ALL
  SELECT DISTINCT slate, 0 AS row_count, 0 AS checksum FROM ${before}
) AS w
LEFT JOIN (
  SELECT e.slate, MAX(e.written_at) AS written_at, COUNTIF(e.table_id = '${tableId(table)}') AS entries FROM ${tableId(writtenRows)} e GROUP BY e.slate
) AS n ON n.slate = w.slate
WHERE w.slate >= CAST(@recorded_since AS DATE) OR n.entries > 0
GROUP BY w.slate`;
}

/** A table and the slates of it that are looked at, both ends included, as SQL. */
export interface Looked {
  readonly table: TableContract;
  readonly from: string;
  readonly to: string;
}

/**
 * SQL: for each of some tables and slates, whether the rows are those that were written last. What has no entry is not judged.
 * Columns subject, is_bad, is_miscounted (already the number of rows differs), note, table_id, slate.
 */
export function alteredSql(looked: readonly Looked[]): string {
  const stored = looked.map(
    ({
      table,
      from,
      to,
    }) => `  SELECT '${tableId(table)}' AS table_id, t.slate, COUNT(*) AS row_count, BIT_XOR(fn.row_hash(t)) AS checksum
  FROM (SELECT ${hashed(table)} FROM ${tableId(table)} WHERE slate BETWEEN ${from} AND ${to}) t GROUP BY t.slate`,
  );
  return `
WITH looked AS (
  ${looked.map(({ table, from, to }) => `SELECT '${tableId(table)}' AS table_id, '${layoutOf(table)}' AS layout, ${from} AS first_slate, ${to} AS last_slate`).join('\n  UNION ALL ')}
),
entered AS (
  SELECT e.table_id, e.slate, e.row_count, e.checksum
  FROM ${tableId(writtenRows)} e
  JOIN looked l ON l.table_id = e.table_id AND l.layout = e.layout AND e.slate BETWEEN l.first_slate AND l.last_slate
  WHERE e.written_at >= fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), -${WRITTEN_DAYS}), 0)
  QUALIFY RANK() OVER (PARTITION BY e.table_id, e.slate ORDER BY e.written_at DESC) = 1
),
stored AS (
${stored.join('\n  UNION ALL\n')}
),
compared AS (
  SELECT e.table_id, e.slate, MIN(e.row_count) AS entered_rows, MIN(COALESCE(s.row_count, 0)) AS stored_rows,
    COUNTIF(COALESCE(s.row_count, 0) = e.row_count AND COALESCE(s.checksum, 0) = e.checksum) AS same
  FROM entered e
  LEFT JOIN stored s ON s.table_id = e.table_id AND s.slate = e.slate
  GROUP BY e.table_id, e.slate
)
SELECT table_id || ' of ' || CAST(slate AS STRING) AS subject, same = 0 AS is_bad, entered_rows <> stored_rows AS is_miscounted,
  CASE WHEN entered_rows = stored_rows THEN 'other values than were written in ' || CAST(stored_rows AS STRING) || ' rows'
    ELSE CAST(stored_rows AS STRING) || ' rows, written were ' || CAST(entered_rows AS STRING) END AS note, table_id, slate
FROM compared`;
}

import { SEASON_DAYS, type Slate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { predictionGrades } from '#core/contracts/nba_predictions.ts';
import { alteredSql, type Looked, WRITTEN_DAYS } from '#core/contracts/written-rows.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { scheduleReference } from './analytics/reference.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS, SUMMARY_PROCESSORS } from './graph.ts';
import { outputOf, tablesOf } from './processor.ts';

/** Which processor reads whose table, among those that are built together. */
const READS = PRECOMPUTE_PROCESSORS.flatMap((reader) =>
  PRECOMPUTE_PROCESSORS.filter((source) => tablesOf(reader.inputs).includes(outputOf(source))).map(
    (source) => ({ reader, source }),
  ),
);

/**
 * SQL: every pair of a processor and one whose table it reads, and whether the reader's rows of the slate were written before those
 * of the other, as after a build that was killed half-way. Asks the entries of `written_rows`, which come with the rows in one
 * transaction: a process that is killed leaves no receipt of what it did before. Entries after `as_of` count too: a command with
 * `--at` starts at the same instant as an earlier one. Parameter `slate`; columns subject, is_bad, note, input_at.
 */
export const STEP_GENERATIONS = `
WITH newest AS (
  SELECT table_id, MAX(written_at) AS written_at FROM ${tableId(writtenRows)}
  WHERE slate = CAST(@slate AS DATE) AND written_at >= fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), -${WRITTEN_DAYS}), 0)
  GROUP BY table_id
)
SELECT e.subject, r.written_at < s.written_at AS is_bad,
  'written ' || CAST(r.written_at AS STRING) || ', its input ' || CAST(s.written_at AS STRING) AS note, s.written_at AS input_at
FROM (
  ${READS.map(({ reader, source }) => `SELECT '${reader.name} after ${source.name}' AS subject, '${outputOf(reader)}' AS reader, '${outputOf(source)}' AS source`).join('\n  UNION ALL ')}
) AS e
JOIN newest r ON r.table_id = e.reader
JOIN newest s ON s.table_id = e.source`;

/**
 * SQL: slates of a range whose features were computed, and whether the summaries of an earlier slate have changed since. Parameters
 * `from`, `slate` and `as_of`; columns subject, is_bad, note, slate.
 */
export const OUTDATED_SLATES = `
WITH runs AS (
  SELECT processor, slate_from, slate_to, finished_at FROM nba_orchestration.phase_runs
  WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${SEASON_DAYS * 86_400})
    AND verdict = 'done' AND processor IN ('PlayerGameSummary', 'MLFeatureStore')
),
made AS (
  SELECT s.slate, MAX(r.finished_at) AS made_at
  FROM (
    SELECT DISTINCT slate FROM nba_reference.counted_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  ) AS s
  JOIN runs r ON r.processor = 'MLFeatureStore' AND s.slate BETWEEN r.slate_from AND r.slate_to
  GROUP BY s.slate
),
changed AS (
  SELECT m.slate, MAX(r.finished_at) AS changed_at
  FROM made m
  JOIN runs r ON r.processor = 'PlayerGameSummary' AND r.slate_from < m.slate
  GROUP BY m.slate
)
SELECT CAST(m.slate AS STRING) AS subject, COALESCE(c.changed_at > m.made_at, FALSE) AS is_bad,
  'computed ' || CAST(m.made_at AS STRING) || ', the history before it changed ' || CAST(c.changed_at AS STRING) AS note, m.slate
FROM made m
LEFT JOIN changed c ON c.slate = m.slate`;

const TONIGHT = 'CAST(@slate AS DATE)';
const LAST_NIGHT = 'fn.add_days(CAST(@slate AS DATE), -1)';
/** What a day writes: summaries of last night, and contexts and features of tonight. */
const WRITTEN_BY_A_DAY: readonly Looked[] = [
  { table: scheduleReference.table, from: LAST_NIGHT, to: TONIGHT },
  ...[...SUMMARY_PROCESSORS.map(({ table }) => table), predictionGrades].map((table) => ({
    table,
    from: LAST_NIGHT,
    to: LAST_NIGHT,
  })),
  ...[...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS].map(({ table }) => ({
    table,
    from: TONIGHT,
    to: TONIGHT,
  })),
];

/**
 * SQL: tables that the day of a slate writes, and whether their rows have been altered since. Parameter `slate`; columns
 * subject, is_bad, is_miscounted, note, table_id, slate.
 */
export const ALTERED_ROWS = alteredSql(WRITTEN_BY_A_DAY);

/** SQL: the same for the summaries of last night only. */
export const ALTERED_SUMMARIES = alteredSql(
  WRITTEN_BY_A_DAY.filter(({ table }) => SUMMARY_PROCESSORS.some((processor) => processor.table === table)),
);

const UNFIT = statement({
  owner: 'pipeline/generations',
  sql: `SELECT 'mixed' AS cause, subject, note FROM (${STEP_GENERATIONS}) AS steps WHERE is_bad
UNION ALL
SELECT 'altered' AS cause, subject, note FROM (${ALTERED_ROWS}) AS tables
WHERE is_bad AND (is_miscounted OR CAST(@compares_values AS BOOL)) AND table_id <> '${tableId(predictionGrades)}'
ORDER BY cause DESC, subject`,
});
const OUTDATED = statement({
  owner: 'pipeline/generations',
  sql: `SELECT COUNT(*) AS slates, MIN(slate) AS first_slate, MAX(slate) AS last_slate FROM (${OUTDATED_SLATES}) AS slates WHERE is_bad`,
});

/** The statements of this module, for the list of registered statements. */
export const GENERATION_STATEMENTS: readonly Statement[] = [UNFIT, OUTDATED];

/** A reason why no batch of a slate may start: steps older than the steps they read, or rows altered after they were written. */
export interface InputProblem {
  readonly cause: 'mixed' | 'altered';
  readonly subject: string;
  readonly note: string;
}

/**
 * The problems with the inputs of a batch, as of an instant; in one query, since each is billed. On BigQuery only row counts are
 * compared: no test has proved its checksums stable from one statement to the next, and a gate must not hold a healthy slate.
 * The check `rows_as_written` compares values there too.
 */
export async function inputProblems(warehouse: Warehouse, slate: Slate, asOf: Date): Promise<InputProblem[]> {
  return warehouse.query(UNFIT.sql, {
    slate,
    as_of: asOf.toISOString(),
    compares_values: warehouse.engine === 'duckdb',
  });
}

/** Slates whose features are older than the history before them. */
export interface OutdatedSlates {
  readonly slates: number;
  readonly first_slate: Slate;
  readonly last_slate: Slate;
}

/** The slates of a range whose features are outdated; undefined when there are none. */
export async function outdatedSlates(
  warehouse: Warehouse,
  range: { readonly from: Slate; readonly to: Slate },
  asOf: Date,
): Promise<OutdatedSlates | undefined> {
  const [found] = await warehouse.query<OutdatedSlates>(OUTDATED.sql, {
    from: range.from,
    slate: range.to,
    as_of: asOf.toISOString(),
  });
  return found === undefined || found.slates === 0 ? undefined : found;
}

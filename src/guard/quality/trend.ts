import { randomUUID } from 'node:crypto';
import { addDays, parseSlate } from '#core/calendar.ts';
import type { Verdict } from '#core/check.ts';
import { type QualityReportRow, qualityReports } from '#core/contracts/nba_orchestration.ts';
import { TipoffError } from '#core/errors.ts';
import { percent } from '#core/format.ts';
import type { TrainingRange } from '#model/training-set.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { QUALITY_POLICY, type QualityPolicy, type QualityReport, qualityReport } from './report.ts';

const FIRST_SEASON = '1946-11-01';

/** How much of a history lacks a required feature. Rows of a player's first game are not counted: nothing could be known. */
export interface Contamination {
  readonly rows: number;
  readonly required_default_rows: number;
}

/** Tier 1 of the quality report alone, from the counts that the rows carry: asked before every model, so it must be cheap. */
const CONTAMINATION = `
WITH debut AS (
  SELECT player_id, MIN(slate) AS first_played FROM nba_analytics.player_game_summary
  WHERE slate >= CAST(@history_from AS DATE) AND played GROUP BY player_id
)
SELECT COUNT(*) AS row_count, COALESCE(SUM(CASE WHEN f.required_default_count > 0 THEN 1 ELSE 0 END), 0) AS required_default_rows
FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.player_game_summary g ON g.player_id = f.player_id AND g.game_id = f.game_id AND g.slate = f.slate
JOIN debut d ON d.player_id = f.player_id
WHERE f.slate >= CAST(@from AS DATE) AND f.slate < CAST(@before AS DATE)
  AND g.slate >= CAST(@from AS DATE) AND g.slate < CAST(@before AS DATE) AND g.played AND d.first_played < f.slate`;

/**
 * Refuses to train on a contaminated history: throws TIPOFF_AUDIT_FAILED when more of the rows than the policy allows lack a
 * required feature, saying how many of how many, in which months and which features. Returns the counts otherwise.
 */
export async function requireTrainable(
  warehouse: Warehouse,
  slates: TrainingRange,
  policy: QualityPolicy = QUALITY_POLICY,
): Promise<Contamination> {
  const from = slates.from ?? FIRST_SEASON;
  const params = { from, before: slates.before, history_from: FIRST_SEASON };
  const [counts] = await warehouse.query<{ row_count: number; required_default_rows: number }>(
    CONTAMINATION,
    params,
  );
  const { row_count: rows, required_default_rows } = counts ?? { row_count: 0, required_default_rows: 0 };
  if (required_default_rows <= policy.fail * rows) return { rows, required_default_rows };
  const report = await qualityReport(
    warehouse,
    { from: parseSlate(from), to: addDays(parseSlate(slates.before), -1) },
    policy,
  );
  const months = report.months
    .filter(({ required_default_share }) => required_default_share > policy.fail)
    .map(({ month }) => month);
  const features = [
    ...new Set(
      report.gaps
        .filter(({ severity, required }) => required && severity === 'critical')
        .map(({ feature }) => feature),
    ),
  ];
  throw new TipoffError(
    'TIPOFF_AUDIT_FAILED',
    `${required_default_rows} of ${rows} training rows (${percent(required_default_rows / rows)}) lack a required feature, expected at most ${percent(policy.fail)}; months: ${months.join(', ')}`,
    {
      hint: 'See `tipoff quality` for the features concerned, repair their source and run `tipoff backfill run --only-stale`.',
      details: { rows, required_default_rows, months, features },
    },
  );
}

export type QualityKind = 'recent' | 'training' | 'range';

/** Verdicts in the words of the table. */
const STORED_VERDICTS: Readonly<Record<Verdict, string>> = {
  ok: 'pass',
  nothing: 'empty',
  warning: 'warn',
  skipped: 'empty',
  failed: 'fail',
  error: 'fail',
};

/** Appends a report to the trend and returns its row. */
export async function recordReport(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock; readonly codeVersion: string },
  kind: QualityKind,
  report: QualityReport,
): Promise<QualityReportRow> {
  const worst = report.months.toSorted((a, b) => b.required_default_share - a.required_default_share)[0];
  const row: QualityReportRow = {
    report_id: randomUUID(),
    kind,
    reported_at: deps.clock.now().toISOString(),
    range_from: report.from,
    range_to: report.to,
    row_count: report.rows,
    rows_without_history: report.rows_without_history,
    required_default_rows: report.required_default_rows,
    required_default_share: report.required_default_share,
    optional_default_rows: report.optional_default_rows,
    optional_default_share: report.optional_default_share,
    worst_month: worst?.month ?? null,
    worst_month_share: worst?.required_default_share ?? null,
    findings: JSON.stringify(
      report.gaps.map(({ severity, ...gap }) => ({
        ...gap,
        verdict: severity === 'critical' ? 'fail' : 'warn',
      })),
    ),
    verdict: STORED_VERDICTS[report.verdict],
    code_version: deps.codeVersion,
  };
  await deps.warehouse.append(qualityReports, [row]);
  return row;
}

/** One point of the trend. */
export interface TrendPoint {
  readonly reported_at: string;
  readonly row_count: number;
  readonly required_default_share: number;
  readonly optional_default_share: number;
  readonly verdict: string;
}

/** The newest reports of a kind, oldest first. */
export async function readTrend(warehouse: Warehouse, kind: QualityKind, limit = 10): Promise<TrendPoint[]> {
  const rows = await warehouse.query<TrendPoint>(
    `SELECT reported_at, row_count, required_default_share, optional_default_share, verdict FROM nba_orchestration.quality_reports
     WHERE kind = @kind QUALIFY ROW_NUMBER() OVER (ORDER BY reported_at DESC, report_id) <= @limit ORDER BY reported_at, report_id`,
    { kind, limit },
  );
  return rows;
}

import { randomUUID } from 'node:crypto';
import { type QualityReportRow, qualityReports } from '#core/contracts/nba_orchestration/quality-reports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { QualityReport } from './report.ts';

export type QualityKind = 'recent' | 'training' | 'range';

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
    findings: JSON.stringify(report.findings),
    verdict: report.verdict,
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

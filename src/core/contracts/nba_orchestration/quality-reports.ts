import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const qualityReports = defineTable({
  dataset: 'nba_orchestration',
  name: 'quality_reports',
  description: 'Every report on the quality of training data, so that its trend can be seen. Append-only.',
  columns: {
    report_id: required.string('Report'),
    kind: required.string('recent (last 14 days), training (from a start) or range'),
    reported_at: required.timestamp('When'),
    range_from: required.date('First slate looked at'),
    range_to: required.date('Last slate looked at'),
    row_count: required.int('Training rows of players with history'),
    rows_without_history: required.int('Rows of players in their first game: nothing could be known, and they are not counted below'),
    required_default_rows: required.int('Rows with a default or missing required feature'),
    required_default_share: required.float('Tier 1: share of those rows', { decimals: 6, range: [0, 1] }),
    optional_default_rows: required.int('Rows with a default or missing optional feature'),
    optional_default_share: required.float('Tier 2: share of those rows', { decimals: 6, range: [0, 1] }),
    worst_month: nullable.string('Month with the highest tier 1 share'),
    worst_month_share: nullable.float('Its share', { decimals: 6, range: [0, 1] }),
    findings: required.string('JSON: features that are missing too often in a month'),
    verdict: required.string(
      'pass, warn (above 5 %), fail (above 15 %, or no rows where games were played) or empty (no rows and no games)',
    ),
    code_version: required.string('Version of the code'),
  },
  key: ['report_id'],
  partition: 'reported_at',
  writer: 'QualityReport',
});
export type QualityReportRow = RowOf<typeof qualityReports>;

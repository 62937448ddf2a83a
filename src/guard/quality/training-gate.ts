import { addDays, parseSlate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { percent, QUALITY_POLICY, type QualityPolicy, type QualityReport, qualityReport } from './report.ts';

/** The slates a model would learn from: `from` (all history when absent) to `before`, exclusive. */
export interface TrainingSlates {
  readonly from?: string;
  readonly before: string;
}

const FIRST_SEASON = '1946-11-01';

/**
 * Refuses to train on a contaminated history: throws TIPOFF_AUDIT_FAILED when more of the rows than the policy allows lack a
 * required feature, saying how many of how many and in which months. Returns the report otherwise.
 */
export async function requireTrainable(
  warehouse: Warehouse,
  slates: TrainingSlates,
  policy: QualityPolicy = QUALITY_POLICY,
): Promise<QualityReport> {
  const range = { from: parseSlate(slates.from ?? FIRST_SEASON), to: addDays(parseSlate(slates.before), -1) };
  const report = await qualityReport(warehouse, range, policy);
  if (report.required_default_share <= policy.fail) return report;
  const months = report.months.filter(({ verdict }) => verdict === 'fail').map(({ month }) => month);
  const features = [
    ...new Set(report.findings.filter(({ verdict, required }) => required && verdict === 'fail').map(({ feature }) => feature)),
  ];
  throw new TipoffError(
    'TIPOFF_AUDIT_FAILED',
    `${report.required_default_rows} of ${report.rows} training rows (${percent(report.required_default_share)}) lack a required feature, expected at most ${percent(policy.fail)}; months: ${months.join(', ')}`,
    {
      hint: 'See `tipoff quality` for the features concerned, repair their source and run `tipoff backfill run --only-stale`.',
      details: { rows: report.rows, required_default_rows: report.required_default_rows, months, features },
    },
  );
}

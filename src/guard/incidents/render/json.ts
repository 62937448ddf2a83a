import type { Report } from '#guard/incidents/report.ts';

/** Grows when a member changes its meaning or goes away. */
export const REPORT_SCHEMA_VERSION = 1;

/** A report as one JSON document. */
export function jsonReport(report: Report): object {
  return { schema_version: REPORT_SCHEMA_VERSION, kind: 'canary-report', ...report };
}

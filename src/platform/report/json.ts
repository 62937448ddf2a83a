import { z } from 'zod';
import { OUTCOME_STATUSES, type Outcome, type Report, SEVERITIES, VERDICTS } from '#core/check.ts';
import { ERROR_CODES, type ErrorCode, messageOf, TipoffError } from '#core/errors.ts';

/** Grows when a member of a report or an outcome changes its meaning or goes away. */
const REPORT_SCHEMA_VERSION = 2;

/** An outcome in JSON. */
export const outcomeSchema = z.object({
  check: z.string(),
  title: z.string().optional(),
  status: z.enum(OUTCOME_STATUSES),
  severity: z.enum(SEVERITIES),
  question: z.string(),
  expected: z.string(),
  seen: z.union([z.number(), z.string(), z.null()]),
  offenders: z.array(z.string()),
  offender_count: z.int().min(0),
  reason: z.string(),
  subject: z.string().optional(),
  place: z.object({ file: z.string(), line: z.int().min(1).optional() }).optional(),
  repair: z.string().optional(),
  runbook: z.string().optional(),
}) satisfies z.ZodType<Outcome>;

const cell = z.union([z.string(), z.number()]);

const reportSchema = z.object({
  key: z.string().regex(/^[a-z0-9][a-z0-9:._-]*$/),
  title: z.string().min(1),
  verdict: z.enum(VERDICTS),
  summary: z.string(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]).optional(),
  facts: z.array(z.tuple([z.string(), cell])).default([]),
  columns: z.array(z.string()).default([]),
  rows: z.array(z.array(cell)).default([]),
  outcomes: z.array(outcomeSchema).default([]),
  repair: z.string().optional(),
  runbook: z.string().optional(),
});

/** A report as one JSON document, for another step or another machine. */
export function jsonReport(report: Report): Report & { readonly schema_version: number } {
  return { schema_version: REPORT_SCHEMA_VERSION, ...report };
}

/** Reads the JSON of a report; lists that are left out are empty. Throws TIPOFF_BAD_INPUT naming what is not as expected. */
export function parseReport(text: string, source: string): Report {
  try {
    return reportSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected the JSON of a report in ${source}, saw something else: ${messageOf(error)}`,
      { hint: 'Give the report that a step of an action, or a verb with --json, has written.', cause: error },
    );
  }
}

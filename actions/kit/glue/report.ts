import { z } from 'zod';

/** How an action ended: `nothing` found no work left to do, `error` could not find out. */
export const VERDICTS = ['ok', 'nothing', 'warning', 'skipped', 'failed', 'error'] as const;

const cell = z.union([z.string(), z.number()]);

const annotation = z.object({
  level: z.enum(['error', 'warning', 'notice']),
  title: z.string(),
  message: z.string(),
  file: z.string().optional(),
  line: z.int().min(1).optional(),
});

/** The shape of a report, also as the JSON file that one step leaves for another. */
export const reportSchema = z.object({
  /** Reports with one key are one comment, one check and one message, which are edited. */
  key: z.string().regex(/^[a-z0-9][a-z0-9:._-]*$/),
  title: z.string().min(1),
  verdict: z.enum(VERDICTS),
  /** The answer in a sentence. */
  summary: z.string(),
  /** Figures worth a glance: label and value. */
  facts: z.array(z.tuple([z.string(), cell])).default([]),
  columns: z.array(z.string()).default([]),
  rows: z.array(z.array(cell)).default([]),
  annotations: z.array(annotation).default([]),
  /** The command or workflow that repairs. */
  repair: z.string().optional(),
  /** Path of the runbook, relative to the root of the repository. */
  runbook: z.string().optional(),
});

/** What an action has to say. Every rendering (console, summary, check, comment, Slack) comes from this one value. */
export type Report = z.output<typeof reportSchema>;
export type Annotation = z.output<typeof annotation>;
export type Verdict = Report['verdict'];

/** Completes a report: lists that are left out are empty. */
export function report(
  given: Pick<Report, 'key' | 'title' | 'verdict' | 'summary'> & {
    readonly [Name in Exclude<keyof Report, 'key' | 'title' | 'verdict' | 'summary'>]?:
      | Report[Name]
      | undefined;
  },
): Report {
  return reportSchema.parse(given);
}

/** The exit code of a step with this verdict: 0 fine, 1 a check failed, 3 could not run. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 3 {
  if (verdict === 'error') return 3;
  return verdict === 'failed' ? 1 : 0;
}

export const MARKS: Readonly<Record<Verdict, string>> = {
  ok: '✅',
  nothing: '⚪',
  warning: '⚠️',
  skipped: '⏭️',
  failed: '❌',
  error: '💥',
};

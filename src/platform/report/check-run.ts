import type { Outcome, Report, Verdict } from '#core/check.ts';
import { type Links, markdownReport } from './markdown.ts';
import { failing, outcomeTitle, shownSeverity } from './words.ts';

/** Bytes of the summary of a check run, and of a comment, on GitHub. */
export const MAX_BODY_BYTES = 65_535;
/** Annotations that one call may bring to a check run. */
const MAX_ANNOTATIONS = 50;
/** Annotations of one level that GitHub shows per step. */
const MAX_PER_LEVEL = 10;
/** Characters of a title. */
const MAX_TITLE = 255;

/** A failing outcome as a check run, a log or a workflow command shows it. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** One annotation per failing outcome of a report. */
function annotationsOf({ outcomes }: Report): Annotation[] {
  return failing(outcomes).map((outcome) => ({
    level: levelOf(outcome),
    title: annotationTitle(outcome),
    message: outcome.repair === undefined ? outcome.reason : `${outcome.reason}\nRepair: ${outcome.repair}`,
    file: outcome.place?.file,
    line: outcome.place?.line,
  }));
}

function levelOf(outcome: Outcome): Annotation['level'] {
  const severity = shownSeverity(outcome);
  if (severity === 'critical' || severity === 'error') return 'error';
  return severity === 'warning' ? 'warning' : 'notice';
}

function annotationTitle(outcome: Outcome): string {
  const { check, title, status, subject } = outcome;
  if (title !== undefined) return outcomeTitle(outcome);
  return `${check} ${status.toUpperCase()}${subject === undefined ? '' : ` (${subject})`}`;
}

const CONCLUSIONS = {
  ok: 'success',
  nothing: 'success',
  warning: 'neutral',
  skipped: 'skipped',
  failed: 'failure',
  error: 'failure',
} as const satisfies Record<Verdict, string>;

/** An annotation as a check run takes it. */
interface CheckAnnotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: 'failure' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** A report as GitHub's check runs take it; `annotations` in pages of as many as one call may bring. */
export interface CheckRunText {
  readonly conclusion: (typeof CONCLUSIONS)[Verdict];
  readonly title: string;
  readonly summary: string;
  readonly annotations: readonly CheckAnnotation[][];
}

/** Renders a report for a check run. What concerns no file stays in the summary. */
export function checkRunText(report: Report, links: Links): CheckRunText {
  const placed = annotationsOf(report).flatMap(({ level, title, message, file, line = 1 }) =>
    file === undefined
      ? []
      : [
          {
            path: file,
            start_line: line,
            end_line: line,
            annotation_level: level === 'error' ? ('failure' as const) : level,
            title: title.slice(0, MAX_TITLE),
            message,
          },
        ],
  );
  const pages: CheckAnnotation[][] = [];
  for (let at = 0; at < placed.length; at += MAX_ANNOTATIONS)
    pages.push(placed.slice(at, at + MAX_ANNOTATIONS));
  return {
    conclusion: CONCLUSIONS[report.verdict],
    title: report.summary.slice(0, MAX_TITLE) || report.title,
    summary: markdownReport(report, { files: links.files }, MAX_BODY_BYTES).trimEnd(),
    annotations: pages,
  };
}

/** The annotations that a step may have: the first ten of a level, where there are more the last of them counts the rest. */
export function stepAnnotations(report: Report): Annotation[] {
  const all = annotationsOf(report);
  return (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const ofLevel = all.filter((annotation) => annotation.level === level);
    if (ofLevel.length <= MAX_PER_LEVEL) return ofLevel;
    const rest = ofLevel.length - (MAX_PER_LEVEL - 1);
    const message = `${rest} more of this kind are in the summary of the job`;
    return [...ofLevel.slice(0, MAX_PER_LEVEL - 1), { level, title: report.title, message }];
  });
}

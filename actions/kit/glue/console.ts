import { type Annotation, MARKS, type Report } from './report.ts';

/** GitHub shows this many annotations of a level per step. */
const PER_LEVEL = 10;

/** The report for a terminal and for the log of a run: the very facts and rows that the summary shows. */
export function consoleLines(report: Report): string[] {
  return [
    `${MARKS[report.verdict]} ${report.title}: ${report.summary}`,
    ...report.facts.map(([label, value]) => `  ${label}: ${value}`),
    ...report.rows.map(
      (row) => `  ${row.map((value, i) => `${report.columns[i] ?? ''}=${value}`).join('  ')}`,
    ),
    ...(report.repair === undefined ? [] : [`  repair: ${report.repair}`]),
    ...(report.runbook === undefined ? [] : [`  runbook: ${report.runbook}`]),
  ].map(harmless);
}

/** Workflow commands for the annotations: the first ten of a level as such, the rest as one that counts them. */
export function annotationCommands(report: Report): string[] {
  return (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const own = report.annotations.filter((annotation) => annotation.level === level);
    if (own.length <= PER_LEVEL) return own.map(command);
    const rest = own.length - (PER_LEVEL - 1);
    const more = {
      level,
      title: report.title,
      message: `${rest} more of this kind are in the summary of the job`,
    };
    return [...own.slice(0, PER_LEVEL - 1).map(command), command(more)];
  });
}

/** Annotations for people at a terminal, where commands mean nothing. */
export function annotationLines(report: Report): string[] {
  return report.annotations.map(({ level, title, message }) => harmless(`  ${level}: ${title}: ${message}`));
}

function command({ level, title, message, file, line }: Annotation): string {
  const properties = { file, line, title };
  const shown = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${property(String(value))}`],
  );
  return `::${level} ${shown.join(',')}::${data(message)}`;
}

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** One line that cannot be taken for a workflow command, whoever wrote the text in it. */
export function harmless(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/^(\s*)::/u, '$1: :')
    .replaceAll('##[', '## [');
}

import type { Outcome, Report } from '#core/check.ts';
import { escapeLogLine } from './escape.ts';
import {
  failing,
  outcomeLines,
  outcomeTitle,
  shownSeverity,
  skippedByReason,
  VERDICT_MARKS,
} from './words.ts';

/** A report as lines for a terminal and for the log of a run. Text from outside can neither steer the terminal nor GitHub. */
export function consoleLines(report: Report): string[] {
  const skipped = [...skippedByReason(report.outcomes)];
  return [
    `${VERDICT_MARKS[report.verdict]} ${report.title}: ${report.summary}`,
    ...report.facts.map(([label, value]) => `  ${label}: ${value}`),
    ...report.rows.map(
      (row) => `  ${row.map((value, i) => `${report.columns[i] ?? ''}=${value}`).join('  ')}`,
    ),
    ...outcomeBlocks(report.outcomes),
    ...(skipped.length === 0 ? [] : ['', 'Skipped']),
    ...skipped.map(([reason, names]) => `  ${reason}: ${names.join(', ')}`),
    ...(report.repair === undefined ? [] : [`  repair: ${report.repair}`]),
    ...(report.runbook === undefined ? [] : [`  runbook: ${report.runbook}`]),
  ].map(escapeLogLine);
}

/** The failing outcomes, each with its repair and runbook, as lines for a terminal. */
export function outcomeBlocks(outcomes: readonly Outcome[]): string[] {
  return failing(outcomes)
    .flatMap((outcome) => {
      const { subject, repair, runbook } = outcome;
      return [
        '',
        `${shownSeverity(outcome).toUpperCase()} ${outcomeTitle(outcome)}${subject === undefined ? '' : ` (${subject})`}`,
        ...outcomeLines(outcome).map((line) => `  ${line}`),
        ...(repair === undefined
          ? []
          : repair.split('\n').map((line, at) => `${at === 0 ? '  repair:  ' : ''}${line}`)),
        ...(runbook === undefined ? [] : [`  runbook: ${runbook}`]),
      ];
    })
    .map(escapeLogLine);
}

/** Lines of a plain table: header, rule, rows; numbers to the right, everything else to the left. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? '')].length)));
  const isNumber = header.map(
    (_, column) =>
      rows.length > 0 && rows.every((row) => typeof row[column] === 'number' || row[column] === ''),
  );
  const pad = (text: string, column: number): string => {
    const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...text].length));
    return isNumber[column] === true ? room + text : text + room;
  };
  const lines = cells.map((row) => row.map(pad).join('  ').trimEnd());
  return [lines[0] ?? '', widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1)];
}

import type { Outcome, Report } from '#core/check.ts';
import { byteLength, cutToBytes, escapeHtml, escapeMarkdown, fencedMarkdown } from './escape.ts';
import { failing, outcomeLines, outcomeMark, outcomeTitle, skippedByReason, VERDICT_MARKS } from './words.ts';

/** Bytes of a job summary per step on GitHub. */
const MAX_SUMMARY_BYTES = 1_048_576;
/** Failing outcomes that are shown; beyond them nobody reads on. */
const MAX_SHOWN = 100;

/** Addresses that a rendering may point to. */
export interface Links {
  /** Page of the run. */
  readonly run?: string | undefined;
  /** Root of the repository's files, for runbooks. */
  readonly files?: string | undefined;
}

/**
 * A report as Markdown, for the summary of a job, a check run or a comment. Text from outside is escaped. What does not fit
 * into `limit` bytes is left out, and says so.
 */
export function markdownReport(report: Report, links: Links = {}, limit = MAX_SUMMARY_BYTES): string {
  const start = [
    `## ${VERDICT_MARKS[report.verdict]} ${escapeMarkdown(report.title)}`,
    '',
    escapeMarkdown(report.summary),
    '',
    ...facts(report),
  ];
  const end = [...outcomes(report, links), ...skipped(report), ...footer(report, links)];
  const rows = table(report.columns, report.rows);
  const room = limit - byteLength([...start, ...end].join('\n')) - 200;
  let kept = rows.length;
  let used = byteLength(rows.join('\n'));
  while (used > room && kept > 0) {
    kept -= 1;
    used -= byteLength(rows[kept] ?? '') + 1;
  }
  const left = rows.length - kept;
  const note = `${left} more rows are left out here; the log of the run has them all.`;
  const lines = left === 0 ? rows : [...rows.slice(0, kept), '', note];
  const text = [...start, ...lines, '', ...end].join('\n').replace(/\n{3,}/g, '\n\n');
  return cutToBytes(`${text.trimEnd()}\n`, limit);
}

function facts({ facts }: Report): string[] {
  if (facts.length === 0) return [];
  return [
    ...facts.map(([label, value]) => `- **${escapeMarkdown(label)}**: ${escapeMarkdown(String(value))}`),
    '',
  ];
}

function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((value) => escapeMarkdown(String(value))).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)];
}

/** The failing outcomes: a table of them where the report has none of its own, then each with what to do. */
function outcomes({ rows, outcomes }: Report, links: Links): string[] {
  const isInRow = ({ reason }: Outcome): boolean => rows.some((row) => row.includes(reason));
  // What a row of the table says is not said again; what repairs it is.
  const all = failing(outcomes).filter((one) => one.repair !== undefined || !isInRow(one));
  const shown = all.slice(0, MAX_SHOWN);
  if (shown.length === 0) return [];
  const overview = rows.length > 0 || all.length === 1 ? [] : table(OVERVIEW, shown.map(overviewRow));
  const more = all.length - shown.length;
  return [
    '',
    ...overview,
    '',
    ...shown.flatMap((outcome) => details(outcome, links, isInRow(outcome))),
    ...(more === 0 ? [] : [`… and ${more} more.`]),
  ];
}

const OVERVIEW = ['', 'check', 'about', 'expected', 'seen', 'offenders'];

function overviewRow(outcome: Outcome): string[] {
  const { subject, expected, seen, offenders, offender_count } = outcome;
  const names = offenders.slice(0, 3).join(', ');
  const rest = offender_count > 3 ? `${names === '' ? '' : ', '}… (${offender_count})` : '';
  return [
    outcomeMark(outcome),
    outcomeTitle(outcome),
    subject ?? '',
    expected,
    seen === null ? '' : String(seen),
    `${names}${rest}`,
  ];
}

function details(outcome: Outcome, links: Links, isTold: boolean): string[] {
  const { subject, repair, runbook } = outcome;
  // A summary is a block of HTML: Markdown is not read in it.
  const title = escapeHtml(`${outcomeTitle(outcome)}${subject === undefined ? '' : `, ${subject}`}`);
  return [
    `<details><summary>${outcomeMark(outcome)} ${title}</summary>`,
    '',
    ...(isTold ? [] : outcomeLines(outcome).map((line) => `- ${escapeMarkdown(line)}`)),
    ...(repair === undefined ? [] : ['', fencedMarkdown(repair)]),
    ...(runbook === undefined ? [] : ['', `Runbook: ${runbookLink(runbook, links)}`]),
    '',
    '</details>',
    '',
  ];
}

function skipped({ outcomes }: Report): string[] {
  const groups = [...skippedByReason(outcomes)];
  if (groups.length === 0) return [];
  const total = groups.reduce((sum, [, names]) => sum + names.length, 0);
  const lines = groups.map(
    ([reason, names]) => `- ${escapeMarkdown(reason)}: ${names.map(escapeMarkdown).join(', ')}`,
  );
  return ['', `<details><summary>${total} skipped</summary>`, '', ...lines, '', '</details>', ''];
}

function footer({ repair, runbook }: Report, links: Links): string[] {
  const parts = [
    repair === undefined ? undefined : `Repair: \`${repair.replaceAll('`', "'")}\``,
    runbook === undefined ? undefined : `Runbook: ${runbookLink(runbook, links)}`,
    links.run === undefined ? undefined : `[Run](${links.run})`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? [] : ['', parts.join(' · ')];
}

function runbookLink(runbook: string, { files }: Links): string {
  return files === undefined
    ? `\`${runbook.replaceAll('`', "'")}\``
    : `[${escapeMarkdown(runbook)}](${files}/${encodeURI(runbook)})`;
}

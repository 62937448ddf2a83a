import { MARKS, type Report } from './report.ts';

/** Most characters of a comment and of a check's summary on GitHub. */
export const BODY_LIMIT = 65_535;
/** Bytes of a job summary per step on GitHub. */
const SUMMARY_LIMIT = 1_048_576;

export interface Links {
  /** Page of the run. */
  readonly run?: string | undefined;
  /** Root of the repository's files, for runbooks. */
  readonly files?: string | undefined;
}

/** The report as Markdown, for the job summary, a check or a comment. What does not fit is left out, and says so. */
export function markdown(report: Report, links: Links = {}, limit = SUMMARY_LIMIT): string {
  const end = [...notes(report), ...footer(report, links)];
  const start = [
    `## ${MARKS[report.verdict]} ${safe(report.title)}`,
    '',
    safe(report.summary),
    '',
    ...facts(report),
  ];
  const rows = table(report);
  const room = limit - size([...start, ...end].join('\n')) - 200;
  let kept = rows.length;
  let used = size(rows.join('\n'));
  while (used > room && kept > 0) {
    kept -= 1;
    used -= size(rows[kept] ?? '') + 1;
  }
  const cut = rows.length - kept;
  const lines =
    cut === 0
      ? rows
      : [...rows.slice(0, kept), '', `${cut} more rows are left out here; the log of the run has them all.`];
  return cutTo(
    `${[...start, ...lines, '', ...end]
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trimEnd()}\n`,
    limit,
  );
}

function facts({ facts }: Report): string[] {
  if (facts.length === 0) return [];
  return [...facts.map(([label, value]) => `- **${safe(label)}**: ${safe(String(value))}`), ''];
}

function table({ columns, rows }: Report): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((value) => safe(String(value))).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)];
}

function notes({ annotations }: Report): string[] {
  const shown = annotations.slice(0, 50);
  if (shown.length === 0) return [];
  const lines = shown.map(({ level, title, message }) => `- **${level}** ${safe(title)}: ${safe(message)}`);
  const more = annotations.length - shown.length;
  return ['', ...lines, ...(more === 0 ? [] : [`- and ${more} more`]), ''];
}

function footer({ repair, runbook }: Report, links: Links): string[] {
  const page =
    runbook === undefined
      ? undefined
      : links.files === undefined
        ? `\`${runbook}\``
        : `[${runbook}](${links.files}/${runbook})`;
  const parts = [
    repair === undefined ? undefined : `Repair: \`${repair.replaceAll('`', "'")}\``,
    page === undefined ? undefined : `Runbook: ${page}`,
    links.run === undefined ? undefined : `[Run](${links.run})`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? [] : ['', parts.join(' · ')];
}

/** Outside text may neither break a table, nor bring markup, nor call people. */
export function safe(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '&#64;')
    .trim();
}

const size = (text: string): number => Buffer.byteLength(text);

/** The first characters of a text that is too long, with a word that something is missing. */
export function cutTo(text: string, limit: number): string {
  if (size(text) <= limit) return text;
  const note = '\n\n(cut: too long for this place)\n';
  return (
    Buffer.from(text)
      .subarray(0, limit - size(note) - 4)
      .toString('utf8')
      .replace(/\uFFFD+$/u, '') + note
  );
}

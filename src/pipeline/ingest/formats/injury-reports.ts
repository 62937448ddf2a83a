import type { Slate } from '#core/calendar.ts';
import { availabilityReports, injuryReports, teamStatements } from '#core/contracts/nba_raw.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFile, InputFormat, ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  jsonOf,
  listIn,
  objectIn,
  parsedRow,
  requiredCount,
  requiredDate,
  requiredInstant,
  requiredPlayer,
  requiredTeam,
  requiredText,
  unreadable,
} from './fields.ts';
import { layoutRows, type PositionedText } from './injury-layout.ts';
import {
  checkLabel,
  documentInstant,
  headingInstant,
  labelInstant,
  readHeading,
  readLabel,
} from './injury-times.ts';
import { hasExactColumns, parseLinesCsv } from './lines-csv.ts';
import { pdfText } from './pdf-text.ts';

const STATUSES: readonly string[] = ['out', 'doubtful', 'questionable', 'probable', 'available'];

const FOOTER = /^Page\s*\d+\s*of\s*(\d+)$/i;

/** What a report says about a whole team, by the words it prints. */
const TEAM_STATEMENTS: Readonly<Record<string, string>> = {
  'NOT YET SUBMITTED': 'not_yet_submitted',
  'ALL PLAYERS AVAILABLE': 'all_available',
};

/** The first and the newest report of a statement. */
interface ReportSpan {
  readonly report_at: string;
  readonly last_report_at: string | null;
}

/** A game and the team of it a statement is about, as printed. */
interface PrintedGame {
  /** `AWAY@HOME`. */
  readonly matchup: string;
  readonly team: string;
}

/** A statement of the official report, as printed. */
interface PrintedStatement extends PrintedGame {
  /** `Last, First`. */
  readonly player: string;
  readonly status: string;
  readonly reason: string;
}

/**
 * Reads the official injury report from its text. All layouts since 2018 are read by the titles of their columns. Units
 * are the report itself, which leaves a row also when it names nobody, every statement about a player and every one about
 * a team. A separate category is put before the reason, as later layouts print it. Previous statuses are not read: the
 * report that made them is their record.
 *
 * The heading is the time of the report. A file whose name carries a label that does not fit the heading is quarantined,
 * statement by statement. Throws TIPOFF_BAD_INPUT for a text without heading or titles.
 */
function readInjuryReport(
  file: InputFile,
  pages: readonly (readonly PositionedText[])[],
  createdAt: string | null,
): ParsedFile {
  checkPages(file, pages);
  const { heading, report_at } = timeOf(file, pages.flat(), createdAt);
  const rows = layoutRows(pages);
  if (rows === undefined)
    throw unreadable(file, 'a title line with Team, Player Name and Current Status', 'none');
  const label = readLabel(file.path);
  const units = collectUnits();
  const teams = rows.filter(({ teamStatement }) => teamStatement !== undefined).length;
  const record = {
    report_at,
    label_at: label === undefined ? null : labelInstant(label).toISOString(),
    made_at: documentInstant(createdAt),
    pages: pages.length,
    player_statements: rows.length - teams,
    team_statements: teams,
  };
  const unit = (line: number, printed: object, build: () => ParsedRow): void => {
    units.unit(
      line,
      () => JSON.stringify(printed),
      () => {
        if (label !== undefined) checkLabel(heading, label);
        return build();
      },
    );
  };
  unit(0, record, () => parsedRow(availabilityReports, record, 0));
  rows.forEach((row, index) => {
    const span = { report_at, last_report_at: null };
    const line = index + 1;
    unit(line, row, () => {
      const slate = printedDate(row.gameDate);
      if (row.teamStatement !== undefined) return teamRow(row, row.teamStatement, slate, span, line);
      return playerRow(
        { ...row, reason: [row.category, row.reason].filter((text) => text !== '').join(' - ') },
        slate,
        span,
        line,
      );
    });
  });
  return units.result();
}

/** The row of a statement about a player. Throws RowRejection for what cannot be a statement about a player of a game of the league. */
function playerRow(printed: PrintedStatement, slate: Slate, span: ReportSpan, line: number): ParsedRow {
  const { player_name, player_lookup } = requiredPlayer('player_name', printed.player);
  const sides = sidesOf(printed);
  const status = requiredText('current_status', printed.status).toLowerCase();
  if (!STATUSES.includes(status)) {
    throw new RowRejection(
      'current_status',
      'bad_status',
      `expected one of ${STATUSES.join(', ')}, saw "${printed.status}"`,
    );
  }
  return parsedRow(
    injuryReports,
    {
      ...span,
      slate,
      ...sides,
      player_id: null,
      player_name: firstLast(player_name),
      player_lookup,
      status,
      reason: printed.reason === '' ? null : printed.reason,
      status_printed: null,
      noted_at: null,
      provider_player_id: null,
    },
    line,
  );
}

/** The row of a statement about a whole team. Throws RowRejection bad_status for words that are none, and as `playerRow` does. */
function teamRow(
  printed: PrintedGame,
  words: string,
  slate: Slate,
  span: ReportSpan,
  line: number,
): ParsedRow {
  const statement = TEAM_STATEMENTS[words.toUpperCase()];
  if (statement === undefined) {
    throw new RowRejection(
      'statement',
      'bad_status',
      `expected one of ${Object.keys(TEAM_STATEMENTS).join(', ')}, saw "${words}"`,
    );
  }
  return parsedRow(teamStatements, { ...span, slate, ...sidesOf(printed), statement }, line);
}

/**
 * A damaged document may lose pages, or the text of one from some point on, without a word: the footer ("Page 2 of 7")
 * says how many there were and is the last text of its page.
 */
function checkPages(file: InputFile, pages: readonly (readonly PositionedText[])[]): void {
  const footers = pages.map((page) =>
    page.map(({ text }) => FOOTER.exec(text)?.[1]).find((pageCount) => pageCount !== undefined),
  );
  const anyFooter = footers.find((footer) => footer !== undefined);
  pages.forEach((page, index) => {
    const which = `page ${index + 1} of ${pages.length}`;
    if (page.length === 0) throw unreadable(file, 'text on every page', `none on ${which}`);
    if (anyFooter === undefined) return;
    if (footers[index] === undefined)
      throw unreadable(file, 'a footer on every page', `none on ${which}, whose text ends too early`);
    if (Number(footers[index]) !== pages.length)
      throw unreadable(file, `${footers[index]} pages, as a footer says`, `${pages.length}`);
  });
}

function timeOf(file: InputFile, texts: readonly PositionedText[], createdAt: string | null) {
  for (const { text } of texts) {
    try {
      const heading = readHeading(text);
      if (heading === undefined) continue;
      const instant = headingInstant(heading, createdAt);
      if (instant === undefined)
        throw unreadable(file, 'a heading with a time that exists in New York', `"${text}"`);
      return { heading, report_at: instant.toISOString() };
    } catch (cause) {
      if (!(cause instanceof RowRejection)) throw cause;
      throw unreadable(file, 'a heading with a date that exists', `"${text}"`, cause);
    }
  }
  throw unreadable(file, 'a heading "Injury Report: MM/DD/YY HH:MM AM"', 'none');
}

function printedDate(text: string): Slate {
  const [month = '', day = '', year = ''] = requiredText('game_date', text).split('/');
  return requiredDate('game_date', year, month, day);
}

function sidesOf(printed: PrintedGame): { team_abbr: string; opponent_abbr: string } {
  const team = requiredTeam('team', printed.team);
  const [away, home] = requiredText('matchup', printed.matchup)
    .split('@')
    .map((code) => findTeam(code));
  if (away === undefined || home === undefined) {
    throw new RowRejection(
      'matchup',
      'unknown_team',
      `expected two teams as AWAY@HOME, saw "${printed.matchup}"`,
    );
  }
  if (team !== away && team !== home) {
    throw new RowRejection(
      'team',
      'impossible_value',
      `expected a team of ${printed.matchup}, saw ${team.abbr}`,
    );
  }
  return { team_abbr: team.abbr, opponent_abbr: (team === home ? away : home).abbr };
}

/** "Dvořák Jr., Lukáš" gives "Lukáš Dvořák Jr.". */
function firstLast(name: string): string {
  const [last = '', first = ''] = name.split(',').map((part) => part.trim());
  return first === '' ? name : `${first} ${last}`;
}

/**
 * The official injury report as the league publishes it, a PDF document. It is known by its ending alone: a document that
 * is damaged, or something else than an injury report, is an error and never a report that names nobody.
 */
export const injuryReportPdf: InputFormat = {
  id: 'injury_report_pdf',
  description: 'Official injury report of the league, PDF',
  recognise: (path, head) => /\.pdf$/i.test(path) && (head === '' || head.startsWith('%PDF')),
  parse: async (file) => {
    const { pages, createdAt } = await pdfText(file);
    return readInjuryReport(file, pages, createdAt);
  },
};

/** The official injury report as positioned text: `{pages: [[[x, y, text], …], …]}`, y upwards. */
export const injuryReportJson: InputFormat = {
  id: 'injury_report_json',
  description: 'Official injury report as positioned text per page',
  recognise: (path, head) =>
    /\.json$/i.test(path) &&
    /^\uFEFF?\s*\{/.test(head) &&
    head.includes('Injury Report:') &&
    head.includes('"pages"'),
  parse: (file) => readInjuryReport(file, listIn(objectIn(jsonOf(file))['pages']).map(readPage), null),
};

function readPage(page: unknown): PositionedText[] {
  return listIn(page).flatMap((item) => {
    const [x, y, text] = listIn(item);
    return typeof x === 'number' && typeof y === 'number' && typeof text === 'string' && text.trim() !== ''
      ? [{ x, y, text: text.trim() }]
      : [];
  });
}

const SPAN_COLUMNS = [
  'game_date',
  'game_time_et',
  'matchup',
  'team',
  'player',
  'status',
  'reason',
  'first_report_utc',
  'last_report_utc',
  'n_reports',
] as const;
const REPORT_COLUMNS = [
  'report_utc',
  'file',
  'git_blob_sha1',
  'bytes',
  'pages',
  'player_rows',
  'not_yet_submitted_rows',
] as const;

/**
 * Statements of many official reports as spans: what a report said first at one time and every report after it until
 * another. A record without a player is about a team that had not submitted its list. The time of a game has no AM or PM
 * and is not read.
 */
export const injuryReportSpans: InputFormat = {
  id: 'injury_report_spans_csv',
  description: 'Statements of the official injury reports of a season, each with its first and last report',
  recognise: (_path, head) => hasExactColumns(head, SPAN_COLUMNS),
  parse: (file) =>
    parseLinesCsv(file, SPAN_COLUMNS, (row) => {
      const [year = '', month = '', day = ''] = requiredText('game_date', row.text('game_date')).split('-');
      const slate = requiredDate('game_date', year, month, day);
      const span = {
        report_at: requiredInstant('first_report_utc', row.text('first_report_utc')),
        last_report_at: requiredInstant('last_report_utc', row.text('last_report_utc')),
      };
      if (span.last_report_at < span.report_at) {
        throw new RowRejection(
          'last_report_utc',
          'impossible_value',
          `expected ${span.report_at} or later, saw ${span.last_report_at}`,
        );
      }
      const game = { matchup: row.text('matchup'), team: row.text('team') };
      const [player, status] = [row.text('player'), row.text('status')];
      return player === ''
        ? teamRow(game, status, slate, span, row.line)
        : playerRow({ ...game, player, status, reason: row.text('reason') }, slate, span, row.line);
    }),
};

/** The list of the reports behind such spans: what tells a player nobody listed from a night without a report. */
export const injuryReportList: InputFormat = {
  id: 'injury_report_list_csv',
  description: 'List of the official injury reports of a season, with their times and counts',
  recognise: (_path, head) => hasExactColumns(head, REPORT_COLUMNS),
  parse: (file) =>
    parseLinesCsv(file, REPORT_COLUMNS, (row) => {
      const label = readLabel(row.text('file'));
      return parsedRow(
        availabilityReports,
        {
          report_at: requiredInstant('report_utc', row.text('report_utc')),
          label_at: label === undefined ? null : labelInstant(label).toISOString(),
          made_at: null,
          pages: requiredCount('pages', row.text('pages')),
          player_statements: requiredCount('player_rows', row.text('player_rows')),
          team_statements: requiredCount('not_yet_submitted_rows', row.text('not_yet_submitted_rows')),
        },
        row.line,
      );
    }),
};

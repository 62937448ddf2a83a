import { easternInstant } from '#core/calendar.ts';
import { injuryReports } from '#core/contracts/nba_raw.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFile, InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  jsonOf,
  listIn,
  objectIn,
  parsedRow,
  requiredDate,
  requiredPlayer,
  requiredTeam,
  requiredText,
  unreadable,
} from './fields.ts';

/** A piece of text on a page; y grows upwards. */
export interface PositionedText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** The cells of one statement, '' where the layout has no such column or the row no such cell. */
export interface InjuryLayoutRow {
  readonly gameDate: string;
  readonly matchup: string;
  readonly team: string;
  readonly player: string;
  readonly category: string;
  readonly status: string;
  readonly reason: string;
  /** What the report says about the team as a whole, in place of players. */
  readonly teamStatement?: string;
}

const TITLES = {
  'Game Date': 'gameDate',
  'Game Time': 'gameTime',
  Matchup: 'matchup',
  Team: 'team',
  'Player Name': 'player',
  Category: 'category',
  'Current Status': 'status',
  Reason: 'reason',
  'Previous Status': 'previousStatus',
  'Previous Reason': 'previousReason',
} as const;
type ColumnName = (typeof TITLES)[keyof typeof TITLES];

interface Cell extends PositionedText {
  readonly column: ColumnName;
}
interface LayoutColumn {
  readonly name: ColumnName;
  readonly x: number;
}
/** A statement in the making: the cells that belong to one height of the page. */
interface Anchor {
  readonly y: number;
  readonly cells: Cell[];
  readonly teamStatement?: string;
}

const TEAM_STATEMENT = /^(?:NOT YET SUBMITTED|ALL PLAYERS AVAILABLE)$/i;

/** How far left of its title a cell may begin. */
const TOLERANCE = 4;
/** Half the height of a cell wrapped over three lines: a name or status farther from a statement is a statement of its own. */
const SAME_ROW = 9;

/**
 * Reads the statements of a report in reading order. The status (printed in one word) fixes the height of a statement;
 * other pieces of text go to the nearest height, so that cells wrapped around it are joined from top to bottom. Names
 * without a status and statuses without a name stay statements of their own, to be rejected and not lost. Date, matchup
 * and team hold until the next one is printed, also across pages; pages without titles use those of the page before.
 * Undefined when the first page has no line of titles.
 */
export function layoutRows(pages: readonly (readonly PositionedText[])[]): InjuryLayoutRow[] | undefined {
  const rows: InjuryLayoutRow[] = [];
  let columns: readonly LayoutColumn[] | undefined;
  let held = { gameDate: '', matchup: '', team: '' };
  for (const page of pages) {
    const titles = titleLine(page);
    columns = titles?.columns ?? columns;
    if (columns === undefined) return undefined;
    for (const anchor of anchorsOf(cellsBelow(page, titles?.y, columns))) {
      const cell = (name: ColumnName) => cellText(anchor.cells, name);
      const matchup = cell('matchup') || held.matchup;
      held = {
        gameDate: cell('gameDate') || held.gameDate,
        matchup,
        team: cell('team') || (cell('matchup') === '' ? held.team : ''),
      };
      rows.push({
        ...held,
        player: cell('player'),
        category: cell('category'),
        status: cell('status'),
        reason: cell('reason'),
        ...(anchor.teamStatement === undefined ? {} : { teamStatement: anchor.teamStatement }),
      });
    }
  }
  return columns === undefined ? undefined : rows;
}

function titleLine(
  page: readonly PositionedText[],
): { y: number; columns: readonly LayoutColumn[] } | undefined {
  const y = page.find(({ text }) => text === 'Player Name')?.y;
  if (y === undefined) return undefined;
  const columns = page
    .filter((item) => item.y === y)
    .flatMap(({ text, x }) => (isTitle(text) ? [{ name: TITLES[text], x }] : []))
    .sort((a, b) => a.x - b.x);
  const names = columns.map(({ name }) => name);
  return names.includes('team') && names.includes('status') ? { y, columns } : undefined;
}

function isTitle(text: string): text is keyof typeof TITLES {
  return Object.hasOwn(TITLES, text);
}

function cellsBelow(
  page: readonly PositionedText[],
  titleY: number | undefined,
  columns: readonly LayoutColumn[],
): Cell[] {
  return page
    .filter(
      ({ y, text }) =>
        (titleY === undefined || y < titleY) && !/^Injury Report:/i.test(text) && !/^Page\s*\d+/i.test(text),
    )
    .flatMap((item) => {
      const column = columns.findLast(({ x }) => x <= item.x + TOLERANCE);
      return column === undefined ? [] : [{ ...item, column: column.name }];
    });
}

function anchorsOf(cells: readonly Cell[]): readonly Anchor[] {
  const anchors: Anchor[] = [];
  for (const cell of cells) {
    if (TEAM_STATEMENT.test(cell.text))
      anchors.push({ y: cell.y, cells: [], teamStatement: cell.text.toUpperCase() });
    else if (cell.column === 'status') anchors.push({ y: cell.y, cells: [] });
  }
  for (const cell of cells.filter(({ column }) => column === 'player')) {
    if (
      !anchors.some((anchor) => anchor.teamStatement === undefined && Math.abs(anchor.y - cell.y) <= SAME_ROW)
    ) {
      anchors.push({ y: cell.y, cells: [] });
    }
  }
  for (const cell of cells.filter(({ text }) => !TEAM_STATEMENT.test(text)))
    nearest(anchors, cell)?.cells.push(cell);
  return anchors.sort((a, b) => b.y - a.y);
}

/** Names and statuses never belong to a team's statement; everything else goes to the nearest height. */
function nearest(anchors: readonly Anchor[], cell: Cell): Anchor | undefined {
  const ofPlayer = cell.column === 'player' || cell.column === 'status';
  const open = ofPlayer ? anchors.filter(({ teamStatement }) => teamStatement === undefined) : anchors;
  return open.reduce<Anchor | undefined>(
    (best, anchor) =>
      best === undefined || Math.abs(anchor.y - cell.y) < Math.abs(best.y - cell.y) ? anchor : best,
    undefined,
  );
}

function cellText(cells: readonly Cell[], column: ColumnName): string {
  return cells
    .filter((cell) => cell.column === column)
    .sort((a, b) => b.y - a.y || a.x - b.x)
    .map(({ text }) => text)
    .join(' ');
}

const STATUSES: readonly string[] = ['out', 'doubtful', 'questionable', 'probable', 'available'];
const HEADING = /^Injury Report:\s*(\d{1,2})\/(\d{1,2})\/(\d{2})\s+(\d{1,2}):(\d{2})\s*(AM|PM)/i;

/**
 * The official injury report as positioned text: `{pages: [[[x, y, text], …], …]}`. All layouts since 2018 are read by
 * the titles of their columns. A unit is a player's statement or a team's ("NOT YET SUBMITTED", "ALL PLAYERS
 * AVAILABLE"); team statements name no player and are kept as rejections. A separate category is put before the reason,
 * as later layouts print it. Previous statuses are not read: the report that made them is their record.
 * The time of the heading is Eastern.
 */
export const officialInjuryReports: InputFormat = {
  id: 'injury_report_json',
  description: 'Official injury report as positioned text per page',
  recognise: (path, head) =>
    path.toLowerCase().endsWith('.json') && /^\uFEFF?\s*\{/.test(head) && head.includes('Injury Report:'),
  parse: (file) => {
    const pages = listIn(objectIn(jsonOf(file))['pages']).map(readPage);
    const report_at = reportTime(file, pages.flat());
    const rows = layoutRows(pages);
    if (rows === undefined)
      throw unreadable(file, 'a title line with Team, Player Name and Current Status', 'none');
    const units = collectUnits();
    rows.forEach((row, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify(row),
        () => statement(row, report_at, index + 1),
      );
    });
    return units.result();
  },
};

function readPage(page: unknown): PositionedText[] {
  return listIn(page).flatMap((item) => {
    const [x, y, text] = listIn(item);
    return typeof x === 'number' && typeof y === 'number' && typeof text === 'string' && text.trim() !== ''
      ? [{ x, y, text: text.trim() }]
      : [];
  });
}

function reportTime(file: InputFile, texts: readonly PositionedText[]): string {
  const heading = texts.map(({ text }) => HEADING.exec(text)).find((match) => match !== null);
  if (heading === undefined) throw unreadable(file, 'a heading "Injury Report: MM/DD/YY HH:MM AM"', 'none');
  const [, month = '', day = '', year = '', hour = '', minute = '', half = ''] = heading;
  const hours = (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  try {
    const date = requiredDate('heading', `20${year}`, month, day);
    return easternInstant(date, `${String(hours).padStart(2, '0')}:${minute}`).toISOString();
  } catch (cause) {
    throw unreadable(file, 'a heading with a date that exists', `"${heading[0]}"`, cause);
  }
}

function statement(row: InjuryLayoutRow, report_at: string, line: number): ParsedRow {
  if (row.teamStatement !== undefined) {
    throw new RowRejection(
      'player_name',
      'no_player',
      `expected a player's statement, saw ${row.teamStatement} for ${row.team || 'a team'}`,
    );
  }
  const { player_name, player_lookup } = requiredPlayer('player_name', row.player);
  const [month = '', day = '', year = ''] = requiredText('game_date', row.gameDate).split('/');
  const slate = requiredDate('game_date', year, month, day);
  const team = requiredTeam('team', row.team);
  const [away, home] = requiredText('matchup', row.matchup)
    .split('@')
    .map((code) => findTeam(code));
  if (away === undefined || home === undefined) {
    throw new RowRejection(
      'matchup',
      'unknown_team',
      `expected two teams as AWAY@HOME, saw "${row.matchup}"`,
    );
  }
  if (team !== away && team !== home) {
    throw new RowRejection('team', 'impossible_value', `expected a team of ${row.matchup}, saw ${team.abbr}`);
  }
  const status = requiredText('current_status', row.status).toLowerCase();
  if (!STATUSES.includes(status)) {
    throw new RowRejection(
      'current_status',
      'bad_status',
      `expected one of ${STATUSES.join(', ')}, saw "${row.status}"`,
    );
  }
  const reason = [row.category, row.reason].filter((text) => text !== '').join(' - ');
  return parsedRow(
    injuryReports,
    {
      report_at,
      slate,
      team_abbr: team.abbr,
      opponent_abbr: (team === home ? away : home).abbr,
      player_id: null,
      player_name: firstLast(player_name),
      player_lookup,
      status,
      reason: reason === '' ? null : reason,
    },
    line,
  );
}

/** "Dvořák Jr., Lukáš" gives "Lukáš Dvořák Jr.". */
function firstLast(name: string): string {
  const [last = '', first = ''] = name.split(',').map((part) => part.trim());
  return first === '' ? name : `${first} ${last}`;
}

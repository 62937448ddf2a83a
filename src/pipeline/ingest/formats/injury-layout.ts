import { omitUndefined } from '#core/omit-undefined.ts';
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
 * and team hold until the next one is printed, also across pages; pages without titles use those of the page before. The
 * end of a reason that is printed at the top of the next page goes back to its statement.
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
    const cells = cellsBelow(page, titles?.y, columns);
    const anchors = anchorsOf(cells);
    const [first] = anchors;
    // The last page may hold nothing but the end of the reason before it.
    const spilled = first === undefined ? cellText(cells, 'reason') : takeSpill(first);
    const last = rows.at(-1);
    if (spilled !== '' && last !== undefined)
      rows[rows.length - 1] = { ...last, reason: joinLines([last.reason, spilled]) };
    for (const anchor of anchors) {
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
        ...omitUndefined({ teamStatement: anchor.teamStatement }),
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

/**
 * Takes the lines of the reason that were spilled from the page before out of the first statement of a page, as text. A
 * wrapped reason is centred on the height of its statement: the lines at the top without which it is centred better
 * belong to somebody else.
 */
function takeSpill(first: Anchor): string {
  const reason = first.cells
    .filter(({ column }) => column === 'reason')
    .sort((a, b) => b.y - a.y || a.x - b.x);
  let spilled: readonly Cell[] = [];
  let best = offCentre(reason, first);
  for (const { y } of reason) {
    const rest = reason.filter((cell) => cell.y < y);
    const off = offCentre(rest, first);
    if (off < best - TOLERANCE / 2) {
      best = off;
      spilled = reason.filter((cell) => cell.y >= y);
    }
  }
  for (const cell of spilled) first.cells.splice(first.cells.indexOf(cell), 1);
  return joinLines(spilled.map(({ text }) => text));
}

/** How far the middle of a cell is from the height of its statement; 0 for an empty cell. */
function offCentre(cells: readonly Cell[], { y }: Anchor): number {
  const heights = cells.map((cell) => cell.y);
  return heights.length === 0 ? 0 : Math.abs((Math.max(...heights) + Math.min(...heights)) / 2 - y);
}

function cellText(cells: readonly Cell[], column: ColumnName): string {
  return joinLines(
    cells
      .filter((cell) => cell.column === column)
      .sort((a, b) => b.y - a.y || a.x - b.x)
      .map(({ text }) => text),
  );
}

/** Joins the lines of a cell; a word broken at its hyphen ("Gilgeous-" and "Alexander") is whole again. */
function joinLines(lines: readonly string[]): string {
  return lines
    .filter((text) => text !== '')
    .reduce(
      (text, line) => (text === '' ? line : /\S-$/.test(text) ? `${text}${line}` : `${text} ${line}`),
      '',
    );
}

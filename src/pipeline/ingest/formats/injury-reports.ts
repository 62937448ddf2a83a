import { easternInstant } from '#core/calendar.ts';
import { injuryReports } from '#core/contracts/nba_raw/injury-reports.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFile, InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { requiredDate, requiredPlayer, requiredTeam, requiredText } from './fields.ts';
import { type InjuryLayoutRow, layoutRows, type PositionedText } from './injury-layout.ts';
import { listIn, objectIn } from './json-payload.ts';
import { collectUnits, jsonOf, parsedRow, unreadable } from './units.ts';

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
  recognise: (path, head) => path.toLowerCase().endsWith('.json') && /^\uFEFF?\s*\{/.test(head) && head.includes('Injury Report:'),
  parse: (file) => {
    const pages = listIn(objectIn(jsonOf(file))['pages']).map(readPage);
    const report_at = reportTime(file, pages.flat());
    const rows = layoutRows(pages);
    if (rows === undefined) throw unreadable(file, 'a title line with Team, Player Name and Current Status', 'none');
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
    throw new RowRejection('matchup', 'unknown_team', `expected two teams as AWAY@HOME, saw "${row.matchup}"`);
  }
  if (team !== away && team !== home) {
    throw new RowRejection('team', 'impossible_value', `expected a team of ${row.matchup}, saw ${team.abbr}`);
  }
  const status = requiredText('current_status', row.status).toLowerCase();
  if (!STATUSES.includes(status)) {
    throw new RowRejection('current_status', 'bad_status', `expected one of ${STATUSES.join(', ')}, saw "${row.status}"`);
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

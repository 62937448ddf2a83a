import { unzipSync } from 'fflate';
import { restoreGameId, type Slate } from '#core/calendar.ts';
import { type Shot, shots } from '#core/contracts/nba_raw.ts';
import { messageOf } from '#core/errors.ts';
import { findTeam } from '#core/teams.ts';
import { leagueGame } from '#pipeline/ingest/cells.ts';
import { type CsvRecord, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFile, InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  optionalNumber,
  parsedRow,
  remembering,
  requiredCount,
  requiredDate,
  unreadable,
} from './fields.ts';

/** Zones as the league prints them. A heave from the backcourt is a three-point attempt. */
const ZONES: Readonly<Record<string, string>> = {
  'Restricted Area': 'paint',
  'In The Paint (Non-RA)': 'paint',
  'Mid-Range': 'mid_range',
  'Above the Break 3': 'three',
  'Left Corner 3': 'three',
  'Right Corner 3': 'three',
  Backcourt: 'three',
};

/** A shot as a source prints it, before any check. Coordinates are kept in the unit of the source. */
export interface PrintedShot {
  readonly gameId: string | number;
  readonly slate: Slate;
  readonly playerId: string | number;
  readonly team: string | number;
  readonly home: string;
  readonly away: string;
  readonly shotType: string;
  readonly basicZone: string;
  readonly made: string | number;
  readonly distance: string | number;
  readonly locX: number | null;
  readonly locY: number | null;
  readonly period: string | number;
  readonly minutesLeft: string | number;
  readonly secondsLeft: string | number;
}

/**
 * Makes shot rows of one file and numbers shots that are equal in everything else, in file order. The zone is where the
 * feet stood and the value what the scorer gave: a handful of shots on the line disagree, both are kept.
 * Throws RowRejection unknown_game, all_star_game, unknown_team, missing_field, bad_number, impossible_value.
 */
export function shotRowMaker(): (shot: PrintedShot, line: number) => ParsedRow {
  const ordinals = new Map<string, number>();
  return (shot, line) => {
    const { game_id, season } = readGame('game_id', String(shot.gameId));
    const sides = readSides(shot);
    const player_id = requiredCount('player_id', shot.playerId);
    const distance_feet = requiredCount('shot_distance', shot.distance);
    const period = requiredCount('period', shot.period);
    const seconds_left =
      requiredCount('minutes_left', shot.minutesLeft) * 60 + requiredCount('seconds_left', shot.secondsLeft);
    if (period < 1 || seconds_left > 12 * 60) {
      throw new RowRejection(
        'seconds_left',
        'impossible_value',
        `expected at most 720 seconds of a period, saw ${seconds_left} of period ${period}`,
      );
    }
    const key = [game_id, player_id, period, seconds_left, distance_feet, shot.locX, shot.locY].join();
    const shot_ordinal = ordinals.get(key) ?? 0;
    const record: Omit<Shot, 'source' | 'source_file' | 'source_line' | 'row_id' | 'ingested_at'> = {
      game_id,
      slate: shot.slate,
      season,
      player_id,
      ...sides,
      zone: readZone(shot.basicZone),
      basic_zone: shot.basicZone,
      made: readMade(shot.made),
      points_value: readValue(shot.shotType),
      distance_feet,
      loc_x: shot.locX,
      loc_y: shot.locY,
      period,
      seconds_left,
      shot_ordinal,
    };
    ordinals.set(key, shot_ordinal + 1);
    return parsedRow(shots, record, line);
  };
}

const readGame = remembering((field, text): { readonly game_id: string; readonly season: string } => {
  const printed = text ?? '';
  const game_id = restoreGameId(printed) ?? printed;
  return { game_id, season: leagueGame(field, game_id).season };
});

function readSides(shot: PrintedShot): { team_id: number; team_abbr: string; opponent_abbr: string } {
  const [team, home, away] = [findTeam(shot.team), findTeam(shot.home), findTeam(shot.away)];
  if (team === undefined || home === undefined || away === undefined) {
    throw new RowRejection(
      'team_id',
      'unknown_team',
      `expected teams of the league, saw ${shot.team} in ${shot.away} @ ${shot.home}`,
    );
  }
  if (home === away || (team !== home && team !== away)) {
    throw new RowRejection(
      'team_id',
      'impossible_value',
      `expected a team of the game ${away.abbr} @ ${home.abbr}, saw ${team.abbr}`,
    );
  }
  return { team_id: team.id, team_abbr: team.abbr, opponent_abbr: (team === home ? away : home).abbr };
}

function readZone(text: string): string {
  const zone = ZONES[text];
  if (zone === undefined)
    throw new RowRejection(
      'basic_zone',
      'impossible_value',
      `expected one of ${Object.keys(ZONES).join(', ')}, saw "${text}"`,
    );
  return zone;
}

function readMade(value: string | number): boolean {
  const text = String(value).toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new RowRejection('shot_made', 'impossible_value', `expected TRUE or FALSE, 1 or 0, saw "${value}"`);
}

function readValue(text: string): number {
  if (text === '2PT Field Goal') return 2;
  if (text === '3PT Field Goal') return 3;
  throw new RowRejection(
    'shot_type',
    'impossible_value',
    `expected "2PT Field Goal" or "3PT Field Goal", saw "${text}"`,
  );
}

const COLUMNS = [
  'TEAM_ID',
  'PLAYER_ID',
  'GAME_DATE',
  'GAME_ID',
  'HOME_TEAM',
  'AWAY_TEAM',
  'SHOT_MADE',
  'SHOT_TYPE',
  'BASIC_ZONE',
  'LOC_X',
  'LOC_Y',
  'SHOT_DISTANCE',
  'QUARTER',
  'MINS_LEFT',
  'SECS_LEFT',
] as const;

/**
 * Field-goal attempts of a season as one CSV file in a zip archive. Coordinates are feet from the hoop (x) and from the
 * baseline (y). Game ids have lost their leading zeros, dates are MM-DD-YYYY. What macOS adds to an archive is ignored.
 */
export const shotsZip: InputFormat = {
  id: 'shots_zip',
  description: 'Field-goal attempts of a season, a zip archive with one CSV file',
  recognise: (path) => path.toLowerCase().endsWith('.zip'),
  parse: (file) => {
    const csv = readCsv(csvEntry(file), COLUMNS);
    const units = collectUnits();
    const makeRow = shotRowMaker();
    const dates = new Map<string, Slate>();
    for (const row of csv.records) {
      units.unit(
        row.line,
        () => row.raw,
        () => makeRow(printedShot(row, dates), row.line),
      );
    }
    const parsed = units.result();
    return { ...parsed, read: csv.read, rejected: [...csv.rejected, ...parsed.rejected] };
  },
};

function printedShot(row: CsvRecord<(typeof COLUMNS)[number]>, dates: Map<string, Slate>) {
  const date = row.text('GAME_DATE');
  const [month = '', day = '', year = ''] = date.split('-');
  const slate = dates.get(date) ?? requiredDate('GAME_DATE', year, month, day);
  dates.set(date, slate);
  return {
    slate,
    gameId: row.text('GAME_ID'),
    playerId: row.text('PLAYER_ID'),
    team: row.text('TEAM_ID'),
    home: row.text('HOME_TEAM'),
    away: row.text('AWAY_TEAM'),
    shotType: row.text('SHOT_TYPE'),
    basicZone: row.text('BASIC_ZONE'),
    made: row.text('SHOT_MADE'),
    distance: row.text('SHOT_DISTANCE'),
    locX: optionalNumber('LOC_X', row.text('LOC_X')),
    locY: optionalNumber('LOC_Y', row.text('LOC_Y')),
    period: row.text('QUARTER'),
    minutesLeft: row.text('MINS_LEFT'),
    secondsLeft: row.text('SECS_LEFT'),
  };
}

function csvEntry(file: InputFile): InputFile {
  if (file.bytes.length === 0) throw unreadable(file, 'a zip archive', 'an empty file');
  const entries = Object.entries(unzip(file));
  const [entry, ...others] = entries;
  if (entry === undefined || others.length > 0)
    throw unreadable(file, 'an archive with one CSV file', `${entries.length} of them`);
  return { path: `${file.path}/${entry[0]}`, bytes: entry[1] };
}

function unzip(file: InputFile): Record<string, Uint8Array> {
  try {
    return unzipSync(file.bytes, {
      filter: ({ name }) => /\.csv$/i.test(name) && !name.startsWith('__MACOSX/'),
    });
  } catch (cause) {
    throw unreadable(file, 'a complete zip archive', messageOf(cause), cause);
  }
}

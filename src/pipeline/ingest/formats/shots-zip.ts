import { unzipSync } from 'fflate';
import type { Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { type CsvRecord, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFile, InputFormat } from '#pipeline/ingest/format.ts';
import { optionalNumber, requiredDate } from './fields.ts';
import { shotRowMaker } from './shot-rows.ts';
import { collectUnits, unreadable } from './units.ts';

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
  if (entry === undefined || others.length > 0) throw unreadable(file, 'an archive with one CSV file', `${entries.length} of them`);
  return { path: `${file.path}/${entry[0]}`, bytes: entry[1] };
}

function unzip(file: InputFile): Record<string, Uint8Array> {
  try {
    return unzipSync(file.bytes, { filter: ({ name }) => /\.csv$/i.test(name) && !name.startsWith('__MACOSX/') });
  } catch (cause) {
    throw unreadable(file, 'a complete zip archive', messageOf(cause), cause);
  }
}

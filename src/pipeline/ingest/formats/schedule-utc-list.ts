import { isDate, seasonOf, slateOf } from '#core/calendar.ts';
import { hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, RowRejection } from '#pipeline/ingest/rejection.ts';
import { requiredCount, requiredTeam, requiredText } from './fields.ts';
import { scheduleRow } from './schedule-row.ts';

const COLUMNS = ['Match Number', 'Date', 'Home Team', 'Away Team'] as const;
const DAY_FIRST = /^(\d{2})\/(\d{2})\/(\d{4}) ((?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A published list of a regular season with UTC times, day first, and full team names. It has no game ids: the key is the season and the match number. */
export const scheduleUtcList: InputFormat = {
  id: 'schedule_utc_csv',
  description: 'CSV list of a regular season with match numbers and UTC times written dd/mm/yyyy HH:MM',
  recognise: (_path, head) => hasColumns(head, COLUMNS),
  parse: (file) =>
    collectCsv(readCsv(file, COLUMNS), (record) => {
      const tipoffAt = utcInstant(record.text('Date'));
      const slate = slateOf(tipoffAt);
      const season = seasonOf(slate);
      return scheduleRow({
        line: record.line,
        dateField: 'Date',
        key: `${season} match ${requiredCount('Match Number', record.text('Match Number'))}`,
        gameId: null,
        season,
        seasonType: 'regular',
        slate,
        tipoffAt,
        home: requiredTeam('Home Team', record.text('Home Team')),
        away: requiredTeam('Away Team', record.text('Away Team')),
        status: 'scheduled',
        statement: 'published',
      });
    }),
};

function utcInstant(text: string): string {
  const [, day, month, year, time] = DAY_FIRST.exec(requiredText('Date', text)) ?? [];
  const date = `${year}-${month}-${day}`;
  if (!isDate(date)) throw new RowRejection('Date', 'impossible_date', `expected an existing time as 24/10/2023 23:30, saw "${text}"`);
  return `${date}T${time}:00.000Z`;
}

import { easternInstant, isDate, parseSlate } from '#core/calendar.ts';
import { gameKey } from '#pipeline/ingest/cells.ts';
import { hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, RowRejection } from '#pipeline/ingest/rejection.ts';
import { requiredTeam, requiredText } from './fields.ts';
import { joinLabels, scheduleRow } from './schedule-row.ts';

const COLUMNS = ['gameId', 'gameDateTimeEst', 'gameLabel', 'gameSubLabel', 'seriesText', 'hometeamId', 'awayteamId'] as const;
const LABELLED_UTC = /^(\d{4}-\d{2}-\d{2})[ T]((?:[01]\d|2[0-3]):[0-5]\d):00(?:\+00:00|Z)$/;
/** The only series text that is known before a game; the others tell how a playoff series stands. */
const NEUTRAL_SITE = 'Neutral Site';

/**
 * A season's published schedule as CSV. Its times are Eastern wall-clock times that carry a UTC label (evening games
 * stand at 19:00+00:00), so the label is dropped and the time read on a New York clock. It has no status and no result.
 */
export const scheduleMislabelledEastern: InputFormat = {
  id: 'schedule_eastern_csv',
  description: 'CSV schedule with game ids whose Eastern times are labelled as UTC (column gameDateTimeEst)',
  recognise: (_path, head) => hasColumns(head, ['gameId', 'gameDateTimeEst', 'hometeamId', 'awayteamId']),
  parse: (file) =>
    collectCsv(readCsv(file, COLUMNS), (record) => {
      const game = gameKey('gameId', record.text('gameId'));
      const { slate, tipoff } = eastern(record.text('gameDateTimeEst'));
      const series = record.text('seriesText');
      return scheduleRow({
        ...game,
        line: record.line,
        dateField: 'gameDateTimeEst',
        key: game.gameId,
        slate,
        tipoffAt: tipoff.toISOString(),
        home: requiredTeam('hometeamId', record.text('hometeamId')),
        away: requiredTeam('awayteamId', record.text('awayteamId')),
        status: 'scheduled',
        statement: 'published',
        label: joinLabels([record.text('gameLabel'), record.text('gameSubLabel'), series === NEUTRAL_SITE ? series : '']),
      });
    }),
};

function eastern(text: string) {
  const [, date = '', time = ''] = LABELLED_UTC.exec(requiredText('gameDateTimeEst', text)) ?? [];
  if (!isDate(date)) {
    throw new RowRejection('gameDateTimeEst', 'impossible_date', `expected a time as 2024-10-22 19:30:00+00:00, saw "${text}"`);
  }
  const slate = parseSlate(date);
  return { slate, tipoff: easternInstant(slate, time) };
}

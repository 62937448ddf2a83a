import { addDays, slateOf } from '#core/calendar.ts';
import { playerLines } from '#core/contracts/nba_raw/player-lines.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalPrice, requiredDate, requiredInstant, requiredLine, requiredPlayer, requiredSides, requiredText } from './fields.ts';
import { hasExactly, parseLinesCsv } from './lines-csv.ts';
import { bookmakerKey } from './prop-markets.ts';
import { parsedRow } from './units.ts';

const COLUMNS = [
  'player_name',
  'event_id',
  'event_date',
  'home_team',
  'away_team',
  'bookmaker',
  'line',
  'timestamp',
  'over_price',
  'under_price',
] as const;

/**
 * Points + rebounds + assists, two prices a record. `timestamp` is the book's last update in UTC and exact.
 * `event_date` is the UTC date of the start: for games that start at 19:00 EST or later it is the day after the slate.
 * All quotes stand minutes around the start, so the slate is the ET date of the timestamp; a record whose event_date is
 * neither that date nor the next contradicts itself and is rejected.
 */
export const linesPra: InputFormat = {
  id: 'lines_pra_csv',
  description: 'Points + rebounds + assists of US books with the time of the last update, pra_odds.csv',
  recognise: (_path, head) => hasExactly(head, COLUMNS),
  parse: (file) =>
    parseLinesCsv(file, COLUMNS, (row) => {
      const snapshot_at = requiredInstant('timestamp', row.text('timestamp'));
      const slate = slateOf(snapshot_at);
      const [year = '', month = '', day = ''] = requiredText('event_date', row.text('event_date')).split('-');
      const utcDate = requiredDate('event_date', year, month, day);
      if (utcDate !== slate && utcDate !== addDays(slate, 1)) {
        throw new RowRejection(
          'event_date',
          'impossible_value',
          `expected ${slate} or the day after, as the timestamp says, saw ${utcDate}`,
        );
      }
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('player_name', row.text('player_name')),
          ...requiredSides(row.text('home_team'), row.text('away_team')),
          event_id: requiredText('event_id', row.text('event_id')),
          market: 'pra',
          bookmaker: bookmakerKey(requiredText('bookmaker', row.text('bookmaker'))),
          commence_at: null,
          slate,
          side: 'both',
          line: requiredLine('line', row.text('line')),
          over_price: optionalPrice('over_price', row.text('over_price')),
          under_price: optionalPrice('under_price', row.text('under_price')),
          is_alternate: false,
          snapshot_at,
          snapshot_quality: 'exact',
          file_date: null,
        },
        row.line,
      );
    }),
};

import { playerLines } from '#core/contracts/nba_raw/player-lines.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalPrice, requiredDate, requiredLine, requiredPlayer, requiredSides, requiredStart, requiredText } from './fields.ts';
import { hasExactly, parseLinesCsv } from './lines-csv.ts';
import { bookmakerKey, requiredMarket } from './prop-markets.ts';
import { parsedRow, unreadable } from './units.ts';

const COLUMNS = ['player', 'market', 'bookmaker', 'side', 'line', 'price', 'home_team', 'away_team', 'game_id', 'commence_time'] as const;
const FILE_NAME = /(?:^|\/)(\d{2})_(\d{2})_(\d{4})\.csv$/;

/** What the files print for every ordinary pick; any other price marks a discounted or boosted alternate. */
const ORDINARY_PRICE = -137;

/**
 * Daily fantasy picks, `MM_DD_YYYY.csv`: one record per side of a pick. The price is a constant of the feed and no
 * opinion of a market, kept as printed. The files have no capture time: `snapshot_at` is null and `file_date` holds the
 * date of the file name, whose zone is unknown. The slate is the ET date of the event, which may be a day before the
 * file's: such a quote may have been captured after tip-off.
 */
export const linesDfs: InputFormat = {
  id: 'lines_dfs_csv',
  description: 'Daily fantasy picks (PrizePicks, Underdog), one record per side, MM_DD_YYYY.csv',
  recognise: (path, head) => FILE_NAME.test(path) && hasExactly(head, COLUMNS),
  parse: (file) => {
    const name = FILE_NAME.exec(file.path);
    if (name === null) throw unreadable(file, 'a file name MM_DD_YYYY.csv', 'another name');
    const [, month = '', day = '', year = ''] = name;
    return parseLinesCsv(file, COLUMNS, (row) => {
      const file_date = requiredDate('file name', year, month, day);
      const { market, isAlternate } = requiredMarket('market', row.text('market'));
      const side = row.text('side').toLowerCase();
      if (side !== 'over' && side !== 'under') {
        throw new RowRejection('side', 'impossible_value', `expected Over or Under in side, saw "${row.text('side')}"`);
      }
      const price = optionalPrice('price', row.text('price'));
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('player', row.text('player')),
          ...requiredSides(row.text('home_team'), row.text('away_team')),
          ...requiredStart('commence_time', row.text('commence_time')),
          event_id: requiredText('game_id', row.text('game_id')),
          market,
          bookmaker: bookmakerKey(requiredText('bookmaker', row.text('bookmaker'))),
          side,
          line: requiredLine('line', row.text('line')),
          over_price: side === 'over' ? price : null,
          under_price: side === 'under' ? price : null,
          is_alternate: isAlternate || price !== ORDINARY_PRICE,
          snapshot_at: null,
          snapshot_quality: 'file_date',
          file_date,
        },
        row.line,
      );
    });
  },
};

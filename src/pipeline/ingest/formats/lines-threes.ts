import { playerLines } from '#core/contracts/nba_raw/player-lines.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { optionalPrice, requiredLine, requiredPlayer, requiredSides, requiredStart, requiredText } from './fields.ts';
import { hasExactly, parseLinesCsv } from './lines-csv.ts';
import { bookmakerKey, requiredMarket } from './prop-markets.ts';
import { parsedRow } from './units.ts';

const COLUMNS = ['player', 'game', 'game_time', 'market', 'line', 'bookmaker', 'over_odds', 'under_odds'] as const;

/**
 * Three-pointers made, one record per player and book: game is "Visitors @ Home", game_time the start in UTC. When the
 * quotes stood is not said anywhere: the date of the file name is the slate's, not a capture time.
 */
export const linesThrees: InputFormat = {
  id: 'lines_threes_csv',
  description: 'Three-pointers made of US books, props_<date>_player_threes.csv',
  recognise: (_path, head) => hasExactly(head, COLUMNS),
  parse: (file) =>
    parseLinesCsv(file, COLUMNS, (row) => {
      const [away, home] = requiredText('game', row.text('game')).split(' @ ');
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('player', row.text('player')),
          ...requiredSides(home, away),
          ...requiredStart('game_time', row.text('game_time')),
          event_id: null,
          market: requiredMarket('market', row.text('market')).market,
          bookmaker: bookmakerKey(requiredText('bookmaker', row.text('bookmaker'))),
          side: 'both',
          line: requiredLine('line', row.text('line')),
          over_price: optionalPrice('over_odds', row.text('over_odds')),
          under_price: optionalPrice('under_odds', row.text('under_odds')),
          is_alternate: requiredMarket('market', row.text('market')).isAlternate,
          snapshot_at: null,
          snapshot_quality: 'unknown',
          file_date: null,
        },
        row.line,
      );
    }),
};

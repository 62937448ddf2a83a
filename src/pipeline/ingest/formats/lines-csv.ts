import { addDays } from '#core/calendar.ts';
import { playerLines } from '#core/contracts/nba_raw.ts';
import { MARKETS, type MarketId } from '#core/markets.ts';
import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFile, InputFormat, ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  optionalPrice,
  parsedRow,
  requiredDate,
  requiredInstant,
  requiredLeagueSides,
  requiredLine,
  requiredMoment,
  requiredPlayer,
  requiredStart,
  requiredText,
  unreadable,
} from './fields.ts';

/** The markets whose lines Tipoff loads, by their names at The Odds API. */
const LOADED: ReadonlyMap<string, MarketId> = new Map(
  MARKETS.filter(({ hasLines }) => hasLines).map(({ oddsApiKey, id }) => [oddsApiKey, id]),
);

/** Market keys to ask The Odds API for. */
export const ODDS_API_MARKETS: readonly string[] = [...LOADED.keys()];

/** Tipoff's name of a market and whether the key is the provider's list of alternates (`player_points_alternate`). */
export function requiredMarket(field: string, key: string): { market: MarketId; isAlternate: boolean } {
  const standard = key.replace(/_alternate$/, '');
  const market = LOADED.get(standard);
  if (market === undefined) {
    throw new RowRejection(
      field,
      'unknown_market',
      `expected one of ${ODDS_API_MARKETS.join(', ')} in ${field}, saw "${key}"`,
    );
  }
  return { market, isAlternate: standard !== key };
}

/** Titles whose key at The Odds API is not the title in lower case. */
const KEYS_OF_TITLES: Readonly<Record<string, string>> = {
  caesars: 'williamhill_us',
  unibet: 'unibet_us',
  barstoolsportsbook: 'barstool',
};

/** The key of a bookmaker from its key or its title: "DraftKings" gives draftkings, "Caesars" gives williamhill_us. */
export function bookmakerKey(text: string): string {
  const key = text
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '');
  return KEYS_OF_TITLES[key] ?? key;
}

/**
 * Reads a CSV file of quotes: every record is one unit and one row. Exact repeats are rows too; they get the same
 * `row_id` and are counted as duplicates when they are loaded. Throws TIPOFF_BAD_INPUT as `readCsv` does.
 */
export function parseLinesCsv<const K extends string>(
  file: InputFile,
  columns: readonly K[],
  build: (record: CsvRecord<K>) => ParsedRow,
): ParsedFile {
  const csv = readCsv(file, columns);
  const units = collectUnits();
  for (const record of csv.records) {
    units.unit(
      record.line,
      () => record.raw,
      () => build(record),
    );
  }
  const parsed = units.result();
  return { ...parsed, read: csv.read, rejected: [...csv.rejected, ...parsed.rejected] };
}

/** True when the head of a CSV file has exactly these columns, in any order. */
export function hasExactColumns(head: string, columns: readonly string[]): boolean {
  const first = head.split(/\r?\n/, 1)[0] ?? '';
  return first.split(',').length === columns.length && hasColumns(head, columns);
}

const DFS_COLUMNS = [
  'player',
  'market',
  'bookmaker',
  'side',
  'line',
  'price',
  'home_team',
  'away_team',
  'game_id',
  'commence_time',
] as const;
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
  recognise: (path, head) => FILE_NAME.test(path) && hasExactColumns(head, DFS_COLUMNS),
  parse: (file) => {
    const name = FILE_NAME.exec(file.path);
    if (name === null) throw unreadable(file, 'a file name MM_DD_YYYY.csv', 'another name');
    const [, month = '', day = '', year = ''] = name;
    return parseLinesCsv(file, DFS_COLUMNS, (row) => {
      const file_date = requiredDate('file name', year, month, day);
      const { market, isAlternate } = requiredMarket('market', row.text('market'));
      const side = row.text('side').toLowerCase();
      if (side !== 'over' && side !== 'under') {
        throw new RowRejection(
          'side',
          'impossible_value',
          `expected Over or Under in side, saw "${row.text('side')}"`,
        );
      }
      const price = optionalPrice('price', row.text('price'));
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('player', row.text('player')),
          ...requiredLeagueSides(row.text('home_team'), row.text('away_team')),
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

const PRA_COLUMNS = [
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
 * All quotes are from minutes around the start, so the slate is the ET date of the timestamp; a record whose event_date is
 * neither that date nor the next contradicts itself and is rejected.
 */
export const linesPra: InputFormat = {
  id: 'lines_pra_csv',
  description: 'Points + rebounds + assists of US books with the time of the last update, pra_odds.csv',
  recognise: (_path, head) => hasExactColumns(head, PRA_COLUMNS),
  parse: (file) =>
    parseLinesCsv(file, PRA_COLUMNS, (row) => {
      const { at: snapshot_at, slate } = requiredMoment('timestamp', row.text('timestamp'));
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
          ...requiredLeagueSides(row.text('home_team'), row.text('away_team')),
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

const THREES_COLUMNS = [
  'player',
  'game',
  'game_time',
  'market',
  'line',
  'bookmaker',
  'over_odds',
  'under_odds',
] as const;

/** Bytes in which the header of a file surely ends. */
const HEADER_BYTES = 1024;
/** Columns of later files, which say when the book last changed anything and when it last changed this market. */
const THREES_TIMES = ['bookmaker_last_update', 'market_last_update'] as const;

/**
 * Three-pointers made, one record per player and book: game is "Visitors @ Home", game_time the start in UTC. When the
 * quotes stood is said by later files only, whose update of the market is exact. In the others the date of the file name
 * is the slate's, not a capture time. The columns come in four orders; OVER is not always before UNDER.
 */
export const linesThrees: InputFormat = {
  id: 'lines_threes_csv',
  description: 'Three-pointers made of US books, props_<date>_player_threes.csv',
  recognise: (_path, head) =>
    hasExactColumns(head, THREES_COLUMNS) || hasExactColumns(head, [...THREES_COLUMNS, ...THREES_TIMES]),
  parse: (file) => {
    const isTimed = hasColumns(new TextDecoder().decode(file.bytes.subarray(0, HEADER_BYTES)), THREES_TIMES);
    return parseLinesCsv(file, isTimed ? [...THREES_COLUMNS, ...THREES_TIMES] : THREES_COLUMNS, (row) => {
      const [away, home] = requiredText('game', row.text('game')).split(' @ ');
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('player', row.text('player')),
          ...requiredLeagueSides(home, away),
          ...requiredStart('game_time', row.text('game_time')),
          event_id: null,
          market: requiredMarket('market', row.text('market')).market,
          bookmaker: bookmakerKey(requiredText('bookmaker', row.text('bookmaker'))),
          side: 'both',
          line: requiredLine('line', row.text('line')),
          over_price: optionalPrice('over_odds', row.text('over_odds')),
          under_price: optionalPrice('under_odds', row.text('under_odds')),
          is_alternate: requiredMarket('market', row.text('market')).isAlternate,
          snapshot_at: isTimed ? requiredInstant('market_last_update', row.text('market_last_update')) : null,
          snapshot_quality: isTimed ? 'exact' : 'unknown',
          file_date: null,
        },
        row.line,
      );
    });
  },
};

import type { PlayerLine } from '#core/contracts/nba_raw.ts';
import { fairOverProbability } from '#core/odds.ts';
import type { ParsedRow, RejectedInput } from './format.ts';

/** Distance from the median of the other books, in probability of OVER, beyond which a quote may have its prices swapped. */
const MAX_DISTANCE = 0.1;
/** Distance of that median from one half below which swapped prices cannot be told from sound ones. */
const MIN_LEAN = 0.05;
/** Other books at a line from which on their median says something: two of them may share one source of prices. */
const MIN_OTHERS = 3;
/** Swapped quotes of a book on a day, in number and as a share of those that can be judged, from which on none of its quotes is believed. */
const MIN_MIXED_QUOTES = 2;
const MIN_MIXED_SHARE = 0.1;

type Quote = Pick<
  PlayerLine,
  | 'slate'
  | 'market'
  | 'bookmaker'
  | 'player_lookup'
  | 'home_abbr'
  | 'away_abbr'
  | 'line'
  | 'over_price'
  | 'under_price'
  | 'is_alternate'
>;

interface Priced {
  readonly row: ParsedRow;
  readonly quote: Quote;
  readonly over: number;
}

interface Tally {
  judged: number;
  swapped: number;
}

/**
 * Splits the rows of a file into sound ones and mixed_prices rejections: the quotes of books that hand out the price of
 * OVER for that of UNDER now and then. A quote is swapped when its margin-free probability of OVER is far from what the
 * other books say at the same line of the same player, and one minus it is much nearer. A book with several of them on a
 * day is rejected for that day and market altogether, since at lines that lean to no side its swapped quotes cannot be
 * told from the sound ones. A quote that is merely far away is left alone: books that list a line of their own beside the
 * usual one price it accordingly.
 *
 * Counted on two seasons: one book has about half of its quotes swapped on every day but one until the middle of
 * December; on no other day any book has more than one.
 */
export function screenMixedPrices(rows: readonly ParsedRow[]): {
  kept: readonly ParsedRow[];
  rejected: readonly RejectedInput[];
} {
  const priced = rows.flatMap(pricedRow);
  const books = talliesOf(priced);
  const rejected = new Map<ParsedRow, RejectedInput>();
  for (const { row, quote } of priced) {
    const { judged, swapped } = books.get(bookKey(quote)) ?? { judged: 0, swapped: 0 };
    if (swapped < MIN_MIXED_QUOTES || swapped < MIN_MIXED_SHARE * judged) continue;
    rejected.set(row, {
      line: row.line,
      field: 'over_price',
      reasonCode: 'mixed_prices',
      reason: `expected prices that lean to the same side as those of the other books at the line, saw ${swapped} of ${judged} quotes of ${quote.bookmaker} on ${quote.slate} the other way round`,
      raw: JSON.stringify(row.record),
    });
  }
  return {
    kept: rejected.size === 0 ? rows : rows.filter((row) => !rejected.has(row)),
    rejected: [...rejected.values()],
  };
}

/** How many quotes of each book, day and market can be judged, and how many of them are swapped. */
function talliesOf(priced: readonly Priced[]): ReadonlyMap<string, Tally> {
  const books = new Map<string, Tally>();
  for (const atLine of Map.groupBy(priced, lineKey).values()) {
    // A quote listed twice is one opinion.
    const opinions = new Map(atLine.map(({ quote, over }) => [quote.bookmaker, { quote, over }]));
    if (opinions.size <= MIN_OTHERS) continue;
    for (const [bookmaker, { quote, over }] of opinions) {
      const middle = median(
        [...opinions].filter(([book]) => book !== bookmaker).map(([, opinion]) => opinion.over),
      );
      if (Math.abs(middle - 0.5) <= MIN_LEAN) continue;
      const tally = books.get(bookKey(quote)) ?? { judged: 0, swapped: 0 };
      books.set(bookKey(quote), tally);
      tally.judged += 1;
      if (isSwapped(over, middle)) tally.swapped += 1;
    }
  }
  return books;
}

function isSwapped(over: number, middle: number): boolean {
  const distance = Math.abs(over - middle);
  return distance > MAX_DISTANCE && Math.abs(1 - over - middle) < distance / 2;
}

function pricedRow(row: ParsedRow): Priced[] {
  if (row.table.name !== 'player_lines') return [];
  const quote = row.record as unknown as Quote;
  const over = quote.is_alternate ? undefined : fairOverProbability(quote.over_price, quote.under_price);
  return over === undefined ? [] : [{ row, quote, over }];
}

function lineKey({ quote }: Priced): string {
  const { slate, market, home_abbr, away_abbr, player_lookup, line } = quote;
  return [slate, market, home_abbr, away_abbr, player_lookup, line].join('|');
}

function bookKey({ slate, market, bookmaker }: Quote): string {
  return `${slate}|${market}|${bookmaker}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}

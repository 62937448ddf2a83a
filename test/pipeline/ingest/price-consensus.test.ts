import { describe, expect, it } from 'vitest';
import { playerLines } from '#core/contracts/nba_raw.ts';
import type { ParsedRow } from '#pipeline/ingest/format.ts';
import { screenMixedPrices } from '#pipeline/ingest/price-consensus.ts';

const BOOKS = ['alpha', 'beta', 'gamma', 'delta'];
let line = 0;
const quote = (
  player: string,
  bookmaker: string,
  over_price: number | null,
  under_price: number | null,
  more: object = {},
): ParsedRow => ({
  table: playerLines,
  record: {
    slate: '2025-01-10',
    market: 'threes',
    home_abbr: 'BOS',
    away_abbr: 'UTA',
    line: '2.5',
    is_alternate: false,
    player_lookup: player,
    bookmaker,
    over_price,
    under_price,
    ...more,
  },
  line: ++line,
});
/** Every book quotes OVER as the outsider, but for one that may quote it the other way round. */
const leaning = (player: string, swapped?: string): ParsedRow[] =>
  BOOKS.map((book) => (book === swapped ? quote(player, book, -190, 150) : quote(player, book, 150, -190)));
const even = (player: string): ParsedRow[] => BOOKS.map((book) => quote(player, book, -110, -110));
const books = (rows: readonly { readonly raw: string }[]) => [
  ...new Set(rows.map(({ raw }) => JSON.parse(raw).bookmaker)),
];

describe('books that mix up their prices', () => {
  it('are rejected for the day with all they quote, those that could be right included', () => {
    const rows = [
      ...leaning('a', 'delta'),
      ...leaning('b', 'delta'),
      ...leaning('c'),
      ...even('d'),
      quote('alone', 'delta', 150, -190),
    ];
    const { kept, rejected } = screenMixedPrices(rows);
    expect(books(rejected)).toEqual(['delta']);
    expect([kept.length, rejected.length]).toEqual([rows.length - 5, 5]);
    expect(rejected[0]).toMatchObject({
      field: 'over_price',
      reasonCode: 'mixed_prices',
      reason: expect.stringContaining('2 of 3 quotes of delta on 2025-01-10'),
    });
  });

  it('are told from a book that once disagrees', () => {
    const rows = [...leaning('a', 'delta'), ...leaning('b'), ...even('c')];
    expect(screenMixedPrices(rows)).toEqual({ kept: rows, rejected: [] });
  });

  it('are told from books with a line of their own beside the usual one', () => {
    const shifted = (player: string) => [
      ...BOOKS.slice(0, 3).map((book) => quote(player, book, -112, -118)),
      quote(player, 'delta', -275, 175),
      quote(player, 'epsilon', -275, 175),
    ];
    const rows = ['a', 'b', 'c', 'd'].flatMap(shifted);
    expect(screenMixedPrices(rows).rejected).toEqual([]);
  });

  it('are judged day by day and market by market', () => {
    const swapped = [...leaning('a', 'delta'), ...leaning('b', 'delta')];
    const otherDay = quote('c', 'delta', 150, -190, { slate: '2025-01-11' });
    const otherMarket = quote('c', 'delta', 150, -190, { market: 'points' });
    expect(screenMixedPrices([...swapped, otherDay, otherMarket]).kept).toEqual(
      expect.arrayContaining([otherDay, otherMarket]),
    );
  });

  it('need three other books: two may take their prices from one source', () => {
    const three = (player: string) => leaning(player, 'gamma').slice(0, 3);
    expect(screenMixedPrices([...three('a'), ...three('b')]).rejected).toEqual([]);
  });

  it('are not found among alternates and quotes with one price', () => {
    const rows = ['a', 'b'].flatMap((player) => [
      ...leaning(player).slice(0, 3),
      quote(player, 'delta', -190, 150, { is_alternate: true }),
      quote(player, 'epsilon', -190, null),
    ]);
    expect(screenMixedPrices(rows).rejected).toEqual([]);
  });
});

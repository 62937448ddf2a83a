/**
 * Books of daily fantasy contests, by key. They move their lines and pay every pick at one rate, so what they print is a
 * payout: two equal payouts say nothing of which side is likelier.
 */
export const FANTASY_BOOKS = ['prizepicks', 'underdog', 'pick6', 'betr_us_dfs'] as const;

const FANTASY: ReadonlySet<string> = new Set(FANTASY_BOOKS);

/** True where the prices of a bookmaker are the opinion of a market; false where they are a constant payout. */
export function hasMarketPrices(bookmaker: string | null): boolean {
  return bookmaker === null || !FANTASY.has(bookmaker);
}

/** SQL: a price where it is the opinion of a market, null where it is a constant payout. */
export function marketPriceSql(price: string, bookmaker: string): string {
  return `CASE WHEN ${bookmaker} IN (${FANTASY_BOOKS.map((book) => `'${book}'`).join(', ')}) THEN NULL ELSE ${price} END`;
}

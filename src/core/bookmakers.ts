/**
 * Keys of the daily fantasy books. They move their lines instead of their prices and pay every pick at the same rate, so
 * their prices carry no information about which side is likelier.
 */
export const FANTASY_BOOKS = ['prizepicks', 'underdog', 'pick6', 'betr_us_dfs'] as const;

const FANTASY: ReadonlySet<string> = new Set(FANTASY_BOOKS);

/** True when a bookmaker's prices reflect the market; false when they are a constant payout. */
export function hasMarketPrices(bookmaker: string | null): boolean {
  return bookmaker === null || !FANTASY.has(bookmaker);
}

/** SQL: the price where it reflects the market, null where it is a constant payout. */
export function marketPriceSql(price: string, bookmaker: string): string {
  return `CASE WHEN ${bookmaker} IN (${FANTASY_BOOKS.map((book) => `'${book}'`).join(', ')}) THEN NULL ELSE ${price} END`;
}

/** American odds are whole numbers at or beyond ±100: +150 wins 150 on a stake of 100, -110 wins 100 on a stake of 110. */
export function isAmericanOdds(price: number): boolean {
  return Number.isInteger(price) && Math.abs(price) >= 100;
}

/** Probability at which a bet at this price breaks even, the bookmaker's margin included. */
export function impliedProbability(price: number): number {
  return price < 0 ? -price / (-price + 100) : 100 / (price + 100);
}

/** Payout per unit staked, the stake included: -110 gives 1.909…, +150 gives 2.5. */
export function decimalOdds(price: number): number {
  return price < 0 ? 1 + 100 / -price : 1 + price / 100;
}

/** Profit per unit staked when the bet wins. */
export function winProfit(price: number): number {
  return decimalOdds(price) - 1;
}

/** Expected profit per unit staked, given the probabilities of winning and losing; a push returns the stake. */
export function expectedValue(
  price: number,
  { win, lose }: { readonly win: number; readonly lose: number },
): number {
  return win * winProfit(price) - lose;
}

/**
 * Probability of OVER with the margin taken out in proportion (multiplicative method): p = i_over / (i_over + i_under).
 * Undefined when a price is missing or not an American price.
 */
export function fairOverProbability(overPrice: number | null, underPrice: number | null): number | undefined {
  if (overPrice === null || underPrice === null || !isAmericanOdds(overPrice) || !isAmericanOdds(underPrice))
    return undefined;
  const over = impliedProbability(overPrice);
  return over / (over + impliedProbability(underPrice));
}

/** The price assumed where a source has none: the usual -110 on both sides. */
export const STANDARD_PRICE = -110;

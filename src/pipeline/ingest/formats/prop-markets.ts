import { RowRejection } from '#pipeline/ingest/rejection.ts';

/** The markets Tipoff loads, under the names of The Odds API. */
const MARKETS: Readonly<Record<string, string>> = {
  player_points: 'points',
  player_rebounds: 'rebounds',
  player_assists: 'assists',
  player_points_rebounds_assists: 'pra',
  player_threes: 'threes',
};

/** Market keys to ask The Odds API for. */
export const ODDS_API_MARKETS: readonly string[] = Object.keys(MARKETS);

/** Tipoff's name of a market and whether the key is the provider's list of alternates (`player_points_alternate`). */
export function requiredMarket(field: string, key: string): { market: string; isAlternate: boolean } {
  const standard = key.replace(/_alternate$/, '');
  const market = MARKETS[standard];
  if (market === undefined) {
    throw new RowRejection(field, 'unknown_market', `expected one of ${ODDS_API_MARKETS.join(', ')} in ${field}, saw "${key}"`);
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

import { playerLines } from '#core/contracts/nba_raw.ts';
import { fairOverProbability } from '#core/odds.ts';
import type { InputFile, InputFormat } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  type JsonObject,
  jsonOf,
  listIn,
  objectIn,
  optionalPrice,
  parsedRow,
  requiredInstant,
  requiredLeagueSides,
  requiredLine,
  requiredPlayer,
  requiredStart,
  requiredText,
  textIn,
  type UnitCollector,
  unreadable,
} from './fields.ts';
import { bookmakerKey, requiredMarket } from './lines-csv.ts';

/** What a book offers on one player at one point of one market. */
interface Quote {
  readonly player: string;
  readonly point: string;
  readonly over?: JsonObject;
  readonly under?: JsonObject;
  /** Why the quote cannot be read, for an outcome that is neither side or contradicts an earlier one. */
  readonly problem?: string;
}

/** A price this long is a promotion or a placeholder, no opinion about the line. */
const MAX_PRICE = 10_000;

/**
 * Joins OVER and UNDER of the same player and point, whatever their order. An outcome that repeats an earlier one is
 * counted in `repeats`; one that names another price for it is a quote with a problem, since nothing tells which holds.
 */
function pairOutcomes(outcomes: readonly JsonObject[]): { quotes: readonly Quote[]; repeats: number } {
  const quotes = new Map<string, Quote>();
  let repeats = 0;
  outcomes.forEach((outcome, index) => {
    const identity = { player: textIn(outcome['description']), point: textIn(outcome['point']) };
    const name = textIn(outcome['name']).toLowerCase();
    const side = name === 'over' || name === 'under' ? name : undefined;
    if (side === undefined) {
      quotes.set(`odd ${index}`, {
        ...identity,
        problem: `expected an outcome named Over or Under, saw "${textIn(outcome['name'])}"`,
      });
      return;
    }
    const key = JSON.stringify(identity);
    const known = quotes.get(key);
    const earlier = known?.[side];
    if (earlier === undefined) quotes.set(key, { ...identity, ...known, [side]: outcome });
    else if (textIn(earlier['price']) === textIn(outcome['price'])) repeats += 1;
    else {
      const problem = `expected one price for ${side}, saw ${textIn(earlier['price'])} and then ${textIn(outcome['price'])}`;
      quotes.set(`odd ${index}`, { ...identity, [side]: outcome, problem });
    }
  });
  return { quotes: [...quotes.values()], repeats };
}

/**
 * True for the rungs of a ladder: some books list many points for a player in the standard market. The main line is the
 * two-sided quote whose margin-free probability of OVER is nearest to one half (the lower point of equals); every other
 * is an alternate. A single point is the main line unless its price is a placeholder.
 */
function isAlternateQuote(quote: Quote, quotes: readonly Quote[]): boolean {
  if ([quote.over, quote.under].some((side) => Math.abs(priceOf(side) ?? 0) >= MAX_PRICE)) return true;
  const rungs = quotes.filter(({ player, problem }) => player === quote.player && problem === undefined);
  if (rungs.length <= 1) return false;
  const main = rungs.reduce((best, rung) => (compareRungs(rung, best) < 0 ? rung : best));
  return main !== quote;
}

function compareRungs(a: Quote, b: Quote): number {
  return imbalance(a) - imbalance(b) || Number(a.point) - Number(b.point);
}

/** Distance of the margin-free probability from one half; 1, farther than any, for a quote with one side. */
function imbalance({ over, under }: Quote): number {
  const probability = fairOverProbability(priceOf(over), priceOf(under));
  return probability === undefined ? 1 : Math.abs(probability - 0.5);
}

function priceOf(outcome: JsonObject | undefined): number | null {
  const price = outcome?.['price'];
  return typeof price === 'number' ? price : null;
}

/**
 * Odds of The Odds API: one event or a list of events, plain or in the envelope of its archive (`{timestamp, data}`).
 * A unit is a quote: what one book offers on one player at one point in one market, with its OVER and UNDER outcomes or
 * the only one of them. Outcomes that cannot be paired are units of their own. `last_update` of the market is the time
 * of the quote and exact. Markets Tipoff does not load reject their quotes as unknown_market.
 */
export const oddsApiEvents: InputFormat = {
  id: 'odds_api_events_json',
  description: 'Player props of The Odds API, one event or a list of events with bookmakers',
  recognise: (_path, head) =>
    /^\uFEFF?\s*[[{]/.test(head) && /"sport_key"\s*:/.test(head) && /"bookmakers"\s*:/.test(head),
  parse: (file) => {
    const units = collectUnits();
    for (const event of eventsOf(file)) {
      for (const bookmaker of listIn(event['bookmakers']).map(objectIn)) {
        for (const market of listIn(bookmaker['markets']).map(objectIn))
          readMarket(units, event, bookmaker, market);
      }
    }
    return units.result();
  },
};

function eventsOf(file: InputFile): readonly JsonObject[] {
  const payload = jsonOf(file);
  const content = objectIn(payload)['data'] ?? payload;
  const events = (Array.isArray(content) ? content : [content]).map(objectIn);
  if (events.some((event) => !Array.isArray(event['bookmakers'])))
    throw unreadable(file, 'events with a list of bookmakers', 'one without');
  return events;
}

function readMarket(
  units: UnitCollector,
  event: JsonObject,
  bookmaker: JsonObject,
  market: JsonObject,
): void {
  const { quotes, repeats } = pairOutcomes(listIn(market['outcomes']).map(objectIn));
  for (let i = 0; i < repeats; i += 1) units.duplicate();
  for (const quote of quotes) {
    const line = units.result().read + 1;
    const raw = () =>
      JSON.stringify({
        event: textIn(event['id']),
        bookmaker: textIn(bookmaker['key']),
        market: textIn(market['key']),
        ...quote,
      });
    units.unit(line, raw, () => {
      const { market: name, isAlternate } = requiredMarket('market', textIn(market['key']));
      if (textIn(event['sport_key']) !== 'basketball_nba') {
        throw new RowRejection(
          'sport_key',
          'unknown_game',
          `expected basketball_nba, saw "${textIn(event['sport_key'])}"`,
        );
      }
      const { over, under } = quote;
      if (quote.problem !== undefined) throw new RowRejection('outcomes', 'impossible_value', quote.problem);
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('description', quote.player),
          ...requiredLeagueSides(textIn(event['home_team']), textIn(event['away_team'])),
          ...requiredStart('commence_time', textIn(event['commence_time'])),
          event_id: requiredText('id', textIn(event['id'])),
          market: name,
          bookmaker: bookmakerKey(requiredText('bookmaker', textIn(bookmaker['key']))),
          side: over !== undefined && under !== undefined ? 'both' : over !== undefined ? 'over' : 'under',
          line: requiredLine('point', quote.point),
          over_price: requiredOutcomePrice(over),
          under_price: requiredOutcomePrice(under),
          is_alternate: isAlternate || isAlternateQuote(quote, quotes),
          snapshot_at: requiredInstant(
            'last_update',
            textIn(market['last_update']) || textIn(bookmaker['last_update']),
          ),
          snapshot_quality: 'exact',
          file_date: null,
        },
        line,
      );
    });
  }
}

function requiredOutcomePrice(outcome: Quote['over']): number | null {
  if (outcome === undefined) return null;
  return optionalPrice('price', requiredText('price', textIn(outcome['price'])));
}

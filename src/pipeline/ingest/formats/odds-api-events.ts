import { playerLines } from '#core/contracts/nba_raw/player-lines.ts';
import type { InputFile, InputFormat } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalPrice, requiredInstant, requiredLine, requiredPlayer, requiredSides, requiredStart, requiredText } from './fields.ts';
import { type JsonObject, listIn, objectIn, textIn } from './json-payload.ts';
import { isAlternateQuote, pairOutcomes, type Quote } from './odds-api-quotes.ts';
import { bookmakerKey, requiredMarket } from './prop-markets.ts';
import { collectUnits, jsonOf, parsedRow, type UnitCollector, unreadable } from './units.ts';

/**
 * Odds of The Odds API: one event or a list of events, plain or in the envelope of its archive (`{timestamp, data}`).
 * A unit is a quote: what one book offers on one player at one point in one market, with its OVER and UNDER outcomes or
 * the only one of them. Outcomes that cannot be paired are units of their own. `last_update` of the market is the time
 * of the quote and exact. Markets Tipoff does not load reject their quotes as unknown_market.
 */
export const oddsApiEvents: InputFormat = {
  id: 'odds_api_events_json',
  description: 'Player props of The Odds API, one event or a list of events with bookmakers',
  recognise: (_path, head) => /^\uFEFF?\s*[[{]/.test(head) && /"sport_key"\s*:/.test(head) && /"bookmakers"\s*:/.test(head),
  parse: (file) => {
    const units = collectUnits();
    for (const event of eventsOf(file)) {
      for (const bookmaker of listIn(event['bookmakers']).map(objectIn)) {
        for (const market of listIn(bookmaker['markets']).map(objectIn)) readMarket(units, event, bookmaker, market);
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

function readMarket(units: UnitCollector, event: JsonObject, bookmaker: JsonObject, market: JsonObject): void {
  const { quotes, repeats } = pairOutcomes(listIn(market['outcomes']).map(objectIn));
  for (let i = 0; i < repeats; i += 1) units.duplicate();
  for (const quote of quotes) {
    const line = units.result().read + 1;
    const raw = () =>
      JSON.stringify({ event: textIn(event['id']), bookmaker: textIn(bookmaker['key']), market: textIn(market['key']), ...quote });
    units.unit(line, raw, () => {
      const { market: name, isAlternate } = requiredMarket('market', textIn(market['key']));
      if (textIn(event['sport_key']) !== 'basketball_nba') {
        throw new RowRejection('sport_key', 'unknown_game', `expected basketball_nba, saw "${textIn(event['sport_key'])}"`);
      }
      const { over, under } = quote;
      if (quote.problem !== undefined) throw new RowRejection('outcomes', 'impossible_value', quote.problem);
      return parsedRow(
        playerLines,
        {
          ...requiredPlayer('description', quote.player),
          ...requiredSides(textIn(event['home_team']), textIn(event['away_team'])),
          ...requiredStart('commence_time', textIn(event['commence_time'])),
          event_id: requiredText('id', textIn(event['id'])),
          market: name,
          bookmaker: bookmakerKey(requiredText('bookmaker', textIn(bookmaker['key']))),
          side: over !== undefined && under !== undefined ? 'both' : over !== undefined ? 'over' : 'under',
          line: requiredLine('point', quote.point),
          over_price: requiredOutcomePrice(over),
          under_price: requiredOutcomePrice(under),
          is_alternate: isAlternate || isAlternateQuote(quote, quotes),
          snapshot_at: requiredInstant('last_update', textIn(market['last_update']) || textIn(bookmaker['last_update'])),
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

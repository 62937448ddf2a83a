import { fairOverProbability } from '#core/odds.ts';
import { type JsonObject, textIn } from './json-payload.ts';

/** What a book offers on one player at one point of one market. */
export interface Quote {
  readonly player: string;
  readonly point: string;
  readonly over?: JsonObject;
  readonly under?: JsonObject;
  /** Why the quote cannot be read, for an outcome that is neither side or contradicts an earlier one. */
  readonly problem?: string;
}

/** A price this long is a promotion or a placeholder, no opinion about the line. */
const LONGEST_PRICE = 10_000;

/**
 * Joins OVER and UNDER of the same player and point, whatever their order. An outcome that repeats an earlier one is
 * counted in `repeats`; one that names another price for it is a quote with a problem, since nothing tells which holds.
 */
export function pairOutcomes(outcomes: readonly JsonObject[]): { quotes: readonly Quote[]; repeats: number } {
  const quotes = new Map<string, Quote>();
  let repeats = 0;
  outcomes.forEach((outcome, index) => {
    const identity = { player: textIn(outcome['description']), point: textIn(outcome['point']) };
    const name = textIn(outcome['name']).toLowerCase();
    const side = name === 'over' || name === 'under' ? name : undefined;
    if (side === undefined) {
      quotes.set(`odd ${index}`, { ...identity, problem: `expected an outcome named Over or Under, saw "${textIn(outcome['name'])}"` });
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
export function isAlternateQuote(quote: Quote, quotes: readonly Quote[]): boolean {
  if ([quote.over, quote.under].some((side) => Math.abs(priceOf(side) ?? 0) >= LONGEST_PRICE)) return true;
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

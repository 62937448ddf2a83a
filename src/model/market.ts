import { fitLogistic, type LogisticPrior, logistic, logit } from './logistic.ts';
import { wilson } from './metrics.ts';

/**
 * Priors, measured walk-forward on a season without prices: lines reflect who is out. With a status feed the
 * model knows that too, and .4 of its own log odds are credible; without one, .2.
 */
const WITH_FEED: LogisticPrior = { centre: [0, 0.4], precision: [400, 100] };
const WITHOUT_FEED: LogisticPrior = { centre: [0, 0.2], precision: [400, 100] };
/** Prior with prices: the price is right, and the model adds a little. */
const WITH_PRICES: LogisticPrior = { centre: [0, 0.15, 1], precision: [400, 45, 45] };
/** Log odds are clipped to ± this: nobody is that sure about a line. */
const MAX_LOGIT = 5;
/** Lower bounds of the confidence bins; confidence is the probability of the likelier side. */
const BINS = [0.5, 0.53, 0.56, 0.6, 0.65, 0.7] as const;
/** Minimum bets for a bin to prove anything. */
const MIN_PROVEN = 100;

/** logit P(over | decided) = a + b·logit(own probability). */
interface UnpricedBelief {
  readonly a: number;
  readonly b: number;
  readonly rows: number;
  /** Maximum confidence that may be claimed per bin: the upper bound of its hit rate; 1 where nothing is proven. */
  readonly earned: readonly number[];
}

/** logit P(over | decided) = a + b·(logit(own) − logit(market)) + c·logit(market). */
interface PricedBelief extends UnpricedBelief {
  readonly c: number;
}

/** Maps the model's own probability at a line to the one to publish, given the line and its price. */
export interface MarketLayer {
  readonly with_feed: UnpricedBelief;
  readonly without_feed: UnpricedBelief;
  readonly priced: PricedBelief;
}

/** Decided bets of earlier dates with out-of-fold probabilities, all markets pooled; index i of every array is the same bet. */
export interface MarketRows {
  /** The model's own P(over | decided). */
  readonly own: Float64Array;
  /** De-vigged P(over) of the market; NaN = no two-way price. */
  readonly marketOver: Float64Array;
  /** 1 = a status feed was available before the cut-off. */
  readonly fed: Uint8Array;
  /** 1 = over, 0 = under. */
  readonly over: Float64Array;
}

/** Length of `earned`: the number of confidence bins. */
export const EARNED_BINS = BINS.length;

/** Fits each belief with its prior. Without rows the result is the priors. */
export function fitMarket(rows: MarketRows): MarketLayer {
  const all = Array.from(rows.own.keys());
  const one = (): number => 1;
  const own = (i: number): number => bounded(logit(rows.own[i] ?? 0.5));
  const market = (i: number): number => bounded(logit(rows.marketOver[i] ?? 0.5));
  const fitted = (
    at: readonly number[],
    regressors: readonly ((i: number) => number)[],
    prior: LogisticPrior,
  ): number[] =>
    fitLogistic(
      regressors.map((regressor) => Float64Array.from(at, regressor)),
      Float64Array.from(at, (i) => rows.over[i] ?? 0),
      prior,
    );
  const unpriced = (fed: number, prior: LogisticPrior): UnpricedBelief => {
    const at = all.filter((i) => rows.fed[i] === fed);
    const [a = 0, b = 0] = fitted(at, [one, own], prior);
    const claimed = (i: number): number => logistic(a + b * own(i));
    return { a, b, rows: at.length, earned: earnedBy(at, claimed, rows.over) };
  };
  const priced = all.filter((i) => Number.isFinite(rows.marketOver[i]));
  const [a = 0, b = 0, c = 0] = fitted(priced, [one, (i) => own(i) - market(i), market], WITH_PRICES);
  return {
    with_feed: unpriced(1, WITH_FEED),
    without_feed: unpriced(0, WITHOUT_FEED),
    priced: {
      a,
      b,
      c,
      rows: priced.length,
      earned: earnedBy(priced, (i) => logistic(a + b * (own(i) - market(i)) + c * market(i)), rows.over),
    },
  };
}

/**
 * Upper end of Wilson's interval of the hit rate per bin, made non-decreasing; a bin with few bets inherits
 * the one below. Without any proven bin no claim is limited.
 */
function earnedBy(
  at: readonly number[],
  claimed: (i: number) => number,
  over: Float64Array,
): readonly number[] {
  const bets = at.map((i) => {
    const p = claimed(i);
    return { bin: binOf(Math.max(p, 1 - p)), won: p >= 0.5 === (over[i] === 1) };
  });
  let limit = 1;
  let isProven = false;
  return BINS.map((_, bin) => {
    const own = bets.filter((bet) => bet.bin === bin);
    if (own.length >= MIN_PROVEN) {
      const { high } = wilson(own.filter(({ won }) => won).length, own.length);
      limit = Math.round(Math.max(high, isProven ? limit : 0.5) * 1e6) / 1e6;
      isProven = true;
    }
    return limit;
  });
}

function binOf(confidence: number): number {
  return BINS.findLastIndex((from) => confidence >= from);
}

/** The model's probability at a line, and the evidence to weigh it against. */
export interface OwnView {
  /** The model's own P(over | decided). */
  readonly own: number;
  /** De-vigged P(over) of the market; undefined without a two-way price. */
  readonly marketOver: number | undefined;
  /** Whether a status feed was available before the cut-off. */
  readonly fed: boolean;
}

/** P(over | decided) to publish; its confidence never exceeds what its bin has earned. */
export function believedOver(layer: MarketLayer, { own, marketOver, fed }: OwnView): number {
  const mine = bounded(logit(own));
  if (marketOver === undefined || !Number.isFinite(marketOver)) {
    const { a, b, earned } = fed ? layer.with_feed : layer.without_feed;
    return asEarned(logistic(a + b * mine), earned);
  }
  const { a, b, c, earned } = layer.priced;
  const theirs = bounded(logit(marketOver));
  return asEarned(logistic(a + b * (mine - theirs) + c * theirs), earned);
}

function asEarned(over: number, earned: readonly number[]): number {
  const confidence = Math.max(over, 1 - over);
  const claim = Math.min(confidence, earned[binOf(confidence)] ?? 1);
  return over >= 0.5 ? claim : 1 - claim;
}

function bounded(value: number): number {
  return Math.min(MAX_LOGIT, Math.max(-MAX_LOGIT, value));
}

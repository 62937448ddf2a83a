import { distributionFrom, median, overDecidedAt, type PointsDistribution } from './distribution.ts';
import { fitLogistic, type LogisticPrior, logistic, logit } from './logistic.ts';
import { curveFunction, type Shape } from './shape.ts';

/** Belief without data: a line without prices deserves .69 of the model's own slope; a price is right and the model adds nothing. */
const WITHOUT_PRICES: LogisticPrior = { centre: [0, 0.69], precision: [100, 16] };
const WITH_PRICES: LogisticPrior = { centre: [0, 0, 1], precision: [100, 16, 16] };
/** Furthest that a market may move a median, in standard deviations. */
const FURTHEST = 6;
const HALVINGS = 40;

/** logit P(over | decided) = a + b·z (+ c·logit of the market's own probability), z = (median − line)/sd. */
export interface MarketLayer {
  readonly unpriced: { readonly a: number; readonly b: number; readonly rows: number };
  readonly priced: { readonly a: number; readonly b: number; readonly c: number; readonly rows: number };
}

/** Decided bets of earlier dates, with out-of-fold forecasts. `marketOver` is NaN where there were no two prices. */
export interface MarketRows {
  readonly median: Float64Array;
  readonly sd: Float64Array;
  readonly line: Float64Array;
  readonly marketOver: Float64Array;
  readonly actual: Float64Array;
}

/** Fits both forms toward their priors; pushes (actual equal to the line) are left out. Without rows the priors stand. */
export function fitMarket(rows: MarketRows): MarketLayer {
  const decided = Array.from(rows.line.keys()).filter((i) => rows.actual[i] !== rows.line[i]);
  const priced = decided.filter((i) => Number.isFinite(rows.marketOver[i]));
  const z = (i: number): number => ((rows.median[i] ?? 0) - (rows.line[i] ?? 0)) / (rows.sd[i] ?? 1);
  const over = (i: number): number => ((rows.actual[i] ?? 0) > (rows.line[i] ?? 0) ? 1 : 0);
  const fitted = (
    at: readonly number[],
    regressors: readonly ((i: number) => number)[],
    prior: LogisticPrior,
  ): number[] =>
    fitLogistic(
      regressors.map((regressor) => Float64Array.from(at, regressor)),
      Float64Array.from(at, over),
      prior,
    );
  const one = (): number => 1;
  const [a0 = 0, b0 = 0] = fitted(decided, [one, z], WITHOUT_PRICES);
  const [a1 = 0, b1 = 0, c1 = 0] = fitted(
    priced,
    [one, z, (i) => logit(rows.marketOver[i] ?? 0.5)],
    WITH_PRICES,
  );
  return {
    unpriced: { a: a0, b: b0, rows: decided.length },
    priced: { a: a1, b: b1, c: c1, rows: priced.length },
  };
}

/** P(over | decided) that takes the market into account; `marketOver` is the de-vigged probability where two prices exist. */
export function marketAwareOver(layer: MarketLayer, z: number, marketOver: number | undefined): number {
  if (marketOver === undefined || !Number.isFinite(marketOver))
    return logistic(layer.unpriced.a + layer.unpriced.b * z);
  const { a, b, c } = layer.priced;
  return logistic(a + b * z + c * logit(marketOver));
}

/** A forecast that agrees with the market layer at its line. */
export interface MarketView {
  readonly mean: number;
  readonly distribution: PointsDistribution;
  /** The point forecast, between the model and what line and price imply: the median of the moved distribution. */
  readonly median: number;
  /** P(over | decided) at the line. */
  readonly over: number;
}

/** What the market layer needs to know of the model's own forecast. */
export interface ModelView {
  readonly mean: number;
  readonly sd: number;
  readonly median: number;
  readonly line: string;
  readonly marketOver: number | undefined;
}

/**
 * A function that moves the model's distribution along the points axis until its P(over | decided) at the line is the
 * market-aware one. So probability, quantiles and point forecast stay one consistent forecast: the median of the moved
 * distribution is the blend of model and line (at b = .69 and no price a little closer to the line than to the model).
 */
export function marketFunction(layer: MarketLayer, shape: Shape): (view: ModelView) => MarketView {
  const curveAt = curveFunction(shape);
  return ({ mean, sd, median: middle, line, marketOver }) => {
    const over = marketAwareOver(layer, (middle - Number(line)) / sd, marketOver);
    const curve = curveAt(mean);
    let [low, high] = [mean - FURTHEST * sd, mean + FURTHEST * sd];
    for (let i = 0; i < HALVINGS; i++) {
      const centre = (low + high) / 2;
      if (overDecidedAt(curve, centre, sd, line) < over) low = centre;
      else high = centre;
    }
    const moved = (low + high) / 2;
    const distribution = distributionFrom(curve, moved, sd);
    return { mean: moved, distribution, median: median(distribution), over };
  };
}

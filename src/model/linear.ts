/** One factor of a model column: a feature divided by `over`, or an indicator of reaching a threshold. */
export interface Factor {
  readonly feature: string;
  /** Divisor, for readable units; 1 when absent. */
  readonly over?: number | undefined;
  /** Makes the factor an indicator: 1 when the feature is at least this, else 0. */
  readonly from?: number | undefined;
}

/** A column of the linear model: the product of its factors, missing when any of them is missing. */
export interface ModelColumn {
  readonly name: string;
  readonly factors: readonly Factor[];
  /**
   * Smallest divisor in standardising. A ridge penalty on a standardised column hardly shrinks a rare
   * indicator (its standard deviation is as small as its share), so a handful of rows would set its
   * coefficient. With a floor of 1 the penalty counts as that many rows without the effect.
   */
  readonly floor?: number | undefined;
}

/** Value of a column for features looked up by name; NaN when any factor is missing. */
export function columnValue(column: ModelColumn, feature: (name: string) => number): number {
  let value = 1;
  for (const factor of column.factors) value *= factorValue(factor, feature(factor.feature));
  return value;
}

export function factorValue(factor: Factor, x: number): number {
  if (factor.from !== undefined) return Number.isNaN(x) ? x : x >= factor.from ? 1 : 0;
  return factor.over === undefined ? x : x / factor.over;
}

/** A linear forecast: intercept + Σ coefficient·(x − centre), in the units of the columns; a missing x adds nothing. */
export interface LinearModel {
  readonly intercept: number;
  readonly centres: readonly number[];
  readonly coefficients: readonly number[];
}

/** The forecast for `width` values that start at `offset`. */
export function predictLinear(model: LinearModel, values: Float64Array, offset = 0): number {
  const { centres, coefficients } = model;
  let sum = model.intercept;
  for (let j = 0; j < coefficients.length; j++) {
    const x = values[offset + j] ?? Number.NaN;
    if (!Number.isNaN(x)) sum += (coefficients[j] ?? 0) * (x - (centres[j] ?? 0));
  }
  return sum;
}

/** Scale of the softplus bend at zero, as a share of the mean outcome. */
const BEND = 0.1;

/**
 * The mean of a count from a linear forecast, never negative: softplus, s·ln(1 + exp(x/s)), with s a tenth of
 * the mean outcome. Clipping at zero would give all players at the end of the bench the same forecast, below
 * what they reach. Above half the mean outcome the change is less than 0.2 %.
 */
export function countMean({ intercept }: Pick<LinearModel, 'intercept'>, linear: number): number {
  const scale = BEND * intercept;
  if (!(scale > 0)) return Math.max(0, linear);
  return linear > 30 * scale ? linear : scale * Math.log1p(Math.exp(linear / scale));
}

/** Steps of forecast means in ascending order, and the ratio of actual to forecast at each. */
export interface MeanCorrection {
  readonly at: readonly number[];
  readonly ratio: readonly number[];
  /** For players who hardly ever count anything; absent in markets without such players, and in older models. */
  readonly rare?: RareCorrection | undefined;
}

/** Steps of players' own averages in ascending order, and the ratio of actual to forecast at each; 1 beyond the last. */
interface RareCorrection {
  /** The feature that is a player's own average. */
  readonly of: string;
  readonly at: readonly number[];
  readonly ratio: readonly number[];
}

/** A player's own average, which `correctedMean` asks for; NaN where the correction does not depend on it. */
export function ownAverage({ rare }: MeanCorrection, feature: (name: string) => number): number {
  return rare === undefined ? Number.NaN : feature(rare.of);
}

/**
 * Corrects a forecast mean: between two steps by interpolating their corrected means, so the result lies
 * between them; outside all steps by the ratio of the nearest. The forecast of a player with a tiny average of his own
 * is then multiplied by what became of such forecasts.
 */
export function correctedMean(correction: MeanCorrection, mean: number, own = Number.NaN): number {
  const corrected = correctedByMean(correction, mean);
  return correction.rare === undefined ? corrected : corrected * ratioAt(correction.rare, own);
}

function correctedByMean({ at, ratio }: MeanCorrection, mean: number): number {
  const next = at.findIndex((centre) => centre > mean);
  if (next <= 0) return mean * (ratio[next === 0 ? 0 : ratio.length - 1] ?? 1);
  const [low = 0, high = 1] = [at[next - 1], at[next]];
  const [below, above] = [low * (ratio[next - 1] ?? 1), high * (ratio[next] ?? 1)];
  return below + ((above - below) * (mean - low)) / (high - low);
}

/** The ratio at an average, linear between the steps; 1 for an unknown average. */
function ratioAt({ at, ratio }: RareCorrection, own: number): number {
  const next = at.findIndex((step) => step > own);
  if (next < 0) return 1;
  if (next === 0) return ratio[0] ?? 1;
  const [low = 0, high = 1] = [at[next - 1], at[next]];
  const [below = 1, above = 1] = [ratio[next - 1], ratio[next]];
  return below + ((above - below) * (own - low)) / (high - low);
}

/** What players counted over what was forecast for them, each shrunk towards 1 by `prior` counts. */
export interface PlayerRatios {
  readonly prior: number;
  /** By NBA id; players who are not listed have a ratio of 1. */
  readonly ratio: Readonly<Record<string, number>>;
}

/** The ratio that a player's mean is multiplied by; 1 when it is unknown who he is, or when nothing is known of him. */
export function playerRatio(ratios: PlayerRatios | undefined, player: number | undefined): number {
  return ratios?.ratio[String(player)] ?? 1;
}

/** What a player has counted, and in how many minutes. */
export type Career = readonly [counted: number, minutes: number];

/** What players have counted over their careers, where a count is so rare that the games behind a forecast hold few of it. */
export interface CareerRates {
  /** Share of the distance from a forecast to the player's career that is real, 0 to 1. */
  readonly share: number;
  /** Minutes with which a career is half credible. */
  readonly prior: number;
  /** By NBA id; the forecasts of players who are not listed stay as they are. */
  readonly careers: Readonly<Record<string, Career>>;
}

/**
 * How far a forecast mean is from what the player's career says of his expected minutes, times the credibility of that career,
 * minutes/(minutes + prior) (Bühlmann 1967). 0 when the expected minutes are unknown.
 */
export function careerDistance(
  [counted, minutes]: Career,
  prior: number,
  mean: number,
  expectedMinutes: number,
): number {
  const distance = (counted * expectedMinutes - minutes * mean) / (minutes + prior);
  return Number.isNaN(distance) ? 0 : distance;
}

/** What a model knows of players beyond their features; absent where it does not help, and in older models. */
export interface PlayerRecords {
  readonly players?: PlayerRatios | undefined;
  readonly careers?: CareerRates | undefined;
}

/** A forecast mean moved by the player's own record: times his ratio, then towards his career by its share. */
export function meanByRecord(
  { players, careers }: PlayerRecords,
  mean: number,
  player: number | undefined,
  expectedMinutes: number,
): number {
  const scaled = mean * playerRatio(players, player);
  const career = careers?.careers[String(player)];
  if (careers === undefined || career === undefined) return scaled;
  return scaled + careers.share * careerDistance(career, careers.prior, scaled, expectedMinutes);
}

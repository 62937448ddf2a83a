import { FEATURES } from '#core/features.ts';
import type { MarketModel } from './artefact.ts';
import { columnValue, correctedMean, countMean, meanByRecord, ownAverage } from './linear.ts';

/** What one column of the linear model adds to a forecast, in units of the market. */
export interface Contribution {
  /** Column: a feature, or a product of features. */
  readonly column: string;
  /** Features the column is made of. */
  readonly features: readonly string[];
  /** Group of its first feature: minutes, opponent, availability, … */
  readonly group: string;
  /** Value of the column; null when missing, which counts as the mean. */
  readonly value: number | null;
  /** Mean of the column in training. */
  readonly typical: number;
  /** Coefficient times (value − typical): the difference from an average training row. */
  readonly effect: number;
}

/** The parts of a model needed to decompose its forecasts. */
export type LinearParts = Pick<MarketModel, 'columns' | 'ridge' | 'players' | 'careers' | 'correction'>;

/**
 * Decomposes a linear forecast: the intercept is the forecast of an average training row, and every column adds its
 * coefficient times its distance from the mean. Largest effects first; intercept plus effects is the linear prediction.
 */
export function contributions(
  { columns, ridge }: Pick<LinearParts, 'columns' | 'ridge'>,
  features: Readonly<Record<string, number | null>>,
): { readonly average: number; readonly parts: readonly Contribution[] } {
  const groups = new Map<string, string>(FEATURES.map(({ name, group }) => [name, group]));
  const parts = columns.map((column, j): Contribution => {
    const typical = ridge.centres[j] ?? 0;
    const value = columnValue(column, (name) => features[name] ?? Number.NaN);
    const isMissing = Number.isNaN(value);
    return {
      column: column.name,
      features: column.factors.map(({ feature }) => feature),
      group: groups.get(column.factors[0]?.feature ?? '') ?? '',
      value: isMissing ? null : value,
      typical,
      effect: isMissing ? 0 : (ridge.coefficients[j] ?? 0) * (value - typical),
    };
  });
  return {
    average: ridge.intercept,
    parts: parts.toSorted((a, b) => Math.abs(b.effect) - Math.abs(a.effect)),
  };
}

/** The forecast mean of a player from the sum of the parts: made non-negative, then corrected by how his and such forecasts came true. */
export function meanOf(
  model: LinearParts,
  sum: ReturnType<typeof contributions>,
  player: number | undefined,
): number {
  const mean = recordMean(model, sum, player);
  return correctedMean(model.correction, mean, ownAverage(model.correction, valueIn(sum)));
}

/** The ratio by which the player's own record changes the mean that the sum of the parts gives; 1 where that is 0. */
export function recordRatio(
  model: RecordParts,
  sum: ReturnType<typeof contributions>,
  player: number | undefined,
): number {
  const mean = linearMean(model, sum);
  return mean > 0 ? recordMean(model, sum, player) / mean : 1;
}

type RecordParts = Pick<LinearParts, 'ridge' | 'players' | 'careers'>;

function recordMean(
  model: RecordParts,
  sum: ReturnType<typeof contributions>,
  player: number | undefined,
): number {
  return meanByRecord(model, linearMean(model, sum), player, valueIn(sum)('min_ewma4'));
}

function linearMean(
  { ridge }: Pick<LinearParts, 'ridge'>,
  { average, parts }: ReturnType<typeof contributions>,
): number {
  return countMean(
    ridge,
    parts.reduce((total, { effect }) => total + effect, average),
  );
}

/** Returns a lookup of the value of a column that is one feature; NaN when it is missing. */
function valueIn({ parts }: ReturnType<typeof contributions>): (name: string) => number {
  return (name) => parts.find(({ column }) => column === name)?.value ?? Number.NaN;
}

/** The summed effect of each group of columns, largest first. */
export function groupEffects(
  parts: readonly Contribution[],
): readonly { readonly group: string; readonly effect: number }[] {
  return [...Map.groupBy(parts, ({ group }) => group)]
    .map(([group, own]) => ({ group, effect: own.reduce((sum, { effect }) => sum + effect, 0) }))
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}

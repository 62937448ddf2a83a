import { REQUIRED_FEATURES } from '#core/features.ts';
import { type Market, type MarketId, partsOf } from '#core/markets.ts';
import { columnOf, marketOfSet, type TrainingSet } from './dataset.ts';
import { availableColumns, designOf } from './design.ts';
import { modelColumns } from './features.ts';
import { countMean, type LinearModel, type ModelColumn, predictLinear } from './linear.ts';
import { GramAccumulator, solveRidge } from './ridge.ts';
import type { Steps, TrainConfig } from './train-config.ts';
import { dateOf, dayNumber, mondayOf, weekOf } from './training-set.ts';

/** A fit on all usable rows before a cut-off. */
export interface CutoffFit {
  readonly cutoff: string;
  readonly model: LinearModel;
  /** Usable rows before the cut-off: positions 0 … rows − 1 of the walk. */
  readonly rows: number;
}

/** One pass over history in weekly blocks. */
export interface Walk {
  readonly columns: readonly ModelColumn[];
  /** Day and outcome at each position. */
  readonly days: Int32Array;
  readonly target: Float64Array;
  /** Row of the training set at each position of the walk. */
  readonly source: Int32Array;
  /** Linear forecast of each position from a fit on the weeks before its own, and the mean outcome of that fit; NaN before the first. */
  readonly linear: Float64Array;
  readonly level: Float64Array;
  /** Forecast of each position from the player's own average alone (E8), around the same mean outcome. */
  readonly own: Float64Array;
  /** The forecast mean that follows from them, as a model serves it. */
  readonly outOfFold: Float64Array;
  readonly fits: readonly CutoffFit[];
}

/** Indices of the rows a model learns from: played, enough career games, enough expected minutes. */
function usableRows(set: TrainingSet, config: TrainConfig): Int32Array {
  const career = columnOf(set, 'games_career');
  const expected = columnOf(set, 'min_ewma4');
  const rows: number[] = [];
  for (let row = 0; row < set.rows; row++) {
    const played = (set.minutes[row] ?? 0) > 0;
    const known =
      (career?.[row] ?? 0) >= config.minCareerGames && (expected?.[row] ?? 0) >= config.minExpectedMinutes;
    if (played && known) rows.push(row);
  }
  return Int32Array.from(rows);
}

/**
 * Walks through history once. Blocks are calendar weeks from Monday, independent of any cut-off: each week is
 * forecast by the fit on everything before it, as by a weekly refit in production. So a week contributes the
 * same to calibration for every cut-off, and many cut-offs cost one pass plus one solve each. `cutoffs` must
 * be ascending; rows at or after a cut-off never enter its fit. One step per week.
 */
export function* walkMarkets(
  sets: readonly TrainingSet[],
  cutoffs: readonly string[],
  config: TrainConfig,
): Steps<readonly Walk[]> {
  const counted = new Map<MarketId, Walk>();
  const walks: Walk[] = [];
  for (const set of sets) {
    const own: Walk[] = [];
    for (const part of partsOf(marketOfSet(set))) {
      const walk = counted.get(part.id) ?? (yield* walkCount(setOfPart(set, part), cutoffs, config));
      counted.set(part.id, walk);
      own.push(walk);
    }
    walks.push(own.reduce(sumOfWalks));
  }
  return walks;
}

/** The same rows with the outcome of one part of a combined market. */
function setOfPart(set: TrainingSet, part: Market): TrainingSet {
  const [column] = part.counts;
  const target = column === undefined ? undefined : set.counts?.get(column);
  return target === undefined ? set : { ...set, market: part, target };
}

/** The sum of two walks' forecasts: linear in the columns of both; a missing value adds nothing to either. */
function sumOfWalks(a: Walk, b: Walk): Walk {
  const names = new Map([...a.columns, ...b.columns].map((column) => [column.name, column]));
  const columns = [...names.values()];
  const add = (x: Float64Array, y: Float64Array): Float64Array =>
    x.map((value, i) => value + (y[i] ?? Number.NaN));
  const fits = a.fits.map((fit, i) => {
    const [mine, theirs] = [byName(a.columns, fit.model), byName(b.columns, b.fits[i]?.model)];
    const model = {
      intercept: fit.model.intercept + (b.fits[i]?.model.intercept ?? Number.NaN),
      // Both have the same rows, so a shared column has the same mean in each.
      centres: columns.map(({ name }) => mine.get(name)?.centre ?? theirs.get(name)?.centre ?? 0),
      coefficients: columns.map(
        ({ name }) => (mine.get(name)?.coefficient ?? 0) + (theirs.get(name)?.coefficient ?? 0),
      ),
    };
    return { ...fit, model };
  });
  // A sum is forecast by one linear model: it is bent into zero once, and not part by part.
  return {
    ...a,
    columns,
    target: add(a.target, b.target),
    own: add(a.own, b.own),
    ...meansOf(add(a.linear, b.linear), add(a.level, b.level)),
    fits,
  };
}

/** Linear forecasts with the means that follow from them. */
export function meansOf(
  linear: Float64Array,
  level: Float64Array,
): Pick<Walk, 'linear' | 'level' | 'outOfFold'> {
  const outOfFold = linear.map((value, i) => countMean({ intercept: level[i] ?? Number.NaN }, value));
  return { linear, level, outOfFold };
}

function byName(
  columns: readonly ModelColumn[],
  model: LinearModel | undefined,
): ReadonlyMap<string, { readonly centre: number; readonly coefficient: number }> {
  return new Map(
    columns.map(({ name }, j) => [
      name,
      { centre: model?.centres[j] ?? 0, coefficient: model?.coefficients[j] ?? Number.NaN },
    ]),
  );
}

function* walkCount(set: TrainingSet, cutoffs: readonly string[], config: TrainConfig): Steps<Walk> {
  const source = usableRows(set, config);
  const [features] = marketOfSet(set).features;
  const columns = availableColumns(
    set,
    features === undefined ? [] : modelColumns(features),
    REQUIRED_FEATURES,
  );
  const design = designOf(set, columns, source);
  const summed = set.history?.counts.get(marketOfSet(set).id);
  const before = set.history?.rows ?? 0;
  const gram = new GramAccumulator(design, config.halfLifeDays, summed?.frame);
  const options = { lambda: config.lambda, floors: columns.map((column) => column.floor) };
  const weeks = [...(summed?.weeks ?? [])];
  /** Adds everything before a week: all rows up to `row`, or the sums of the earlier weeks. */
  const addBefore = (week: number, row: number): void => {
    if (summed === undefined) gram.addUpTo(row);
    for (let next = weeks[0]; next !== undefined && next.week < week; next = weeks[0]) {
      gram.addWeek(next.week, next.sums);
      weeks.shift();
    }
  };
  /** A fit on the rows before `day`, which is the day of row `row` or earlier. */
  const fitBefore = (day: number, row: number): LinearModel => {
    addBefore(weekOf(day), row);
    if (summed === undefined) return solveRidge(gram.momentsAt(day), options);
    let from = row;
    while (from > 0 && weekOf(design.days[from - 1] ?? 0) === weekOf(day)) from--;
    return solveRidge(gram.momentsWith(from, row, day), options);
  };
  const linear = new Float64Array(design.rows).fill(Number.NaN);
  const level = new Float64Array(design.rows).fill(Number.NaN);
  const own = new Float64Array(design.rows).fill(Number.NaN);
  const average = columns.findIndex(({ name }) => name === features?.ewma8);
  const fits: CutoffFit[] = [];
  let next = 0;
  const fitCutoffs = (beforeDay: number, rows: number): void => {
    for (; next < cutoffs.length; next++) {
      const cutoff = cutoffs[next] ?? '';
      if (dayNumber(cutoff) > beforeDay) return;
      if (rows > 0) fits.push({ cutoff, model: fitBefore(dayNumber(cutoff), rows), rows });
    }
  };
  let week = Number.NaN;
  let model: LinearModel | undefined;
  for (let row = 0; row < design.rows; row++) {
    const day = design.days[row] ?? 0;
    if (row === 0 || day !== design.days[row - 1]) fitCutoffs(day, row);
    const itsWeek = weekOf(day);
    if (itsWeek !== week) {
      yield `learns ${marketOfSet(set).id}, week of ${dateOf(mondayOf(itsWeek))}`;
      week = itsWeek;
      model = before + row >= config.minFitRows ? fitBefore(mondayOf(week), row) : undefined;
    }
    if (model !== undefined) {
      linear[row] = predictLinear(model, design.values, row * design.width);
      level[row] = model.intercept;
      const x = average < 0 ? Number.NaN : (design.values[row * design.width + average] ?? Number.NaN);
      own[row] = model.intercept + (Number.isNaN(x) ? 0 : x - (model.centres[average] ?? 0));
    }
  }
  fitCutoffs(Number.POSITIVE_INFINITY, design.rows);
  const { days, target } = design;
  return { columns, days, target, source, own, ...meansOf(linear, level), fits };
}

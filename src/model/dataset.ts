import { isDate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { type CountedColumn, MAIN_MARKET, type Market } from '#core/markets.ts';
import type { SummedHistory } from './summed-history.ts';
import type { FeatureVector } from './systems.ts';

/**
 * Graded history as the model sees it: one row per player and game, in slate order. Index i of every array is
 * the same row. Features are as known before the slate; target and minutes are the outcome.
 */
export interface TrainingSet {
  readonly features: readonly string[];
  /** One array per feature; NaN = missing. */
  readonly columns: readonly Float64Array[];
  /** The market; points when absent. */
  readonly market?: Market;
  /** Outcome of the market per row. */
  readonly target: Float64Array;
  /** The single counts behind a market that is a sum. */
  readonly counts?: ReadonlyMap<CountedColumn, Float64Array>;
  /** Minutes played; 0 or NaN = did not play. */
  readonly minutes: Float64Array;
  /** YYYY-MM-DD, never decreasing. */
  readonly slates: readonly string[];
  /** NBA ids of the players. */
  readonly players?: Float64Array;
  readonly rows: number;
  /** Line of the market known before the cut-off; NaN = none. */
  readonly line?: Float64Array;
  /** De-vigged probability of OVER at that line; NaN = no two-way price. */
  readonly marketOver?: Float64Array;
  /** For a long history: the sums over all its rows, when the set holds only the newest. */
  readonly history?: SummedHistory;
}

/** Throws TIPOFF_BAD_INPUT unless the arrays agree in length, the slates are dates in order, and no played row lacks its points. */
export function checkTrainingSet(set: TrainingSet): void {
  const lengths = [...set.columns, set.target, set.minutes, ...optionalArrays(set)].map(
    (array) => array.length,
  );
  if (
    set.columns.length !== set.features.length ||
    set.slates.length !== set.rows ||
    lengths.some((n) => n !== set.rows)
  ) {
    throw badSet(`expected ${set.features.length} feature columns and every array of length ${set.rows}`, {
      columns: set.columns.length,
      lengths: [...new Set([set.slates.length, ...lengths])],
    });
  }
  if (new Set(set.features).size !== set.features.length)
    throw badSet('expected distinct feature names, saw a name twice', {});
  let previous = '';
  for (let row = 0; row < set.rows; row++) {
    const slate = set.slates[row] ?? '';
    if (slate !== previous) {
      if (!isDate(slate))
        throw badSet(`expected a slate as YYYY-MM-DD, saw "${slate}" in row ${row}`, { row });
      if (slate < previous)
        throw badSet(`expected rows in the order of slates, saw ${slate} after ${previous}`, { row });
      previous = slate;
    }
    if ((set.minutes[row] ?? 0) > 0 && !Number.isFinite(set.target[row])) {
      throw badSet(
        `expected ${marketOfSet(set).id} for a row with minutes, saw none in row ${row} (${slate})`,
        { row },
      );
    }
  }
}

function badSet(message: string, details: Readonly<Record<string, unknown>>): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, {
    hint: 'Read the rows from the feature store, ordered by slate, with nulls as NaN.',
    details,
  });
}

/** Index of the first row whose slate is at or after a date; `rows` when there is none. */
export function firstRowAt(set: Pick<TrainingSet, 'slates' | 'rows'>, slate: string): number {
  let [low, high] = [0, set.rows];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set.slates[middle] ?? '') < slate) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The market of a set; points when it names none. */
export function marketOfSet({ market }: Pick<TrainingSet, 'market'>): Market {
  return market ?? MAIN_MARKET;
}

/** The row-wise sum of some columns; NaN where one of them is missing. */
export function sumOfColumns(set: TrainingSet, names: readonly string[]): Float64Array {
  const sum = new Float64Array(set.rows);
  for (const name of names) {
    const column = columnOf(set, name);
    for (let row = 0; row < set.rows; row++) sum[row] = (sum[row] ?? 0) + (column?.[row] ?? Number.NaN);
  }
  return sum;
}

/** Rows from index `from` (inclusive) to `to` (exclusive), as views of the same memory. */
export function sliceRows(set: TrainingSet, from: number, to: number): TrainingSet {
  return {
    features: set.features,
    columns: set.columns.map((column) => column.subarray(from, to)),
    ...(set.market === undefined ? {} : { market: set.market }),
    target: set.target.subarray(from, to),
    ...(set.counts === undefined
      ? {}
      : { counts: new Map([...set.counts].map(([name, values]) => [name, values.subarray(from, to)])) }),
    minutes: set.minutes.subarray(from, to),
    slates: set.slates.slice(from, to),
    ...(set.players === undefined ? {} : { players: set.players.subarray(from, to) }),
    rows: to - from,
    ...(set.line === undefined ? {} : { line: set.line.subarray(from, to) }),
    ...(set.history === undefined ? {} : { history: set.history }),
    ...(set.marketOver === undefined ? {} : { marketOver: set.marketOver.subarray(from, to) }),
  };
}

/** Rows of slates strictly before a cut-off. */
export function beforeCutoff(set: TrainingSet, cutoff: string): TrainingSet {
  return sliceRows(set, 0, firstRowAt(set, cutoff));
}

/** Rows of slates from `from` to `to`, both included. */
export function betweenSlates(set: TrainingSet, from: string, to: string): TrainingSet {
  const start = firstRowAt(set, from);
  let end = firstRowAt(set, to);
  while (end < set.rows && set.slates[end] === to) end++;
  return sliceRows(set, start, Math.max(start, end));
}

/** The column of a feature, or undefined when the set does not have it. */
export function columnOf(set: TrainingSet, name: string): Float64Array | undefined {
  return set.columns[set.features.indexOf(name)];
}

/** One row as input of a forecast system: features by name, with who it is, and the line and price known before the cut-off. */
export function vectorAt(set: TrainingSet, row: number): FeatureVector {
  const features: Record<string, number> = {};
  for (let j = 0; j < set.features.length; j++)
    features[set.features[j] ?? ''] = set.columns[j]?.[row] ?? Number.NaN;
  return { features, ...knownAt(set, row) };
}

/** The player of a row, and line and price as known before the cut-off. */
export function knownAt(
  set: TrainingSet,
  row: number,
): Pick<FeatureVector, 'player' | 'line' | 'marketOver'> {
  const line = set.line?.[row] ?? Number.NaN;
  return {
    player: set.players?.[row],
    line: Number.isFinite(line) ? String(line) : null,
    marketOver: set.marketOver?.[row] ?? null,
  };
}

function optionalArrays(set: TrainingSet): Float64Array[] {
  return [set.line, set.marketOver, set.players].filter((array) => array !== undefined);
}

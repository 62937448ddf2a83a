import { REQUIRED_FEATURES } from '#core/features.ts';
import { columnOf, type TrainingSet } from './dataset.ts';
import { availableColumns, type Design, designOf } from './design.ts';
import { MODEL_COLUMNS, type ModelColumn } from './features.ts';
import { GramAccumulator, type LinearModel, predictLinear, solveRidge } from './ridge.ts';
import { nonNegative } from './systems.ts';
import type { Steps, TrainConfig } from './train-config.ts';
import { dayNumber, mondayOf, weekOf } from './training-set.ts';

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
  readonly design: Design;
  /** Row of the training set at each position of the walk. */
  readonly source: Int32Array;
  /** Ridge forecast of each position from a fit on the weeks before its own; NaN before the first fit. */
  readonly outOfFold: Float64Array;
  readonly fits: readonly CutoffFit[];
}

/** Positions of the rows a model learns from: played, enough career games, enough expected minutes. */
export function usableRows(set: TrainingSet, config: TrainConfig): Int32Array {
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
 * Walks through history once. Blocks are calendar weeks from Monday, which do not depend on any cut-off: each week is
 * forecast by the fit on everything before it, as a weekly refit in production would. So what a week contributes to
 * calibration is the same whichever cut-off is trained for, and many cut-offs cost one pass and one solve each.
 * `cutoffs` must be in order; rows at or after a cut-off never enter its fit. A step is a week.
 */
export function* walkHistory(set: TrainingSet, cutoffs: readonly string[], config: TrainConfig): Steps<Walk> {
  const source = usableRows(set, config);
  const columns = availableColumns(set, MODEL_COLUMNS, REQUIRED_FEATURES);
  const design = designOf(set, columns, source);
  const gram = new GramAccumulator(design, config.halfLifeDays);
  const options = { lambda: config.lambda, floors: columns.map((column) => column.floor) };
  const solve = (day: number): LinearModel => solveRidge(gram.momentsAt(day), options);
  const outOfFold = new Float64Array(design.rows).fill(Number.NaN);
  const fits: CutoffFit[] = [];
  let next = 0;
  const fitCutoffs = (beforeDay: number, rows: number): void => {
    for (; next < cutoffs.length; next++) {
      const cutoff = cutoffs[next] ?? '';
      if (dayNumber(cutoff) > beforeDay) return;
      gram.addUpTo(rows);
      if (rows > 0) fits.push({ cutoff, model: solve(dayNumber(cutoff)), rows });
    }
  };
  let week = Number.NaN;
  let model: LinearModel | undefined;
  for (let row = 0; row < design.rows; row++) {
    const day = design.days[row] ?? 0;
    if (row === 0 || day !== design.days[row - 1]) fitCutoffs(day, row);
    const itsWeek = weekOf(day);
    if (itsWeek !== week) {
      yield;
      week = itsWeek;
      gram.addUpTo(row);
      model = row >= config.minFitRows ? solve(mondayOf(week)) : undefined;
    }
    if (model !== undefined)
      outOfFold[row] = nonNegative(predictLinear(model, design.values, row * design.width));
  }
  fitCutoffs(Number.POSITIVE_INFINITY, design.rows);
  return { columns, design, source, outOfFold, fits };
}

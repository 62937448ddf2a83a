import { TipoffError } from '#core/errors.ts';
import { REQUIRED_FEATURES } from '#core/features.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Artefact, MarketModel } from './artefact.ts';
import {
  baselineMeans,
  calibrateSystem,
  calibrationPositions,
  gather,
  linedRows,
  triedAverages,
} from './calibrate.ts';
import { fitCareerRates } from './career-rates.ts';
import { checkTrainingSet, marketOfSet, type TrainingSet } from './dataset.ts';
import { correctedMean } from './linear.ts';
import { fitMarket, type MarketRows } from './market.ts';
import { type CutoffFit, type Walk, walkMarkets } from './out-of-fold.ts';
import { fitPlayerRatios } from './player-ratios.ts';
import { fitMeanCorrection } from './ridge.ts';
import { shrunkModel, shrunkWalk, sumShare } from './sum-shrinkage.ts';
import { DEFAULT_CONFIG, MIN_BLOCKS, runSteps, type Steps, type TrainConfig } from './train-config.ts';
import { weekOf } from './training-set.ts';

/** Rows that the shape of a baseline is fitted to at most, about a quarter of two years: none of its picks is published. */
const MAX_BASELINE_ROWS = 13_000;

/** What an artefact records about itself. All of it comes from the caller, so that training is deterministic. */
export interface TrainOptions extends Partial<TrainConfig> {
  readonly modelId: string;
  /** UTC instant, ISO 8601. */
  readonly createdAt: string;
  readonly codeVersion: string;
  readonly featureContractHash: string;
}

/**
 * Trains a model of several markets, given the training set of each (the sets have the same rows), on all usable rows: played,
 * at least 5 career games, at least 6 expected minutes. Spread, shape and belief are learnt from out-of-fold forecasts: each
 * calendar week is forecast by a fit on the weeks before it. The weight of a line without prices is learnt from all markets
 * together, because each alone has too few such lines; the weight of prices is learnt per market.
 *
 * Throws TIPOFF_NO_MODEL with too little history: a week counts as out-of-fold from 300 earlier rows on, and at least 3 such
 * weeks with 300 rows in all are needed. Bins with few rows are shrunk towards all rows. Throws TIPOFF_BAD_INPUT for rows at or
 * after the cut-off. The same rows and options give the same bytes.
 */
export function trainArtefact(
  sets: readonly TrainingSet[],
  options: TrainOptions & { readonly cutoff: string },
): Artefact {
  return runSteps(artefactSteps(sets, options));
}

/** `trainArtefact` in steps. */
export function* artefactSteps(
  sets: readonly TrainingSet[],
  options: TrainOptions & { readonly cutoff: string },
): Steps<Artefact> {
  const late = sets.map(({ slates, rows }) => slates[rows - 1] ?? '').find((last) => last >= options.cutoff);
  if (late !== undefined) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected rows before the cut-off ${options.cutoff} only, saw rows up to ${late}`,
      {
        hint: 'Read the training set with slate < cut-off: what is at or after it is the future.',
        details: { cutoff: options.cutoff, last: late },
      },
    );
  }
  const [artefact] = yield* eachSteps(sets, [options.cutoff], { ...options, modelId: () => options.modelId });
  if (artefact === undefined) throw tooLittleHistoryError(options.cutoff, { rows: 0 });
  return orThrow(artefact);
}

/** As `TrainOptions`, with a model id for each cut-off. */
export interface SeriesOptions extends Omit<TrainOptions, 'modelId'> {
  readonly modelId: (cutoff: string) => string;
}

/**
 * Trains for many cut-offs (ascending) in one pass: the result for each equals `trainArtefact` on the rows before it, byte
 * for byte. Throws like `trainArtefact` when any cut-off has too little history.
 */
export function trainSeries(
  sets: readonly TrainingSet[],
  cutoffs: readonly string[],
  options: SeriesOptions,
): readonly Artefact[] {
  return trainEach(sets, cutoffs, options).map(orThrow);
}

/** As `trainSeries`, but a cut-off with too little history gives its TIPOFF_NO_MODEL error in the place of an artefact. */
export function trainEach(
  sets: readonly TrainingSet[],
  cutoffs: readonly string[],
  options: SeriesOptions,
): readonly (Artefact | TipoffError)[] {
  return runSteps(eachSteps(sets, cutoffs, options));
}

/** `trainEach` in steps. */
export function* eachSteps(
  sets: readonly TrainingSet[],
  cutoffs: readonly string[],
  options: SeriesOptions,
): Steps<readonly (Artefact | TipoffError)[]> {
  for (const set of sets) checkTrainingSet(set);
  const unordered = cutoffs.find((cutoff, i) => i > 0 && cutoff <= (cutoffs[i - 1] ?? ''));
  if (unordered !== undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected ascending cut-offs, saw ${unordered} out of order`, {
      hint: 'Sort the cut-offs and drop repeats.',
      details: { cutoffs },
    });
  }
  const config = configOf(options);
  const walks = yield* walkMarkets(sets, cutoffs, config);
  const trained: (Artefact | TipoffError)[] = [];
  for (const cutoff of cutoffs) {
    const drafts: Draft[] = [];
    let problem: TipoffError | undefined;
    for (const [i, set] of sets.entries()) {
      yield `calibrates ${marketOfSet(set).id} as of ${cutoff}`;
      const walk = walks[i];
      const fit = walk?.fits.find((one) => one.cutoff === cutoff);
      const draft =
        walk === undefined || fit === undefined
          ? tooLittleHistoryError(cutoff, { rows: 0 })
          : yield* draftSteps(set, walk, fit, config);
      if (draft instanceof TipoffError) {
        problem = draft;
        break;
      }
      drafts.push(draft);
    }
    trained.push(problem ?? artefactOf(drafts, cutoff, { ...options, modelId: options.modelId(cutoff) }));
  }
  return trained;
}

function orThrow(result: Artefact | TipoffError): Artefact {
  if (result instanceof TipoffError) throw result;
  return result;
}

function configOf(options: Partial<TrainConfig>): TrainConfig {
  return {
    lambda: options.lambda ?? DEFAULT_CONFIG.lambda,
    halfLifeDays: options.halfLifeDays ?? DEFAULT_CONFIG.halfLifeDays,
    minCareerGames: options.minCareerGames ?? DEFAULT_CONFIG.minCareerGames,
    minExpectedMinutes: options.minExpectedMinutes ?? DEFAULT_CONFIG.minExpectedMinutes,
    calibrationDays: options.calibrationDays ?? DEFAULT_CONFIG.calibrationDays,
    minFitRows: options.minFitRows ?? DEFAULT_CONFIG.minFitRows,
    minCalibrationRows: options.minCalibrationRows ?? DEFAULT_CONFIG.minCalibrationRows,
  };
}

/** One market at one cut-off, with the forecasts at lines from which the belief is learnt. */
interface Draft {
  readonly market: string;
  readonly model: MarketModel;
  readonly lined: MarketRows;
  readonly trainingFrom: string;
  readonly trainingRows: number;
  readonly calibrationRows: number;
}

function* draftSteps(
  set: TrainingSet,
  walk: Walk,
  fit: CutoffFit,
  config: TrainConfig,
): Steps<Draft | TipoffError> {
  const positions = calibrationPositions(set, walk, fit, config.calibrationDays);
  const blocks = new Set(gather(walk.days, positions).map(weekOf)).size;
  if (positions.length < config.minCalibrationRows || blocks < MIN_BLOCKS) {
    return tooLittleHistoryError(fit.cutoff, {
      rows: fit.rows,
      out_of_fold_rows: positions.length,
      weeks: blocks,
    });
  }
  const ofBaseline = (which: 'ewma8' | 'minutesRate') =>
    calibrateSystem(set, walk, positions, baselineMeans(set, walk, positions, which), MAX_BASELINE_ROWS);
  const ewma8 = ofBaseline('ewma8');
  yield;
  const minutesRate = ofBaseline('minutesRate');
  yield;
  const market = marketOfSet(set);
  const share = sumShare(market, walk, positions);
  const players = fitPlayerRatios(set, shrunkWalk(walk, share), fit.rows);
  const careers = fitCareerRates(set, walk, fit, positions, players.means);
  const forecasts = gather(careers.means, positions);
  const own = triedAverages(set, walk, positions);
  const correction = fitMeanCorrection(forecasts, gather(walk.target, positions), own);
  const means = forecasts.map((mean, k) => correctedMean(correction, mean, own?.average[k]));
  const ridge = calibrateSystem(set, walk, positions, means);
  yield;
  const lined = linedRows(set, walk, positions, ridge);
  return {
    market: market.id,
    model: {
      columns: walk.columns,
      ridge: shrunkModel(fit.model, walk.columns, market, share),
      ...omitUndefined({ players: players.ratios, careers: careers.rates }),
      correction,
      shapes: { ewma8: ewma8.shape, minutes_rate: minutesRate.shape, ridge: ridge.shape },
      belief: fitMarket(lined),
      metrics: { ewma8: ewma8.errors, minutes_rate: minutesRate.errors, ridge: ridge.errors },
    },
    lined,
    trainingFrom: set.history?.from ?? set.slates[walk.source[0] ?? 0] ?? '',
    trainingRows: (set.history?.rows ?? 0) + fit.rows,
    calibrationRows: positions.length,
  };
}

/** The markets of one cut-off as one model. The row counts are taken from the first, since all markets share their rows. */
function artefactOf(drafts: readonly Draft[], cutoff: string, options: TrainOptions): Artefact | TipoffError {
  const [first] = drafts;
  if (first === undefined) return tooLittleHistoryError(cutoff, { markets: 0 });
  const { with_feed, without_feed } = fitMarket(together(drafts.map(({ lined }) => lined)));
  const columns = drafts.flatMap(({ model }) => model.columns);
  const config = configOf(options);
  return {
    format_version: 3,
    model_id: options.modelId,
    family: 'ridge',
    feature_list: [...new Set(columns.flatMap(({ factors }) => factors.map(({ feature }) => feature)))],
    required_features: [...REQUIRED_FEATURES],
    feature_contract_hash: options.featureContractHash,
    code_version: options.codeVersion,
    data_cutoff: cutoff,
    training_from: first.trainingFrom,
    training_rows: first.trainingRows,
    calibration_rows: first.calibrationRows,
    config: {
      lambda: config.lambda,
      half_life_days: config.halfLifeDays,
      min_career_games: config.minCareerGames,
      min_expected_minutes: config.minExpectedMinutes,
      calibration_days: config.calibrationDays,
      min_fit_rows: config.minFitRows,
      min_calibration_rows: config.minCalibrationRows,
    },
    markets: Object.fromEntries(
      drafts.map(({ market, model }) => [
        market,
        { ...model, belief: { ...model.belief, with_feed, without_feed } },
      ]),
    ),
    created_at: options.createdAt,
  };
}

/** The rows without prices of several markets, concatenated. */
function together(all: readonly MarketRows[]): MarketRows {
  const rows = all.flatMap((one) =>
    Array.from(one.own.keys())
      .filter((i) => !Number.isFinite(one.marketOver[i]))
      .map((i) => ({ own: one.own[i] ?? 0.5, fed: one.fed[i] ?? 0, over: one.over[i] ?? 0 })),
  );
  return {
    own: Float64Array.from(rows, ({ own }) => own),
    marketOver: new Float64Array(rows.length).fill(Number.NaN),
    fed: Uint8Array.from(rows, ({ fed }) => fed),
    over: Float64Array.from(rows, ({ over }) => over),
  };
}

function tooLittleHistoryError(cutoff: string, seen: Readonly<Record<string, number>>): TipoffError {
  const text = Object.entries(seen)
    .map(([what, count]) => `${count} ${what.replaceAll('_', ' ')}`)
    .join(', ');
  return new TipoffError(
    'TIPOFF_NO_MODEL',
    `too little history before ${cutoff}: expected ${MIN_BLOCKS} weeks with enough out-of-fold forecasts, saw ${text}`,
    {
      hint: 'Load and precompute more history (about two months at least), or train for a later cut-off.',
      details: { cutoff, ...seen },
    },
  );
}

import { TipoffError } from '#core/errors.ts';
import { REQUIRED_FEATURES } from '#core/features.ts';
import type { Artefact } from './artefact.ts';
import { baselineMeans, calibrateSystem, calibrationPositions, gather, linedRows } from './calibrate.ts';
import { checkTrainingSet, type TrainingSet } from './dataset.ts';
import { fitMarket, type MarketLayer, type MarketRows } from './market.ts';
import { type CutoffFit, type Walk, walkHistory } from './out-of-fold.ts';
import { atOnce, DEFAULT_CONFIG, MIN_BLOCKS, type Steps, type TrainConfig } from './train-config.ts';
import { weekOf } from './training-set.ts';

/** What an artefact says about itself; all of it comes from the caller, nothing from a clock. */
export interface TrainOptions extends Partial<TrainConfig> {
  readonly modelId: string;
  /** UTC instant, ISO 8601. */
  readonly createdAt: string;
  readonly codeVersion: string;
  readonly featureContractHash: string;
}

/**
 * Trains on all usable rows of a set (played, at least 5 career games, expected minutes at least 6). Spread, shape and
 * market layer come from out-of-fold forecasts: each calendar week forecast by a fit on the weeks before it.
 *
 * Small history: the first week that may be forecast has 300 rows before it, and at least 300 rows in at least 3 such weeks
 * must exist, otherwise TIPOFF_NO_MODEL. Bins with few rows lean on all rows together.
 * Rows at or after the cut-off are refused with TIPOFF_BAD_INPUT. Same rows, same options: the same bytes.
 */
export function trainArtefact(
  set: TrainingSet,
  options: TrainOptions & { readonly cutoff: string },
): Artefact {
  return atOnce(artefactSteps(set, options));
}

/** `trainArtefact` in steps. */
export function* artefactSteps(
  set: TrainingSet,
  options: TrainOptions & { readonly cutoff: string },
): Steps<Artefact> {
  checkTrainingSet(set);
  const last = set.slates[set.rows - 1];
  if (last !== undefined && last >= options.cutoff) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected rows before the cut-off ${options.cutoff} only, saw rows up to ${last}`,
      {
        hint: 'Read the training set with slate < cut-off: what is at or after it is the future.',
        details: { cutoff: options.cutoff, last },
      },
    );
  }
  const [artefact] = yield* train(set, [options.cutoff], {
    ...options,
    modelId: () => options.modelId,
  });
  if (artefact === undefined) throw tooLittle(options.cutoff, { rows: 0 });
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
  set: TrainingSet,
  cutoffs: readonly string[],
  options: SeriesOptions,
): readonly Artefact[] {
  return trainEach(set, cutoffs, options).map(orThrow);
}

/** As `trainSeries`, but a cut-off with too little history gives its TIPOFF_NO_MODEL error in the place of an artefact. */
export function trainEach(
  set: TrainingSet,
  cutoffs: readonly string[],
  options: SeriesOptions,
): readonly (Artefact | TipoffError)[] {
  return atOnce(eachSteps(set, cutoffs, options));
}

/** `trainEach` in steps. */
export function* eachSteps(
  set: TrainingSet,
  cutoffs: readonly string[],
  options: SeriesOptions,
): Steps<readonly (Artefact | TipoffError)[]> {
  checkTrainingSet(set);
  const unordered = cutoffs.find((cutoff, i) => i > 0 && cutoff <= (cutoffs[i - 1] ?? ''));
  if (unordered !== undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected ascending cut-offs, saw ${unordered} out of order`, {
      hint: 'Sort the cut-offs and drop repeats.',
      details: { cutoffs },
    });
  }
  return yield* train(set, cutoffs, options);
}

function orThrow(result: Artefact | TipoffError): Artefact {
  if (result instanceof TipoffError) throw result;
  return result;
}

/**
 * Trains several markets for the same cut-offs: one list of artefacts per set. What a line deserves to be believed without
 * prices is learnt from all markets together, because each alone has too few; prices are believed market by market.
 */
export function trainMarkets(
  sets: readonly TrainingSet[],
  cutoffs: readonly string[],
  options: SeriesOptions,
): readonly (readonly (Artefact | TipoffError)[])[] {
  const drafts = sets.map((set) => {
    checkTrainingSet(set);
    return atOnce(draftSteps(set, cutoffs, options));
  });
  return drafts.map((own) =>
    own.map((draft, i) => {
      if (draft instanceof TipoffError) return draft;
      const all = drafts.flatMap((market) => {
        const other = market[i];
        return other === undefined || other instanceof TipoffError ? [] : [other.lined];
      });
      const { with_feed, without_feed } = fitMarket(together(all));
      return { ...draft.artefact, market: { ...draft.artefact.market, with_feed, without_feed } };
    }),
  );
}

/** Rows without prices of several markets as one. */
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

/** An artefact, and the forecasts at lines that its market layer was fitted to. */
interface Draft {
  readonly artefact: Artefact;
  readonly lined: MarketRows;
}

function* train(
  set: TrainingSet,
  cutoffs: readonly string[],
  options: SeriesOptions,
): Steps<readonly (Artefact | TipoffError)[]> {
  const drafts = yield* draftSteps(set, cutoffs, options);
  return drafts.map((draft) => (draft instanceof TipoffError ? draft : draft.artefact));
}

function* draftSteps(
  set: TrainingSet,
  cutoffs: readonly string[],
  options: SeriesOptions,
): Steps<readonly (Draft | TipoffError)[]> {
  const config: TrainConfig = {
    lambda: options.lambda ?? DEFAULT_CONFIG.lambda,
    halfLifeDays: options.halfLifeDays ?? DEFAULT_CONFIG.halfLifeDays,
    minCareerGames: options.minCareerGames ?? DEFAULT_CONFIG.minCareerGames,
    minExpectedMinutes: options.minExpectedMinutes ?? DEFAULT_CONFIG.minExpectedMinutes,
    calibrationDays: options.calibrationDays ?? DEFAULT_CONFIG.calibrationDays,
    minFitRows: options.minFitRows ?? DEFAULT_CONFIG.minFitRows,
    minCalibrationRows: options.minCalibrationRows ?? DEFAULT_CONFIG.minCalibrationRows,
  };
  const walk = yield* walkHistory(set, cutoffs, config);
  const fits = new Map(walk.fits.map((fit) => [fit.cutoff, fit]));
  const trained: (Draft | TipoffError)[] = [];
  for (const cutoff of cutoffs) {
    yield;
    const fit = fits.get(cutoff);
    trained.push(
      fit === undefined
        ? tooLittle(cutoff, { rows: 0 })
        : assemble(set, walk, fit, config, { ...options, modelId: options.modelId(cutoff) }),
    );
  }
  return trained;
}

function assemble(
  set: TrainingSet,
  walk: Walk,
  fit: CutoffFit,
  config: TrainConfig,
  options: TrainOptions,
): Draft | TipoffError {
  const positions = calibrationPositions(set, walk, fit, config.calibrationDays);
  const blocks = new Set(gather(walk.days, positions).map(weekOf)).size;
  if (positions.length < config.minCalibrationRows || blocks < MIN_BLOCKS) {
    return tooLittle(fit.cutoff, { rows: fit.rows, out_of_fold_rows: positions.length, weeks: blocks });
  }
  const ewma8 = calibrateSystem(set, walk, positions, baselineMeans(set, walk, positions, 'ewma8'));
  const minutesRate = calibrateSystem(
    set,
    walk,
    positions,
    baselineMeans(set, walk, positions, 'minutesRate'),
  );
  const ridge = calibrateSystem(set, walk, positions, gather(walk.outOfFold, positions));
  const features = [
    ...new Set(walk.columns.flatMap((column) => column.factors.map((factor) => factor.feature))),
  ];
  const lined = linedRows(set, walk, positions, ridge);
  const market: MarketLayer = fitMarket(lined);
  const artefact: Artefact = {
    format_version: 2,
    model_id: options.modelId,
    family: 'ridge',
    feature_list: features,
    required_features: [...REQUIRED_FEATURES],
    feature_contract_hash: options.featureContractHash,
    code_version: options.codeVersion,
    data_cutoff: fit.cutoff,
    training_from: set.slates[walk.source[0] ?? 0] ?? '',
    training_rows: fit.rows,
    calibration_rows: positions.length,
    config: {
      lambda: config.lambda,
      half_life_days: config.halfLifeDays,
      min_career_games: config.minCareerGames,
      min_expected_minutes: config.minExpectedMinutes,
      calibration_days: config.calibrationDays,
      min_fit_rows: config.minFitRows,
      min_calibration_rows: config.minCalibrationRows,
    },
    columns: walk.columns,
    ridge: fit.model,
    shapes: { ewma8: ewma8.shape, minutes_rate: minutesRate.shape, ridge: ridge.shape },
    market,
    metrics: { ewma8: ewma8.errors, minutes_rate: minutesRate.errors, ridge: ridge.errors },
    created_at: options.createdAt,
  };
  return { artefact, lined };
}

function tooLittle(cutoff: string, seen: Readonly<Record<string, number>>): TipoffError {
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

import { addDays, parseSlate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { seededRandom } from '#core/random.ts';
import { type Artefact, artefactSystems } from './artefact.ts';
import type { Advise } from './bet-record.ts';
import { baseline } from './calibrate.ts';
import {
  columnOf,
  firstRowAt,
  knownAt,
  marketOfSet,
  sliceRows,
  type TrainingSet,
  vectorAt,
} from './dataset.ts';
import { pOverDecided, pPush, wholeMedian } from './distribution.ts';
import type { PresenceRow, Surroundings } from './evaluation-rows.ts';
import { crps, logScore, randomisedPit } from './metrics.ts';
import { presenceScores } from './presence-scores.ts';
import type { EvaluationReport } from './report.ts';
import { reportSteps, type ScoredMarket, type ScoredRow, type SystemScore } from './scoring.ts';
import { type FeatureVector, isPrediction, type SystemId } from './systems.ts';
import { eachSteps, type TrainOptions } from './train.ts';
import { runSteps, type Steps } from './train-config.ts';
import { dayNumber, mondayOf, weekOf } from './training-set.ts';

export interface EvaluateOptions extends Omit<TrainOptions, 'modelId' | 'createdAt'> {
  /** First and last slate to forecast, both included. */
  readonly from: string;
  readonly to: string;
  /** Seed of the randomised PIT and of the bootstrap; 1 when absent. */
  readonly seed?: number;
  /**
   * Minimums for a row to count: games this season before the slate (default 5), and `min_ewma4` in minutes (default 10).
   */
  readonly minSeasonGames?: number;
  readonly minMinutes?: number;
  /** Statuses and quotes by which rows are grouped and bets priced; without it every status and bookmaker is unknown. */
  readonly surroundings?: Surroundings;
  /** Decides the bets; when absent, the likelier side of every line and no picks. */
  readonly advise?: Advise;
  /** Forecast and actual presence of players in these slates. */
  readonly presence?: readonly PresenceRow[];
}

/** The likelier side of every line. */
const LIKELIER: Advise = (opinions) =>
  opinions.map(({ over }) => ({ side: over >= 0.5 ? 'over' : 'under', isPick: false }));

/**
 * Walk-forward evaluation: every Monday (and on the first slate) the model is fitted on the rows before it,
 * forecasts the days until the next fit, and is graded. Nothing of a slate or later enters its forecast. Rows
 * count when the player played, had at least 5 games this season and at least 10 expected minutes. Weeks with
 * too little history before them are not forecast; their rows are counted separately. Throws TIPOFF_NO_MODEL
 * when that is true of every week, TIPOFF_BAD_INPUT when no row counts.
 */
export function evaluate(set: TrainingSet, options: EvaluateOptions): EvaluationReport {
  return evaluateMarkets([set], options);
}

/** `evaluate` for several markets with the same rows. */
export function evaluateMarkets(sets: readonly TrainingSet[], options: EvaluateOptions): EvaluationReport {
  return runSteps(evaluationSteps(sets, options));
}

/** `evaluateMarkets` in steps: the weeks of each market, then its scores. */
export function* evaluationSteps(
  sets: readonly TrainingSet[],
  options: EvaluateOptions,
): Steps<EvaluationReport> {
  const [main] = sets;
  if (main === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected at least one market, saw none', {
      hint: 'Name the markets to evaluate.',
    });
  }
  const [first, end] = [firstRowAt(main, options.from), firstRowAt(main, addDays(parseSlate(options.to), 1))];
  const cutoffs = refitDates(main, options.from, first, end);
  const known = sets.map((set) => sliceRows(set, 0, end));
  const artefacts = yield* eachSteps(known, cutoffs, {
    ...options,
    createdAt: '1970-01-01T00:00:00Z',
    modelId: (cutoff) => `evaluation-${cutoff}`,
  });
  const random = seededRandom(options.seed ?? 1);
  const featuresOf = rememberedFeatures(main);
  const scored: ScoredMarket[] = [];
  for (const set of sets)
    scored.push(yield* scoredMarket(set, cutoffs, artefacts, { first, end, random, featuresOf }, options));
  return yield* reportSteps(scored, {
    from: options.from,
    to: options.to,
    refits: cutoffs.length,
    random,
    advise: options.advise ?? LIKELIER,
    plays: presenceScores(options.presence ?? []),
  });
}

/** Returns a cached lookup of a row's features by name; all markets share them. */
function rememberedFeatures(set: TrainingSet): (row: number) => FeatureVector['features'] {
  const known = new Map<number, FeatureVector['features']>();
  return (row) => {
    const features = known.get(row) ?? vectorAt(set, row).features;
    known.set(row, features);
    return features;
  };
}

/** Forecasts and grades one market, given an artefact or the reason for none at each cut-off. */
function* scoredMarket(
  set: TrainingSet,
  cutoffs: readonly string[],
  artefacts: readonly (Artefact | TipoffError)[],
  {
    first,
    end,
    random,
    featuresOf,
  }: {
    readonly first: number;
    readonly end: number;
    readonly random: () => number;
    readonly featuresOf: (row: number) => FeatureVector['features'];
  },
  options: EvaluateOptions,
): Steps<ScoredMarket> {
  const level = baseline(set, 'ewma8');
  const tierLevel = columnOf(set, MAIN_MARKET.features[0]?.ewma8 ?? '');
  const market = marketOfSet(set).id;
  const scored: ScoredRow[] = [];
  const counts = countingRows(set, options);
  let rowsWithoutModel = 0;
  for (const [i, artefact] of artefacts.entries()) {
    yield `scores ${market}, from ${cutoffs[i]}`;
    const start = Math.max(first, firstRowAt(set, cutoffs[i] ?? ''));
    const stop = Math.min(end, firstRowAt(set, cutoffs[i + 1] ?? '9999-12-31'));
    if (artefact instanceof TipoffError) {
      for (let row = start; row < stop; row++) if (counts(row)) rowsWithoutModel++;
      continue;
    }
    const systems = artefactSystems(artefact, marketOfSet(set));
    for (let row = start; row < stop; row++) {
      if (!counts(row)) continue;
      const vector = { ...knownAt(set, row), features: featuresOf(row) };
      const actual = set.target[row] ?? Number.NaN;
      const free = `${Math.floor(Math.max(0, level[row] ?? 0))}.5`;
      const u = random();
      const scores = new Map<SystemId, SystemScore>();
      const cannot = new Map<SystemId, string>();
      for (const system of systems) {
        const forecast = system.forecast(vector);
        if (!isPrediction(forecast)) {
          cannot.set(system.id, [forecast.cannot, ...forecast.missing].join(' '));
          continue;
        }
        const { mean, median, distribution } = forecast;
        scores.set(system.id, {
          mean,
          median,
          whole: wholeMedian(distribution),
          crps: crps(distribution, actual),
          logScore: logScore(distribution, actual),
          pit: randomisedPit(distribution, actual, u),
          free: pOverDecided(distribution, free),
          over: forecast.believedOver ?? Number.NaN,
          push: vector.line == null ? Number.NaN : pPush(distribution, vector.line),
        });
      }
      const [slate, player] = [set.slates[row] ?? '', set.players?.[row] ?? Number.NaN];
      const known = options.surroundings?.circumstances(slate, player);
      scored.push({
        slate,
        player,
        actual,
        level: level[row] ?? Number.NaN,
        tierLevel: tierLevel?.[row] ?? Number.NaN,
        status: known?.status ?? 'unknown',
        quality: known?.quality ?? 0,
        line: vector.line ?? null,
        quote: options.surroundings?.quote(market, slate, player),
        marketOver: vector.marketOver ?? Number.NaN,
        scores,
        cannot,
      });
    }
  }
  if (scored.length === 0) {
    const problem = artefacts.find((artefact) => artefact instanceof TipoffError);
    if (problem !== undefined) throw problem;
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected graded rows from ${options.from} to ${options.to}, saw none that count`,
      {
        hint: 'Load the box scores of that range, or choose another one.',
        details: { from: options.from, to: options.to, rows: end - first },
      },
    );
  }
  return { market, rows: scored, rowsWithoutModel };
}

/** Dates of fits: the first date, then every Monday whose week has rows. */
function refitDates(set: TrainingSet, from: string, first: number, end: number): readonly string[] {
  const dates: string[] = [];
  let week = Number.NaN;
  let slate = '';
  for (let row = first; row < end; row++) {
    const next = set.slates[row] ?? '';
    if (next === slate) continue;
    slate = next;
    const day = dayNumber(slate);
    if (weekOf(day) === week) continue;
    week = weekOf(day);
    const monday = addDays(parseSlate(slate), mondayOf(week) - day);
    dates.push(monday < from ? from : monday);
  }
  return dates;
}

function countingRows(set: TrainingSet, options: EvaluateOptions): (row: number) => boolean {
  const [games, minutes] = [columnOf(set, 'games_season'), columnOf(set, 'min_ewma4')];
  const [minGames, minMinutes] = [options.minSeasonGames ?? 5, options.minMinutes ?? 10];
  return (row) =>
    (set.minutes[row] ?? 0) > 0 && (games?.[row] ?? 0) >= minGames && (minutes?.[row] ?? 0) >= minMinutes;
}

import { createHash } from 'node:crypto';
import { hasMarketPrices } from '#core/bookmakers.ts';
import type { StagedPrediction } from '#core/contracts/nba_predictions.ts';
import { messageOf } from '#core/errors.ts';
import { lineValue } from '#core/line.ts';
import { MAIN_MARKET, type Market } from '#core/markets.ts';
import { expectedValue, fairOverProbability, isAmericanOdds, STANDARD_PRICE } from '#core/odds.ts';
import { fairLine, pOver, pPush, quantile } from '#model/distribution.ts';
import {
  CHAMPION_SYSTEM,
  type ForecastSystem,
  isPrediction,
  type Prediction,
  type ServingModel,
} from '#model/systems.ts';
import type { MarketLine, PlayerInput } from './inputs.ts';
import type { BatchDoc } from './state.ts';

/** What decides between a side and a pass, and between a pick and a row that is only kept. */
export interface PickRules {
  /** Expected profit per unit staked from which on a side is a pick. */
  readonly minValue: number;
  /** Picks of a slate, the best of them; a player has one at most, because his markets rise and fall together. */
  readonly maxPicks: number;
  /** Feature quality below which a row is no pick. */
  readonly minQuality: number;
  /** Systems whose rows may be picks; rows of the others are kept as shadows. */
  readonly pickSystems: readonly string[];
}

export const DEFAULT_RULES: PickRules = {
  minValue: 0.05,
  maxPicks: 10,
  minQuality: 80,
  pickSystems: ['ridge'],
};

/** Why a row is no pick, in the order in which the reasons are tried; the last is given when a slate is published. */
const FILTER_REASONS = [
  'no_line',
  'pass',
  'shadow_system',
  'second_line',
  'low_value',
  'not_quality_ready',
  'better_picks',
] as const;
type FilterReason = (typeof FILTER_REASONS)[number];

export interface Opinion {
  readonly system_id: string;
  readonly predicted: number;
  /** Only a main line makes a pick: a second one is the same opinion told again. */
  readonly line_role: 'main' | 'second' | 'none';
  /** The stored line: sides, edge and probabilities all refer to it. */
  readonly line: string | null;
  readonly p_over: number | null;
  readonly p_under: number | null;
  readonly over_price: number | null;
  readonly under_price: number | null;
  readonly feature_quality_score: number;
}

export interface Recommendation {
  readonly recommendation: 'OVER' | 'UNDER' | 'PASS' | 'NO_LINE';
  /** predicted - line. */
  readonly edge: number | null;
  /** Probability of the better side given that the line is not hit. */
  readonly confidence: number | null;
  /** Profit expected per unit staked on that side at its price. */
  readonly expected_value: number | null;
  readonly is_actionable: boolean;
  readonly filter_reason: FilterReason | null;
}

/**
 * The recommendation of one row. The better side is the one that is expected to earn more at its price; it is named when it
 * earns anything and the point forecast is on the same side of the line. Everything else is a PASS. No line, no side.
 */
export function recommend(opinion: Opinion, rules: PickRules = DEFAULT_RULES): Recommendation {
  const { line, p_over, p_under } = opinion;
  const no = { is_actionable: false, edge: null, confidence: null, expected_value: null } as const;
  if (line === null || p_over === null || p_under === null)
    return { ...no, recommendation: 'NO_LINE', filter_reason: 'no_line' };
  const edge = opinion.predicted - lineValue(line);
  const over = expectedValue(priceOr(opinion.over_price), { win: p_over, lose: p_under });
  const under = expectedValue(priceOr(opinion.under_price), { win: p_under, lose: p_over });
  const side = over >= under ? 'OVER' : 'UNDER';
  const [chance, value] = side === 'OVER' ? [p_over, over] : [p_under, under];
  const decided = p_over + p_under;
  const about = { edge, confidence: decided > 0 ? chance / decided : null, expected_value: value };
  const pointsTheSameWay = side === 'OVER' ? edge > 0 : edge < 0;
  if (!(value > 0) || !pointsTheSameWay)
    return { ...about, recommendation: 'PASS', is_actionable: false, filter_reason: 'pass' };
  const filter_reason = firstFilter(opinion, value, rules);
  return { ...about, recommendation: side, is_actionable: filter_reason === null, filter_reason };
}

function firstFilter(opinion: Opinion, value: number, rules: PickRules): FilterReason | null {
  if (!rules.pickSystems.includes(opinion.system_id)) return 'shadow_system';
  if (opinion.line_role === 'second') return 'second_line';
  if (value < rules.minValue) return 'low_value';
  if (opinion.feature_quality_score < rules.minQuality) return 'not_quality_ready';
  return null;
}

/** A price; the usual -110 where the source has none or prints no market price. */
function priceOr(price: number | null): number {
  return price !== null && isAmericanOdds(price) ? price : STANDARD_PRICE;
}

/** What rows carry besides the player. */
export interface RowContext {
  readonly batch: BatchDoc;
  readonly unitId: string;
  readonly model: ServingModel;
  readonly rules: PickRules;
  readonly predictedAt: string;
  readonly codeVersion: string;
}

/** The rows of one player with the systems that gave none (`without`, a sentence or null), or why there are no rows at all. */
export type PlayerRows =
  | { readonly rows: StagedPrediction[]; readonly without: string | null }
  | { readonly failed: string };

interface QuotedLine {
  readonly role: 'main' | 'second' | 'none';
  readonly line: string | null;
  readonly bookmaker: string | null;
  readonly overPrice: number | null;
  readonly underPrice: number | null;
  readonly snapshotAt: string | null;
  readonly quality: string | null;
}

const NO_QUOTE: QuotedLine = {
  role: 'none',
  line: null,
  bookmaker: null,
  overPrice: null,
  underPrice: null,
  snapshotAt: null,
  quality: null,
};

/**
 * Forecasts of every market and system for a player, at his main line in it and at the second one where there is one. A system that cannot
 * forecast leaves no row, and the others are kept; without the champion's forecast the player has failed.
 */
export function playerRows(player: PlayerInput, context: RowContext): PlayerRows {
  const rows: StagedPrediction[] = [];
  const reasons = new Map<string, string>();
  for (const { market, systems } of context.model.markets) {
    for (const quote of quotesOf(player.lines[market.id])) {
      for (const system of systems.filter(({ id }) => isAsked(id, market, quote))) {
        const made = rowOf({ player, market, quote }, system, context);
        if ('cannot' in made) reasons.set(system.id, made.cannot);
        else rows.push(made.row);
      }
    }
  }
  const champion = rows.some(({ system_id }) => system_id === CHAMPION_SYSTEM);
  if (!champion) {
    return {
      failed: `no forecast of ${CHAMPION_SYSTEM}: ${reasons.get(CHAMPION_SYSTEM) ?? 'the model has no such system'}`,
    };
  }
  const silent = [...reasons]
    .filter(([, reason]) => reason !== NO_LINE)
    .map(([id, reason]) => `${id} (${reason})`);
  return { rows, without: silent.length === 0 ? null : `without ${silent.join(', ')}` };
}

/** Baselines are there to be compared at lines: without one, only points have them. */
function isAsked(systemId: string, market: Market, quote: QuotedLine): boolean {
  return systemId === CHAMPION_SYSTEM || quote.role !== 'none' || market === MAIN_MARKET;
}

/** The market-aware system has nothing to say without a line: no fault of anybody. */
const NO_LINE = 'no_line';

/** What a row is about. */
interface Subject {
  readonly player: PlayerInput;
  readonly market: Market;
  readonly quote: QuotedLine;
}

/** One forecast as a row. A system that refuses, breaks or gives no numbers costs its own row and nobody else's. */
function rowOf(
  subject: Subject,
  system: ForecastSystem,
  context: RowContext,
): { readonly row: StagedPrediction } | { readonly cannot: string } {
  const { player, quote } = subject;
  const marketOver = hasMarketPrices(quote.bookmaker)
    ? (fairOverProbability(quote.overPrice, quote.underPrice) ?? null)
    : null;
  try {
    const forecast = system.forecast({
      features: player.features,
      player: player.player_id,
      line: quote.line,
      marketOver,
    });
    if (!isPrediction(forecast)) return { cannot: [forecast.cannot, ...forecast.missing].join(' ') };
    const row = predictionRow(subject, system.id, forecast, context);
    const strange = Object.entries(row).find(
      ([, value]) => typeof value === 'number' && !Number.isFinite(value),
    );
    return strange === undefined ? { row } : { cannot: `${strange[0]} is ${String(strange[1])}` };
  } catch (error) {
    return { cannot: messageOf(error) };
  }
}

function quotesOf(own: MarketLine | undefined): QuotedLine[] {
  if (own === undefined) return [NO_QUOTE];
  const main: QuotedLine = {
    role: 'main',
    line: own.line,
    bookmaker: own.bookmaker,
    overPrice: own.over_price,
    underPrice: own.under_price,
    snapshotAt: own.snapshot_at,
    quality: own.snapshot_quality,
  };
  if (own.second_line === null) return [main];
  const second: QuotedLine = {
    ...NO_QUOTE,
    role: 'second',
    line: own.second_line,
    bookmaker: own.second_bookmaker,
    quality: own.snapshot_quality,
  };
  return [main, second];
}

function predictionRow(
  { player, market, quote }: Subject,
  systemId: string,
  forecast: Prediction,
  { batch, unitId, model, rules, predictedAt, codeVersion }: RowContext,
): StagedPrediction {
  const { distribution } = forecast;
  const { line } = quote;
  const predicted = rounded(forecast.median);
  const chances = chancesAt(forecast, line);
  const advice = recommend(
    {
      system_id: systemId,
      predicted,
      line_role: quote.role,
      line,
      p_over: chances.p_over,
      p_under: chances.p_under,
      over_price: quote.overPrice,
      under_price: quote.underPrice,
      feature_quality_score: player.feature_quality_score,
    },
    rules,
  );
  return {
    prediction_id: predictionId([
      batch.batch_id,
      player.player_id,
      player.game_id,
      market.id,
      systemId,
      line ?? 'none',
    ]),
    batch_id: batch.batch_id,
    unit_id: unitId,
    slate: batch.slate,
    game_id: player.game_id,
    tipoff_at: player.tipoff_at,
    player_id: player.player_id,
    player_name: player.player_name,
    player_lookup: player.player_lookup,
    team_abbr: player.team_abbr,
    opponent_abbr: player.opponent_abbr,
    is_home: player.is_home_team,
    market: market.id,
    system_id: systemId,
    model_id: model.modelId,
    model_hash: model.modelHash,
    run_mode: batch.mode,
    predicted_at: predictedAt,
    predicted,
    mean: rounded(forecast.mean),
    sd: rounded(forecast.sd),
    p10: quantile(distribution, 0.1),
    p25: quantile(distribution, 0.25),
    p75: quantile(distribution, 0.75),
    p90: quantile(distribution, 0.9),
    fair_line: fairLine(distribution),
    line_role: quote.role,
    line,
    bookmaker: quote.bookmaker,
    over_price: quote.overPrice,
    under_price: quote.underPrice,
    line_snapshot_at: quote.snapshotAt,
    line_quality: quote.quality,
    ...chances,
    ...advice,
    feature_quality_score: player.feature_quality_score,
    required_default_count: player.required_default_count,
    quality_alert_level: player.quality_alert_level,
    feature_sources: player.feature_sources,
    injury_status: player.injury_status,
    p_plays: player.p_plays,
    freed_min: player.features['freed_min'] ?? null,
    has_status_feed: player.has_status_feed,
    cutoff_at: player.cutoff_at,
    code_version: codeVersion,
  };
}

/** What is believed at the line, and beside it what the model alone says. A push is as likely as the model has it. */
function chancesAt(
  { distribution, believedOver }: Prediction,
  line: string | null,
): Pick<StagedPrediction, 'p_over' | 'p_push' | 'p_under' | 'model_p_over'> {
  if (line === null || believedOver === null)
    return { p_over: null, p_push: null, p_under: null, model_p_over: null };
  const push = pPush(distribution, line);
  return {
    p_over: (1 - push) * believedOver,
    p_push: push,
    p_under: (1 - push) * (1 - believedOver),
    model_p_over: pOver(distribution, line),
  };
}

/** Hash of what a prediction is about: the same unit delivered twice gives the same ids. The line enters as its exact text. */
function predictionId(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

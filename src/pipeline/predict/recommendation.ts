import { lineValue } from '#core/line.ts';
import { impliedProbability, isAmericanOdds, STANDARD_PRICE } from '#core/odds.ts';

/** What decides between a side and a pass, and between a pick and a row that is only kept. */
export interface PickRules {
  /** Points by which the forecast must differ from the line to be a pick. */
  readonly leastEdge: number;
  /** Feature quality below which a row is no pick. */
  readonly leastQuality: number;
  /** Probability by which a side must beat the break-even of its price to be recommended. */
  readonly leastAdvantage: number;
  /** Systems whose rows may be picks; rows of the others are kept as shadows. */
  readonly pickSystems: readonly string[];
}

export const DEFAULT_RULES: PickRules = { leastEdge: 3, leastQuality: 80, leastAdvantage: 0, pickSystems: ['ridge'] };

/** Why a row is no pick, in the order in which the reasons are tried. */
export const FILTER_REASONS = ['no_line', 'pass', 'shadow_system', 'low_edge', 'not_quality_ready'] as const;
export type FilterReason = (typeof FILTER_REASONS)[number];

export interface Opinion {
  readonly system_id: string;
  readonly predicted_points: number;
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
  /** predicted_points - line. */
  readonly edge: number | null;
  /** Probability of the recommended side given that the line is not hit. */
  readonly confidence: number | null;
  readonly is_actionable: boolean;
  readonly filter_reason: FilterReason | null;
}

/**
 * The recommendation of one row. A side is named when its probability (given no push) beats the break-even of its price
 * and the point forecast stands on the same side of the line; everything else is a PASS. No line, no side.
 */
export function recommend(opinion: Opinion, rules: PickRules = DEFAULT_RULES): Recommendation {
  const { line, p_over, p_under } = opinion;
  if (line === null || p_over === null || p_under === null) {
    return { recommendation: 'NO_LINE', edge: null, confidence: null, is_actionable: false, filter_reason: 'no_line' };
  }
  const edge = opinion.predicted_points - lineValue(line);
  const decided = p_over + p_under;
  const side = p_over >= p_under ? 'OVER' : 'UNDER';
  const confidence = decided > 0 ? Math.max(p_over, p_under) / decided : null;
  const price = side === 'OVER' ? opinion.over_price : opinion.under_price;
  const pointsTheSameWay = side === 'OVER' ? edge > 0 : edge < 0;
  const isSide = confidence !== null && pointsTheSameWay && confidence > breakEven(price) + rules.leastAdvantage;
  if (!isSide) return { recommendation: 'PASS', edge, confidence, is_actionable: false, filter_reason: 'pass' };
  const filter_reason = firstFilter(opinion, edge, rules);
  return { recommendation: side, edge, confidence, is_actionable: filter_reason === null, filter_reason };
}

function firstFilter(opinion: Opinion, edge: number, rules: PickRules): FilterReason | null {
  if (!rules.pickSystems.includes(opinion.system_id)) return 'shadow_system';
  if (Math.abs(edge) < rules.leastEdge) return 'low_edge';
  if (opinion.feature_quality_score < rules.leastQuality) return 'not_quality_ready';
  return null;
}

/** Break-even of a price; the usual -110 where the source has none or prints no market price. */
function breakEven(price: number | null): number {
  return impliedProbability(price !== null && isAmericanOdds(price) ? price : STANDARD_PRICE);
}

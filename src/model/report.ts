import type { BetRecord } from './bet-record.ts';
import type { LineCalibration } from './calibration-scores.ts';
import type { BootstrapMean } from './metrics.ts';
import type { PresenceScores } from './presence-scores.ts';
import type { SystemId } from './systems.ts';

/** Errors of one system on a group of rows, in units of the market unless said otherwise. */
export interface ErrorScores {
  readonly n: number;
  /** Mean absolute error of the whole-number median. */
  readonly mae_median: number;
  readonly mae_mean: number;
  readonly rmse: number;
  /** Mean of forecast mean − actual. */
  readonly bias: number;
  readonly crps: number;
  /** Mean negative log likelihood, in nats. */
  readonly log_score: number;
  /** Shares of outcomes inside the central intervals. */
  readonly coverage50: number;
  readonly coverage80: number;
  readonly coverage95: number;
  readonly pit_ks: number;
}

/** Error scores of the champion on a group of rows. */
export interface GroupScores extends ErrorScores {
  /** Its CRPS over that of `ewma8` on the same rows, minus 1; NaN without a forecast of both. */
  readonly crps_to_ewma8: number;
}

/** Scores of the champion at the bookmakers' lines of a group of rows. */
export interface LineGroup {
  /** Decided rows; pushes are left out. */
  readonly n: number;
  readonly pushes: number;
  readonly brier: number;
  /** Brier score of always giving the share of overs in these rows. */
  readonly climatology: number;
  /** Brier score of the de-vigged prices and of the forecast, on the rows that have prices (`market_n`). */
  readonly market_n: number;
  readonly market_brier: number | null;
  readonly priced_brier: number | null;
  /** Bet records of every main line with a side, and of picks alone. */
  readonly sides: BetRecord;
  readonly picks: BetRecord;
}

/** What rows are grouped by; the additional ones apply only at lines. */
export const ERROR_DIMENSIONS = ['season', 'month', 'tier', 'status'] as const;
export const DIMENSIONS = [...ERROR_DIMENSIONS, 'book', 'lead'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export type Groups<D extends string, G> = Readonly<Record<D, Readonly<Record<string, G>>>>;

/** A system's score minus that of its reference on the same rows, with 95 % intervals by dates; negative is better. */
interface Paired {
  readonly n: number;
  readonly absolute_error: BootstrapMean;
}
export interface PairedForecasts extends Paired {
  readonly crps: BootstrapMean;
}
export interface PairedLines extends Paired {
  /** Brier score of the published probability minus that of the price (½ where the line has none); decided rows only. */
  readonly brier: BootstrapMean;
}

/** The published measures of one market and one system. */
export interface MarketScores extends ErrorScores {
  readonly market: string;
  readonly system: SystemId;
  /** The system whose picks are published. */
  readonly champion: boolean;
  /** Calibration of the system's own distribution at synthetic lines. */
  readonly slope_free: number;
  readonly ece_free: number;
  /** Calibration of published probabilities at bookmakers' lines, without pushes; null without lines. */
  readonly line: LineCalibration | null;
  /** Compared with `ewma8` where both forecast, and with the line where there is one: median with line, published probability with price. */
  readonly against: { readonly ewma8: PairedForecasts; readonly line: PairedLines | null };
  /** Scores by group, for the champion; null for the others. */
  readonly by: Groups<(typeof ERROR_DIMENSIONS)[number], GroupScores> | null;
  /** Scores at lines, for the champion where there are lines; null otherwise. */
  readonly at_lines: LineReport | null;
}

/** All lines together, and by group. */
export interface LineReport extends LineGroup {
  readonly by: Groups<Dimension, LineGroup>;
}

export interface EvaluationReport {
  readonly from: string;
  readonly to: string;
  readonly refits: number;
  /** Rows forecast and graded. */
  readonly rows: number;
  /** Rows that count but had too little history before them. */
  readonly rows_without_model: number;
  /** One entry per market and system. */
  readonly markets: readonly MarketScores[];
  /** The champion at bookmakers' lines without prices, all markets pooled; null without such lines. */
  readonly pooled: LineCalibration | null;
  /** The champion at all bookmakers' lines, with prices or not; null without lines. */
  readonly at_lines: LineReport | null;
  /** Scores of P(plays) for rotation players; null when presence was not read. */
  readonly plays: PresenceScores | null;
  /** Rows without a forecast, by system and reason. */
  readonly cannot: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

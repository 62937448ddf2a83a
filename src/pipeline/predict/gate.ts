import { RUN_MODES, type RunMode } from '#core/run-modes.ts';

/** What the gate looks at, for one player of the slate's context. */
export interface Candidate {
  readonly player_id: number;
  readonly game_id: string;
  readonly tipoff_at: string;
  readonly injury_status: string | null;
  /** The player has rows in a visible publication of the slate. */
  readonly has_prediction: boolean;
  /** Null when there is no feature row. */
  readonly required_default_count: number | null;
  readonly feature_quality_score: number | null;
  readonly matchup_quality_pct: number | null;
  readonly quality_alert_level: string | null;
}

/** Why a player is not predicted by a batch, in the order in which the reasons are tried. */
export const SKIP_REASONS = {
  already_predicted: 'a visible prediction exists and the mode does not replace it',
  player_out: 'the newest status before the cut-off says out or doubtful',
  game_started: 'the game has begun; only a backfill predicts it now',
  no_features: 'there is no feature row for the slate',
  required_feature_missing: 'a required feature is a default or missing',
  red_quality: 'the feature row is red',
  matchup_quality_low: 'the opponent features are worth less than 50',
  below_threshold: 'the feature quality is below the threshold of the mode; a later mode may take the player',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

const LEAST_MATCHUP_QUALITY = 50;

/** Decides whether a player is predicted: undefined = yes, otherwise the first reason against it. */
export function gate(candidate: Candidate, mode: RunMode, now: Date): SkipReason | undefined {
  const { threshold, replaces, backfill } = RUN_MODES[mode];
  if (candidate.has_prediction && !replaces) return 'already_predicted';
  if (candidate.injury_status === 'out' || candidate.injury_status === 'doubtful') return 'player_out';
  if (!backfill && Date.parse(candidate.tipoff_at) <= now.getTime()) return 'game_started';
  if (candidate.required_default_count === null || candidate.feature_quality_score === null) return 'no_features';
  if (candidate.required_default_count > 0) return 'required_feature_missing';
  if (candidate.quality_alert_level === 'red') return 'red_quality';
  if ((candidate.matchup_quality_pct ?? 0) < LEAST_MATCHUP_QUALITY) return 'matchup_quality_low';
  if (candidate.feature_quality_score < threshold) return 'below_threshold';
  return undefined;
}

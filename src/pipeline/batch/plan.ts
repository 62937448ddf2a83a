import { type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { RUN_MODES, type RunMode } from '#core/run-modes.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

const CANDIDATES = `
SELECT u.player_id, u.game_id, u.tipoff_at, u.injury_status, v.player_id IS NOT NULL AS has_prediction,
  f.required_default_count, f.feature_quality_score, f.matchup_quality_pct, f.quality_alert_level
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN nba_predictions.ml_feature_store f ON f.slate = CAST(@slate AS DATE) AND f.player_id = u.player_id AND f.game_id = u.game_id
LEFT JOIN (
  SELECT DISTINCT player_id FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)
) v ON v.player_id = u.player_id
WHERE u.slate = CAST(@slate AS DATE)
ORDER BY u.game_id, u.player_id`;

const GAMES = `
SELECT game_id, tipoff_at FROM nba_reference.counted_games
WHERE slate = CAST(@slate AS DATE)
ORDER BY game_id`;

export interface SlateGames {
  readonly game_id: string;
  readonly tipoff_at: string;
}

/** Counted games of a slate that are still on. */
export async function slateGames(warehouse: Warehouse, slate: Slate): Promise<SlateGames[]> {
  return warehouse.query<SlateGames>(GAMES, { slate });
}

/** Every player who may play on the slate, with what the gate needs. Throws what the warehouse throws: an unreadable gate starts nothing. */
export async function readCandidates(warehouse: Warehouse, slate: Slate): Promise<Candidate[]> {
  return warehouse.query<Candidate>(CANDIDATES, { slate });
}

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
  matchup_quality_low: 'the quality of the opponent features is below 50',
  below_threshold: 'the feature quality is below the threshold of the mode; a later mode may take the player',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

const MIN_MATCHUP_QUALITY = 50;

/** Decides whether a player is predicted: undefined = yes, otherwise the first reason against it. */
export function gate(candidate: Candidate, mode: RunMode, now: Date): SkipReason | undefined {
  const { threshold, replaces, backfill } = RUN_MODES[mode];
  if (candidate.has_prediction && !replaces) return 'already_predicted';
  if (candidate.injury_status === 'out' || candidate.injury_status === 'doubtful') return 'player_out';
  if (!backfill && Date.parse(candidate.tipoff_at) <= now.getTime()) return 'game_started';
  if (candidate.required_default_count === null || candidate.feature_quality_score === null)
    return 'no_features';
  if (candidate.required_default_count > 0) return 'required_feature_missing';
  if (candidate.quality_alert_level === 'red') return 'red_quality';
  if ((candidate.matchup_quality_pct ?? 0) < MIN_MATCHUP_QUALITY) return 'matchup_quality_low';
  if (candidate.feature_quality_score < threshold) return 'below_threshold';
  return undefined;
}

/** The gate's verdict on one player: predicted when `skip` is absent. */
export interface PlayerVerdict {
  readonly player_id: number;
  readonly skip: SkipReason | undefined;
}

/** What a batch of a slate would do now. */
export interface Plan {
  /** Counted games that are still on. */
  readonly games: number;
  /** One per player of the slate's context, in the order of games and players. */
  readonly verdicts: readonly PlayerVerdict[];
}

/**
 * Reads the slate and asks the gate about every player of its context. Changes nothing. A plan without games has no verdicts.
 *
 * Throws TIPOFF_BAD_INPUT when mode and date do not go together, or a named player is not in the context; TIPOFF_NOT_READY
 * when the slate has games and no player in its context; and whatever the warehouse throws: an unreadable gate lets neither
 * all players through nor none.
 */
export async function planBatch(
  warehouse: Warehouse,
  request: {
    readonly slate: Slate;
    readonly mode: RunMode;
    readonly players?: readonly number[] | undefined;
  },
  now: Date,
): Promise<Plan> {
  const { slate, mode, players } = request;
  const games = await slateGames(warehouse, slate);
  if (games.length === 0) return { games: 0, verdicts: [] };
  checkMode(
    slate,
    mode,
    games.map(({ tipoff_at }) => tipoff_at),
    now,
  );
  const candidates = await readCandidates(warehouse, slate);
  if (candidates.length === 0) {
    throw new TipoffError(
      'TIPOFF_NOT_READY',
      `${slate} has ${games.length} games and no player in its context`,
      {
        hint: `Run \`tipoff day ${slate}\`, which computes contexts and features first.`,
        details: { slate, games: games.length },
      },
    );
  }
  const verdicts = new Map<number, PlayerVerdict>();
  for (const candidate of candidates) {
    const { player_id } = candidate;
    const skip = gate(candidate, mode, now);
    // A player may be in the context of two teams; he is expected once, with the game that has his features.
    if (!verdicts.has(player_id) || skip === undefined) verdicts.set(player_id, { player_id, skip });
  }
  if (players === undefined) return { games: games.length, verdicts: [...verdicts.values()] };
  const unknown = players.filter((id) => !verdicts.has(id));
  if (unknown.length > 0) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected players of the slate ${slate}, saw ${unknown.join(', ')}`,
      {
        hint: 'Name players of the slate by their NBA player ids, or none for all.',
        details: { slate, unknown },
      },
    );
  }
  return {
    games: games.length,
    verdicts: [...verdicts.values()].filter(({ player_id }) => players.includes(player_id)),
  };
}

/** Players by skip reason. */
export function skippedBy(verdicts: readonly PlayerVerdict[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { skip } of verdicts) if (skip !== undefined) counts[skip] = (counts[skip] ?? 0) + 1;
  return counts;
}

/** Throws TIPOFF_BAD_INPUT when mode and date of a slate, whose games tip off at these instants, do not go together. */
export function checkMode(slate: Slate, mode: RunMode, tipoffs: readonly string[], now: Date): void {
  const today = slateOf(now);
  const isOver = tipoffs.every((tipoff) => Date.parse(tipoff) <= now.getTime());
  const isBackfill = RUN_MODES[mode].backfill;
  if (isBackfill && slate >= today && !isOver) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a slate that is over for ${mode}, saw ${slate}; today is ${today}`,
      {
        hint: 'Use FIRST, RETRY, FINAL_RETRY or LAST_CALL for games that are still to come.',
        details: { slate, mode, today },
      },
    );
  }
  if (!isBackfill && isOver) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `every game of ${slate} has begun: ${mode} predicts before tip-off only`,
      {
        hint: 'Use BACKFILL; its rows are kept apart from the live record.',
        details: { slate, mode, today },
      },
    );
  }
}

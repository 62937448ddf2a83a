import { SEASON_DAYS, type Slate, slateOf } from '#core/calendar.ts';
import { countBy } from '#core/count-by.ts';
import { TipoffError } from '#core/errors.ts';
import { RUN_MODES, type RunMode } from '#core/run-modes.ts';
import { statement } from '#core/statement.ts';
import { sidesOf } from '#pipeline/analytics/whole-games.ts';
import { inputProblems } from '#pipeline/generations.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Days before the slate in which the box scores of both teams must be complete. */
const HISTORY_DAYS = 7;
/** Seconds after tip-off by which a game is over and its box score may be asked for. */
const OVER_SECONDS = 6 * 3600;
/** A points line off by more than this factor from what a player has scored lately cannot be his: a unit, column or name is wrong. */
const MAX_LINE_FACTOR = 3;
/** Lower bound on the recent scoring that a line is compared with. */
const MIN_FORM = 6;

/**
 * A team is predicted again when the minutes expected from absent teammates have changed by this much since its forecasts were
 * made. Smaller changes hardly move a forecast.
 */
const MIN_MOVED_MINUTES = 6;

/**
 * Every player of the slate's context, and those with a visible prediction for a game no longer played on the slate. A missing
 * quote counts only where the slate has quotes at all.
 */
export const CANDIDATES = statement({
  owner: 'pipeline/batch/plan',
  sql: `
WITH broken AS (
  SELECT DISTINCT team_abbr
  FROM (${sidesOf(`fn.add_days(CAST(@slate AS DATE), -${HISTORY_DAYS})`, 'fn.add_days(CAST(@slate AS DATE), -1)')}) AS sides
  WHERE NOT is_whole AND tipoff_at <= fn.add_seconds(CAST(@now AS TIMESTAMP), -${OVER_SECONDS})
), newest AS (
  SELECT player_id, MAX(slate) AS last_game FROM nba_analytics.player_game_summary
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -${SEASON_DAYS}) AND fn.add_days(CAST(@slate AS DATE), -1)
    AND played AND minutes IS NOT NULL AND points IS NOT NULL
  GROUP BY player_id
), games AS (
  SELECT game_id, tipoff_at FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE)
), quotes AS (
  SELECT DISTINCT player_id, market, bookmaker, line FROM nba_analytics.player_prop_lines
  WHERE slate = CAST(@slate AS DATE) AND resolution = 'resolved'
), features AS (
  SELECT player_id, game_id, team_abbr, freed_min, pts_ewma8, required_default_count, feature_quality_score, matchup_quality_pct, quality_alert_level
  FROM nba_predictions.ml_feature_store
  WHERE slate = CAST(@slate AS DATE)
), claims AS (
  SELECT c.player_id, MIN(c.game_id) AS game_id, MIN(c.tipoff_at) AS tipoff_at, MIN(c.freed_min) AS freed_min,
    MAX(CASE WHEN g.game_id IS NULL THEN 1 ELSE 0 END) AS void_rows,
    MAX(CASE WHEN g.tipoff_at <> c.tipoff_at OR (c.line IS NOT NULL AND q.player_id IS NULL AND n.quotes > 0) THEN 1 ELSE 0 END) AS changed_rows
  FROM nba_predictions.current_predictions c
  CROSS JOIN (SELECT COUNT(*) AS quotes FROM quotes) n
  LEFT JOIN games g ON g.game_id = c.game_id
  LEFT JOIN quotes q ON q.player_id = c.player_id AND q.market = c.market AND q.bookmaker = c.bookmaker AND q.line = c.line
  WHERE c.slate = CAST(@slate AS DATE)
  GROUP BY c.player_id
), moved AS (
  SELECT f.game_id, f.team_abbr
  FROM claims c
  JOIN features f ON f.player_id = c.player_id AND f.game_id = c.game_id
  GROUP BY f.game_id, f.team_abbr
  HAVING MAX(ABS(f.freed_min - c.freed_min)) >= ${MIN_MOVED_MINUTES}
), expected AS (
  SELECT player_id, game_id, tipoff_at, injury_status, team_abbr, opponent_abbr, line FROM nba_analytics.upcoming_player_game_context
  WHERE slate = CAST(@slate AS DATE)
  UNION ALL
  SELECT c.player_id, c.game_id, c.tipoff_at, CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS NUMERIC) FROM claims c
  WHERE c.void_rows = 1 AND c.player_id NOT IN (
    SELECT player_id FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE))
)
SELECT u.player_id, u.game_id, u.tipoff_at, u.injury_status, g.game_id IS NOT NULL AS is_played,
  CASE WHEN c.void_rows = 1 THEN 'void' WHEN c.changed_rows = 1 OR (c.player_id IS NOT NULL AND m.game_id IS NOT NULL) THEN 'changed' WHEN c.player_id IS NOT NULL THEN 'holds' END AS claim,
  o.team_abbr IS NULL AND e.team_abbr IS NULL AS is_history_whole,
  d.player_id IS NOT NULL AND n.last_game IS NOT NULL AND COALESCE(d.last_played_on < n.last_game, TRUE) AS is_stale,
  COALESCE(CAST(u.line AS FLOAT64) > ${MAX_LINE_FACTOR} * fn.greatest2(f.pts_ewma8, ${MIN_FORM}) OR CAST(u.line AS FLOAT64) * ${MAX_LINE_FACTOR} < f.pts_ewma8 - ${MIN_FORM}, FALSE) AS is_line_implausible,
  f.required_default_count, f.feature_quality_score, f.matchup_quality_pct, f.quality_alert_level
FROM expected u
LEFT JOIN broken o ON o.team_abbr = u.team_abbr
LEFT JOIN broken e ON e.team_abbr = u.opponent_abbr
LEFT JOIN newest n ON n.player_id = u.player_id
LEFT JOIN nba_precompute.player_daily_cache d ON d.slate = CAST(@slate AS DATE) AND d.player_id = u.player_id
LEFT JOIN games g ON g.game_id = u.game_id
LEFT JOIN claims c ON c.player_id = u.player_id
LEFT JOIN features f ON f.player_id = u.player_id AND f.game_id = u.game_id
LEFT JOIN moved m ON m.game_id = f.game_id AND m.team_abbr = f.team_abbr
ORDER BY u.game_id, u.player_id`,
});

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

/** Every player who may play on the slate, or was predicted to, with what the gate needs. Throws what the warehouse throws: without its inputs the gate admits nobody. */
export async function readCandidates(warehouse: Warehouse, slate: Slate, now: Date): Promise<Candidate[]> {
  return warehouse.query<Candidate>(CANDIDATES.sql, { slate, now: now.toISOString() });
}

/** What the gate looks at, for one player of the slate's context. */
export interface Candidate {
  readonly player_id: number;
  readonly game_id: string;
  readonly tipoff_at: string;
  readonly injury_status: string | null;
  /** The game is counted and still on for the slate. */
  readonly is_played: boolean;
  /**
   * The state of the player's visible prediction: null when he has none, `void` when its game is not played on the slate,
   * `changed` when its tip-off is another one, its line is no longer quoted by its bookmaker, or the minutes expected of his
   * team have moved since it was made.
   */
  readonly claim: 'holds' | 'changed' | 'void' | null;
  /** Every game of his team and of the opponent in the week before is summarised whole. */
  readonly is_history_whole: boolean;
  /** He has played since his features were computed. */
  readonly is_stale: boolean;
  /** The points line is far beyond what he scores. */
  readonly is_line_implausible: boolean;
  /** Null when there is no feature row. */
  readonly required_default_count: number | null;
  readonly feature_quality_score: number | null;
  readonly matchup_quality_pct: number | null;
  readonly quality_alert_level: string | null;
}

/** Why a player is not predicted by a batch, in the order in which the reasons are tried. */
export const SKIP_REASONS = {
  already_predicted: 'a visible prediction exists and the mode does not replace it',
  game_postponed: 'the game is not played on the slate any more',
  player_out: 'the newest status before the cut-off says out or doubtful',
  game_started: 'the game has begun; only a backfill predicts it now',
  last_game_unknown: 'a game of his team or of the opponent in the week before is not there, or only in part',
  inputs_stale: 'he has played since his features were computed',
  implausible_line: 'the line is far beyond what he scores: it is not his',
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
  const { claim } = candidate;
  const { replaces, renews, backfill } = RUN_MODES[mode];
  if (claim !== null && backfill) return 'already_predicted';
  if (!candidate.is_played) return 'game_postponed';
  if (candidate.injury_status === 'out' || candidate.injury_status === 'doubtful') return 'player_out';
  if (!replaces && (claim === 'holds' || (claim === 'changed' && !renews))) return 'already_predicted';
  if (!backfill && Date.parse(candidate.tipoff_at) <= now.getTime()) return 'game_started';
  if (!candidate.is_history_whole) return 'last_game_unknown';
  if (candidate.is_stale) return 'inputs_stale';
  if (candidate.is_line_implausible) return 'implausible_line';
  if (candidate.required_default_count === null || candidate.feature_quality_score === null)
    return 'no_features';
  if (candidate.required_default_count > 0) return 'required_feature_missing';
  if (candidate.quality_alert_level === 'red') return 'red_quality';
  if ((candidate.matchup_quality_pct ?? 0) < MIN_MATCHUP_QUALITY) return 'matchup_quality_low';
  if (candidate.feature_quality_score < thresholdOf(candidate, mode)) return 'below_threshold';
  return undefined;
}

/** A player already predicted under a lower threshold is not rejected by a mode with a higher one. */
function thresholdOf({ claim }: Candidate, mode: RunMode): number {
  const { threshold } = RUN_MODES[mode];
  return claim === null ? threshold : Math.min(threshold, RUN_MODES.LAST_CALL.threshold);
}

/** Skip reasons that leave a visible prediction valid. */
const HARMLESS: readonly SkipReason[] = ['already_predicted', 'game_started', 'inputs_stale'];

/**
 * True when a skip withdraws the player's visible predictions: a published pick is a standing claim, and a player who may no
 * longer be predicted may not be shown either. Predictions visible at tip-off stay, because they are graded.
 */
function withdraws(candidate: Candidate, skip: SkipReason, mode: RunMode, now: Date): boolean {
  if (candidate.claim === null || RUN_MODES[mode].backfill || HARMLESS.includes(skip)) return false;
  return skip === 'game_postponed' || Date.parse(candidate.tipoff_at) > now.getTime();
}

/** The gate's verdict on one player: predicted when `skip` is absent. */
export interface PlayerVerdict {
  readonly player_id: number;
  readonly skip: SkipReason | undefined;
  /** True when the skip withdraws his visible predictions. */
  readonly withdraws: boolean;
}

/** What a batch of a slate would do now. */
export interface Plan {
  /** Counted games that are still on. */
  readonly games: number;
  /** One per player of the slate's context or of a game called off, in the order of games and players. */
  readonly verdicts: readonly PlayerVerdict[];
  /** Expected players with a visible prediction. */
  readonly visible: number;
}

/**
 * Runs the gate over every player of the slate's context, and over those whose game was called off after they had been
 * predicted. Changes nothing. A plan without games has verdicts on the latter only.
 *
 * Throws TIPOFF_BAD_INPUT when mode and date are incompatible or a requested player is not in the context; TIPOFF_NOT_READY
 * when the slate has games but no player in its context, or features of different generations; and whatever the warehouse
 * throws, so that unreadable inputs never pass for an empty slate.
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
  if (games.length > 0)
    checkMode(
      slate,
      mode,
      games.map(({ tipoff_at }) => tipoff_at),
      now,
    );
  const candidates = (await readCandidates(warehouse, slate, now)).filter(
    ({ is_played }) => is_played || !RUN_MODES[mode].backfill,
  );
  if (games.length > 0 && candidates.every(({ is_played }) => !is_played)) {
    throw new TipoffError(
      'TIPOFF_NOT_READY',
      `${slate} has ${games.length} games and no player in its context`,
      {
        hint: `Run \`tipoff day ${slate}\`, which computes contexts and features first.`,
        details: { slate, games: games.length },
      },
    );
  }
  if (!RUN_MODES[mode].backfill) await requireWholeInputs(warehouse, slate, now);
  const verdicts = new Map<number, PlayerVerdict>();
  for (const candidate of candidates) {
    const { player_id } = candidate;
    const skip = gate(candidate, mode, now);
    // A player may be in the context of two teams; he is expected once, with the game that has his features.
    const verdict = {
      player_id,
      skip,
      withdraws: skip !== undefined && withdraws(candidate, skip, mode, now),
    };
    if (!verdicts.has(player_id) || skip === undefined) verdicts.set(player_id, verdict);
  }
  const visible = new Set(candidates.flatMap(({ player_id, claim }) => (claim === null ? [] : [player_id])));
  if (players === undefined)
    return { games: games.length, verdicts: [...verdicts.values()], visible: visible.size };
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
    visible: players.filter((id) => visible.has(id)).length,
  };
}

/** Throws TIPOFF_NOT_READY when the inputs of a batch are of different generations, or were altered after they were written. */
async function requireWholeInputs(warehouse: Warehouse, slate: Slate, now: Date): Promise<void> {
  const unfit = await inputProblems(warehouse, slate, now);
  const [first] = unfit;
  if (first === undefined) return;
  const same = unfit.filter(({ cause }) => cause === first.cause);
  const more = same.length === 1 ? '' : ` and ${same.length - 1} more`;
  const [what, why] =
    first.cause === 'mixed'
      ? [`the features of ${slate} are of different generations`, 'A build was stopped halfway.']
      : [`rows that ${slate} rests on are not those that were written`, 'They were changed where they lie.'];
  throw new TipoffError('TIPOFF_NOT_READY', `${what}: ${first.subject}${more} (${first.note})`, {
    hint: `${why} Run \`tipoff day ${slate}\`, which recomputes them.`,
    details: { slate, subjects: same.map(({ subject }) => subject) },
  });
}

/** Players by skip reason. */
export function skippedBy(verdicts: readonly PlayerVerdict[]): Record<string, number> {
  return Object.fromEntries(countBy(verdicts, ({ skip }) => skip));
}

/** Throws TIPOFF_BAD_INPUT when a mode does not fit a slate whose games tip off at these instants. */
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

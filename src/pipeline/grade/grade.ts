import { parseSlate, type Slate } from '#core/calendar.ts';
import { predictionGrades } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { countedByMarketSql, hasPlayedSql } from '#core/markets.ts';
import { recordingOf } from '#pipeline/processor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/**
 * Which grades count in a record, as a subselect `SELECT … FROM (${COUNTED_GRADES}) g`: of the publications in force, the
 * newest per slate, player, market and record class. So a player whose line moved at noon counts once, with the last version before
 * tip-off, and a backfill made later neither hides the live record nor adds to it. Grades of a publication withdrawn since
 * the last grading do not count. What a later publication replaced is found by a join: a window would sort every row. Parameters @from
 * and @to bound the slates.
 */
export const COUNTED_GRADES = `
  SELECT g.*, v.event_at AS published_at
  FROM nba_predictions.prediction_grades g
  JOIN nba_predictions.publications v ON v.publication_id = g.publication_id AND v.slate = g.slate AND v.event = 'published'
  LEFT JOIN (
    SELECT DISTINCT o.publication_id, n.slate, n.player_id, n.market, n.record_class
    FROM nba_predictions.publications o
    JOIN nba_predictions.publications l ON l.slate = o.slate AND l.event = 'published'
    JOIN nba_predictions.prediction_grades n ON n.publication_id = l.publication_id AND n.slate = l.slate
    WHERE o.event = 'published' AND (l.event_at > o.event_at OR (l.event_at = o.event_at AND l.publication_id > o.publication_id))
      AND o.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
      AND n.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
      AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = l.publication_id AND w.event = 'withdrawn')
  ) AS newer ON newer.publication_id = g.publication_id AND newer.slate = g.slate AND newer.player_id = g.player_id
    AND newer.market = g.market AND newer.record_class = g.record_class
  WHERE g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND newer.slate IS NULL
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = g.publication_id AND w.event = 'withdrawn')`;

/**
 * The grading statement, portable SQL over slates [@from, @to].
 *
 * Every row of every publication that is not withdrawn is graded: what was shown at any time can be looked up. Which of
 * several versions counts in a record is decided by `COUNTED_GRADES`.
 *
 * A row is live when it was published as such before tip-off, by today's schedule; a row published later is graded as backfill,
 * whatever it was labelled.
 *
 * A game is final when the schedule says so and both teams have at least five players on court in the summaries. Until
 * then its rows are pending: a missing box score does not mean that a player was absent. A game moved off the slate stays pending.
 */
const JUDGED = `
WITH sides AS (
  SELECT g.game_id, g.slate, g.team_abbr, COUNTIF(g.played) AS played
  FROM nba_analytics.player_game_summary g
  WHERE g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY g.game_id, g.slate, g.team_abbr
), games AS (
  SELECT s.game_id, s.slate, s.season, s.season_type, s.status, s.tipoff_at,
    COALESCE(h.played, 0) >= 5 AND COALESCE(a.played, 0) >= 5 AS has_box_score
  FROM nba_reference.schedule s
  LEFT JOIN sides h ON h.game_id = s.game_id AND h.slate = s.slate AND h.team_abbr = s.home_abbr
  LEFT JOIN sides a ON a.game_id = s.game_id AND a.slate = s.slate AND a.team_abbr = s.away_abbr
), published AS (
  SELECT p.prediction_id, p.publication_id, p.record_class, p.slate, p.game_id, p.player_id, p.player_name, p.team_abbr,
    p.opponent_abbr, p.market, p.system_id, p.model_id, p.line, p.line_role, p.line_quality, p.bookmaker, p.recommendation,
    p.is_actionable, p.filter_reason, p.predicted, p.edge, p.confidence, p.over_price, p.under_price,
    LOWER(COALESCE(p.injury_status, '')) AS injury_status, v.event_at AS published_at,
    p.recommendation IN ('OVER', 'UNDER') AND p.line IS NOT NULL AS is_bet
  FROM nba_predictions.player_prop_predictions p
  JOIN nba_predictions.publications v ON v.publication_id = p.publication_id AND v.slate = p.slate AND v.event = 'published'
  WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = p.publication_id AND w.event = 'withdrawn')
), judged AS (
  SELECT p.*, s.season, s.season_type,
    CASE WHEN p.record_class = 'live' AND p.published_at < s.tipoff_at THEN 'live' ELSE 'backfill' END AS proven_class,
    ${countedByMarketSql('p.market', 'g')} AS counted, g.minutes,
    ${hasPlayedSql('g')} AS has_played,
    CASE
      WHEN s.game_id IS NULL THEN 'unknown_game'
      WHEN s.slate <> p.slate OR s.status IN ('postponed', 'cancelled') THEN 'not_played_on_slate'
      WHEN s.status <> 'final' THEN 'not_final'
      WHEN NOT s.has_box_score THEN 'no_box_score'
      WHEN g.played AND ${countedByMarketSql('p.market', 'g')} IS NULL THEN 'no_actual'
      ELSE 'final' END AS standing
  FROM published p
  LEFT JOIN games s ON s.game_id = p.game_id
  LEFT JOIN nba_analytics.player_game_summary g ON g.game_id = p.game_id AND g.player_id = p.player_id AND g.slate = p.slate
    AND g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
)`;

/**
 * One grade per row of a final game. The player's count and the line are compared exactly (integer and decimal). The price is that of the
 * recommended side, -110 where the source has no American price; a win earns 100 / -price or price / 100 per unit.
 */
export const GRADES = `${JUDGED}, decided AS (
  SELECT j.*,
    CASE WHEN NOT j.has_played THEN 'void' WHEN NOT j.is_bet THEN 'no_bet' WHEN j.counted = j.line THEN 'push'
      WHEN (j.counted > j.line) = (j.recommendation = 'OVER') THEN 'win' ELSE 'loss' END AS outcome,
    CASE WHEN NOT j.is_bet THEN NULL
      WHEN j.recommendation = 'OVER' AND ABS(j.over_price) >= 100 THEN j.over_price
      WHEN j.recommendation = 'UNDER' AND ABS(j.under_price) >= 100 THEN j.under_price
      ELSE -110 END AS price,
    CASE WHEN j.has_played THEN j.counted END AS actual,
    CASE WHEN j.has_played THEN j.predicted - j.counted END AS signed_error
  FROM judged j WHERE j.standing = 'final'
)
SELECT d.prediction_id, d.publication_id, d.proven_class AS record_class, d.slate, d.season, d.season_type, d.game_id, d.player_id,
  d.player_name, d.team_abbr, d.opponent_abbr, d.market, d.system_id, d.model_id, d.line, d.line_role, d.line_quality, d.bookmaker,
  d.recommendation, d.is_actionable, d.filter_reason, d.predicted, d.edge, d.confidence, d.actual,
  CASE WHEN d.has_played THEN d.minutes END AS actual_minutes, d.outcome,
  CASE d.outcome WHEN 'win' THEN TRUE WHEN 'loss' THEN FALSE END AS is_correct,
  CASE WHEN d.outcome <> 'void' THEN NULL
    WHEN d.injury_status IN ('out', 'doubtful') THEN 'dnp_injury_confirmed'
    WHEN d.injury_status IN ('questionable', 'probable') THEN 'dnp_late_scratch'
    ELSE 'dnp_unknown' END AS void_reason,
  d.signed_error, ABS(d.signed_error) AS absolute_error,
  ROUND(ABS(d.signed_error), 6) <= 3 AS within_3, ROUND(ABS(d.signed_error), 6) <= 5 AS within_5,
  d.actual - d.line AS actual_margin, d.price,
  CASE WHEN NOT d.is_bet THEN NULL WHEN d.outcome = 'loss' THEN -1 WHEN d.outcome <> 'win' THEN 0
    WHEN d.price < 0 THEN fn.safe_div(100, -d.price) ELSE fn.safe_div(d.price, 100) END AS profit,
  CAST(@graded_at AS TIMESTAMP) AS graded_at
FROM decided d`;

/** How many rows and games of the range are in which state: final or one of the reasons to wait. */
export const STANDINGS = `${JUDGED}
SELECT standing, COUNT(*) AS row_count, COUNT(DISTINCT game_id) AS game_count FROM judged GROUP BY standing ORDER BY standing`;

export interface GradeDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
}

/** Why a published row has no grade yet. `not_played_on_slate` and `unknown_game` do not resolve by waiting. */
const PENDING_REASONS = [
  'not_final',
  'no_box_score',
  'no_actual',
  'not_played_on_slate',
  'unknown_game',
] as const;
type PendingReason = (typeof PENDING_REASONS)[number];

const OUTCOMES = ['win', 'loss', 'push', 'void', 'no_bet'] as const;
type GradeOutcome = (typeof OUTCOMES)[number];

interface Count {
  readonly rows: number;
  readonly games: number;
}

export interface GradeReport {
  readonly from: string;
  readonly to: string;
  readonly graded: number;
  readonly games: number;
  /** Slates of the range that hold grades now. */
  readonly slates: readonly Slate[];
  readonly outcomes: Readonly<Record<GradeOutcome, number>>;
  readonly pending: Readonly<Record<PendingReason, Count>>;
  /** Rows without a grade, over all reasons. */
  readonly pendingRows: number;
}

/**
 * Grades every published row of the slates [from, to] whose game is final, by the rules of the grading statement above. Replaces the
 * grades of the range in one atomic step: a second run gives the same rows (but for `graded_at`), and grades of a
 * publication withdrawn since then disappear. Pending rows are counted by reason, never graded as absences.
 */
export async function grade(
  { warehouse, clock }: GradeDeps,
  range: { readonly from: string; readonly to: string },
): Promise<GradeReport> {
  const [from, to] = [parseSlate(range.from), parseSlate(range.to)];
  if (from > to) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a range of slates, saw ${from} after ${to}`, {
      hint: 'Write the earlier date first.',
    });
  }
  const params = { from, to };
  const now = clock.now();
  const graded = await warehouse.replaceRange(
    predictionGrades,
    { column: 'slate', from, to, recording: recordingOf({ from }, now) },
    GRADES,
    { ...params, graded_at: now.toISOString() },
  );
  const standings = await warehouse.query<{ standing: string; row_count: number; game_count: number }>(
    STANDINGS,
    params,
  );
  const outcomes = await warehouse.query<{ slate: Slate; outcome: string; row_count: number }>(
    `SELECT slate, outcome, COUNT(*) AS row_count FROM nba_predictions.prediction_grades
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) GROUP BY slate, outcome ORDER BY slate, outcome`,
    params,
  );
  const count = (standing: string): Count => {
    const found = standings.find((row) => row.standing === standing);
    return { rows: found?.row_count ?? 0, games: found?.game_count ?? 0 };
  };
  const outcome = (name: GradeOutcome): number =>
    outcomes.reduce((sum, row) => (row.outcome === name ? sum + row.row_count : sum), 0);
  const pending: Record<PendingReason, Count> = {
    not_final: count('not_final'),
    no_box_score: count('no_box_score'),
    no_actual: count('no_actual'),
    not_played_on_slate: count('not_played_on_slate'),
    unknown_game: count('unknown_game'),
  };
  return {
    from,
    to,
    graded,
    games: count('final').games,
    slates: [...new Set(outcomes.map(({ slate }) => slate))],
    outcomes: {
      win: outcome('win'),
      loss: outcome('loss'),
      push: outcome('push'),
      void: outcome('void'),
      no_bet: outcome('no_bet'),
    },
    pending,
    pendingRows: Object.values(pending).reduce((sum, { rows }) => sum + rows, 0),
  };
}

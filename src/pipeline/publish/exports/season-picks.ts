/** One pick of a subset with how it ended. */
export interface SeasonPick {
  readonly record_class: string;
  readonly system_id: string;
  readonly subset_id: string;
  readonly slate: string;
  readonly rank: number;
  readonly daily_signal: string;
  readonly publication_id: string;
  readonly prediction_id: string;
  readonly model_id: string;
  readonly game_id: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly predicted_points: number;
  readonly line: string | null;
  readonly recommendation: string;
  readonly edge: number | null;
  readonly confidence: number | null;
  readonly actual_points: number | null;
  /** win, loss, push, void, no_bet or pending. */
  readonly result: string;
  readonly void_reason: string | null;
  readonly profit: number | null;
}

/**
 * The subset picks of the slates [@from, @to], newest first. The subsets of a slate are one version, fixed with a
 * publication: for the live record the last one before the first tip-off of the slate (when none was that early, the
 * earliest), for backfills the newest. A version may name predictions of earlier publications of its slate; those of a
 * withdrawn publication are left out. Once a pick is graded, its record class is the one that grading proved.
 */
export const SEASON_PICKS = `
WITH standing AS (
  SELECT v.publication_id, v.slate, v.event_at
  FROM nba_predictions.publications v
  WHERE v.event = 'published' AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = v.publication_id AND w.event = 'withdrawn')
), first_tips AS (
  SELECT slate, MIN(tipoff_at) AS first_tip
  FROM nba_reference.schedule
  WHERE is_counted AND status NOT IN ('postponed', 'cancelled') AND slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), versions AS (
  SELECT DISTINCT publication_id, slate, record_class
  FROM nba_predictions.subset_picks
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
), timed AS (
  SELECT s.publication_id, s.slate, s.record_class, v.event_at,
    s.record_class <> 'live' OR f.first_tip IS NULL OR v.event_at < f.first_tip AS in_time
  FROM versions s
  JOIN standing v ON v.publication_id = s.publication_id AND v.slate = s.slate
  LEFT JOIN first_tips f ON f.slate = s.slate
), chosen AS (
  SELECT publication_id, slate, record_class
  FROM timed
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, record_class
    ORDER BY in_time DESC, CASE WHEN in_time THEN event_at END DESC, event_at, publication_id DESC) = 1
), shown AS (
  SELECT p.publication_id, p.prediction_id, p.slate, p.model_id, p.game_id, p.player_id, p.player_name, p.team_abbr, p.opponent_abbr,
    p.predicted_points, p.line, p.recommendation, p.edge, p.confidence
  FROM nba_predictions.player_prop_predictions p
  JOIN standing v ON v.publication_id = p.publication_id AND v.slate = p.slate
  WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.slate, p.prediction_id ORDER BY v.event_at DESC, p.publication_id DESC) = 1
)
SELECT COALESCE(g.record_class, k.record_class) AS record_class, k.system_id, k.subset_id, k.slate, k.rank, k.daily_signal,
  p.publication_id, k.prediction_id, p.model_id, p.game_id, p.player_id, p.player_name, p.team_abbr, p.opponent_abbr,
  p.predicted_points, p.line, p.recommendation, p.edge, p.confidence, g.actual_points, COALESCE(g.outcome, 'pending') AS result,
  g.void_reason, g.profit
FROM nba_predictions.subset_picks k
JOIN chosen c ON c.publication_id = k.publication_id AND c.slate = k.slate AND c.record_class = k.record_class
JOIN shown p ON p.slate = k.slate AND p.prediction_id = k.prediction_id
LEFT JOIN nba_predictions.prediction_grades g ON g.slate = k.slate AND g.prediction_id = k.prediction_id AND g.publication_id = p.publication_id
WHERE k.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY record_class DESC, k.system_id, k.slate DESC, k.subset_id, k.rank, k.prediction_id`;

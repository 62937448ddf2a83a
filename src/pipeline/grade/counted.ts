/**
 * Which grades count in a record, as a subselect `SELECT … FROM (${COUNTED_GRADES}) g`: of the publications that stand, the
 * newest per slate, player and record class. So a player whose line moved at noon counts once, with the last version before
 * tip-off, and a backfill made later neither hides the live record nor adds to it. Grades of a publication withdrawn since
 * the last grading do not count. Parameters @from and @to bound the slates.
 */
export const COUNTED_GRADES = `
  SELECT g.*, v.event_at AS published_at
  FROM nba_predictions.prediction_grades g
  JOIN nba_predictions.publications v ON v.publication_id = g.publication_id AND v.slate = g.slate AND v.event = 'published'
  WHERE g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = g.publication_id AND w.event = 'withdrawn')
  QUALIFY RANK() OVER (PARTITION BY g.slate, g.player_id, g.record_class ORDER BY v.event_at DESC, v.publication_id DESC) = 1`;

import { defineCanary } from '#guard/canaries/definition.ts';

export const rowsWithoutReceipt = defineCanary({
  id: 'rows_without_receipt',
  phase: 'predict',
  question: 'Do copied predictions lie around without a receipt?',
  expected: 'a receipt for every publication id in the predictions table, two hours after it was made',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'info' }],
  owner: 'predictions',
  repair: 'tipoff batch check-stalled',
  dependsOn: [],
  whenEmpty: { skip: 'no prediction was made for the last week' },
  look: {
    sql: `
SELECT p.publication_id AS subject, v.publication_id IS NULL AND p.made_at < fn.add_seconds(CAST(@as_of AS TIMESTAMP), -7200) AS is_bad,
  CAST(p.held AS STRING) || ' rows nobody can see' AS note
FROM (
  SELECT publication_id, MAX(predicted_at) AS made_at, COUNT(*) AS held FROM nba_predictions.player_prop_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
  GROUP BY publication_id
) AS p
LEFT JOIN (
  SELECT DISTINCT publication_id FROM nba_predictions.publications WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
) AS v ON v.publication_id = p.publication_id`,
  },
  sabotage: {
    sql: [
      'DELETE FROM nba_predictions.publications WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
      'UPDATE nba_predictions.player_prop_predictions SET predicted_at = fn.add_seconds(CAST(@as_of AS TIMESTAMP), -90000) WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'An attempt to publish died between the copy and the receipt and nobody took it up. Readers never see the rows; they cost space and confuse counts by hand.',
  steps: [
    'The publication id begins with the batch id: tipoff batch show <batch>.',
    'In consolidation: tipoff batch check-stalled takes it up again.',
    'Published under another token: the rows of the lost attempt may be deleted.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';

export const publicationsAudited = defineCanary({
  id: 'publications_audited',
  phase: 'predict',
  question: 'Does every publication of the week have its audit and all of its rows?',
  expected: 'an audit and the receipted number of rows for every publication',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff publish undo <publication> --reason rows-differ-from-receipt, then tipoff predict {slate} --mode RETRY',
  dependsOn: [],
  whenEmpty: { skip: 'nothing was published in the last week' },
  look: {
    sql: `
SELECT v.publication_id AS subject, LENGTH(v.audit) < 10 OR COALESCE(p.held, 0) <> v.row_count AS is_bad,
  CASE WHEN LENGTH(v.audit) < 10 THEN 'no audit; ' ELSE '' END || CAST(COALESCE(p.held, 0) AS STRING) || ' rows, receipt ' || CAST(v.row_count AS STRING) AS note
FROM nba_predictions.publications v
LEFT JOIN (
  SELECT publication_id, COUNT(*) AS held FROM nba_predictions.player_prop_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2)
  GROUP BY publication_id
) AS p ON p.publication_id = v.publication_id
WHERE v.slate BETWEEN CAST(@from AS DATE) AND fn.add_days(CAST(@slate AS DATE), 2) AND v.event = 'published'`,
  },
  sabotage: {
    sql: ["UPDATE nba_predictions.publications SET audit = '[]' WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)"],
  },
  meaning: 'Rows became visible on a way around the audit, or were changed after it. A receipt is the proof of what users saw.',
  steps: [
    'tipoff publish list --slate <slate>: who published it, under which token?',
    'Fewer rows than the receipt: somebody deleted rows by hand. More: a copy of another attempt was left.',
    'Withdraw and publish anew; grades follow the publication.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';

export const injuryFeedFresh = defineCanary({
  id: 'injury_feed_fresh',
  phase: 'ingest',
  question: 'Is there an availability report for tonight?',
  expected: 'a report for tonight, as on the days before',
  looksAt: 'tonight',
  ladder: [
    { by: '15:00', beforeTip: 90, severity: 'warning' },
    { by: '18:00', beforeTip: 30, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff ingest <injury reports>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'no availability feed is loaded: the days before had no report either' },
  look: {
    sql: `
SELECT 'availability report' AS subject, COALESCE(t.statements, 0) = 0 AS is_bad,
  'no statement for tonight; ' || CAST(u.slates AS STRING) || ' of the last ' || CAST(u.days AS STRING) || ' game days had one' AS note
FROM (
  SELECT COUNT(DISTINCT s.slate) AS days, COUNT(DISTINCT r.slate) AS slates
  FROM nba_reference.schedule s
  LEFT JOIN (SELECT DISTINCT slate FROM nba_raw.injury_reports WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)) r ON r.slate = s.slate
  WHERE s.slate >= CAST(@from AS DATE) AND s.slate < CAST(@slate AS DATE) AND s.is_counted AND s.status NOT IN ('postponed', 'cancelled')
) AS u
LEFT JOIN (
  SELECT COUNT(*) AS statements FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE) AND report_at <= CAST(@as_of AS TIMESTAMP)
) AS t ON TRUE
WHERE u.slates > 0 AND u.slates >= 0.9 * u.days`,
  },
  sabotage: { sql: ['DELETE FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Without tonight’s report the model believes that everybody is available: late scratches are predicted, and the minutes they leave are given to nobody.',
  steps: [
    'Look at the newest report_at in nba_raw.injury_reports.',
    'The league publishes from the afternoon on; a report later than 18:00 ET is rare.',
    'Load the report and run LINE_UPDATE, so that players ruled out are seen.',
  ],
});

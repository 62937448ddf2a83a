import { defineCanary } from '#guard/canaries/definition.ts';
import { whole } from './sql.ts';

export const voidsPlausible = defineCanary({
  id: 'voids_plausible',
  phase: 'grade',
  question: 'Did plausibly many of the predicted players not play?',
  expected: 'a share of void players at most 25 points above the usual, and not above 60 %',
  looksAt: 'last_night',
  ladder: [{ by: '11:15', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff ingest <box scores>, then tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than thirty players are graded' },
  look: {
    sql: `
SELECT 'void share' AS subject, share_now > 0.6 OR share_now > COALESCE(share_before, 0.35) + 0.25 AS is_bad,
  ${whole('100 * share_now')} || ' % void' || COALESCE(', usually ' || ${whole('100 * share_before')} || ' %', '') AS note
FROM (
  SELECT AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN is_void END) AS share_now, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN is_void END) AS share_before,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS players
  FROM (
    SELECT slate, player_id, MAX(CASE WHEN outcome = 'void' THEN 1 ELSE 0 END) AS is_void
    FROM nba_predictions.prediction_grades
    WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
    GROUP BY slate, player_id
  ) AS graded
) AS shares
WHERE players >= 30`,
  },
  sabotage: { sql: ["UPDATE nba_predictions.prediction_grades SET outcome = 'void' WHERE slate = CAST(@slate AS DATE)"] },
  meaning: 'A void says that the player did not play. When most did not, the box score lacks them, or the availability feed was not read.',
  steps: [
    'Group the voids by void_reason and by team: one team only points to its box score.',
    'dnp_injury_confirmed should never be many: those players are not predicted.',
    'Load the box scores again and grade again.',
  ],
});

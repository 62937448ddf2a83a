import { defineCanary } from '#guard/canaries/definition.ts';
import { whole } from './sql.ts';

/** GiB that one check may read in a day: 48 runs that each read the smallest amount that is billed, of some tables. */
const ONE_CHECK = 4;
/** GiB that all checks may read in a day. */
const ALL_CHECKS = 100;

export const byteBudget = defineCanary({
  id: 'byte_budget',
  phase: 'operations',
  question: 'Do the checks read more than they may?',
  expected: `at most ${ONE_CHECK} GiB a day for each check and ${ALL_CHECKS} GiB for all of them`,
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'bound the statement of the named check by its partitions',
  dependsOn: [],
  whenEmpty: { skip: 'nothing was billed in the last 24 hours: reading the embedded warehouse costs nothing' },
  look: {
    days: 2,
    sql: `
SELECT subject, gib > allowed AS is_bad, ${whole('gib')} || ' GiB read, allowed ' || ${whole('allowed')} AS note
FROM (
  SELECT canary_id AS subject, fn.safe_div(SUM(bytes), 1073741824) AS gib, ${ONE_CHECK} AS allowed
  FROM nba_orchestration.canary_results
  WHERE as_of > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND as_of <= CAST(@as_of AS TIMESTAMP) AND bytes IS NOT NULL
  GROUP BY canary_id
  UNION ALL
  SELECT 'all checks' AS subject, fn.safe_div(SUM(bytes), 1073741824) AS gib, ${ALL_CHECKS} AS allowed
  FROM nba_orchestration.canary_results
  WHERE as_of > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND as_of <= CAST(@as_of AS TIMESTAMP) AND bytes IS NOT NULL
  HAVING COUNT(*) > 0
) AS spent`,
  },
  sabotage: {
    sql: [
      `INSERT INTO nba_orchestration.canary_results (run_id, canary_id, phase, slate, status, severity, expected, offender_count, offenders, reason, as_of, ran_at, bytes, ms, code_version)
SELECT 'sabotage', 'greedy_check', 'operations', MAX(slate), 'PASS', 'info', 'much', 0, '[]', 'reads every season', CAST(@as_of AS TIMESTAMP), CAST(@as_of AS TIMESTAMP), 9000000000, 1, 'proof'
FROM nba_reference.schedule`,
    ],
  },
  meaning:
    'A check reads seasons where it should read days. Run every half hour, that is the bill of the month. The engine refuses what goes beyond the budget of one run; this check sees what adds up.',
  steps: [
    'The offender is the check, or all checks together.',
    'Its statement in src/guard/canaries/catalog: is every partitioned table bounded by @slate, @from or @as_of?',
    'Started more often than every half hour? Count its rows of the day in nba_orchestration.canary_results.',
  ],
});

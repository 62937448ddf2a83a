import { defineCanary } from '#guard/canaries/definition.ts';

/** Runs of one processor for one range in an hour: the daily job waits and repeats at most four times. */
const MOST_AN_HOUR = 20;

export const runRate = defineCanary({
  id: 'run_rate',
  phase: 'operations',
  question: 'Is the same work done over and over?',
  expected: `at most ${MOST_AN_HOUR} runs an hour of one processor for one range`,
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'stop the job that starts it; purge its queue',
  dependsOn: [],
  whenEmpty: { skip: 'nothing ran in the last hour' },
  look: {
    sql: `
SELECT processor || ' ' || CAST(slate_from AS STRING) || ' to ' || CAST(slate_to AS STRING) AS subject, COUNT(*) > ${MOST_AN_HOUR} AS is_bad,
  CAST(COUNT(*) AS STRING) || ' runs in an hour' AS note
FROM nba_orchestration.phase_runs
WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -3600) AND started_at <= CAST(@as_of AS TIMESTAMP)
GROUP BY processor, slate_from, slate_to`,
  },
  sabotage: {
    sql: [
      `INSERT INTO nba_orchestration.phase_runs (run_id, phase, processor, slate_from, slate_to, verdict, row_count, reason, started_at, finished_at, code_version)
SELECT 'sabotage-' || run_id || processor, phase, 'RetryStorm', CAST(@slate AS DATE), CAST(@slate AS DATE), 'held', 0, 'too early', fn.add_seconds(CAST(@as_of AS TIMESTAMP), -60), fn.add_seconds(CAST(@as_of AS TIMESTAMP), -60), code_version
FROM nba_orchestration.phase_runs WHERE started_at <= CAST(@as_of AS TIMESTAMP)`,
    ],
  },
  meaning:
    'Something starts a phase again before it could be ready. The bill grows and the log fills; this is the budget for repeated work.',
  steps: [
    'Who starts it: the run ids and times in nba_orchestration.phase_runs.',
    'verdict held: it should wait for its input, not be started again.',
    'Many ranges at once are a backfill and are not counted together.',
  ],
});

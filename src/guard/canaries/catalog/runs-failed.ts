import { defineCanary } from '#guard/canaries/definition.ts';

export const runsFailed = defineCanary({
  id: 'runs_failed',
  phase: 'operations',
  question: 'Which units of work failed and have not succeeded since?',
  expected: 'no processor whose newest run of a range in the last two days failed',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff backfill resume, or tipoff day {slate}',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: { skip: 'nothing ran in the last two days' },
  look: {
    sql: `
SELECT processor || ' ' || CAST(slate_from AS STRING) AS subject, verdict = 'failed' AS is_bad, COALESCE(reason, verdict) AS note
FROM nba_orchestration.phase_runs
WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -172800) AND started_at <= CAST(@as_of AS TIMESTAMP)
QUALIFY ROW_NUMBER() OVER (PARTITION BY processor, slate_from ORDER BY finished_at DESC, run_id) = 1`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.phase_runs SET verdict = 'failed', reason = 'TIPOFF_SCHEMA_MISMATCH: lacks a column' WHERE processor = 'PlayerDailyCache' AND started_at <= CAST(@as_of AS TIMESTAMP)",
    ],
  },
  meaning: 'A processor ended in an error and nobody ran it again with success. A success of the same processor and range clears it.',
  steps: [
    'The note is the error. TIPOFF_SCHEMA_MISMATCH: see contract_drift. TIPOFF_WAREHOUSE_BUSY: transient, run again.',
    'tipoff backfill status, where it was a unit of a backfill.',
    'Run the repair command.',
  ],
});

import { defineCanary } from '#guard/canaries/definition.ts';

export const precomputeHeld = defineCanary({
  id: 'precompute_held',
  phase: 'precompute',
  question: 'Did every processor run for tonight, and is none held?',
  expected: 'the newest run of every processor for tonight done',
  looksAt: 'tonight',
  ladder: [
    { by: '10:30', beforeTip: 105, severity: 'warning' },
    { by: '11:30', beforeTip: 60, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'no run is recorded for this slate alone; features_present says what there is' },
  look: {
    sql: `
SELECT processor AS subject, verdict IN ('held', 'failed') AS is_bad, verdict || COALESCE(': ' || reason, '') AS note
FROM nba_orchestration.phase_runs
WHERE slate_from <= CAST(@slate AS DATE) AND slate_to >= CAST(@slate AS DATE) AND phase IN ('analytics', 'precompute')
  AND started_at BETWEEN fn.eastern_instant(fn.add_days(CAST(@slate AS DATE), -1), 0) AND CAST(@as_of AS TIMESTAMP)
QUALIFY ROW_NUMBER() OVER (PARTITION BY processor ORDER BY finished_at DESC, run_id) = 1`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.phase_runs SET verdict = 'held', reason = 'results: 3 of 40 games have box scores' WHERE slate_from = CAST(@slate AS DATE) AND processor = 'MLFeatureStore'",
    ],
  },
  meaning:
    'A processor waits for an input that did not become ready, or failed. The note names the input; the tables below it keep what they had.',
  steps: [
    'Read the reason: results (box scores are missing), schedule (contexts), roster (players).',
    'Repair the named input first; the checks of that phase say which game or team.',
    'Run the repair command: it waits for inputs 60, 120 and 180 seconds and goes on.',
  ],
});

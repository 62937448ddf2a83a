import { defineCanary } from '#guard/canaries/definition.ts';
import { outOf } from './sql.ts';

export const neverSucceeds = defineCanary({
  id: 'never_succeeds',
  phase: 'operations',
  question: 'Is there a processor that ran ten times in a day and never ended well?',
  expected: 'at least one good end within ten runs of a processor',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'stop the job, read its error, correct, start it again',
  dependsOn: [],
  whenEmpty: { skip: 'nothing ran in the last 24 hours' },
  look: {
    sql: `
SELECT processor AS subject, COUNT(*) >= 10 AND SUM(CASE WHEN verdict IN ('done', 'empty') THEN 1 ELSE 0 END) = 0 AS is_bad,
  ${outOf("SUM(CASE WHEN verdict IN ('done', 'empty') THEN 1 ELSE 0 END)", 'COUNT(*)')} || ' runs ended well' AS note
FROM nba_orchestration.phase_runs
WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND started_at <= CAST(@as_of AS TIMESTAMP)
GROUP BY processor`,
  },
  sabotage: {
    sql: [
      `INSERT INTO nba_orchestration.phase_runs (run_id, phase, processor, slate_from, slate_to, verdict, row_count, reason, started_at, finished_at, code_version)
SELECT 'sabotage-' || run_id || processor, phase, 'HopelessJob', slate_from, slate_to, 'failed', 0, 'always', fn.add_seconds(CAST(@as_of AS TIMESTAMP), -60), fn.add_seconds(CAST(@as_of AS TIMESTAMP), -60), code_version
FROM nba_orchestration.phase_runs WHERE started_at <= CAST(@as_of AS TIMESTAMP)`,
    ],
  },
  meaning:
    'Each failure looks like one more transient one; together they are a job that cannot work. One such job once failed 720,630 times over three months.',
  steps: [
    'Stop the job first: it costs money and hides other failures.',
    'Read the reason of its runs in nba_orchestration.phase_runs.',
    'Correct, run once by hand, then schedule it again.',
  ],
});

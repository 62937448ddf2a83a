import type { Deployment, Sabotage } from '#guard/canaries/definition.ts';
import { changed, type Drill, defineDrill } from '#guard/drills/drill.ts';

/** SQL: runs of a processor in the ledger. `number` yields one row for each value of n. */
function runs(
  processor: string,
  values: {
    readonly count: number;
    readonly verdict: string;
    readonly slate: string;
    readonly secondsAgo: string;
  },
): string {
  const numbers = Array.from({ length: values.count }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ');
  return `INSERT INTO nba_orchestration.phase_runs (run_id, phase, processor, slate_from, slate_to, verdict, row_count, reason, started_at, finished_at, code_version)
SELECT 'drill-' || CAST(n AS STRING), 'grade', '${processor}', ${values.slate}, ${values.slate}, ${values.verdict}, 0, 'drill',
  fn.add_seconds(CAST(@as_of AS TIMESTAMP), ${values.secondsAgo}), fn.add_seconds(CAST(@as_of AS TIMESTAMP), ${values.secondsAgo}), version
FROM (${numbers}) AS numbers
JOIN (SELECT MAX(code_version) AS version FROM nba_orchestration.phase_runs WHERE started_at <= CAST(@as_of AS TIMESTAMP)) AS code ON TRUE`;
}

function deployed(change: (deployment: Deployment) => Deployment): Sabotage {
  return {
    act: async (context) => {
      const before = context.deployment;
      context.deployment = change(before);
      return async () => {
        context.deployment = before;
      };
    },
  };
}

const TONIGHT = 'CAST(@slate AS DATE)';

/** What kept the pipeline from running, or made it run without end. */
export const OPERATIONS_DRILLS: readonly Drill[] = [
  defineDrill({
    id: 'retry-storm',
    incident: 'I118',
    date: '2026-01-16',
    happened: 'One processor ran 7,139 times in twenty hours; fourteen runs succeeded.',
    guard: 'run_rate',
    replay: changed('the same work starts thirty times within an hour', {
      sql: [
        runs('PlayerDailyCache', { count: 30, verdict: "'done'", slate: TONIGHT, secondsAgo: '-60 - n' }),
      ],
    }),
    twin: changed('a backfill works on thirty slates within an hour', {
      sql: [
        runs('PlayerDailyCache', {
          count: 30,
          verdict: "'done'",
          slate: `fn.add_days(${TONIGHT}, -1 - n)`,
          secondsAgo: '-60 - n',
        }),
      ],
    }),
  }),
  defineDrill({
    id: 'never-once-well',
    incident: 'I126',
    date: '2026-04-19 to 2026-07-20',
    happened: 'A job ran 720,630 times over three months and never succeeded.',
    guard: 'never_succeeds',
    beside: ['runs_failed'],
    replay: changed('a processor fails twelve times in a day', {
      sql: [
        runs('RetiredProcessor', { count: 12, verdict: "'failed'", slate: TONIGHT, secondsAgo: '-5000 - n' }),
      ],
    }),
    twin: changed('a processor is held eleven times and then works', {
      sql: [
        runs('LateProcessor', {
          count: 12,
          verdict: "CASE WHEN n = 0 THEN 'done' ELSE 'held' END",
          slate: TONIGHT,
          secondsAgo: '-5000 - n',
        }),
      ],
    }),
  }),
  defineDrill({
    id: 'jobs-purged',
    incident: 'I115',
    date: '2026-07-03',
    happened: 'Ninety-four scheduled jobs were deleted; the weekly retraining went with them.',
    guard: 'job_heartbeats',
    replay: changed(
      'a job that is declared as scheduled never reports',
      deployed((it) => ({ ...it, scheduledJobs: ['day', 'staging-cleanup'] })),
    ),
    twin: changed(
      'every declared job has reported',
      deployed((it) => ({ ...it, scheduledJobs: ['day'] })),
    ),
  }),
  defineDrill({
    id: 'committed-not-deployed',
    incident: 'I108',
    date: '2025-11 to 2026-07',
    happened: 'Corrections were on main and not in force, again and again.',
    guard: 'deployed_version',
    replay: changed(
      'main is newer than what runs',
      deployed((it) => ({ ...it, expectedVersion: 'newer' })),
    ),
    twin: changed(
      'nobody says what main is',
      deployed(({ expectedVersion: _none, ...it }) => it),
    ),
  }),
  defineDrill({
    id: 'settings-wiped',
    incident: 'I112',
    date: '2026-02-08',
    happened: 'Setting one variable of a service wiped all the others.',
    guard: 'config_complete',
    replay: changed(
      'a required variable has no value',
      deployed((it) => ({ ...it, configGaps: ['TIPOFF_SLACK_TOKEN has no value'] })),
    ),
    twin: changed(
      'every required variable has one',
      deployed((it) => ({ ...it, configGaps: [] })),
    ),
  }),
];

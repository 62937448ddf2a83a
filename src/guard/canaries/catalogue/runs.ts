import { SEASON_DAYS, type Slate } from '#core/calendar.ts';
import { enterSlates, readRuns, readUnits, unitKey } from '#guard/backfill/ledger.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  type Moment,
} from '#guard/canaries/definition.ts';
import { outOf } from './sql.ts';

const runsFailed = defineCanary({
  id: 'runs_failed',
  phase: 'operations',
  question: 'Which units of work failed and have not succeeded since?',
  expected: 'no processor whose newest run of a range failed, unless later runs cover that range',
  finding: 'the newest run failed in {of:unit of work|units of work}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff backfill resume, or tipoff day {slate}',
  dependsOn: ['ingest', 'analytics', 'precompute'],
  whenEmpty: { skip: 'nothing has run' },
  look: {
    sql: `
WITH runs AS (
  SELECT processor, slate_from, slate_to, verdict, reason, finished_at, run_id FROM nba_orchestration.phase_runs
  WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${SEASON_DAYS * 86_400}) AND started_at <= CAST(@as_of AS TIMESTAMP)
),
newest AS (
  SELECT * FROM runs
  QUALIFY ROW_NUMBER() OVER (PARTITION BY processor, slate_from ORDER BY finished_at DESC, run_id) = 1
),
redone AS (
  SELECT f.processor, f.slate_from
  FROM newest f
  JOIN runs g ON g.processor = f.processor AND g.finished_at > f.finished_at AND g.verdict IN ('done', 'empty')
  WHERE f.verdict = 'failed'
  GROUP BY f.processor, f.slate_from
  HAVING MAX(CASE WHEN f.slate_from BETWEEN g.slate_from AND g.slate_to THEN 1 ELSE 0 END) = 1
    AND MAX(CASE WHEN f.slate_to BETWEEN g.slate_from AND g.slate_to THEN 1 ELSE 0 END) = 1
)
SELECT n.processor || ' ' || CAST(n.slate_from AS STRING) AS subject, n.verdict = 'failed' AND r.processor IS NULL AS is_bad,
  COALESCE(n.reason, n.verdict) AS note
FROM newest n
LEFT JOIN redone r ON r.processor = n.processor AND r.slate_from = n.slate_from`,
  },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.phase_runs SET verdict = 'failed', reason = 'TIPOFF_SCHEMA_MISMATCH: lacks a column' WHERE processor = 'PlayerDailyCache' AND started_at <= CAST(@as_of AS TIMESTAMP)",
    ],
  },
  meaning:
    'A processor ended in an error and nobody ran it again with success. A success of the same processor over the same slates clears it, and nothing else does.',
  steps: [
    'The note is the error. TIPOFF_SCHEMA_MISMATCH: see contract_drift. TIPOFF_WAREHOUSE_BUSY: transient, run again.',
    'tipoff backfill status, where it was a unit of a backfill.',
    'Run the repair command.',
  ],
});

/** Minutes without an entry after which a run that calls itself running has died. */
const SILENT_MINUTES = 60;

async function failedUnits({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const units = [...(await readUnits(state)).values()].map(({ step, month, failed }) => {
    const [first] = Object.entries(failed);
    return {
      subject: `${step} ${month}`,
      is_bad: first !== undefined,
      note:
        first === undefined
          ? null
          : `${Object.keys(failed).length} slates failed, first ${first[0]}: ${first[1]}`,
    };
  });
  const runs = (await readRuns(state)).map(
    ({ run_id, state: runState, updated_at, done_units, planned_units }) => {
      const silent = (asOf.getTime() - Date.parse(updated_at)) / 60_000;
      return {
        subject: `run ${run_id}`,
        is_bad: runState === 'running' && silent > SILENT_MINUTES,
        note: `${done_units} of ${planned_units} units, silent for ${Math.round(silent)} minutes`,
      };
    },
  );
  return [...units, ...runs];
}

const ledgerFailed = defineCanary({
  id: 'ledger_failed',
  phase: 'operations',
  question: 'Did units of a backfill fail, or did a backfill die?',
  expected: 'no failed slate in any unit of the ledger, no running backfill silent for an hour',
  finding: 'failed slates or a dead run in {of:unit or run|units and runs} of the backfills',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff backfill resume',
  dependsOn: ['ingest'],
  whenEmpty: { pass: 'no backfill was ever run' },
  look: { probe: failedUnits },
  sabotage: {
    act: async ({ state }, { asOf, slate }) => {
      const step = {
        step: 'CanaryProof',
        phase: 'precompute',
        code_hash: 'proof',
        contract_hash: 'proof',
      } as const;
      const slates = new Map<Slate, { failed: string }>([[slate, { failed: 'TIPOFF_SQL: no such column' }]]);
      await enterSlates(state, {
        step,
        slates,
        seconds: 1,
        workload: 1,
        runId: 'proof',
        at: asOf.toISOString(),
      });
      return () =>
        state.transaction(async (tx) => tx.delete('backfill_units', unitKey(step.step, slate.slice(0, 7))));
    },
  },
  meaning:
    'History has holes that nobody fills: training and features of those slates are missing, or a run that is believed to be alive is not.',
  steps: [
    'tipoff backfill status: failed units with their reasons, and how far each run came.',
    'A reason that names a column or a contract: correct it first, the unit would fail again.',
    'tipoff backfill resume continues where the run stopped; finished units are not done again.',
  ],
});

const neverSucceeds = defineCanary({
  id: 'never_succeeds',
  phase: 'operations',
  question: 'Is there a processor whose last ten runs never ended well?',
  expected: 'at least one good end within ten runs of a processor',
  finding: 'none of the last ten runs ended well for {of:processor|processors}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff status {slate}; stop the named job, correct its error, start it again',
  dependsOn: [],
  whenEmpty: { skip: 'nothing has run' },
  look: {
    sql: `
SELECT processor AS subject, COUNT(*) >= 10 AND SUM(CASE WHEN verdict IN ('done', 'empty') THEN 1 ELSE 0 END) = 0 AS is_bad,
  ${outOf("SUM(CASE WHEN verdict IN ('done', 'empty') THEN 1 ELSE 0 END)", 'COUNT(*)')} || ' runs ended well' AS note
FROM (
  SELECT processor, verdict FROM nba_orchestration.phase_runs
  WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${SEASON_DAYS * 86_400}) AND started_at <= CAST(@as_of AS TIMESTAMP)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY processor ORDER BY finished_at DESC, run_id) <= 10
) AS runs
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

/** Runs of one processor for one range in an hour: the daily job waits and repeats at most four times. */
const MAX_RUNS_PER_HOUR = 20;

const runRate = defineCanary({
  id: 'run_rate',
  phase: 'operations',
  question: 'Is the same work done over and over?',
  expected: `at most ${MAX_RUNS_PER_HOUR} runs an hour of one processor for one range`,
  finding: `more than ${MAX_RUNS_PER_HOUR} runs in an hour of {of:piece of work|pieces of work}`,
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff batch list; stop the job that starts the named work, and purge its queue',
  dependsOn: [],
  whenEmpty: { pass: 'nothing ran in the last hour' },
  look: {
    sql: `
SELECT processor || ' ' || CAST(slate_from AS STRING) || ' to ' || CAST(slate_to AS STRING) AS subject, COUNT(*) > ${MAX_RUNS_PER_HOUR} AS is_bad,
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

/** The canaries of runs and backfills, among those of the phase `operations`. */
export const RUNS: readonly Canary[] = [runsFailed, ledgerFailed, neverSucceeds, runRate];

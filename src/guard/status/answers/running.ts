import { addDays } from '#core/calendar.ts';
import { clause, outOf, when } from '#core/format.ts';
import type { Found, Question, StatusDeps, StatusMoment } from '#guard/status/answer.ts';
import { listBatches } from '#pipeline/batch/state.ts';

/** The last run of a processor. */
export interface Last {
  readonly phase: string;
  readonly processor: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly finished_at: string;
  readonly code_version: string;
}

/** The last run of every processor within a week before the instant. */
export const LAST_RUNS = `
SELECT phase, processor, verdict, reason, finished_at, code_version
FROM nba_orchestration.phase_runs
WHERE started_at BETWEEN fn.add_seconds(CAST(@now AS TIMESTAMP), -604800) AND CAST(@now AS TIMESTAMP)
QUALIFY ROW_NUMBER() OVER (PARTITION BY processor ORDER BY finished_at DESC, run_id DESC) = 1
ORDER BY phase, processor`;

async function versions(
  { warehouse, deployment: { codeVersion, expectedVersion } }: StatusDeps,
  { now }: StatusMoment,
): Promise<Found> {
  const last = await warehouse.query<Last>(LAST_RUNS, { now: now.toISOString() });
  const wanted = expectedVersion ?? codeVersion;
  const others = last.filter(({ code_version }) => code_version !== wanted);
  const table = {
    header: ['processor', 'version', 'last run'],
    rows: last.map((run) => [run.processor, run.code_version, when(run.finished_at)]),
  };
  const source =
    expectedVersion === undefined ? `this command (${wanted}); nobody says what main is` : `main (${wanted})`;
  if (codeVersion !== wanted)
    return { verdict: 'bad', answer: `This command is ${codeVersion}, main is ${wanted}.`, table };
  if (last.length === 0) return { verdict: 'idle', answer: 'No processor has run within a week.' };
  return {
    verdict: others.length > 0 ? 'attention' : expectedVersion === undefined ? 'idle' : 'good',
    answer:
      others.length === 0
        ? `All ${last.length} processors last ran the version of ${source}.`
        : `${outOf(others.length, last.length)} processors last ran another version than ${source}: ${[...new Set(others.map(({ code_version }) => code_version))].join(', ')}.`,
    table,
  };
}

const PHASES = ['ingest', 'analytics', 'precompute', 'predict', 'publish', 'grade'] as const;

/** The last traces of phases that write no receipts of their own. */
const TRACES = `
SELECT 'ingest' AS phase, MAX(ingested_at) AS finished_at FROM nba_raw.ingested_files
  WHERE ingested_at BETWEEN fn.add_seconds(CAST(@now AS TIMESTAMP), -86400) AND CAST(@now AS TIMESTAMP)
UNION ALL
SELECT 'publish' AS phase, MAX(event_at) AS finished_at FROM nba_predictions.publications
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND event_at <= CAST(@now AS TIMESTAMP)
UNION ALL
SELECT 'grade' AS phase, MAX(graded_at) AS finished_at FROM nba_predictions.prediction_grades
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND graded_at <= CAST(@now AS TIMESTAMP)`;

interface PhaseRuns {
  readonly phase: string;
  readonly run_count: number;
  readonly finished_at: string;
  readonly failed: number;
  readonly held: number;
  readonly reason: string | null;
}

async function phases(
  { warehouse, state }: StatusDeps,
  { slate, now, noGames }: StatusMoment,
): Promise<Found> {
  const receipts = await warehouse.query<PhaseRuns>(
    `SELECT phase, COUNT(*) AS run_count, MAX(finished_at) AS finished_at, COUNTIF(verdict = 'failed') AS failed, COUNTIF(verdict = 'held') AS held,
       MAX(CASE WHEN verdict IN ('held', 'failed') THEN reason END) AS reason
     FROM nba_orchestration.phase_runs
     WHERE started_at BETWEEN fn.add_seconds(CAST(@now AS TIMESTAMP), -86400) AND CAST(@now AS TIMESTAMP)
     GROUP BY phase`,
    { now: now.toISOString() },
  );
  const traces = await warehouse.query<{ phase: string; finished_at: string | null }>(TRACES, {
    now: now.toISOString(),
    slate,
    from: addDays(slate, -2),
  });
  const batch = (await listBatches(state, slate)).at(-1);
  const last = (phase: string): string | undefined => {
    const seen = [
      receipts.find((one) => one.phase === phase)?.finished_at,
      traces.find((one) => one.phase === phase)?.finished_at,
      phase === 'predict' ? batch?.progress_at : undefined,
    ].filter((instant) => instant != null && now.getTime() - Date.parse(instant) <= 86_400_000);
    return seen.toSorted().at(-1) ?? undefined;
  };
  const rows = PHASES.map((phase) => {
    const run = receipts.find((one) => one.phase === phase);
    const at = last(phase);
    const by = phase === 'predict' && batch !== undefined ? `${batch.mode} by ${batch.by}` : '';
    return [phase, at === undefined ? 'not within a day' : when(at), by, run === undefined ? '' : waits(run)];
  });
  const table = { header: ['phase', 'last run', 'triggered', 'waiting for'], rows };
  const ran = PHASES.filter((phase) => last(phase) !== undefined);
  const silent = PHASES.filter((phase) => last(phase) === undefined);
  const held = receipts.filter((run) => run.held + run.failed > 0);
  if (ran.length === 0) {
    return noGames === undefined
      ? { verdict: 'bad', answer: 'No phase ran within a day.', table, next: `tipoff day ${slate}` }
      : { verdict: 'idle', answer: `No phase ran within a day: ${noGames}.`, table };
  }
  return {
    verdict: held.length > 0 ? 'attention' : 'good',
    answer: `${ran.join(', ')} ran within a day${batch === undefined ? '' : ` (last batch: ${batch.mode} by ${batch.by})`}${silent.length > 0 ? `; no trace of ${silent.join(', ')}` : ''}${held.map((run) => `; ${run.phase} ${waits(run)}`).join('')}.`,
    table,
  };
}

function waits({ held, failed, reason }: PhaseRuns): string {
  if (held + failed === 0) return '';
  return `${held} held, ${failed} failed${reason === null ? '' : `: ${clause(reason)}`}`;
}

export const RUNNING: readonly Question[] = [
  {
    number: 3,
    name: 'Code',
    question: 'Is every service running the code that is on main?',
    canaries: ['deployed_version'],
    find: versions,
  },
  {
    number: 4,
    name: 'Phases',
    question:
      'Did each phase trigger, by event or only through the back-up schedule, and what is it waiting for?',
    find: phases,
  },
];

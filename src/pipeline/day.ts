import { addDays, easternTime, type Slate, slateOf } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { LAST_CALL_MINUTES, type RunMode } from '#core/run-modes.ts';
import type { ModelSource } from '#model/systems.ts';
import { checkMode, slateGames } from '#pipeline/batch/plan.ts';
import { type BatchDeps, type BatchResult, runBatch } from '#pipeline/batch/run.ts';
import { isActive, listBatches } from '#pipeline/batch/state.ts';
import { type ExportDeps, type ExportReport, rewriteExports } from '#pipeline/exports/export.ts';
import { type GradeReport, grade } from '#pipeline/grade/grade.ts';
import { declareSources } from '#pipeline/ingest/declared-sources.ts';
import {
  DAILY_WAITING,
  NO_WAITING,
  type RefreshResult,
  refresh,
  refreshSummaries,
} from '#pipeline/refresh.ts';
import type { PhaseDeps } from './processor.ts';
import { underReceipt } from './work.ts';

export interface DayDeps extends PhaseDeps, BatchDeps {
  readonly models: ModelSource;
  readonly exports: ExportDeps['objects'];
  readonly dataSource: ExportDeps['dataSource'];
  /** Sources that the configuration names; none when absent. */
  readonly sources?: readonly string[];
}

export interface DayRequest {
  readonly slate: Slate;
  /** The mode the clock suggests when absent. */
  readonly mode?: RunMode;
  readonly by: string;
  /** Called when a phase has ended. */
  readonly onPhase?: (phase: PhaseReport) => void;
}

/** How one phase of the day ended. `held`: an input is not ready, with the reason; nothing below it ran. */
export interface PhaseReport {
  readonly phase: 'analytics' | 'precompute' | 'predict' | 'export' | 'grade';
  readonly verdict: 'done' | 'empty' | 'held' | 'failed';
  readonly rows: number;
  readonly seconds: number;
  readonly detail: string;
}

export interface DayResult extends Omit<BatchResult, 'seconds' | 'state'> {
  /** State of the batch; `no_games`, `nothing_to_do`, or `held` when the features were not ready. */
  readonly state: BatchResult['state'];
  readonly seconds: number;
  readonly phases: readonly PhaseReport[];
  /** Where the exports of the slate are stored. */
  readonly outputs: readonly string[];
}

/** Number of earlier slates that are graded again each day, for late box scores and corrections. */
const GRADE_DAYS = 7;

/** The run mode at an instant: BACKFILL once every game has begun, FIRST before the day of the slate, otherwise by New York time. */
export function modeAt(slate: Slate, tipoffs: readonly string[], now: Date): RunMode {
  if (tipoffs.length > 0 && tipoffs.every((tipoff) => Date.parse(tipoff) <= now.getTime())) return 'BACKFILL';
  if (slate < slateOf(now)) return 'BACKFILL';
  if (slate > slateOf(now)) return 'FIRST';
  const time = easternTime(now);
  if (time < '09:00') return 'FIRST';
  if (time < '13:00') return 'RETRY';
  return time < '16:00' ? 'FINAL_RETRY' : 'LAST_CALL';
}

/** When the statuses of a slate were last read by a run that succeeded. */
const LAST_LOOK = `
SELECT MAX(started_at) AS looked_at FROM nba_orchestration.phase_runs
WHERE processor = 'PlayerAvailability' AND verdict IN ('done', 'empty') AND started_at >= fn.eastern_instant(CAST(@slate AS DATE), 0)
  AND CAST(@slate AS DATE) BETWEEN slate_from AND slate_to`;

/** Whether a last-call run of a slate is due now, and when the next one is; null when every game has begun. */
export interface Due {
  readonly isDue: boolean;
  readonly next: string | null;
}

/**
 * Whether a last-call run of a slate is due. Each game that has not begun calls for one at each of `LAST_CALL_MINUTES` before its
 * tip-off; it is due once that time has passed and no run has read the statuses since. A missed run stays due until tip-off.
 */
export async function lastCallDue(deps: Pick<PhaseDeps, 'warehouse' | 'clock'>, slate: Slate): Promise<Due> {
  const [games, rows] = await Promise.all([
    slateGames(deps.warehouse, slate),
    deps.warehouse.query<{ looked_at: string | null }>(LAST_LOOK, { slate }),
  ]);
  const now = deps.clock.now().getTime();
  const lastLook = Date.parse(rows[0]?.looked_at ?? '1970-01-01T00:00:00Z');
  const looks = games
    .map(({ tipoff_at }) => Date.parse(tipoff_at))
    .filter((tipoff) => tipoff > now)
    .flatMap((tipoff) => LAST_CALL_MINUTES.map((minutes) => tipoff - minutes * 60_000))
    .filter((at) => at > lastLook)
    .sort((a, b) => a - b);
  const [first] = looks;
  return {
    isDue: first !== undefined && first <= now,
    next: first === undefined ? null : new Date(Math.max(first, now)).toISOString(),
  };
}

/**
 * All phases of a slate: summaries of what was played, contexts and features, the batch with its publication, the exports,
 * and the grades of what is final. A phase that is held or fails is reported; the phases that do not need it still run.
 */
export async function runDay(deps: DayDeps, request: DayRequest): Promise<DayResult> {
  return underReceipt(deps, { work: 'day', about: request.slate }, () => allPhases(deps, request));
}

async function allPhases(deps: DayDeps, request: DayRequest): Promise<DayResult> {
  const { clock } = deps;
  const began = clock.now().getTime();
  const phases: PhaseReport[] = [];
  const report = (phase: PhaseReport): void => {
    phases.push(phase);
    request.onPhase?.(phase);
  };
  const timed = async <T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> => {
    const from = clock.now().getTime();
    const value = await work();
    return { value, seconds: (clock.now().getTime() - from) / 1000 };
  };

  const isPast = request.slate < slateOf(clock.now());
  // A slate that can no longer be predicted is refused before anything is computed for it.
  if (isPast && request.mode !== undefined) checkMode(request.slate, request.mode, [], clock.now());
  const prepared = await timed(() => refresh(deps, request.slate, isPast ? NO_WAITING : DAILY_WAITING));
  for (const phase of refreshPhases(prepared.value)) report(phase);
  // The expected sources are learnt from earlier slates. A failure does not stop the day: the checks report undeclared sources.
  if (!isPast)
    await declareSources(deps, request.slate, deps.sources ?? []).catch((error: unknown) =>
      deps.warn?.(`the sources of ${request.slate} could not be declared: ${messageOf(error)}`),
    );

  const games = await slateGames(deps.warehouse, request.slate);
  const mode =
    request.mode ??
    modeAt(
      request.slate,
      games.map(({ tipoff_at }) => tipoff_at),
      clock.now(),
    );
  const [blocked] = prepared.value.notReady;
  let batch: BatchResult;
  if (blocked !== undefined) {
    batch = {
      ...nothing(request.slate, mode),
      state: 'held',
      reason: `${blocked.check}: ${blocked.reason}`,
      games: games.length,
    };
    report({ phase: 'predict', verdict: 'held', rows: 0, seconds: 0, detail: batch.reason ?? '' });
  } else {
    // The same key resumes a batch that a killed run of the same day left behind.
    batch = await runBatch(deps, {
      slate: request.slate,
      mode,
      by: request.by,
      callerKey: await dayKey(deps, request.slate, mode),
    });
    report({
      phase: 'predict',
      verdict: verdictOf(batch),
      rows: batch.predictions,
      seconds: batch.seconds,
      detail: batchDetail(batch),
    });
  }

  const graded = await timed(() => gradeRecent(deps, request.slate));
  report({
    phase: 'grade',
    rows: graded.value.graded,
    seconds: graded.seconds,
    verdict: graded.value.graded > 0 ? 'done' : 'empty',
    detail: gradeDetail(graded.value),
  });

  // The slate, and those of the week before it that hold grades: their results may have changed.
  const slates = new Set([...graded.value.slates, request.slate]);
  const outputs: string[] = [];
  try {
    const exported = await timed(() => rewriteExports(exportDepsOf(deps), [...slates]));
    const { documents } = exported.value;
    outputs.push(
      ...documents
        .filter(({ path, result }) => path.includes(request.slate) && result !== 'not_ready')
        .map(({ location }) => location),
    );
    const written = documents.filter(({ result }) => result === 'written');
    report({
      phase: 'export',
      verdict: written.length > 0 ? 'done' : 'empty',
      rows: written.reduce((total, { rows }) => total + rows, 0),
      seconds: exported.seconds,
      detail: `${written.length} of ${documents.length} documents written, the others are as they were`,
    });
  } catch (error) {
    report({ phase: 'export', verdict: 'failed', rows: 0, seconds: 0, detail: messageOf(error) });
  }
  await deps.state.sweep();
  return { ...batch, seconds: (clock.now().getTime() - began) / 1000, phases, outputs };
}

/** One key per attempt: it changes when a batch of the slate has ended, so only an unfinished batch is resumed. */
async function dayKey(deps: DayDeps, slate: Slate, mode: RunMode): Promise<string> {
  const ended = (await listBatches(deps.state, slate)).filter(({ state }) => !isActive(state)).length;
  return `day ${slate} ${mode} ${ended}`;
}

/** Grades the slate and the week before it, as far as results are available. */
async function gradeRecent(deps: DayDeps, slate: Slate): Promise<GradeReport> {
  return grade(deps, { from: addDays(slate, -GRADE_DAYS), to: slate });
}

/** Refreshes summaries, grades a range and rewrites its documents, without predicting. */
export async function gradeRange(
  deps: DayDeps,
  from: Slate,
  to: Slate,
): Promise<{ readonly grades: GradeReport; readonly exported: ExportReport }> {
  await refreshSummaries(deps);
  const grades = await grade(deps, { from, to });
  return { grades, exported: await rewriteExports(exportDepsOf(deps), grades.slates) };
}

function exportDepsOf({ warehouse, exports: objects, clock, dataSource }: DayDeps): ExportDeps {
  return { warehouse, objects, clock, dataSource };
}

function refreshPhases({ processors, notReady }: RefreshResult): PhaseReport[] {
  return (['analytics', 'precompute'] as const).map((phase): PhaseReport => {
    const ofPhase = processors.filter((processor) => processor.phase === phase);
    const held = ofPhase.filter(({ verdict }) => verdict === 'held');
    const rows = ofPhase.reduce((total, processor) => total + processor.rows, 0);
    const [problem] = notReady;
    return {
      phase,
      verdict: held.length > 0 ? 'held' : rows > 0 ? 'done' : 'empty',
      rows,
      seconds: ofPhase.reduce((total, processor) => total + processor.seconds, 0),
      detail:
        held.length > 0 && problem !== undefined
          ? `${problem.check}: ${problem.reason}`
          : `${ofPhase.length} runs of ${new Set(ofPhase.map(({ processor }) => processor)).size} processors`,
    };
  });
}

function nothing(slate: Slate, mode: RunMode): Omit<BatchResult, 'state' | 'reason' | 'games'> {
  return {
    slate,
    mode,
    batch_id: null,
    publication_id: null,
    expected: 0,
    predicted: 0,
    skipped: {},
    withdrawn: {},
    failed: {},
    predictions: 0,
    actionable: 0,
    seconds: 0,
  };
}

function verdictOf({ state }: BatchResult): PhaseReport['verdict'] {
  if (state === 'published' || state === 'published_partial') return 'done';
  if (state === 'no_games' || state === 'nothing_to_do') return 'empty';
  return state === 'held' ? 'held' : 'failed';
}

function batchDetail(batch: BatchResult): string {
  if (batch.state === 'no_games') return 'no counted games on this date';
  const skipped = Object.values(batch.skipped).reduce((total, count) => total + count, 0);
  return `${batch.state}: ${batch.predicted} of ${batch.expected} players, ${skipped} skipped${batch.reason === null ? '' : `; ${batch.reason}`}`;
}

function gradeDetail(report: GradeReport): string {
  const { win, loss, push, void: voided } = report.outcomes;
  const waiting = report.pendingRows > 0 ? `; ${report.pendingRows} rows wait for results` : '';
  if (report.graded === 0) return `nothing to grade${waiting}`;
  return `all systems and lines: ${win} won, ${loss} lost, ${push} push, ${voided} void (did not play)${waiting}`;
}

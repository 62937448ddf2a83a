import { addDays, type Slate, slateOf } from '#core/calendar.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { type PhaseRun, phaseRuns } from '#core/contracts/nba_orchestration.ts';
import type { Recording } from '#core/contracts/written-rows.ts';
import { messageOf } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** Earliest date of any history; bounds every scan of a partitioned table. */
export const HISTORY_FROM = '1946-11-01';

/** An instant later than any game: the cut-off of a backfill is the tip-off of each game. */
export const NO_AS_OF = '9999-12-31T00:00:00Z';

/** SQL of the date of a next event that has not happened yet. A join compares it like any date; with an OR for null, DuckDB would compare every pair of rows. */
export const NO_NEXT = "DATE '9999-12-31'";

/** Slates to compute, both ends included, and the instant after which nothing may be read. */
export interface SlateRange {
  readonly from: Slate;
  readonly to: Slate;
  /** ISO instant; a daily run passes its present, a backfill `NO_AS_OF`. The cut-off of a game is the earlier of this and its tip-off. */
  readonly asOf: string;
}

/**
 * Which slates of an input a slate depends on: its own, all before it, all up to and including it, or all before its week's
 * Monday. `code`: only on how the input is computed, its data being declared as a part of what was ingested.
 */
export type Scope = 'slate' | 'before' | 'up_to' | 'before_week' | 'code';

/**
 * A part of the ingested data: a whole table, or only the columns that some readers use, so that a correction of points does not
 * invalidate what only depends on team membership. The backfill fingerprints each part by slate.
 */
export type Part =
  | 'calendar'
  | 'games'
  | 'homes'
  | 'player_box'
  | 'appearances'
  | 'stays'
  | 'team_box'
  | 'player_lines'
  | 'game_lines'
  | 'reports'
  | 'team_lists'
  | 'report_times'
  | 'rosters'
  | 'shots'
  | 'names';

/** What must be ready before a processor of the daily run may start. */
export type Readiness = 'results' | 'schedule' | 'roster';

/**
 * A table that a processor reads: for which slates, which part of it if it was ingested, and what must be ready. Declaring too
 * much costs time in a backfill; declaring too little misses changes.
 */
export interface Input {
  readonly table: TableContract;
  readonly scope: Scope;
  readonly part?: Part;
  readonly ready?: Readiness;
}

/** The tables of some inputs, as `dataset.table`, each once. */
export function tablesOf(inputs: readonly Input[]): string[] {
  return [...new Set(inputs.map(({ table }) => tableId(table)))];
}

/**
 * One set-based statement that fills one table for any range of slates. A slate computed alone and the same slate
 * computed inside a season are equal, because the statement is the same and history always starts at the first game.
 */
export interface Processor {
  readonly name: string;
  readonly phase: 'analytics' | 'precompute';
  readonly table: TableContract;
  /** What the statement reads. Readiness, held chains, the backfill and the docs are derived from it. */
  readonly inputs: readonly Input[];
  /** Portable SELECT with the parameters of `rangeParams`; its columns are those of the table. */
  readonly select: string;
}

/** The parameters every processor's statement may name. */
export function rangeParams(range: SlateRange): SqlParams {
  return { from: range.from, to: range.to, as_of: range.asOf, history_from: HISTORY_FROM };
}

/** What every phase needs. */
export interface PhaseDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly codeVersion: string;
  /** Identifies the run in `phase_runs`; one per command or request. */
  readonly runId: string;
  /** Collects receipts to be written together; without it each is written on its own. */
  readonly receipts?: PhaseRun[];
  /** Receives warnings about receipts that could not be written; receipts are telemetry and never stop the work. */
  readonly warn?: (line: string) => void;
}

/**
 * Runs a piece of work and writes its receipts together afterwards, whether it succeeded or not: one load job per receipt would
 * exceed the daily quota of a table.
 */
export async function withReceipts<T>(deps: PhaseDeps, work: (deps: PhaseDeps) => Promise<T>): Promise<T> {
  const receipts: PhaseRun[] = [];
  try {
    return await work({ ...deps, receipts });
  } finally {
    await writeReceipts(deps, receipts);
  }
}

async function writeReceipts({ warehouse, warn }: PhaseDeps, receipts: readonly PhaseRun[]): Promise<void> {
  try {
    await warehouse.append(phaseRuns, receipts);
  } catch (error) {
    warn?.(`${receipts.length} receipts of phases were not written: ${messageOf(error)}`);
  }
}

/** How one processor ended for a range. */
export interface ProcessorResult {
  readonly phase: PhaseRun['phase'];
  readonly processor: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly verdict: 'done' | 'empty' | 'held' | 'failed';
  readonly rows: number;
  readonly seconds: number;
  readonly reason?: string;
}

/** A replacement of a whole table records what it wrote for slates of the last so many days. */
const RECORDED_DAYS = 14;

/** What a replacement records in `nba_orchestration.written_rows`: every slate of a range, or the recent slates of a whole table. */
export function recordingOf(range: Pick<SlateRange, 'from'>, now: Date): Recording {
  const since = range.from === HISTORY_FROM ? addDays(slateOf(now), -RECORDED_DAYS) : range.from;
  return { since, at: now.toISOString() };
}

/**
 * Runs one processor over a range in one atomic replacement and leaves a receipt in `phase_runs`. Slates in `held` keep
 * their rows, because their inputs are not ready. A failure is recorded and thrown.
 */
export async function runProcessor(
  deps: PhaseDeps,
  processor: Processor,
  range: SlateRange,
  held: readonly Slate[] = [],
): Promise<ProcessorResult> {
  const started = deps.clock.now();
  const not =
    held.length === 0 ? undefined : `slate NOT IN (${held.map((slate) => `DATE '${slate}'`).join(', ')})`;
  const select =
    not === undefined
      ? processor.select
      : `SELECT ${columnNames(processor.table).join(', ')} FROM (${processor.select}) AS computed WHERE ${not}`;
  try {
    const rows = await deps.warehouse.replaceRange(
      processor.table,
      {
        column: 'slate',
        from: range.from,
        to: range.to,
        recording: recordingOf(range, started),
        ...omitUndefined({ extraWhere: not }),
      },
      select,
      rangeParams(range),
    );
    return await receipt(deps, processor, range, started, { verdict: rows === 0 ? 'empty' : 'done', rows });
  } catch (error) {
    await receipt(deps, processor, range, started, { verdict: 'failed', rows: 0, reason: messageOf(error) });
    throw error;
  }
}

/** Records that a processor could not start for a range, and why. */
export async function holdProcessor(
  deps: PhaseDeps,
  processor: Processor,
  range: SlateRange,
  reason: string,
): Promise<ProcessorResult> {
  return receipt(deps, processor, range, deps.clock.now(), { verdict: 'held', rows: 0, reason });
}

async function receipt(
  deps: PhaseDeps,
  processor: Processor,
  range: SlateRange,
  started: Date,
  outcome: Pick<ProcessorResult, 'verdict' | 'rows' | 'reason'>,
): Promise<ProcessorResult> {
  const finished = deps.clock.now();
  const row: PhaseRun = {
    run_id: deps.runId,
    phase: processor.phase,
    processor: processor.name,
    slate_from: range.from,
    slate_to: range.to,
    verdict: outcome.verdict,
    row_count: outcome.rows,
    reason: outcome.reason ?? null,
    started_at: started.toISOString(),
    finished_at: finished.toISOString(),
    code_version: deps.codeVersion,
  };
  if (deps.receipts === undefined) await writeReceipts(deps, [row]);
  else deps.receipts.push(row);
  return {
    phase: processor.phase,
    processor: processor.name,
    from: range.from,
    to: range.to,
    seconds: (finished.getTime() - started.getTime()) / 1000,
    ...outcome,
  };
}

/** The id of the table a processor writes, as in the inputs of others. */
export function outputOf(processor: Processor): string {
  return tableId(processor.table);
}

import { mondayBefore, type Slate, seasonOf } from '#core/calendar.ts';
import { mapConcurrently } from '#core/concurrency.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { ModelSource } from '#model/systems.ts';
import { seasonInputs } from '#pipeline/batch/inputs.ts';
import { withdraw } from '#pipeline/batch/receipt.ts';
import { type BatchDeps, endBatch, predictedRows } from '#pipeline/batch/run.ts';
import { type ExportDeps, exportSeasonSubsets, exportSlates } from '#pipeline/exports/export.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { waitsFor } from '#pipeline/graph.ts';
import { blocking, type NotReady, notReady } from '#pipeline/precompute/readiness.ts';
import {
  holdProcessor,
  NO_AS_OF,
  outputOf,
  type PhaseDeps,
  type Processor,
  runProcessor,
  type SlateRange,
  tablesOf,
} from '#pipeline/processor.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import type { PlanRequest, UnitResult } from './ledger.ts';
import type { BackfillPlan } from './plan.ts';
import { type Chunk, readActualRows } from './slates.ts';
import type { CodeIdentity, Step } from './steps.ts';

/** Visible backfill publications between two slates (inclusive), by slate. */
export async function visibleBackfills(
  warehouse: Warehouse,
  from: Slate,
  to: Slate,
): Promise<ReadonlyMap<Slate, readonly string[]>> {
  const rows = await warehouse.query<{ slate: Slate; publication_id: string }>(
    `SELECT p.slate, p.publication_id FROM nba_predictions.publications p
     WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND p.event = 'published' AND p.run_mode = 'BACKFILL'
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w
         WHERE w.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND w.slate = p.slate AND w.publication_id = p.publication_id
           AND w.event = 'withdrawn')`,
    { from, to },
  );
  const bySlate = Map.groupBy(rows, ({ slate }) => slate);
  return new Map(
    [...bySlate].map(([slate, own]) => [slate, own.map(({ publication_id }) => publication_id)]),
  );
}

/**
 * Withdraws the publications of earlier backfills for a slate so that it can be predicted again: a backfill
 * never replaces a visible prediction. Publications of a daily mode stay.
 */
async function withdrawBackfills(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock },
  slate: Slate,
  publications: readonly string[],
  by: string,
): Promise<void> {
  for (const publicationId of publications) {
    await withdraw(deps, {
      publicationId,
      slate,
      by,
      reason: 'its inputs changed: predicted again',
      at: deps.clock.now().toISOString(),
    });
  }
}

/** What the chunks need. */
export interface ExecuteDeps extends PhaseDeps, Omit<BatchDeps, 'models'> {
  /** Models for the slates of a range: the weekly refits that production would have made. */
  readonly models: (from: Slate, to: Slate) => ModelSource;
  /** Slates predicted at the same time; 3 when absent. */
  readonly slatesAtOnce?: number;
  readonly exports: ExportDeps['objects'];
  readonly dataSource: ExportDeps['dataSource'];
}

/** Slates predicted concurrently: while the engine works for one, the program computes for another. */
const SLATES_AT_ONCE = 3;

/** Outcome of one slate: rows written (with the reason when held), or the reason for its failure. */
export type SlateOutcome = { readonly rows: number; readonly held?: string } | { readonly failed: string };

/** Called with the outcomes of slates as soon as they are done, and the seconds they took. */
type RecordOutcomes = (outcomes: ReadonlyMap<Slate, SlateOutcome>, seconds: number) => Promise<void>;

/** Computes chunks, and remembers within a run what earlier chunks found out about the same slates. */
export interface Executor {
  /** Computes a chunk and records its slates. Throws when none of it was written. */
  execute(chunk: Chunk, record: RecordOutcomes): Promise<void>;
}

/** An executor for one run. `slates`: all slates with counted games; `open`: today's, computed as of the present. */
export function executor(
  deps: ExecuteDeps,
  slates: readonly Slate[],
  open: ReadonlySet<Slate>,
  by: string,
): Executor {
  const heldBy = new Map<string, Map<Slate, string>>();
  const problems = new Map<string, Promise<readonly NotReady[]>>();
  const seconds = (since: number): number => (deps.clock.now().getTime() - since) / 1000;

  const heldOf = async (processor: Processor, range: SlateRange): Promise<ReadonlyMap<Slate, string>> => {
    if (processor.phase !== 'precompute') return new Map();
    const key = `${range.from} ${range.to}`;
    const known = problems.get(key) ?? notReady(deps.warehouse, range.from, range.to);
    problems.set(key, known);
    const own = blocking(waitsFor(processor), await known).map(
      ({ subject, reason }) => [subject, reason] as const,
    );
    const above = tablesOf(processor.inputs).flatMap((table) => [...(heldBy.get(table) ?? [])]);
    return new Map([...above, ...own]);
  };

  const compute = async (processor: Processor, chunk: Chunk, record: RecordOutcomes): Promise<void> => {
    const began = deps.clock.now().getTime();
    const range = rangeOf(chunk, open, deps.clock.now());
    const held = await heldOf(processor, range);
    const wanted = new Set(chunk.slates);
    const left = slates.filter(
      (slate) => slate >= range.from && slate <= range.to && (!wanted.has(slate) || held.has(slate)),
    );
    if (chunk.slates.every((slate) => held.has(slate))) {
      await holdProcessor(deps, processor, range, held.get(range.from) ?? 'an input is not ready');
    } else {
      await runProcessor(deps, processor, range, left);
    }
    const before = heldBy.get(outputOf(processor)) ?? new Map<Slate, string>();
    heldBy.set(
      outputOf(processor),
      new Map([...before, ...[...held].filter(([slate]) => wanted.has(slate))]),
    );
    const rows = await readActualRows(deps.warehouse, processor.table, range.to);
    await record(
      new Map(
        chunk.slates.map((slate) => {
          const reason = held.get(slate);
          return [slate, { rows: rows.get(slate) ?? 0, ...omitUndefined({ held: reason }) }];
        }),
      ),
      seconds(began),
    );
  };

  const predict = async (chunk: Chunk, record: RecordOutcomes): Promise<void> => {
    const { from, to } = rangeOf(chunk, open, deps.clock.now());
    const models = deps.models(from, to);
    const inputs = seasonInputs(deps.warehouse, chunk.slates);
    const batchDeps = { ...deps, models, inputs, atWork: new Set<Promise<unknown>>() };
    const visible = await visibleBackfills(deps.warehouse, from, to);
    let recordedAt = deps.clock.now().getTime();
    await mapConcurrently(chunk.slates, deps.slatesAtOnce ?? SLATES_AT_ONCE, async (slate) => {
      const outcome = await predictSlate(batchDeps, slate, visible.get(slate) ?? [], by);
      // The seconds this slate added to the total: slates predicted concurrently share wall time.
      const added = seconds(recordedAt);
      recordedAt = deps.clock.now().getTime();
      await record(new Map([[slate, outcome]]), added);
    });
  };

  const gradeRange = async (chunk: Chunk, record: RecordOutcomes): Promise<void> => {
    const began = deps.clock.now().getTime();
    const { from, to } = rangeOf(chunk, open, deps.clock.now());
    await grade(deps, { from, to });
    const table = chunk.step.table;
    const rows =
      table === undefined ? new Map<Slate, number>() : await readActualRows(deps.warehouse, table, to);
    await record(
      new Map(chunk.slates.map((slate) => [slate, { rows: rows.get(slate) ?? 0 }])),
      seconds(began),
    );
  };

  const exportRange = async (chunk: Chunk, record: RecordOutcomes): Promise<void> => {
    const exportDeps: ExportDeps = {
      warehouse: deps.warehouse,
      objects: deps.exports,
      clock: deps.clock,
      dataSource: deps.dataSource,
    };
    let recordedAt = deps.clock.now().getTime();
    const weeks = [...Map.groupBy(chunk.slates, mondayBefore).values()];
    for (const week of weeks) {
      const { documents } = await exportSlates(exportDeps, { slates: week });
      // Recorded slates are not retried: the last week also covers the documents of its seasons.
      if (week === weeks.at(-1))
        for (const season of new Set(chunk.slates.map(seasonOf)))
          await exportSeasonSubsets(exportDeps, { season });
      const rows = (slate: Slate): number =>
        documents.filter(({ path }) => path.includes(slate)).reduce((sum, one) => sum + one.rows, 0);
      await record(new Map(week.map((slate) => [slate, { rows: rows(slate) }])), seconds(recordedAt));
      recordedAt = deps.clock.now().getTime();
    }
  };

  return {
    execute: (chunk, record) => {
      const { processor, phase } = chunk.step;
      if (processor !== undefined) return compute(processor, chunk, record);
      if (phase === 'predict') return predict(chunk, record);
      return phase === 'grade' ? gradeRange(chunk, record) : exportRange(chunk, record);
    },
  };
}

/**
 * Predicts one slate as a backfill. Without features, or enough history for a model, it is held rather than
 * failed; any other error fails this slate alone.
 */
async function predictSlate(
  deps: BatchDeps,
  slate: Slate,
  visible: readonly string[],
  by: string,
): Promise<SlateOutcome> {
  try {
    // Checked before anything is withdrawn: without a model, the earlier predictions are better than none.
    await deps.models.forSlate(slate);
    await withdrawBackfills(deps, slate, visible, by);
    const ended = await endBatch(deps, { slate, mode: 'BACKFILL', by, force: true });
    if ('kind' in ended) return { rows: 0 };
    const { batch } = ended;
    if (batch.state === 'held') return { rows: 0, held: `batch ${batch.batch_id}: ${batch.reason}` };
    if (batch.state === 'failed') return { failed: `batch ${batch.batch_id}: ${batch.reason}` };
    return { rows: await predictedRows(deps.state, batch) };
  } catch (error) {
    if (error instanceof TipoffError && error.code === 'TIPOFF_NO_MODEL')
      return { rows: 0, held: messageOf(error) };
    if (isTransient(error)) throw error;
    return { failed: messageOf(error) };
  }
}

function rangeOf({ slates }: Chunk, open: ReadonlySet<Slate>, now: Date): SlateRange {
  const [from, to] = [slates[0], slates.at(-1)];
  if (from === undefined || to === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'a chunk without slates', {
      hint: 'Plan at least one slate per unit.',
    });
  }
  return { from, to, asOf: slates.some((slate) => open.has(slate)) ? now.toISOString() : NO_AS_OF };
}

export interface RunDeps extends ExecuteDeps, CodeIdentity {
  readonly state: StateStore;
  /** Applies to every run whose request names none. */
  readonly budget?: ByteBudget;
}

export interface RunRequest extends Omit<PlanRequest, 'now'> {
  readonly by: string;
  /** Bytes the statements may scan, estimated before each; BigQuery bills them. */
  readonly budget?: ByteBudget;
  /** No chunk but the first starts at or after this instant: a job with a time limit leaves the rest to its successor. */
  readonly endsBy?: Date;
  /** Called between chunks; a returned reason stops the run there. */
  readonly shouldStop?: () => string | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Replaces the declared steps; for tests. */
  readonly steps?: readonly Step[];
}

export interface ByteBudget {
  readonly bytes: number;
  /** Bytes a statement would scan, by a dry run. Throws when the engine does not say. */
  readonly estimate: (sql: string, params: SqlParams) => Promise<number>;
}

/** A finished chunk, or some of its slates. */
interface Progress {
  readonly step: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly rows: number;
  readonly seconds: number;
  readonly done_slates: number;
  readonly planned_slates: number;
  readonly elapsed_seconds: number;
  readonly eta_seconds: number;
}

export interface RunReport {
  readonly run_id: string;
  readonly plan: BackfillPlan;
  /** Executed units, finished or held, named as in the plan. */
  readonly executed: readonly UnitResult[];
  /** How many of them are done: no slate failed or held. */
  readonly done_units: number;
  readonly held: readonly (UnitResult & { readonly reason: string })[];
  readonly failed: readonly (UnitResult & { readonly reason: string })[];
  /** Units left out because something upstream failed; the next run takes them. */
  readonly blocked: readonly UnitResult[];
  readonly rows: number;
  readonly seconds: number;
  /** Why the run stopped early; null when it did not. */
  readonly stopped: string | null;
}

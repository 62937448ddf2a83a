import type { Slate } from '#core/calendar.ts';
import { seasonOf } from '#core/calendar.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import { mondayBefore } from '#model/season-model-source.ts';
import type { ModelSource } from '#model/serving.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { blocking, type NotReady, notReady } from '#pipeline/precompute/readiness.ts';
import { seasonInputs } from '#pipeline/predict/inputs.ts';
import { type BatchDeps, endBatch, predictedRows } from '#pipeline/predict/run-batch.ts';
import { NO_AS_OF, type Processor, type SlateRange } from '#pipeline/processor.ts';
import { exportSeasonSubsets, exportSlates } from '#pipeline/publish/exports/export.ts';
import type { ExportDeps } from '#pipeline/publish/exports/write.ts';
import { holdProcessor, outputOf, type PhaseDeps, runProcessor } from '#pipeline/run-processor.ts';
import { inLanes } from './lanes.ts';
import { visibleBackfills, withdrawBackfills } from './redo.ts';
import { readActualRows } from './standing.ts';
import type { Work } from './works.ts';

/** What the pieces of work need. */
export interface ExecuteDeps extends PhaseDeps, Omit<BatchDeps, 'models'> {
  /** Models for the slates of a range, a weekly refit as production would have had it. */
  readonly models: (from: Slate, to: Slate) => ModelSource;
  /** Slates predicted at the same time; 3 when absent. */
  readonly slatesAtOnce?: number;
  readonly exports: ExportDeps['objects'];
  readonly dataSource: ExportDeps['dataSource'];
}

/** Slates predicted at once: while the engine works for one, the program computes for another. */
const SLATES_AT_ONCE = 3;

/** How one slate ended. */
export type SlateOutcome = { readonly rows: number; readonly held?: string } | { readonly failed: string };

/** Told of slates as soon as they stand. */
export type Settle = (outcomes: ReadonlyMap<Slate, SlateOutcome>, seconds: number) => Promise<void>;

/** Carries out pieces of work, remembering within a run what an earlier piece of the same chunk found out. */
export interface Executor {
  /** Does a piece of work and settles its slates. Throws when nothing of it was written. */
  execute(work: Work, settle: Settle): Promise<void>;
}

/** An executor for one run. `slates`: all slates with counted games; `open`: today's, computed as of the present. */
export function executor(deps: ExecuteDeps, slates: readonly Slate[], open: ReadonlySet<Slate>, by: string): Executor {
  const heldBy = new Map<string, Map<Slate, string>>();
  const problems = new Map<string, Promise<readonly NotReady[]>>();
  const seconds = (since: number): number => (deps.clock.now().getTime() - since) / 1000;

  const heldOf = async (processor: Processor, range: SlateRange): Promise<ReadonlyMap<Slate, string>> => {
    if (processor.phase !== 'precompute') return new Map();
    const key = `${range.from} ${range.to}`;
    const known = problems.get(key) ?? notReady(deps.warehouse, range.from, range.to);
    problems.set(key, known);
    const own = blocking(processor.name, await known).map(({ slate, reason }) => [slate, reason] as const);
    const above = processor.reads.flatMap((table) => [...(heldBy.get(table) ?? [])]);
    return new Map([...above, ...own]);
  };

  const compute = async (processor: Processor, work: Work, settle: Settle): Promise<void> => {
    const began = deps.clock.now().getTime();
    const range = rangeOf(work, open, deps.clock.now());
    const held = await heldOf(processor, range);
    const wanted = new Set(work.slates);
    const left = slates.filter((slate) => slate >= range.from && slate <= range.to && (!wanted.has(slate) || held.has(slate)));
    if (work.slates.every((slate) => held.has(slate))) {
      await holdProcessor(deps, processor, range, held.get(range.from) ?? 'an input is not ready');
    } else {
      await runProcessor(deps, processor, range, left);
    }
    const before = heldBy.get(outputOf(processor)) ?? new Map<Slate, string>();
    heldBy.set(outputOf(processor), new Map([...before, ...[...held].filter(([slate]) => wanted.has(slate))]));
    const rows = await readActualRows(deps.warehouse, processor.table, range.to);
    await settle(
      new Map(
        work.slates.map((slate) => {
          const reason = held.get(slate);
          return [slate, { rows: rows.get(slate) ?? 0, ...(reason === undefined ? {} : { held: reason }) }];
        }),
      ),
      seconds(began),
    );
  };

  const predict = async (work: Work, settle: Settle): Promise<void> => {
    const { from, to } = rangeOf(work, open, deps.clock.now());
    const models = deps.models(from, to);
    const inputs = seasonInputs(deps.warehouse, work.slates);
    const batchDeps = { ...deps, models, inputs, atWork: new Set<Promise<unknown>>() };
    const visible = await visibleBackfills(deps.warehouse, from, to);
    let settledAt = deps.clock.now().getTime();
    await inLanes(work.slates, deps.slatesAtOnce ?? SLATES_AT_ONCE, async (slate) => {
      const outcome = await predictSlate(batchDeps, slate, visible.get(slate) ?? [], by);
      // What the slate added to the time of the whole: those beside it took the same seconds.
      const added = seconds(settledAt);
      settledAt = deps.clock.now().getTime();
      await settle(new Map([[slate, outcome]]), added);
    });
  };

  const gradeRange = async (work: Work, settle: Settle): Promise<void> => {
    const began = deps.clock.now().getTime();
    const { from, to } = rangeOf(work, open, deps.clock.now());
    await grade(deps, { from, to });
    const table = work.step.table;
    const rows = table === undefined ? new Map<Slate, number>() : await readActualRows(deps.warehouse, table, to);
    await settle(new Map(work.slates.map((slate) => [slate, { rows: rows.get(slate) ?? 0 }])), seconds(began));
  };

  const exportRange = async (work: Work, settle: Settle): Promise<void> => {
    const exportDeps: ExportDeps = { warehouse: deps.warehouse, objects: deps.exports, clock: deps.clock, dataSource: deps.dataSource };
    let settledAt = deps.clock.now().getTime();
    const weeks = [...Map.groupBy(work.slates, mondayBefore).values()];
    for (const week of weeks) {
      const { documents } = await exportSlates(exportDeps, { slates: week });
      // Slates that are settled are not tried again: the last ones stand for the documents of their seasons as well.
      if (week === weeks.at(-1)) for (const season of new Set(work.slates.map(seasonOf))) await exportSeasonSubsets(exportDeps, { season });
      const rows = (slate: Slate): number => documents.filter(({ path }) => path.includes(slate)).reduce((sum, one) => sum + one.rows, 0);
      await settle(new Map(week.map((slate) => [slate, { rows: rows(slate) }])), seconds(settledAt));
      settledAt = deps.clock.now().getTime();
    }
  };

  return {
    execute: (work, settle) => {
      const { processor, phase } = work.step;
      if (processor !== undefined) return compute(processor, work, settle);
      if (phase === 'predict') return predict(work, settle);
      return phase === 'grade' ? gradeRange(work, settle) : exportRange(work, settle);
    },
  };
}

/**
 * One slate predicted as a backfill. Without features or without enough history for a model it is held, not failed; what else
 * goes wrong is this slate's failure.
 */
async function predictSlate(deps: BatchDeps, slate: Slate, visible: readonly string[], by: string): Promise<SlateOutcome> {
  try {
    // Asked before anything is withdrawn: without a model what stands is better than nothing.
    await deps.models.forSlate(slate);
    await withdrawBackfills(deps, slate, visible, by);
    const ended = await endBatch(deps, { slate, mode: 'BACKFILL', by, force: true });
    if ('kind' in ended) return { rows: 0 };
    const { batch } = ended;
    if (batch.state === 'held') return { rows: 0, held: `batch ${batch.batch_id}: ${batch.reason}` };
    if (batch.state === 'failed') return { failed: `batch ${batch.batch_id}: ${batch.reason}` };
    return { rows: await predictedRows(deps.state, batch) };
  } catch (error) {
    if (error instanceof TipoffError && error.code === 'TIPOFF_NO_MODEL') return { rows: 0, held: messageOf(error) };
    if (isTransient(error)) throw error;
    return { failed: messageOf(error) };
  }
}

function rangeOf({ slates }: Work, open: ReadonlySet<Slate>, now: Date): SlateRange {
  const [from, to] = [slates[0], slates.at(-1)];
  if (from === undefined || to === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'a piece of work without slates', { hint: 'Plan at least one slate per unit.' });
  }
  return { from, to, asOf: slates.some((slate) => open.has(slate)) ? now.toISOString() : NO_AS_OF };
}

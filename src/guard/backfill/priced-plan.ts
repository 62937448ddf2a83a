import { DOLLARS_PER_TIB, dollarsFor, MIN_BILLED } from '#core/billing.ts';
import { mondayBefore, type Slate } from '#core/calendar.ts';
import { mapConcurrently } from '#core/concurrency.ts';
import { TipoffError } from '#core/errors.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { readTrainingSets } from '#model/training-set.ts';
import { seasonInputs } from '#pipeline/batch/inputs.ts';
import { readCandidates, slateGames } from '#pipeline/batch/plan.ts';
import type { ExportDeps } from '#pipeline/exports/export.ts';
import type { ColumnarResult, SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import { type ByteBudget, type ExecuteDeps, executor, type RunDeps, visibleBackfills } from './execute.ts';
import type { PlanRequest } from './ledger.ts';
import { type BackfillPlan, planBackfill } from './plan.ts';
import { type Chunk, prepareReferences } from './slates.ts';
import { backfillSteps, type Step } from './steps.ts';

/** A reading statement as sent to the warehouse. */
interface SentStatement {
  readonly sql: string;
  readonly params: SqlParams;
}

/** A warehouse that reads and writes nothing, and records what it was asked to read. */
interface RecordingWarehouse {
  readonly warehouse: Warehouse;
  /** Returns the statements recorded since the last call. */
  take(): SentStatement[];
}

const NO_ROWS: ColumnarResult = { rowCount: 0, numbers: () => new Float64Array(), strings: () => [] };

/**
 * The real code of a run is executed against this warehouse, so by construction it records the statements of
 * a run. Every read returns no rows. Loads are not billed and are dropped. Anything else is refused: it would
 * seem to succeed without changing anything.
 */
function recordingWarehouse(engine: Warehouse['engine']): RecordingWarehouse {
  const seen: SentStatement[] = [];
  const read = (sql: string, params: SqlParams = {}): void => {
    seen.push({ sql, params });
  };
  const refuse = (what: string) => async (): Promise<never> => {
    throw new TipoffError(
      'TIPOFF_SQL',
      `a recording warehouse was asked for ${what}, expected statements that read and loads`,
      {
        hint: 'Implement its recording in src/guard/backfill/priced-plan.ts.',
      },
    );
  };
  return {
    take: () => seen.splice(0),
    warehouse: {
      engine,
      query: async (sql, params) => {
        read(sql, params);
        return [];
      },
      queryColumns: async (sql, params) => {
        read(sql, params);
        return NO_ROWS;
      },
      execute: async (sql, params) => {
        read(sql, params);
        return 0;
      },
      replaceRange: async (_table, _range, select, params) => {
        read(select, params);
        return 0;
      },
      append: async (_table, rows) => rows.length,
      appendNew: async () => 0,
      stage: async (_table, _as, rows) => rows.length,
      ping: async () => undefined,
      close: async () => undefined,
      createTable: refuse('a new table'),
      addColumn: refuse('a new column'),
      alterTable: refuse('a changed table'),
      createView: refuse('a view'),
      dropTable: refuse('a dropped table'),
      listTables: refuse('a list of tables'),
      replaceFunctions: refuse('functions'),
      listFunctions: refuse('a list of functions'),
      describe: refuse('the shape of a table'),
      shapesOf: refuse('the shapes of tables'),
      prepare: refuse('a prepared warehouse'),
    },
  };
}

/** An object store that is empty and keeps nothing. */
export const NO_OBJECTS: ExportDeps['objects'] = {
  put: async () => ({ etag: '' }),
  get: async () => undefined,
  list: async () => [],
  delete: async () => false,
  locate: (path) => path,
};

/** What some statements would read, in bytes. */
interface Reading {
  readonly statements: number;
  /** Bytes by dry runs, with the tables as they are now. */
  readonly bytes: number;
  /** Billed bytes: at least `MIN_BILLED` per query. */
  readonly billed: number;
}

/** Billed reads that no dry run beforehand can estimate. */
const NOT_ESTIMATED: readonly string[] = [
  'rows that the run adds: tables are read as they are now',
  'checking and moving the result of a step before it replaces rows',
  'what a batch reads of its own staging tables and receipts when it is audited and published',
];

/** Estimates what a plan and its chunks would read, from the statements that their execution sends. */
export interface ReadEstimator {
  /** What planning reads; a run plans once more. */
  plan(request: PlanRequest, steps: readonly Step[]): Promise<Reading>;
  /** Throws the engine's error when a dry run is refused: an unknown figure is never 0. */
  chunk(chunk: Chunk): Promise<Reading>;
}

/** Maximum number of concurrent dry runs. */
const MAX_DRY_RUNS = 8;

/** An estimator for one run. `slates`: all slates with counted games; `open`: today's. */
export function readEstimator(
  deps: ExecuteDeps & Pick<RunDeps, 'state'>,
  budget: Pick<ByteBudget, 'estimate'>,
  { slates, open }: { readonly slates: readonly Slate[]; readonly open: ReadonlySet<Slate> },
): ReadEstimator {
  const { warehouse, take } = recordingWarehouse(deps.warehouse.engine);
  const recording = { ...deps, warehouse, exports: NO_OBJECTS };
  const run = executor(recording, slates, open, 'estimate');
  const measured = () => readingOf(take(), budget.estimate);
  return {
    plan: async (request, steps) => {
      await prepareReferences(recording);
      await planBackfill(recording, steps, request);
      return measured();
    },
    chunk: async (chunk) => {
      if (chunk.step.phase === 'predict') await recordPredictions(warehouse, chunk.slates, deps.clock.now());
      else await run.execute(chunk, async () => undefined);
      return measured();
    },
  };
}

/** Records what predicting slates reads, query by query: a batch that finds no players would stop early. */
async function recordPredictions(
  warehouse: RecordingWarehouse['warehouse'],
  slates: readonly Slate[],
  now: Date,
): Promise<void> {
  const [from, to] = [slates[0], slates.at(-1)];
  if (from === undefined || to === undefined) return;
  await visibleBackfills(warehouse, from, to);
  await readTrainingSets(warehouse, { before: mondayBefore(to) }, PUBLISHED_MARKETS);
  for (const monday of new Set(slates.map(mondayBefore)))
    await requireTrainable(warehouse, { before: monday });
  const inputs = seasonInputs(warehouse, slates);
  for (const slate of slates) {
    await slateGames(warehouse, slate);
    await readCandidates(warehouse, slate, now);
    await inputs.ofPlayers(slate, []);
  }
}

/** Statements with the same text differ only in their slate: the middle one is estimated and stands for all. */
async function readingOf(
  statements: readonly SentStatement[],
  estimate: ByteBudget['estimate'],
): Promise<Reading> {
  const groups = [...Map.groupBy(statements, ({ sql }) => sql).values()];
  let [bytes, billed] = [0, 0];
  await mapConcurrently(groups, MAX_DRY_RUNS, async (group) => {
    const one = group[group.length >> 1];
    if (one === undefined) return;
    const own = await estimate(one.sql, one.params);
    bytes += own * group.length;
    billed += Math.max(own, MIN_BILLED) * group.length;
  });
  return { statements: statements.length, bytes, billed };
}

/** The sum of readings. */
function sumOfReadings(readings: readonly Reading[]): Reading {
  return readings.reduce(
    (sum, one) => ({
      statements: sum.statements + one.statements,
      bytes: sum.bytes + one.bytes,
      billed: sum.billed + one.billed,
    }),
    { statements: 0, bytes: 0, billed: 0 },
  );
}

/** What one step reads over all its slates. */
interface StepReading {
  readonly step: string;
  readonly statements: number;
  readonly bytes: number;
  readonly cost_usd: number;
}

/** What a run would read, by dry runs, on an engine that bills reads. */
export interface PlanReading {
  /** In order of execution; the first is planning, which a run repeats. */
  readonly steps: readonly StepReading[];
  readonly statements: number;
  readonly dollars_per_tib: number;
  readonly budget_bytes: number;
  /** Where the budget would stop the run; null when everything fits. */
  readonly stops_before: { readonly step: string; readonly from: Slate; readonly bytes: number } | null;
  /** Billed reads that cannot be known beforehand. */
  readonly not_estimated: readonly string[];
}

/** A plan with what it would read and cost; that part is null where reads are not billed. */
export interface PricedPlan extends BackfillPlan {
  readonly bytes: number | null;
  readonly cost_usd: number | null;
  readonly reading: PlanReading | null;
}

export interface PricedPlanRequest extends PlanRequest {
  readonly budget?: ByteBudget;
  /** Replaces the declared steps; for tests. */
  readonly steps?: readonly Step[];
}

/**
 * What a run would do and cost, from the statements, chunks and budget of that run. Updates the references
 * that planning needs; computes nothing else. Throws the engine's error when a dry run is refused.
 */
export async function pricedPlan(deps: RunDeps, request: PricedPlanRequest): Promise<PricedPlan> {
  const steps = request.steps ?? backfillSteps(deps);
  const budget = request.budget ?? deps.budget;
  await prepareReferences(deps);
  const { plan, chunks, slates, open } = await planBackfill(deps, steps, request);
  if (budget === undefined) return { ...plan, bytes: null, cost_usd: null, reading: null };
  const reader = readEstimator(deps, budget, { slates, open });
  const readings: { readonly step: string; readonly reading: Reading }[] = [
    { step: 'plan', reading: await reader.plan(request, steps) },
  ];
  let bytes = readings[0]?.reading.bytes ?? 0;
  let stopsBefore: PlanReading['stops_before'] = null;
  for (const chunk of chunks) {
    const reading = await reader.chunk(chunk);
    readings.push({ step: chunk.step.name, reading });
    bytes += reading.bytes;
    const [from] = chunk.slates;
    if (bytes > budget.bytes && stopsBefore === null && from !== undefined)
      stopsBefore = { step: chunk.step.name, from, bytes };
  }
  const own = [...Map.groupBy(readings, ({ step }) => step)].map(([step, those]): StepReading => {
    const { billed, ...sum } = sumOfReadings(those.map(({ reading }) => reading));
    return { step, statements: sum.statements, bytes: sum.bytes, cost_usd: dollarsFor(billed) };
  });
  return {
    ...plan,
    bytes,
    cost_usd: own.reduce((sum, { cost_usd }) => sum + cost_usd, 0),
    reading: {
      steps: own,
      statements: own.reduce((sum, { statements }) => sum + statements, 0),
      dollars_per_tib: DOLLARS_PER_TIB,
      budget_bytes: budget.bytes,
      stops_before: stopsBefore,
      not_estimated: NOT_ESTIMATED,
    },
  };
}

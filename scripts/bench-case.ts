/**
 * One measurement in a process of its own, so that it is cold: `node scripts/bench-case.ts <case> <home>
 * <from> <to>` prints one JSON document. Cases: features (phases 3 and 4), graded (every phase but the
 * exports), exports (those alone), day (one slate in daily mode, with the registered model), train (fits and
 * registers a model of every market on all rows before the end of the range), train-points (the same for
 * points alone), evaluate (walk-forward over the range), floor (the bare statements, as one raw script).
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { backfillDeps } from '#app/backfill.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps, trainDeps } from '#app/day.ts';
import { runEvaluation } from '#app/evaluation.ts';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { TipoffError } from '#core/errors.ts';
import { MAIN_MARKET, type Market, PUBLISHED_MARKETS } from '#core/markets.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import type { BackfillPhase } from '#guard/backfill/steps.ts';
import { modelSource } from '#model/model-source.ts';
import { train } from '#model/train-run.ts';
import { buildPlayerReference } from '#pipeline/analytics/reference.ts';
import { runDay } from '#pipeline/day.ts';
import { ANALYTICS_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { HISTORY_FROM, NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import { systemClock } from '#platform/clock.ts';
import { toDuckDb } from '#platform/warehouse/duckdb/session.ts';
import { bindings } from '#platform/warehouse/duckdb/values.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Measurements of a case. Seconds are wall-clock, from the start of the process. */
export interface CaseResult {
  readonly case: string;
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly engine_seconds: number;
  readonly peak_mb: number;
  readonly slates: number;
  readonly rows: number;
  /** Forecast remaining time when a tenth of the time had passed, over the actual remaining time. */
  readonly eta_ratio: number | null;
  readonly steps: Readonly<Record<string, number>>;
}

type Measured = Pick<CaseResult, 'slates' | 'rows' | 'engine_seconds' | 'eta_ratio' | 'steps'>;

/** Fields of a case that does not work slate by slate. */
const NO_SLATES = { slates: 0, eta_ratio: null, steps: {} } as const;

/** Wraps a warehouse to measure the seconds with at least one engine call in progress. */
function timed(warehouse: Warehouse): { warehouse: Warehouse; seconds: () => number } {
  let [total, calls, began] = [0, 0, 0];
  const around = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (calls === 0) began = performance.now();
      calls += 1;
      try {
        return await call(...args);
      } finally {
        calls -= 1;
        if (calls === 0) total += performance.now() - began;
      }
    };
  };
  const { query, queryColumns, execute, replaceRange } = warehouse;
  return {
    warehouse: {
      ...warehouse,
      query: around(query) as Warehouse['query'],
      queryColumns: around(queryColumns),
      execute: around(execute),
      append: around(warehouse.append) as Warehouse['append'],
      stage: around(warehouse.stage) as Warehouse['stage'],
      appendNew: around(warehouse.appendNew) as Warehouse['appendNew'],
      replaceRange: around(replaceRange),
    },
    seconds: () => total / 1000,
  };
}

async function backfill(
  app: App,
  from: Slate,
  to: Slate,
  phases: readonly BackfillPhase[],
): Promise<Measured> {
  const deps = await backfillDeps(app, 'bench');
  const engine = timed(deps.warehouse);
  const steps: Record<string, number> = {};
  const told: { readonly elapsed: number; readonly left: number }[] = [];
  const report = await runBackfill(
    { ...deps, warehouse: engine.warehouse },
    {
      from,
      to,
      phases,
      by: 'bench',
      onProgress: ({ step, seconds, elapsed_seconds, eta_seconds }) => {
        steps[step] = (steps[step] ?? 0) + seconds;
        told.push({ elapsed: elapsed_seconds, left: eta_seconds });
      },
    },
  );
  if (report.failed.length > 0) throw new Error(`units failed: ${JSON.stringify(report.failed.slice(0, 3))}`);
  const tenth = told.find(({ elapsed }) => elapsed >= report.seconds / 10);
  const eta_ratio = tenth === undefined ? null : tenth.left / Math.max(0.001, report.seconds - tenth.elapsed);
  return {
    slates: report.plan.slates,
    rows: report.rows,
    engine_seconds: engine.seconds(),
    eta_ratio,
    steps,
  };
}

async function withApp(home: string, work: (app: App) => Promise<Measured>): Promise<Measured> {
  const app = await openApp(
    { ...readConfig({}), home },
    { command: 'bench', clock: systemClock, write: () => undefined },
  );
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** As on any evening: the model comes from the registry, and a slate without one fails instead of training one. */
async function day(app: App, slate: Slate): Promise<Measured> {
  const models = modelSource(trainDeps(app), { trainWhenMissing: false, by: 'bench' });
  const deps = await dayDeps(app, 'bench', models);
  const engine = timed(deps.warehouse);
  const result = await runDay({ ...deps, warehouse: engine.warehouse }, { slate, by: 'bench' });
  const steps = Object.fromEntries(result.phases.map(({ phase, seconds }) => [phase, seconds]));
  return { slates: 1, rows: result.predictions, engine_seconds: engine.seconds(), eta_ratio: null, steps };
}

async function training(app: App, to: Slate, markets: readonly Market[]): Promise<Measured> {
  const engine = timed(app.warehouse);
  const deps = { ...trainDeps(app), warehouse: engine.warehouse, markets };
  const { artefact } = await train(deps, { cutoff: addDays(to, 1), by: 'bench' });
  return { ...NO_SLATES, rows: artefact.training_rows, engine_seconds: engine.seconds() };
}

async function evaluation(app: App, from: Slate, to: Slate): Promise<Measured> {
  const engine = timed(app.warehouse);
  const { markets } = await runEvaluation({ ...app, warehouse: engine.warehouse }, { from, to });
  return { ...NO_SLATES, rows: Math.max(0, ...markets.map(({ n }) => n)), engine_seconds: engine.seconds() };
}

/** The processors' SELECTs run as CREATE TABLE AS, one after the other: no contracts, checks, rounding, receipts or ledger. */
async function floor(home: string, from: Slate, to: Slate): Promise<Measured> {
  const prepared = await openDuckDb(`${home}/warehouse.duckdb`);
  await prepared.prepare(CONTRACTS);
  await buildPlayerReference(prepared);
  await prepared.close();
  const instance = await DuckDBInstance.create(`${home}/warehouse.duckdb`, { memory_limit: '2GB' });
  const connection = await instance.connect();
  await connection.run(
    "SET TimeZone = 'UTC'; SET default_null_order = 'nulls_first_on_asc_last_on_desc'; SET wal_autocheckpoint = '1GB'",
  );
  const steps: Record<string, number> = {};
  let rows = 0;
  const whole = rangeParams({ from: parseSlate(HISTORY_FROM), to: parseSlate('9999-12-31'), asOf: NO_AS_OF });
  const part = rangeParams({ from, to, asOf: NO_AS_OF });
  const began = performance.now();
  for (const processor of [...ANALYTICS_PROCESSORS, ...PRECOMPUTE_PROCESSORS]) {
    const start = performance.now();
    const isWhole = processor.name === 'ScheduleReference' || processor.name.endsWith('GameSummary');
    const statement = toDuckDb(`CREATE OR REPLACE TABLE ${tableId(processor.table)} AS ${processor.select}`);
    const { spelled, values, types } = bindings(statement.names, isWhole ? whole : part);
    await connection.run(
      statement.text((name) => spelled.get(name)),
      values,
      types,
    );
    const counted = await connection.runAndReadAll(`SELECT COUNT(*) FROM ${tableId(processor.table)}`);
    rows += Number(counted.getRows()[0]?.[0] ?? 0);
    steps[processor.name] = (performance.now() - start) / 1000;
  }
  connection.closeSync();
  instance.closeSync();
  return { slates: 0, rows, engine_seconds: (performance.now() - began) / 1000, eta_ratio: null, steps };
}

const [name = '', home = '', fromText = '', toText = ''] = process.argv.slice(2);
const [from, to] = [parseSlate(fromText), parseSlate(toText || fromText)];
const CASES: Readonly<Record<string, () => Promise<Measured>>> = {
  features: () => withApp(home, (app) => backfill(app, from, to, ['analytics', 'precompute'])),
  graded: () =>
    withApp(home, (app) => backfill(app, from, to, ['analytics', 'precompute', 'predict', 'grade'])),
  exports: () => withApp(home, (app) => backfill(app, from, to, ['export'])),
  day: () => withApp(home, (app) => day(app, from)),
  train: () => withApp(home, (app) => training(app, to, PUBLISHED_MARKETS)),
  'train-points': () => withApp(home, (app) => training(app, to, [MAIN_MARKET])),
  evaluate: () => withApp(home, (app) => evaluation(app, from, to)),
  floor: () => floor(home, from, to),
};
const run = CASES[name];
if (run === undefined) {
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected one of ${Object.keys(CASES).join(', ')}, saw "${name}"`,
    {
      hint: 'Run npm run bench.',
    },
  );
}
const measured = await run();
const { user, system } = process.cpuUsage();
const result: CaseResult = {
  case: name,
  ...measured,
  seconds: process.uptime(),
  cpu_seconds: (user + system) / 1e6,
  peak_mb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);

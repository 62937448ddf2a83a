import type { Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { withReceipts } from '#pipeline/processor.ts';
import { retryBudget } from '#platform/retry.ts';
import { reachOf } from './decide.ts';
import {
  type ByteBudget,
  type Executor,
  executor,
  type RunDeps,
  type RunReport,
  type RunRequest,
  type SlateOutcome,
} from './execute.ts';
import {
  enterSlates,
  type PlanRequest,
  type RunDoc,
  readRun,
  type SlateRecord,
  SlateTally,
  unitKey,
  writeRun,
} from './ledger.ts';
import { type PreparedPlan, planBackfill } from './plan.ts';
import { type ReadEstimator, readEstimator } from './priced-plan.ts';
import { byMonth, type Chunk, prepareReferences } from './slates.ts';
import { backfillSteps, type Step } from './steps.ts';

const MAX_ATTEMPTS = 3;
const TRANSIENT_WAIT_MS = 1000;

/**
 * Plans a backfill and executes the plan. Each chunk is one atomic replacement followed by its entry in the ledger,
 * so a killed process loses at most the chunk in flight, and repeating that chunk gives the same rows. A failed chunk
 * is repeated month by month, so that one bad month does not cost a season; what still fails is recorded with its
 * reason, is retried by the next run, and blocks its dependents. A request with a known run id continues that run.
 */
export async function runBackfill(deps: RunDeps, request: RunRequest): Promise<RunReport> {
  return withReceipts(deps, (collecting) => runPlanned({ ...deps, ...collecting }, request));
}

async function runPlanned(deps: RunDeps, request: RunRequest): Promise<RunReport> {
  const began = deps.clock.now();
  const steps = request.steps ?? backfillSteps(deps);
  const budget = request.budget ?? deps.budget;
  const planRequest = { ...request, now: began, runId: deps.runId };
  await prepareReferences(deps);
  const prepared = await planBackfill(deps, steps, planRequest);
  const run = executor(deps, prepared.slates, prepared.open, request.by);
  const log = await RunLog.open(deps, request, prepared, began);
  const meter =
    budget === undefined ? undefined : new ByteMeter(budget, readEstimator(deps, budget, prepared));
  await meter?.addPlan({ ...request, now: began }, steps);
  await log.save('running', null);
  let stopped: string | null = null;
  for (const chunk of prepared.chunks) {
    stopped = request.shouldStop?.() ?? null;
    if (log.hasWorked && isOver(request.endsBy, deps.clock)) stopped ??= 'its time is up';
    if (stopped !== null) break;
    const free = log.withoutBlocked(chunk);
    if (free.slates.length === 0) continue;
    stopped = (await meter?.addChunk(free)) ?? null;
    if (stopped !== null) break;
    await executeChunk(deps, run, log, free);
    await log.save('running', null);
  }
  await log.save(stopped === null ? 'finished' : 'stopped', stopped);
  return log.report(stopped);
}

function isOver(end: Date | undefined, clock: RunDeps['clock']): boolean {
  return end !== undefined && clock.now() >= end;
}

/** Executes a chunk: retries transient failures, splits it by month on others, until all its slates are done or failed. */
async function executeChunk(deps: RunDeps, run: Executor, log: RunLog, chunk: Chunk): Promise<void> {
  const retries = retryBudget(deps.clock, {
    attempts: MAX_ATTEMPTS,
    pause: (failed) => TRANSIENT_WAIT_MS * failed,
  });
  for (;;) {
    const done = new Set<Slate>();
    try {
      await run.execute(chunk, async (outcomes, seconds) => {
        await log.record(chunk, outcomes, seconds);
        for (const slate of outcomes.keys()) done.add(slate);
      });
      return;
    } catch (error) {
      const rest: Chunk = { step: chunk.step, slates: chunk.slates.filter((slate) => !done.has(slate)) };
      if (await retries.next(error)) {
        chunk = rest;
        continue;
      }
      const months = byMonth(rest);
      if (months.length > 1) for (const month of months) await executeChunk(deps, run, log, month);
      else
        await log.record(rest, new Map(rest.slates.map((slate) => [slate, { failed: messageOf(error) }])), 0);
      return;
    }
  }
}

/** Tracks the outcomes of a run's slates in memory, in the ledger and for progress listeners. */
class RunLog {
  readonly #deps: RunDeps;
  readonly #request: RunRequest;
  readonly #prepared: PreparedPlan;
  readonly #began: Date;
  readonly #earlier: RunDoc | undefined;
  readonly #executed = new SlateTally();
  readonly #held = new SlateTally();
  readonly #failed = new SlateTally();
  readonly #blocked = new SlateTally();
  #rows = 0;
  #doneSlates = 0;

  private constructor(
    deps: RunDeps,
    request: RunRequest,
    prepared: PreparedPlan,
    began: Date,
    earlier: RunDoc | undefined,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#prepared = prepared;
    this.#began = began;
    this.#earlier = earlier;
  }

  /** Opens the log of a run, continuing from what the ledger has of the same run. */
  static async open(
    deps: RunDeps,
    request: RunRequest,
    prepared: PreparedPlan,
    began: Date,
  ): Promise<RunLog> {
    return new RunLog(deps, request, prepared, began, await readRun(deps.state, deps.runId));
  }

  /** Whether this process has done any work: a run whose every process stops before doing any would never end. */
  get hasWorked(): boolean {
    return this.#doneSlates > 0;
  }

  /** Records outcomes of a chunk's slates, and the seconds they took. */
  async record(chunk: Chunk, outcomes: ReadonlyMap<Slate, SlateOutcome>, seconds: number): Promise<void> {
    const { name, phase, code, contract } = chunk.step;
    const records = new Map<Slate, SlateRecord | { failed: string }>();
    let rows = 0;
    for (const [slate, outcome] of outcomes) {
      if ('failed' in outcome) {
        this.#failed.add(name, slate, outcome.failed);
        records.set(slate, outcome);
      } else {
        if (outcome.held !== undefined) this.#held.add(name, slate, outcome.held);
        this.#executed.add(name, slate);
        this.#rows += outcome.held === undefined ? outcome.rows : 0;
        rows += outcome.rows;
        records.set(slate, { parts: this.#prepared.parts.get(name)?.get(slate) ?? {}, ...outcome });
      }
    }
    const slates = [...outcomes.keys()];
    const { remaining, ...measured } = this.#prepared.forecast.record(chunk, slates, seconds);
    await enterSlates(this.#deps.state, {
      step: { step: name, phase, code_hash: code, contract_hash: contract },
      slates: records,
      ...measured,
      runId: this.#deps.runId,
      at: this.#deps.clock.now().toISOString(),
    });
    this.#doneSlates += slates.length;
    const [from, to] = [slates[0], slates.at(-1)];
    if (from === undefined || to === undefined) return;
    this.#request.onProgress?.({
      step: name,
      from,
      to,
      rows,
      seconds,
      done_slates: this.#doneSlates,
      planned_slates: this.#prepared.plan.units.reduce((sum, unit) => sum + unit.slates.length, 0),
      elapsed_seconds: this.#elapsed(),
      eta_seconds: remaining,
    });
  }

  /** The chunk without slates that depend on something failed or left out in this run; those are recorded as blocked. */
  withoutBlocked({ step, slates }: Chunk): Chunk {
    const obstacles = step.needs.flatMap(({ kind, input, scope }) =>
      kind === 'step'
        ? [reachOf(scope, new Set([...this.#failed.of(input), ...this.#blocked.of(input)]))]
        : [],
    );
    const isFree = (slate: Slate): boolean => obstacles.every((reaches) => reaches(slate) === undefined);
    const free = slates.filter(isFree);
    for (const slate of slates) if (!isFree(slate)) this.#blocked.add(step.name, slate);
    return { step, slates: free };
  }

  /** Writes the record of the run. */
  async save(state: RunDoc['state'], reason: string | null): Promise<void> {
    const { from, to, phases, by } = this.#request;
    const doneBefore = this.#earlier?.done_units ?? 0;
    const now = this.#deps.clock.now().toISOString();
    await writeRun(this.#deps.state, {
      run_id: this.#deps.runId,
      from,
      to,
      phases,
      asked: askedOf(this.#request),
      by,
      state,
      planned_units: doneBefore + this.#prepared.plan.units.length,
      done_units: doneBefore + this.#executed.units().length,
      failed_units: this.#failed.units().length,
      held_units: (this.#earlier?.held_units ?? 0) + this.#held.units().length,
      estimated_seconds: this.#prepared.forecast.seconds,
      started_at: this.#earlier?.started_at ?? this.#began.toISOString(),
      updated_at: now,
      finished_at: state === 'running' ? null : now,
      reason,
    });
  }

  report(stopped: string | null): RunReport {
    return {
      run_id: this.#deps.runId,
      plan: this.#prepared.plan,
      executed: this.#executed.units(),
      done_units: this.#doneUnits(),
      held: this.#held.reasons(),
      failed: this.#failed.reasons(),
      blocked: this.#blocked.units(),
      rows: this.#rows,
      seconds: this.#elapsed(),
      stopped,
    };
  }

  /** Units with no failed or held slate. */
  #doneUnits(): number {
    const open = new Set(
      [...this.#failed.units(), ...this.#held.units()].map(({ step, month }) => unitKey(step, month)),
    );
    return this.#executed.units().filter(({ step, month }) => !open.has(unitKey(step, month))).length;
  }

  #elapsed(): number {
    return (this.#deps.clock.now().getTime() - this.#began.getTime()) / 1000;
  }
}

/** Adds up the bytes a run reads, estimated before each chunk. */
class ByteMeter {
  readonly #budget: ByteBudget;
  readonly #estimator: ReadEstimator;
  #bytes = 0;

  constructor(budget: ByteBudget, estimator: ReadEstimator) {
    this.#budget = budget;
    this.#estimator = estimator;
  }

  async addPlan(request: PlanRequest, steps: readonly Step[]): Promise<void> {
    this.#bytes += (await this.#estimator.plan(request, steps)).bytes;
  }

  /** Adds a chunk; returns a reason to stop when the budget does not cover it. */
  async addChunk(chunk: Chunk): Promise<string | undefined> {
    this.#bytes += (await this.#estimator.chunk(chunk)).bytes;
    if (this.#bytes <= this.#budget.bytes) return undefined;
    return `the budget of ${this.#budget.bytes} bytes would be exceeded by ${chunk.step.name} from ${chunk.slates[0]}: ${this.#bytes} bytes in all`;
  }
}

/** The options of a request beyond its range and phases, with defaults filled in. */
function askedOf({
  onlyFailed = false,
  onlyStale = false,
  force = false,
  chunk = 'season',
}: RunRequest): RunDoc['asked'] {
  return { onlyFailed, onlyStale, force, chunk };
}

/**
 * Resumes an unfinished run with the same request and id, so that slates it has already forced are not forced
 * again.
 */
export async function resumeBackfill(
  deps: RunDeps,
  { run_id, from, to, phases, asked }: RunDoc,
  rest: Omit<RunRequest, 'from' | 'to' | 'phases' | keyof RunDoc['asked']>,
): Promise<RunReport> {
  return runBackfill({ ...deps, runId: run_id }, { ...rest, from, to, phases, ...asked });
}

import type { Slate } from '#core/calendar.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import type { StateStore } from '#platform/state/port.ts';
import { pace, STATEMENT_SECONDS, secondsFor } from './eta.ts';
import { type ExecuteDeps, executor, type SlateOutcome } from './execute.ts';
import { enter, monthOf, type RunDoc, type SlateRecord, writeRun } from './ledger.ts';
import { type BackfillPlan, planBackfill } from './plan.ts';
import type { PlanRequest } from './request.ts';
import { prepareReferences, readSlates } from './standing.ts';
import { backfillSteps, type CodeIdentity, type Step } from './steps.ts';
import { reachOf } from './verdicts.ts';
import { byMonth, type ChunkSize, type Work, worksOf } from './works.ts';

export interface RunDeps extends ExecuteDeps, CodeIdentity {
  readonly state: StateStore;
}

export interface RunRequest extends Omit<PlanRequest, 'now'> {
  readonly by: string;
  /** Slates per statement: those of a season (default) or of a month. */
  readonly chunk?: ChunkSize;
  /** Bytes the statements may scan, by an estimate made before each (the distributed engine bills them). */
  readonly budget?: ByteBudget;
  /** Asked between pieces of work; a reason ends the run there. */
  readonly shouldStop?: () => string | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Other steps than the declared ones; for tests. */
  readonly steps?: readonly Step[];
}

export interface ByteBudget {
  readonly bytes: number;
  /** Bytes a statement would scan, found out without running it. */
  readonly estimate: (select: string, from: Slate, to: Slate) => Promise<number>;
}

/** A finished piece of work. */
export interface Progress {
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

export interface UnitResult {
  readonly step: string;
  readonly month: string;
  readonly slates: number;
}

export interface RunReport {
  readonly run_id: string;
  readonly plan: BackfillPlan;
  /** Units that were executed, finished or held, as the plan names them. */
  readonly executed: readonly UnitResult[];
  readonly held: readonly (UnitResult & { readonly reason: string })[];
  readonly failed: readonly (UnitResult & { readonly reason: string })[];
  /** Units left because something above them failed; the next run takes them. */
  readonly blocked: readonly UnitResult[];
  readonly rows: number;
  readonly seconds: number;
  /** Why it ended before its end. */
  readonly stopped: string | null;
}

const TRANSIENT_TRIES = 3;
const TRANSIENT_WAIT_MS = 1000;

/**
 * Plans and carries the plan out. Each piece of work is one atomic replacement followed by its entry into the ledger, so a
 * process that is killed loses at most the piece in flight, and repeating that gives the same rows. A piece that fails is
 * repeated month by month, so that one bad month does not cost a season; what still fails is recorded with its reason and
 * tried again by the next run, and what depends on it waits.
 */
export async function runBackfill(deps: RunDeps, request: RunRequest): Promise<RunReport> {
  const began = deps.clock.now();
  const steps = request.steps ?? backfillSteps(deps);
  await prepareReferences(deps);
  const { plan, parts, rates, open } = await planBackfill(deps, steps, { ...request, now: began });
  const { closed } = await readSlates(deps.warehouse, request.to, began);
  const run = executor(deps, [...closed, ...open].sort(), open, request.by);
  const slow = pace();
  const report = {
    executed: new Map<string, Set<Slate>>(),
    held: new Map<string, Map<Slate, string>>(),
    failed: new Map<string, Map<Slate, string>>(),
    blocked: new Map<string, Set<Slate>>(),
    rows: 0,
  };
  const plannedSlates = plan.units.reduce((sum, { slates }) => sum + slates.length, 0);
  let doneSlates = 0;
  let bytes = 0;
  const elapsed = (): number => (deps.clock.now().getTime() - began.getTime()) / 1000;
  const works = worksOf(plan, steps, open, request.chunk ?? 'season');
  let leftSeconds = works.reduce((sum, { step, slates }) => sum + secondsFor(rates, step.name, slates.length) + STATEMENT_SECONDS, 0);
  const estimatedSeconds = leftSeconds;
  const begun = new Set<Work>();
  const save = (state: RunDoc['state'], reason: string | null): Promise<void> =>
    writeRun(deps.state, {
      run_id: deps.runId,
      from: request.from,
      to: request.to,
      phases: request.phases,
      by: request.by,
      state,
      planned_units: plan.units.length,
      done_units: unitsIn(report.executed).length,
      failed_units: unitsIn(report.failed).length,
      estimated_seconds: estimatedSeconds,
      started_at: began.toISOString(),
      updated_at: deps.clock.now().toISOString(),
      finished_at: state === 'running' ? null : deps.clock.now().toISOString(),
      reason,
    });

  const settle = async (work: Work, outcomes: ReadonlyMap<Slate, SlateOutcome>, seconds: number): Promise<void> => {
    const { name, phase, code, contract } = work.step;
    const records = new Map<Slate, SlateRecord | { failed: string }>();
    for (const [slate, outcome] of outcomes) {
      if ('failed' in outcome) {
        remember(report.failed, name, slate, outcome.failed);
        records.set(slate, outcome);
      } else {
        if (outcome.held !== undefined) remember(report.held, name, slate, outcome.held);
        addTo(report.executed, name, slate);
        report.rows += outcome.held === undefined ? outcome.rows : 0;
        records.set(slate, { parts: parts.get(name)?.get(slate) ?? {}, ...outcome });
      }
    }
    const at = deps.clock.now().toISOString();
    const step = { step: name, phase, code_hash: code, contract_hash: contract };
    await enter(deps.state, { step, slates: records, seconds, runId: deps.runId, at });
    const estimated = secondsFor(rates, name, outcomes.size) + (begun.has(work) ? 0 : STATEMENT_SECONDS);
    begun.add(work);
    slow.done(estimated, seconds);
    leftSeconds -= estimated;
    doneSlates += outcomes.size;
    const [from, to] = [[...outcomes.keys()][0], [...outcomes.keys()].at(-1)];
    if (from === undefined || to === undefined) return;
    const rows = [...outcomes.values()].reduce((sum, outcome) => sum + ('rows' in outcome ? outcome.rows : 0), 0);
    const eta = slow.left(Math.max(0, leftSeconds));
    request.onProgress?.({
      step: name,
      from,
      to,
      rows,
      seconds,
      done_slates: doneSlates,
      planned_slates: plannedSlates,
      elapsed_seconds: elapsed(),
      eta_seconds: eta,
    });
  };

  const attempt = async (work: Work): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const settled = new Set<Slate>();
      try {
        await run.execute(work, async (outcomes, seconds) => {
          await settle(work, outcomes, seconds);
          for (const slate of outcomes.keys()) settled.add(slate);
        });
        return;
      } catch (error) {
        const rest: Work = { step: work.step, slates: work.slates.filter((slate) => !settled.has(slate)) };
        if (isTransient(error) && tries < TRANSIENT_TRIES) {
          await deps.clock.sleep(TRANSIENT_WAIT_MS * tries);
          work = rest;
          continue;
        }
        const months = byMonth(rest);
        if (months.length > 1) {
          for (const month of months) await attempt(month);
          return;
        }
        await settle(rest, new Map(rest.slates.map((slate) => [slate, { failed: messageOf(error) }])), 0);
        return;
      }
    }
  };

  await save('running', null);
  let stopped: string | null = null;
  for (const work of works) {
    stopped = request.shouldStop?.() ?? null;
    if (stopped !== null) break;
    const free = unblocked(work, report.failed, report.blocked);
    for (const slate of work.slates) if (!free.slates.includes(slate)) addTo(report.blocked, work.step.name, slate);
    if (free.slates.length === 0) continue;
    if (request.budget !== undefined && work.step.processor !== undefined) {
      const [from, to] = [free.slates[0], free.slates.at(-1)];
      if (from !== undefined && to !== undefined) bytes += await request.budget.estimate(work.step.processor.select, from, to);
      if (bytes > request.budget.bytes) {
        stopped = `the budget of ${request.budget.bytes} bytes would be exceeded by ${work.step.name} from ${from}: ${bytes} bytes in all`;
        break;
      }
    }
    await attempt(free);
    await save('running', null);
  }
  await save(stopped === null ? 'finished' : 'stopped', stopped);
  return {
    run_id: deps.runId,
    plan,
    executed: unitsIn(report.executed),
    held: reasonsIn(report.held),
    failed: reasonsIn(report.failed),
    blocked: unitsIn(report.blocked),
    rows: report.rows,
    seconds: elapsed(),
    stopped,
  };
}

/** The request of the newest run that did not come to its end. Throws TIPOFF_NOT_FOUND when there is none. */
export function unfinished(runs: readonly RunDoc[]): RunDoc {
  const found = runs.toReversed().find(({ state, failed_units }) => state !== 'finished' || failed_units > 0);
  if (found !== undefined) return found;
  throw new TipoffError('TIPOFF_NOT_FOUND', 'there is no backfill to resume: the last ones came to their end', {
    hint: 'Start one with `tipoff backfill run --from <slate> --to <slate>`.',
    details: { runs: runs.length },
  });
}

/** The slates of a piece of work above which nothing failed and nothing was left. */
function unblocked(
  work: Work,
  failed: ReadonlyMap<string, ReadonlyMap<Slate, string>>,
  blocked: ReadonlyMap<string, ReadonlySet<Slate>>,
): Work {
  const obstacles = work.step.needs.flatMap(({ kind, input, scope }) =>
    kind === 'step' ? [reachOf(scope, new Set([...(failed.get(input)?.keys() ?? []), ...(blocked.get(input) ?? [])]))] : [],
  );
  return { step: work.step, slates: work.slates.filter((slate) => obstacles.every((reach) => reach(slate) === undefined)) };
}

function addTo(into: Map<string, Set<Slate>>, step: string, slate: Slate): void {
  into.set(step, (into.get(step) ?? new Set<Slate>()).add(slate));
}

function remember(into: Map<string, Map<Slate, string>>, step: string, slate: Slate, reason: string): void {
  into.set(step, (into.get(step) ?? new Map<Slate, string>()).set(slate, reason));
}

function unitsIn(slates: ReadonlyMap<string, ReadonlySet<Slate> | ReadonlyMap<Slate, string>>): UnitResult[] {
  return [...slates].flatMap(([step, own]) =>
    [...Map.groupBy(own.keys(), monthOf)].map(([month, those]) => ({ step, month, slates: those.length })),
  );
}

function reasonsIn(slates: ReadonlyMap<string, ReadonlyMap<Slate, string>>): (UnitResult & { reason: string })[] {
  return [...slates].flatMap(([step, own]) =>
    [...Map.groupBy(own, ([slate, reason]) => `${monthOf(slate)}\n${reason}`)].map(([key, those]) => {
      const [month = '', ...reason] = key.split('\n');
      return { step, month, slates: those.length, reason: reason.join('\n') };
    }),
  );
}

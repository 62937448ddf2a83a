import type { Slate } from '#core/calendar.ts';
import { isTransient, messageOf } from '#core/errors.ts';
import { byMonth, type Work } from './eta.ts';
import { executor, type RunDeps, type RunReport, type RunRequest, type SlateOutcome } from './execute.ts';
import { enter, type RunDoc, readRun, type SlateRecord, SlateTally, writeRun } from './ledger.ts';
import { planBackfill } from './plan.ts';
import { workReader } from './priced-plan.ts';
import { prepareReferences, readSlates } from './slates.ts';
import { backfillSteps } from './steps.ts';
import { reachOf } from './verdicts.ts';

const TRANSIENT_TRIES = 3;
const TRANSIENT_WAIT_MS = 1000;

/**
 * Plans and carries the plan out. Each piece of work is one atomic replacement followed by its entry into the ledger, so a
 * process that is killed loses at most the piece in flight, and repeating that gives the same rows. A piece that fails is
 * repeated month by month, so that one bad month does not cost a season; what still fails is recorded with its reason and
 * tried again by the next run, and what depends on it waits. A run whose id is known already goes on with that one.
 */
export async function runBackfill(deps: RunDeps, request: RunRequest): Promise<RunReport> {
  const began = deps.clock.now();
  const steps = request.steps ?? backfillSteps(deps);
  const budget = request.budget ?? deps.budget;
  await prepareReferences(deps);
  const { plan, parts, works, forecast, open } = await planBackfill(deps, steps, {
    ...request,
    now: began,
    runId: deps.runId,
  });
  const { closed } = await readSlates(deps.warehouse, request.to, began);
  const all = [...closed, ...open].sort();
  const run = executor(deps, all, open, request.by);
  const [executed, held, failed, blocked] = [
    new SlateTally(),
    new SlateTally(),
    new SlateTally(),
    new SlateTally(),
  ];
  let rowsWritten = 0;
  const plannedSlates = plan.units.reduce((sum, { slates }) => sum + slates.length, 0);
  let doneSlates = 0;
  const reader = budget === undefined ? undefined : workReader(deps, budget, { slates: all, open });
  let bytes = (await reader?.plan({ ...request, now: began }, steps))?.bytes ?? 0;
  const earlier = await readRun(deps.state, deps.runId);
  const doneBefore = earlier?.done_units ?? 0;
  const elapsed = (): number => (deps.clock.now().getTime() - began.getTime()) / 1000;
  const save = (state: RunDoc['state'], reason: string | null): Promise<void> =>
    writeRun(deps.state, {
      run_id: deps.runId,
      from: request.from,
      to: request.to,
      phases: request.phases,
      asked: askedOf(request),
      by: request.by,
      state,
      planned_units: doneBefore + plan.units.length,
      done_units: doneBefore + executed.units().length,
      failed_units: failed.units().length,
      estimated_seconds: forecast.seconds,
      started_at: earlier?.started_at ?? began.toISOString(),
      updated_at: deps.clock.now().toISOString(),
      finished_at: state === 'running' ? null : deps.clock.now().toISOString(),
      reason,
    });

  const settle = async (
    work: Work,
    outcomes: ReadonlyMap<Slate, SlateOutcome>,
    seconds: number,
  ): Promise<void> => {
    const { name, phase, code, contract } = work.step;
    const records = new Map<Slate, SlateRecord | { failed: string }>();
    for (const [slate, outcome] of outcomes) {
      if ('failed' in outcome) {
        failed.add(name, slate, outcome.failed);
        records.set(slate, outcome);
      } else {
        if (outcome.held !== undefined) held.add(name, slate, outcome.held);
        executed.add(name, slate);
        rowsWritten += outcome.held === undefined ? outcome.rows : 0;
        records.set(slate, { parts: parts.get(name)?.get(slate) ?? {}, ...outcome });
      }
    }
    const at = deps.clock.now().toISOString();
    const step = { step: name, phase, code_hash: code, contract_hash: contract };
    const { left, ...measured } = forecast.settle(work, [...outcomes.keys()], seconds);
    await enter(deps.state, { step, slates: records, ...measured, runId: deps.runId, at });
    doneSlates += outcomes.size;
    const [from, to] = [[...outcomes.keys()][0], [...outcomes.keys()].at(-1)];
    if (from === undefined || to === undefined) return;
    const rows = [...outcomes.values()].reduce(
      (sum, outcome) => sum + ('rows' in outcome ? outcome.rows : 0),
      0,
    );
    request.onProgress?.({
      step: name,
      from,
      to,
      rows,
      seconds,
      done_slates: doneSlates,
      planned_slates: plannedSlates,
      elapsed_seconds: elapsed(),
      eta_seconds: left,
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
    const free = unblocked(work, failed, blocked);
    for (const slate of work.slates) if (!free.slates.includes(slate)) blocked.add(work.step.name, slate);
    if (free.slates.length === 0) continue;
    if (budget !== undefined && reader !== undefined) {
      bytes += (await reader.work(free)).bytes;
      if (bytes > budget.bytes) {
        stopped = `the budget of ${budget.bytes} bytes would be exceeded by ${work.step.name} from ${free.slates[0]}: ${bytes} bytes in all`;
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
    executed: executed.units(),
    held: held.reasons(),
    failed: failed.reasons(),
    blocked: blocked.units(),
    rows: rowsWritten,
    seconds: elapsed(),
    stopped,
  };
}

/** What a request asks for beyond its range and phases, without what it leaves open. */
function askedOf({
  onlyFailed = false,
  onlyStale = false,
  force = false,
  chunk = 'season',
}: RunRequest): RunDoc['asked'] {
  return { onlyFailed, onlyStale, force, chunk };
}

/** The slates of a piece of work above which nothing failed and nothing was left. */
function unblocked(work: Work, failed: SlateTally, blocked: SlateTally): Work {
  const obstacles = work.step.needs.flatMap(({ kind, input, scope }) =>
    kind === 'step' ? [reachOf(scope, new Set([...failed.of(input), ...blocked.of(input)]))] : [],
  );
  return {
    step: work.step,
    slates: work.slates.filter((slate) => obstacles.every((reach) => reach(slate) === undefined)),
  };
}

/**
 * Carries on with a run that did not come to its end: with what it was asked for, and under its id, so that what it forced
 * before is not forced again.
 */
export async function resumeBackfill(
  deps: RunDeps,
  { run_id, from, to, phases, asked }: RunDoc,
  rest: Omit<RunRequest, 'from' | 'to' | 'phases' | keyof RunDoc['asked']>,
): Promise<RunReport> {
  return runBackfill({ ...deps, runId: run_id }, { ...rest, from, to, phases, ...asked });
}

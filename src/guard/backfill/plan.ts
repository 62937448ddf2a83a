import type { Slate } from '#core/calendar.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Forecast, forecast, ratesOf, type Work, workloadOf, worksOf } from './eta.ts';
import { FACETS, type Facet, readFacets } from './facets.ts';
import { type Parts, partsReader } from './fingerprints.ts';
import { monthOf, type PlanRequest, readUnits } from './ledger.ts';
import { readActualRows, readSlates } from './slates.ts';
import type { BackfillPhase, Step } from './steps.ts';
import { candidatesOf, type Reason, type Selection, selectSlates, type Verdict } from './verdicts.ts';

export interface PlanDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
}

/** One unit to run: the slates of a calendar month of one step. */
export interface PlannedUnit {
  readonly step: string;
  readonly phase: BackfillPhase;
  readonly month: string;
  readonly slates: readonly Slate[];
  readonly reason: Reason;
  /** The parts that changed: `code`, `contract`, `rows`, a facet or a step. */
  readonly changed: readonly string[];
  /** True when nothing of its own changed: it follows from a step before it. */
  readonly cascade: boolean;
  /** Estimated seconds of its slates; what it takes to begin the statements is in the estimate of the plan. */
  readonly seconds: number;
}

/** Slates of a month that are left out, and why. */
export interface SkippedUnit {
  readonly step: string;
  readonly month: string;
  readonly slates: number;
  readonly reason: string;
}

export interface BackfillPlan {
  readonly from: Slate;
  readonly to: Slate;
  readonly units: readonly PlannedUnit[];
  readonly skipped: readonly SkippedUnit[];
  readonly slates: number;
  readonly estimated_seconds: number;
}

/** The plan with what a run needs to carry it out. */
export interface Prepared {
  readonly plan: BackfillPlan;
  /** What each planned slate is computed from, for the ledger. */
  readonly parts: ReadonlyMap<string, ReadonlyMap<Slate, Parts>>;
  /** The plan as pieces of work in the order of execution. */
  readonly works: readonly Work[];
  readonly forecast: Forecast;
  readonly open: ReadonlySet<Slate>;
}

/**
 * What a backfill would run and what it would leave out, with the reason of each. The schedule and the names must be up to
 * date (`prepareReferences`): they say which slates there are. Reads only.
 */
export async function planBackfill(
  deps: PlanDeps,
  steps: readonly Step[],
  request: PlanRequest,
): Promise<Prepared> {
  const { closed, open } = await readSlates(deps.warehouse, request.to, request.now);
  const all = [...closed, ...open.keys()].sort();
  const inRange = new Set(all.filter((slate) => slate >= request.from && slate <= request.to));
  const units = await readUnits(deps.state);
  const rates = ratesOf(units.values());
  const chosen = steps.filter(({ phase }) => request.phases.includes(phase));
  const needed = neededBy(chosen, steps);
  const facets = await readFacets(deps.warehouse, facetsOf(needed), request.to);
  const workload = workloadOf(facets);
  const read = partsReader(needed, all, facets, open);
  const selection: Selection = { request, inRange, open, verdicts: new Map(), selected: new Map() };
  const parts = new Map<string, ReadonlyMap<Slate, Parts>>();
  const planned: PlannedUnit[] = [];
  const skipped: SkippedUnit[] = [];
  for (const step of needed) {
    const wanted = read.parts(step);
    const actual =
      step.table === undefined ? undefined : await readActualRows(deps.warehouse, step.table, request.to);
    const verdicts = candidatesOf(step, all, wanted, units, actual, open);
    selection.verdicts.set(step.name, verdicts);
    const isChosen = chosen.includes(step);
    const picked = isChosen
      ? selectSlates(selection, step)
      : { selected: new Map<Slate, Verdict>(), left: new Map<Slate, string>() };
    selection.selected.set(step.name, new Set(picked.selected.keys()));
    // Whether a slate is held follows from its inputs, which its parts cover: it must not matter when that was found out.
    // Rows that somebody computed past the ledger are learnt from as well.
    const isThere = (slate: Slate): boolean => {
      const kind = verdicts.get(slate)?.kind;
      return kind === 'current' || kind === 'held' || (kind === 'new' && (actual?.get(slate) ?? 0) > 0);
    };
    const stands = all.filter((slate) => picked.selected.has(slate) || isThere(slate));
    read.provide(step, wanted, new Set(stands));
    parts.set(
      step.name,
      new Map([...picked.selected.keys()].map((slate) => [slate, wanted.get(slate) ?? {}])),
    );
    if (!isChosen) continue;
    planned.push(
      ...plannedUnits(
        step,
        picked.selected,
        (slates) => rates(step.name) * workload.slates(step.name, slates),
      ),
    );
    skipped.push(...skippedUnits(step, picked.left));
  }
  const today = new Set(open.keys());
  const works = worksOf({ units: planned }, steps, today, request.chunk ?? 'season');
  const expected = forecast(works, workload, rates);
  const plan: BackfillPlan = {
    from: request.from,
    to: request.to,
    units: planned,
    skipped,
    slates: inRange.size,
    estimated_seconds: expected.seconds,
  };
  return { plan, parts, works, forecast: expected, open: today };
}

/** The chosen steps and everything above them, in the order of the graph. */
function neededBy(chosen: readonly Step[], steps: readonly Step[]): Step[] {
  const names = new Set(chosen.map(({ name }) => name));
  for (const step of steps.toReversed()) {
    if (!names.has(step.name)) continue;
    for (const need of step.needs) if (need.kind === 'step') names.add(need.input);
  }
  return steps.filter(({ name }) => names.has(name));
}

function facetsOf(steps: readonly Step[]): Facet[] {
  const wanted = new Set(
    steps.flatMap(({ needs }) => needs.filter(({ kind }) => kind === 'facet').map(({ input }) => input)),
  );
  return (Object.keys(FACETS) as Facet[]).filter((facet) => wanted.has(facet));
}

function plannedUnits(
  step: Step,
  selected: ReadonlyMap<Slate, Verdict>,
  seconds: (slates: readonly Slate[]) => number,
): PlannedUnit[] {
  return [...Map.groupBy(selected, ([slate]) => monthOf(slate))].map(([month, entries]) => {
    const verdicts = entries.map(([, verdict]) => verdict);
    const changed = [...new Set(verdicts.flatMap((verdict) => verdict.changed))].sort();
    return {
      step: step.name,
      phase: step.phase,
      month,
      slates: entries.map(([slate]) => slate),
      reason: mostSerious(verdicts),
      changed,
      cascade:
        changed.length > 0 &&
        changed.every((name) =>
          step.needs.some((need) => need.kind === 'step' && name.startsWith(`${need.input}:`)),
        ),
      seconds: seconds(entries.map(([slate]) => slate)),
    };
  });
}

const SERIOUS: readonly Reason[] = ['failed', 'stale', 'new', 'forced'];

function mostSerious(verdicts: readonly Verdict[]): Reason {
  return SERIOUS.find((reason) => verdicts.some((verdict) => verdict.reason === reason)) ?? 'forced';
}

function skippedUnits(step: Step, left: ReadonlyMap<Slate, string>): SkippedUnit[] {
  const groups = Map.groupBy(left, ([slate, reason]) => `${monthOf(slate)}\n${reason}`);
  return [...groups].map(([key, entries]) => {
    const [month = '', reason = ''] = key.split('\n');
    return { step: step.name, month, slates: entries.length, reason };
  });
}

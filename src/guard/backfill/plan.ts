import type { Slate } from '#core/calendar.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { decideSlates, type PlanFacts, type Reason, type StepDecision, type UnitVerdict } from './decide.ts';
import { type Forecast, forecast, type Rates, ratesOf, type Workload, workloadOf } from './eta.ts';
import { INGESTED_INPUTS, type IngestedInput, readInputs } from './inputs.ts';
import { monthOf, type PlanRequest, readUnits } from './ledger.ts';
import type { Parts } from './parts.ts';
import { type Chunk, chunksOf, readActualRows, readSlates } from './slates.ts';
import type { BackfillPhase, Step } from './steps.ts';

export interface PlanDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
}

/** One unit to run: the slates of one step in one calendar month. */
interface PlannedUnit {
  readonly step: string;
  readonly phase: BackfillPhase;
  readonly month: string;
  readonly slates: readonly Slate[];
  readonly reason: Reason;
  /** The parts that changed: `code`, `contract`, `rows`, an ingested input or a step. */
  readonly changed: readonly string[];
  /** True when it runs only because an upstream step does. */
  readonly cascade: boolean;
  /** Estimated seconds of its slates; the cost of starting statements is in the plan's estimate only. */
  readonly seconds: number;
}

/** Slates of one month that are left out, and why. */
interface SkippedUnit {
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
export interface PreparedPlan {
  readonly plan: BackfillPlan;
  /** The parts of each planned slate, by step, for the ledger. */
  readonly parts: ReadonlyMap<string, ReadonlyMap<Slate, Parts>>;
  /** The planned work in order of execution. */
  readonly chunks: readonly Chunk[];
  readonly forecast: Forecast;
  /** Every slate with counted games up to the end of the range, in order. */
  readonly slates: readonly Slate[];
  /** Today's slate, if it has games. */
  readonly open: ReadonlySet<Slate>;
}

/**
 * What a backfill would run and leave out, each with its reason. The schedule and the player names must be up
 * to date (`prepareReferences`): they determine which slates exist. Reads only.
 */
export async function planBackfill(
  deps: PlanDeps,
  steps: readonly Step[],
  request: PlanRequest,
): Promise<PreparedPlan> {
  const needed = neededFor(request, steps);
  const facts = await readFacts(deps, needed, request);
  const decisions = decideSlates(needed, request, facts);
  const rates = ratesOf(facts.units.values());
  const workload = workloadOf(facts.inputs);
  const units = decisions.flatMap((decision) => plannedUnits(decision, workload, rates));
  const open = new Set(facts.open.keys());
  const chunks = chunksOf(units, steps, open, request.chunk ?? 'season');
  const expected = forecast(chunks, workload, rates);
  const plan: BackfillPlan = {
    from: request.from,
    to: request.to,
    units,
    skipped: decisions.flatMap(skippedUnits),
    slates: facts.slates.filter((slate) => slate >= request.from && slate <= request.to).length,
    estimated_seconds: expected.seconds,
  };
  const parts = new Map(decisions.map((decision) => [decision.step.name, decision.parts]));
  return { plan, parts, chunks, forecast: expected, slates: facts.slates, open };
}

/** The requested steps and everything upstream of them, in graph order. */
function neededFor({ phases }: PlanRequest, steps: readonly Step[]): Step[] {
  const names = new Set(steps.filter(({ phase }) => phases.includes(phase)).map(({ name }) => name));
  for (const step of steps.toReversed()) {
    if (!names.has(step.name)) continue;
    for (const need of step.needs) if (need.kind === 'step') names.add(need.input);
  }
  return steps.filter(({ name }) => names.has(name));
}

async function readFacts(
  { warehouse, state }: PlanDeps,
  steps: readonly Step[],
  { to, now }: PlanRequest,
): Promise<PlanFacts> {
  const { closed, open } = await readSlates(warehouse, to, now);
  const rows = new Map<string, ReadonlyMap<Slate, number>>();
  for (const { name, table } of steps)
    if (table !== undefined) rows.set(name, await readActualRows(warehouse, table, to));
  return {
    slates: [...closed, ...open.keys()].sort(),
    open,
    units: await readUnits(state),
    inputs: await readInputs(warehouse, ingestedInputsOf(steps), to),
    rows,
  };
}

function ingestedInputsOf(steps: readonly Step[]): IngestedInput[] {
  const needed = new Set(steps.flatMap(({ needs }) => needs.map(({ input }) => input)));
  return (Object.keys(INGESTED_INPUTS) as IngestedInput[]).filter((input) => needed.has(input));
}

function plannedUnits({ step, selected }: StepDecision, workload: Workload, rates: Rates): PlannedUnit[] {
  const fromSteps = step.needs.flatMap(({ kind, input }) => (kind === 'step' ? [`${input}:`] : []));
  return [...Map.groupBy(selected, ([slate]) => monthOf(slate))].map(([month, entries]) => {
    const slates = entries.map(([slate]) => slate);
    const verdicts = entries.map(([, verdict]) => verdict);
    const changed = [...new Set(verdicts.flatMap((verdict) => verdict.changed))].sort();
    return {
      step: step.name,
      phase: step.phase,
      month,
      slates,
      reason: mostSerious(verdicts),
      changed,
      cascade:
        changed.length > 0 && changed.every((name) => fromSteps.some((input) => name.startsWith(input))),
      seconds: rates(step.name) * workload.slates(step.name, slates),
    };
  });
}

const BY_SERIOUSNESS: readonly Reason[] = ['failed', 'stale', 'new', 'forced'];

function mostSerious(verdicts: readonly UnitVerdict[]): Reason {
  return BY_SERIOUSNESS.find((reason) => verdicts.some((verdict) => verdict.reason === reason)) ?? 'forced';
}

function skippedUnits({ step, skipped }: StepDecision): SkippedUnit[] {
  const groups = Map.groupBy(skipped, ([slate, reason]) => `${monthOf(slate)}\n${reason}`);
  return [...groups].map(([key, entries]) => {
    const [month = '', reason = ''] = key.split('\n');
    return { step: step.name, month, slates: entries.length, reason };
  });
}

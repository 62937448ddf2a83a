import { DOLLARS_PER_TIB, dollarsFor } from '#core/billing.ts';
import type { Slate } from '#core/calendar.ts';
import { type BackfillPlan, planBackfill } from './plan.ts';
import { NOT_ESTIMATED, type Reading, sumOfReadings, workReader } from './reading.ts';
import type { PlanRequest } from './request.ts';
import type { ByteBudget, RunDeps } from './run-types.ts';
import { prepareReferences, readSlates } from './standing.ts';
import { backfillSteps, type Step } from './steps.ts';

/** What one step reads over all its slates. */
export interface StepReading {
  readonly step: string;
  readonly statements: number;
  readonly bytes: number;
  readonly cost_usd: number;
}

/** What a run would read where reading is billed, as dry runs say it. */
export interface PlanReading {
  /** In the order of execution; the first is the plan itself, which a run makes again. */
  readonly steps: readonly StepReading[];
  readonly statements: number;
  readonly dollars_per_tib: number;
  readonly budget_bytes: number;
  /** Where the budget would end the run; null when all of it fits. */
  readonly stops_before: { readonly step: string; readonly from: Slate; readonly bytes: number } | null;
  /** What is billed as well and cannot be known beforehand. */
  readonly not_estimated: readonly string[];
}

/** A plan with what it would read and cost; null where reading is not billed. */
export interface PricedPlan extends BackfillPlan {
  readonly bytes: number | null;
  readonly cost_usd: number | null;
  readonly reading: PlanReading | null;
}

export interface PricedPlanRequest extends PlanRequest {
  readonly budget?: ByteBudget;
  /** Other steps than the declared ones; for tests. */
  readonly steps?: readonly Step[];
}

/**
 * What a run would do and what it would cost, with the statements, pieces of work and budget of the run. Brings the references
 * up to date, as a plan needs them; computes nothing. Throws what a dry run is refused with.
 */
export async function pricedPlan(deps: RunDeps, request: PricedPlanRequest): Promise<PricedPlan> {
  const steps = request.steps ?? backfillSteps(deps);
  const budget = request.budget ?? deps.budget;
  await prepareReferences(deps);
  const { plan, works, open } = await planBackfill(deps, steps, request);
  if (budget === undefined) return { ...plan, bytes: null, cost_usd: null, reading: null };
  const { closed } = await readSlates(deps.warehouse, request.to, request.now);
  const reader = workReader(deps, budget, { slates: [...closed, ...open].sort(), open });
  const readings: { readonly step: string; readonly reading: Reading }[] = [{ step: 'plan', reading: await reader.plan(request, steps) }];
  let bytes = readings[0]?.reading.bytes ?? 0;
  let stopsBefore: PlanReading['stops_before'] = null;
  for (const work of works) {
    const reading = await reader.work(work);
    readings.push({ step: work.step.name, reading });
    bytes += reading.bytes;
    const [from] = work.slates;
    if (bytes > budget.bytes && stopsBefore === null && from !== undefined) stopsBefore = { step: work.step.name, from, bytes };
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

import { bytesText } from '#core/billing.ts';
import type { BackfillPlan } from '#guard/backfill/plan.ts';
import type { PlanReading, PricedPlan } from '#guard/backfill/priced-plan.ts';
import type { RunReport } from '#guard/backfill/run-types.ts';
import { duration, tableLines } from './terminal.ts';

/** A plan for people: its units, what it leaves out and why, time, bytes and cost. */
export function planLines(plan: PricedPlan): string[] {
  const rows = plan.units.map((unit) => [
    unit.month,
    unit.step,
    unit.slates.length,
    unit.reason,
    `${unit.cascade ? 'follows from ' : ''}${unit.changed.join(', ')}`,
    duration(unit.seconds),
  ]);
  return [
    ...(rows.length > 0 ? tableLines(['month', 'step', 'slates', 'reason', 'changed', 'time'], rows) : []),
    ...leftOut(plan),
    `${plan.units.length} units to run, about ${duration(plan.estimated_seconds)}; ${plan.slates} slates in ${plan.from} to ${plan.to}.`,
    ...(plan.reading === null
      ? ['Reading is not billed on this engine: no bytes, no cost.']
      : readingLines(plan.reading, plan.bytes ?? 0, plan.cost_usd ?? 0)),
  ];
}

/** What a run would read and cost, by step and in all, and where the budget would end it. */
function readingLines(reading: PlanReading, bytes: number, cost: number): string[] {
  const rows = reading.steps.map((one) => [one.step, one.statements, bytesText(one.bytes), dollarsText(one.cost_usd)]);
  const { stops_before: stop, budget_bytes: budget } = reading;
  return [
    ...tableLines(['step', 'queries', 'reads', 'cost'], rows),
    `A run reads ${bytesText(bytes)} by dry runs and costs about ${dollarsText(cost)} at $${reading.dollars_per_tib} per TiB, 10 MiB a query at the least.`,
    stop === null
      ? `That is within the budget of ${bytesText(budget)} (TIPOFF_GCP_BACKFILL_BYTES).`
      : `The budget of ${bytesText(budget)} (TIPOFF_GCP_BACKFILL_BYTES) would stop it before ${stop.step} from ${stop.from}, at ${bytesText(stop.bytes)}.`,
    `Not estimated, and billed as well: ${reading.not_estimated.join('; ')}.`,
  ];
}

function dollarsText(dollars: number): string {
  return `$${dollars.toFixed(4)}`;
}

/** What a plan leaves out, one line per reason. */
function leftOut(plan: BackfillPlan): string[] {
  // Slates that wait name what they wait for; the first of each step is enough.
  const kindOf = ({ step, reason }: BackfillPlan['skipped'][number]): string =>
    reason.startsWith('waits for ') ? `${step} ${reason}` : reason;
  const groups = Map.groupBy(plan.skipped, kindOf);
  return [...groups].map(
    ([reason, own]) => `left out: ${own.length} units, ${own.reduce((sum, { slates }) => sum + slates, 0)} slates: ${reason}`,
  );
}

/** How a run ended, for people: what failed, is held or waits, and how much was done. */
export function reportLines(report: RunReport): string[] {
  return [
    ...report.failed.map(({ step, month, slates, reason }) => `failed: ${step} ${month}, ${slates} slates: ${reason}`),
    ...report.held.map(({ step, month, slates, reason }) => `held: ${step} ${month}, ${slates} slates: ${reason}`),
    ...(report.blocked.length > 0 ? [`${report.blocked.length} units wait for what failed; \`tipoff backfill resume\` takes them.`] : []),
    ...(report.stopped === null ? [] : [`Stopped: ${report.stopped}. \`tipoff backfill resume\` carries on.`]),
    ...(report.plan.units.length === 0 ? leftOut(report.plan) : []),
    `${report.executed.length} of ${report.plan.units.length} units, ${report.rows} rows in ${duration(report.seconds)}.`,
  ];
}

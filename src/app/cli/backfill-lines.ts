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
    extent(plan),
    ...(plan.reading === null
      ? ['Reading is not billed on this engine: no bytes, no cost.']
      : readingLines(plan.reading, plan.bytes ?? 0, plan.cost_usd ?? 0)),
  ];
}

function extent({ units, slates, from, to, estimated_seconds }: BackfillPlan): string {
  if (slates === 0) return `Nothing to run: the schedule has no slate with counted games in ${from} to ${to} up to today.`;
  const range = `${slates} slates in ${from} to ${to}`;
  return units.length === 0 ? `Nothing to run; ${range}.` : `${units.length} units to run, about ${duration(estimated_seconds)}; ${range}.`;
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
  // Slates that wait name the step and the slate that they wait for; the first of each step is enough.
  const kindOf = ({ step, reason }: BackfillPlan['skipped'][number]): string =>
    reason.startsWith('waits for ') ? `${step} ${reason.split(' of ')[0]}` : reason;
  return [...Map.groupBy(plan.skipped, kindOf).values()].map((own) => {
    const [{ step, reason } = { step: '', reason: '' }] = own;
    const slates = own.reduce((sum, one) => sum + one.slates, 0);
    return `left out: ${own.length} units, ${slates} slates: ${reason.startsWith('waits for ') ? `${step} ${reason}` : reason}`;
  });
}

/** How a run ended, for people: what failed, is held or waits, and how much was done. */
export function reportLines(report: RunReport): string[] {
  return [
    ...report.failed.map(({ step, month, slates, reason }) => `failed: ${step} ${month}, ${slates} slates: ${reason}`),
    ...report.held.map(({ step, month, slates, reason }) => `held: ${step} ${month}, ${slates} slates: ${reason}`),
    ...(report.blocked.length > 0 ? [`${report.blocked.length} units wait for what failed; \`tipoff backfill resume\` takes them.`] : []),
    ...(report.stopped === null ? [] : [`Stopped: ${report.stopped}. \`tipoff backfill resume\` carries on.`]),
    ...(report.plan.units.length === 0 ? [...leftOut(report.plan), extent(report.plan)] : [executed(report)]),
  ];
}

function executed(report: RunReport): string {
  return `${report.executed.length} of ${report.plan.units.length} units, ${report.rows} rows in ${duration(report.seconds)}.`;
}

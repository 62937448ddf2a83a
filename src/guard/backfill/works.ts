import { type Slate, seasonOf } from '#core/calendar.ts';
import { monthOf } from './ledger.ts';
import type { BackfillPlan } from './plan.ts';
import { HISTORY_STEPS, type Step } from './steps.ts';

/** How many slates one statement covers: those of a season, or of a calendar month. */
export type ChunkSize = 'season' | 'month';

/** One piece of work: a step over the planned slates of a chunk. It is written, and entered into the ledger, as a whole. */
export interface Work {
  readonly step: Step;
  readonly slates: readonly Slate[];
}

/**
 * The planned units as pieces of work in the order of execution. Date-major: all steps of the oldest chunk first, so that
 * finished dates are usable while the rest runs. When today's slate is planned, it goes before everything but the history
 * it needs.
 */
export function worksOf(plan: Pick<BackfillPlan, 'units'>, steps: readonly Step[], open: ReadonlySet<Slate>, size: ChunkSize): Work[] {
  const chunkOf = size === 'season' ? seasonOf : monthOf;
  const planned = new Map<Step, Slate[]>();
  for (const step of steps) {
    const slates = plan.units.filter((unit) => unit.step === step.name).flatMap((unit) => unit.slates);
    if (slates.length > 0) planned.set(step, slates.sort());
  }
  const isHistory = (step: Step): boolean => HISTORY_STEPS.includes(step.name);
  const chunked = (wanted: (step: Step, slate: Slate) => boolean): Work[] => {
    const chunks = new Map<string, Map<Step, Slate[]>>();
    for (const [step, slates] of planned) {
      for (const slate of slates.filter((one) => wanted(step, one))) {
        const chunk = chunks.get(chunkOf(slate)) ?? new Map<Step, Slate[]>();
        chunks.set(chunkOf(slate), chunk);
        chunk.set(step, [...(chunk.get(step) ?? []), slate]);
      }
    }
    const inOrder = [...chunks].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.flatMap(([, chunk]) => steps.flatMap((step) => (chunk.has(step) ? [{ step, slates: chunk.get(step) ?? [] }] : [])));
  };
  const isTonightPlanned = [...planned.values()].some((slates) => slates.some((slate) => open.has(slate)));
  if (!isTonightPlanned) return chunked(() => true);
  return [
    ...chunked((step) => isHistory(step)),
    ...chunked((step, slate) => !isHistory(step) && open.has(slate)),
    ...chunked((step, slate) => !isHistory(step) && !open.has(slate)),
  ];
}

/** A piece of work cut into its calendar months. */
export function byMonth({ step, slates }: Work): Work[] {
  return [...Map.groupBy(slates, monthOf).values()].map((own) => ({ step, slates: own }));
}

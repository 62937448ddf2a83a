import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { StateStore } from '#platform/state/port.ts';
import { type RunDoc, readRuns, readUnits } from './ledger.ts';

/** What the ledger holds of one step. */
export interface StepStatus {
  readonly step: string;
  readonly units: number;
  readonly slates: number;
  readonly held: number;
  readonly failed: number;
  readonly first: Slate | null;
  readonly last: Slate | null;
  readonly rows: number;
  /** Seconds per slate as last measured. */
  readonly seconds_per_slate: number | null;
}

export interface BackfillStatus {
  readonly runs: readonly RunDoc[];
  readonly steps: readonly StepStatus[];
  readonly failures: readonly { readonly step: string; readonly slate: string; readonly reason: string }[];
}

const NEWEST_RUNS = 10;

/** The ledger as it stands: the newest runs, what is done per step, and what failed. Reads the state store only. */
export async function backfillStatus(state: StateStore): Promise<BackfillStatus> {
  const [runs, units] = [await readRuns(state), await readUnits(state)];
  const bySteps = Map.groupBy(units.values(), ({ step }) => step);
  const steps = [...bySteps].map(([step, own]): StepStatus => {
    const slates = own.flatMap((unit) => Object.entries(unit.slates));
    const dates = slates.map(([slate]) => slate).sort() as Slate[];
    const measured = own.reduce((sum, unit) => sum + unit.measured_slates, 0);
    return {
      step,
      units: own.length,
      slates: slates.length,
      held: slates.filter(([, { held }]) => held !== undefined).length,
      failed: own.reduce((sum, unit) => sum + Object.keys(unit.failed).length, 0),
      first: dates[0] ?? null,
      last: dates.at(-1) ?? null,
      rows: slates.reduce((sum, [, { rows }]) => sum + rows, 0),
      seconds_per_slate: measured === 0 ? null : own.reduce((sum, unit) => sum + unit.seconds, 0) / measured,
    };
  });
  const failures = [...units.values()].flatMap(({ step, failed }) =>
    Object.entries(failed).map(([slate, reason]) => ({ step, slate, reason })),
  );
  return { runs: runs.slice(-NEWEST_RUNS), steps, failures };
}

/** The request of the newest run that did not come to its end. Throws TIPOFF_NOT_FOUND when there is none. */
export function unfinished(runs: readonly RunDoc[]): RunDoc {
  const found = runs.toReversed().find(({ state, failed_units }) => state !== 'finished' || failed_units > 0);
  if (found !== undefined) return found;
  const why = runs.length === 0 ? 'none has run here yet' : 'the last ones came to their end';
  throw new TipoffError('TIPOFF_NOT_FOUND', `there is no backfill to resume: ${why}`, {
    hint: 'Start one with `tipoff backfill run --from <slate> --to <slate>`.',
    details: { runs: runs.length },
  });
}

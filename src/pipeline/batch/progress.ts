import { countBy } from '#core/count-by.ts';
import type { StateStore } from '#platform/state/port.ts';
import { type BatchDoc, type OutcomeDoc, readBatch, readOutcomes, readUnits, type UnitDoc } from './state.ts';

/** Seconds between an ISO instant and a later one; 0 when it is not later. */
export function secondsSince(from: string, until: Date): number {
  return Math.max(0, (until.getTime() - Date.parse(from)) / 1000);
}

/** Percentage of the expected players that have an outcome, to one decimal. A batch that expects nobody is complete. */
export function completionPct({ expected }: BatchDoc, outcomes: readonly OutcomeDoc[]): number {
  const pct = expected === 0 ? 100 : Math.min(100, (outcomes.length / expected) * 100);
  return Math.round(pct * 10) / 10;
}

/** Everything about a batch: its document, units, outcomes by kind and reason. */
export async function describeBatch(
  deps: { readonly state: StateStore },
  batchId: string,
): Promise<{
  batch: BatchDoc;
  units: UnitDoc[];
  outcomes: Record<string, number>;
  reasons: Record<string, number>;
}> {
  const [batch, units, all] = [
    await readBatch(deps.state, batchId),
    await readUnits(deps.state, batchId),
    await readOutcomes(deps.state, batchId),
  ];
  return {
    batch,
    units,
    outcomes: Object.fromEntries(countBy(all, ({ outcome }) => outcome)),
    reasons: Object.fromEntries(
      countBy(all, ({ outcome, reason }) => (reason === null ? undefined : `${outcome}: ${reason}`)),
    ),
  };
}

import type { StateStore } from '#platform/state/port.ts';
import { readBatch, readOutcomes, readUnits } from './batches.ts';
import type { BatchDoc, OutcomeDoc, UnitDoc } from './documents.ts';

export { dispatch } from './dispatch.ts';
export { type ResetResult, reset, type StagedPolicy } from './reset.ts';
export { type CoordinatorDeps, settle } from './settle.ts';
export { checkStalled, DEFAULT_STALL_RULES, recover, type StallRules, type StallVerdict } from './stall.ts';

/** Everything about a batch: its document, units, outcomes by kind and reason. */
export async function describeBatch(
  deps: { readonly state: StateStore },
  batchId: string,
): Promise<{ batch: BatchDoc; units: UnitDoc[]; outcomes: Record<string, number>; reasons: Record<string, number> }> {
  const [batch, units, all] = [
    await readBatch(deps.state, batchId),
    await readUnits(deps.state, batchId),
    await readOutcomes(deps.state, batchId),
  ];
  const tally = (key: (doc: OutcomeDoc) => string | null): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const doc of all) {
      const name = key(doc);
      if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return {
    batch,
    units,
    outcomes: tally(({ outcome }) => outcome),
    reasons: tally(({ outcome, reason }) => (reason === null ? null : `${outcome}: ${reason}`)),
  };
}

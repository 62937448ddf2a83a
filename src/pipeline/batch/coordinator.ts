import type { StateStore } from '#platform/state/port.ts';
import { type BatchDoc, type OutcomeDoc, readBatch, readOutcomes, readUnits, type UnitDoc } from './state.ts';

export { type CoordinatorDeps, settle } from './consolidate.ts';
export { dispatch } from './dispatch.ts';
export {
  checkStalled,
  DEFAULT_STALL_RULES,
  type ResetResult,
  recover,
  reset,
  type StagedPolicy,
  type StallRules,
  type StallVerdict,
} from './stall.ts';

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

import type { Slate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { closeBatch, consolidateIfComplete } from './consolidate.ts';
import { type DispatchDeps, dispatch, dispatchUnit } from './dispatch.ts';
import { type ConsolidationDeps, endUnpublished } from './ending.ts';
import { completionPct, secondsSince } from './progress.ts';
import {
  activeBatches,
  type BatchDoc,
  isActive,
  type OutcomeDoc,
  readBatch,
  readOutcomes,
  readUnits,
  type UnitDoc,
} from './state.ts';

export type CoordinatorDeps = ConsolidationDeps & DispatchDeps;

/** When a batch counts as stalled, and what happens to its results then. */
export interface StallRules {
  readonly noProgressSeconds: number;
  readonly maxAgeMinutes: number;
  /** `publish` what passed the audit as partial, or `hold` it. */
  readonly policy: 'publish' | 'hold';
  /** Close a batch without progress at this percentage of outcomes or more instead of dispatching it again. */
  readonly minCompletionPct?: number | undefined;
}

export const DEFAULT_STALL_RULES: StallRules = {
  noProgressSeconds: 300,
  maxAgeMinutes: 30,
  policy: 'publish',
};

/** How often a unit is dispatched before its batch counts as stalled. */
const MAX_DISPATCHES = 2;

/** What a decision about a batch is based on. */
interface StallFacts {
  readonly batch: BatchDoc;
  readonly units: readonly UnitDoc[];
  readonly outcomes: readonly OutcomeDoc[];
}

/** What is to be done about a batch, and why. */
type StallDecision =
  | { readonly action: 'none'; readonly reason: null }
  /** `resume` takes over a consolidation that makes no progress; `isOld` holds the batch if that fails too. */
  | {
      readonly action: 'consolidated';
      readonly reason: string;
      readonly resume: boolean;
      readonly isOld: boolean;
    }
  /** Units to dispatch again; none when the first dispatch is to be finished. */
  | { readonly action: 'redispatched'; readonly reason: string; readonly units: readonly UnitDoc[] }
  | { readonly action: 'closed'; readonly reason: string };

const NOTHING_TO_DO: StallDecision = { action: 'none', reason: null };

/** Decides what to do about a batch. Changes nothing: a dry run reports this decision and a real run applies it. */
function decideStall({ batch, units, outcomes }: StallFacts, rules: StallRules, now: Date): StallDecision {
  if (!isActive(batch.state)) return NOTHING_TO_DO;
  const isOld = secondsSince(batch.created_at, now) > rules.maxAgeMinutes * 60;
  const isIdle = secondsSince(batch.progress_at, now) >= rules.noProgressSeconds;
  const noProgress = `no progress for ${rules.noProgressSeconds} s`;
  if (batch.state === 'consolidating') {
    if (!isIdle) return NOTHING_TO_DO;
    return { action: 'consolidated', reason: `the consolidation made ${noProgress}`, resume: true, isOld };
  }
  const pct = completionPct(batch, outcomes);
  const { minCompletionPct } = rules;
  if (isIdle && minCompletionPct !== undefined && pct >= minCompletionPct && pct < 100) {
    return {
      action: 'closed',
      reason: `${pct} % complete (closed from ${minCompletionPct} %), ${noProgress}`,
    };
  }
  const missing = units.filter(({ state }) => state !== 'done');
  if (missing.length === 0 && batch.state !== 'created')
    return { action: 'consolidated', reason: 'every unit is done', resume: false, isOld };
  if (isOld) return { action: 'closed', reason: `older than ${rules.maxAgeMinutes} minutes` };
  if (!isIdle) return NOTHING_TO_DO;
  if (batch.state !== 'running')
    return { action: 'redispatched', reason: 'the dispatch was not finished', units: [] };
  const again = missing.filter(({ dispatched }) => dispatched < MAX_DISPATCHES);
  if (again.length === 0)
    return { action: 'closed', reason: `stalled: ${noProgress} after a second dispatch` };
  return { action: 'redispatched', reason: noProgress, units: again };
}

/** What was done about a batch, or would be in a dry run. */
export interface StallVerdict {
  readonly batch_id: string;
  readonly slate: Slate;
  readonly action: StallDecision['action'] | 'error';
  readonly reason: string | null;
  /** State of the batch afterwards. */
  readonly state: BatchDoc['state'];
  /** Percentage of the expected players that had an outcome when the decision was made. */
  readonly completion_pct: number;
}

export interface StallCheck {
  readonly rules?: StallRules;
  /** One batch; every active one when absent. */
  readonly batchId?: string | undefined;
  /** Decide, and change nothing. */
  readonly dryRun?: boolean;
}

/**
 * Looks at every active batch, or one: consolidates what is complete, dispatches missing units once more after 300 s without
 * progress, closes what still makes none after that, and closes whatever is older than 30 minutes, even at 0 %. A failure of
 * one batch becomes its verdict and does not stop the others. Throws TIPOFF_NOT_FOUND for an unknown batch.
 */
export async function checkStalled(
  deps: CoordinatorDeps,
  by: string,
  { rules = DEFAULT_STALL_RULES, batchId, dryRun = false }: StallCheck = {},
): Promise<StallVerdict[]> {
  const batches =
    batchId === undefined ? await activeBatches(deps.state) : [await readBatch(deps.state, batchId)];
  const verdicts: StallVerdict[] = [];
  for (const { batch_id } of batches) {
    const facts = await readFacts(deps, batch_id);
    const decision = decideStall(facts, rules, deps.clock.now());
    verdicts.push(
      dryRun
        ? verdictOn(facts, decision, facts.batch.state)
        : await guarded(deps, facts, () => applyStall(deps, facts, decision, by, rules)),
    );
  }
  return verdicts;
}

/**
 * Resumes every active batch after a restart: dispatches what was not dispatched and consolidates what is complete. A failure
 * of one batch becomes its verdict and does not stop the others.
 */
export async function recover(deps: CoordinatorDeps, by: string): Promise<StallVerdict[]> {
  const verdicts: StallVerdict[] = [];
  for (const { batch_id } of await activeBatches(deps.state)) {
    const facts = await readFacts(deps, batch_id);
    const verdict = guarded(deps, facts, async () => {
      await dispatch(deps, batch_id, by);
      const { state, reason } = await consolidateIfComplete(deps, batch_id, by, { resume: true });
      return verdictOn(facts, { action: isActive(state) ? 'none' : 'consolidated', reason }, state);
    });
    verdicts.push(await verdict);
  }
  return verdicts;
}

async function readFacts({ state }: CoordinatorDeps, batchId: string): Promise<StallFacts> {
  return {
    batch: await readBatch(state, batchId),
    units: await readUnits(state, batchId),
    outcomes: await readOutcomes(state, batchId),
  };
}

function verdictOn(
  { batch, outcomes }: StallFacts,
  { action, reason }: Pick<StallVerdict, 'action' | 'reason'>,
  state: BatchDoc['state'],
): StallVerdict {
  const pct = completionPct(batch, outcomes);
  return { batch_id: batch.batch_id, slate: batch.slate, action, reason, state, completion_pct: pct };
}

async function guarded(
  deps: CoordinatorDeps,
  facts: StallFacts,
  apply: () => Promise<StallVerdict>,
): Promise<StallVerdict> {
  try {
    return await apply();
  } catch (error) {
    const reason = error instanceof TipoffError ? `${error.code}: ${error.message}` : messageOf(error);
    const { state } = await readBatch(deps.state, facts.batch.batch_id);
    return verdictOn(facts, { action: 'error', reason }, state);
  }
}

/** Carries a decision out. Every move is a compare-and-set, so a batch that changed since is left as it is now. */
async function applyStall(
  deps: CoordinatorDeps,
  facts: StallFacts,
  decision: StallDecision,
  by: string,
  { policy }: StallRules,
): Promise<StallVerdict> {
  const { batch } = facts;
  const { batch_id: batchId } = batch;
  switch (decision.action) {
    case 'none':
      return verdictOn(facts, decision, batch.state);
    case 'consolidated':
      return applyConsolidation(deps, facts, decision, by);
    case 'redispatched':
      if (decision.units.length === 0) await dispatch(deps, batchId, by);
      for (const unit of decision.units) await dispatchUnit(deps, batch, unit);
      return verdictOn(facts, decision, (await readBatch(deps.state, batchId)).state);
    case 'closed': {
      const { state } = await closeBatch(deps, batchId, { by, reason: decision.reason, policy });
      return verdictOn(facts, decision, state);
    }
  }
}

/** An old batch whose consolidation fails again on resumption is held, which frees its slate. */
async function applyConsolidation(
  deps: CoordinatorDeps,
  facts: StallFacts,
  decision: Extract<StallDecision, { readonly action: 'consolidated' }>,
  by: string,
): Promise<StallVerdict> {
  const { batch_id: batchId } = facts.batch;
  const { resume, isOld } = decision;
  try {
    const { state } = await consolidateIfComplete(deps, batchId, by, { resume });
    return verdictOn(facts, isActive(state) ? NOTHING_TO_DO : decision, state);
  } catch (error) {
    if (!resume || !isOld) throw error;
    const reason = `the consolidation did not end: ${messageOf(error)}`;
    const { state } = await endUnpublished(deps, batchId, 'held', { by, reason });
    return verdictOn(facts, { action: 'closed', reason }, state);
  }
}

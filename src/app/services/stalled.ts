import { activeBatches, readBatch, readOutcomes, readUnits } from '#pipeline/predict/batches.ts';
import { closeBatch } from '#pipeline/predict/close.ts';
import { type CoordinatorDeps, checkStalled, type StallRules, type StallVerdict } from '#pipeline/predict/coordinator.ts';
import { type BatchDoc, isActive } from '#pipeline/predict/documents.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

export interface StallRequest {
  readonly batchId?: string;
  readonly rules: StallRules;
  /** Close what stands still at this percentage of outcomes or more instead of dispatching it again. */
  readonly minCompletionPct?: number;
  readonly dryRun: boolean;
}

/** Share of expected players that have an outcome, and how long ago something happened. */
export interface Progress {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly completionPct: number;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
}

/** How far a batch is. A batch that expects nobody is complete. */
export async function progressOf(
  { state, clock }: { readonly state: StateStore; readonly clock: Clock },
  batch: BatchDoc,
): Promise<Progress> {
  const outcomes: Record<string, number> = {};
  const all = await readOutcomes(state, batch.batch_id);
  for (const { outcome } of all) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const until = batch.closed_at === null ? clock.now().getTime() : Date.parse(batch.closed_at);
  const seconds = (from: string): number => Math.max(0, (until - Date.parse(from)) / 1000);
  const pct = batch.expected === 0 ? 100 : Math.min(100, (all.length / batch.expected) * 100);
  return {
    outcomes,
    completionPct: Math.round(pct * 10) / 10,
    ageSeconds: seconds(batch.created_at),
    idleSeconds: seconds(batch.progress_at),
  };
}

/**
 * The look of `/check-stalled`: the sweeper's rules with the caller's limits, and on request the closing of what stands
 * still but is nearly complete. A dry run tells what would be done now. Throws TIPOFF_NOT_FOUND for an unknown batch.
 */
export async function lookForStalled(
  deps: CoordinatorDeps,
  by: string,
  request: StallRequest,
): Promise<(StallVerdict & { readonly completionPct: number })[]> {
  const batches = request.batchId === undefined ? await activeBatches(deps.state) : [await readBatch(deps.state, request.batchId)];
  const verdicts: (StallVerdict & { readonly completionPct: number })[] = [];
  for (const batch of batches) {
    const progress = await progressOf(deps, batch);
    const look = request.dryRun ? forecast(deps, batch, progress, request) : act(deps, by, batch, progress, request);
    verdicts.push({ ...(await look), completionPct: progress.completionPct });
  }
  return verdicts;
}

async function act(deps: CoordinatorDeps, by: string, batch: BatchDoc, progress: Progress, request: StallRequest): Promise<StallVerdict> {
  const { batch_id, slate } = batch;
  if (isNearlyDone(batch, progress, request)) {
    const reason = nearly(progress, request);
    const closed = await closeBatch(deps, batch_id, { by, reason, policy: request.rules.policy });
    return { batch_id, slate, action: 'closed', reason, state: closed.state };
  }
  const [verdict] = await checkStalled(deps, by, request.rules, batch_id);
  return verdict ?? { batch_id, slate, action: 'none', reason: null, state: batch.state };
}

/** What `act` would do with the batch as it stands. */
async function forecast(deps: CoordinatorDeps, batch: BatchDoc, progress: Progress, request: StallRequest): Promise<StallVerdict> {
  const { rules } = request;
  const say = (action: StallVerdict['action'], reason: string | null): StallVerdict => ({
    batch_id: batch.batch_id,
    slate: batch.slate,
    action,
    reason,
    state: batch.state,
  });
  if (!isActive(batch.state)) return say('none', null);
  const isStill = progress.idleSeconds >= rules.noProgressSeconds;
  if (batch.state === 'consolidating') return isStill ? say('settled', 'its consolidation stands still') : say('none', null);
  const waiting = (await readUnits(deps.state, batch.batch_id)).filter(({ state }) => state !== 'done');
  if (isNearlyDone(batch, progress, request)) return say('closed', nearly(progress, request));
  if (waiting.length === 0 && batch.state !== 'created') return say('settled', null);
  if (progress.ageSeconds > rules.maxAgeMinutes * 60) return say('closed', `older than ${rules.maxAgeMinutes} minutes`);
  if (!isStill) return say('none', null);
  const again = batch.state !== 'running' || waiting.some(({ dispatched }) => dispatched < 2);
  return again
    ? say('redispatched', `no progress for ${rules.noProgressSeconds} s`)
    : say('closed', `stalled for ${rules.noProgressSeconds} s`);
}

function isNearlyDone(batch: BatchDoc, progress: Progress, { minCompletionPct, rules }: StallRequest): boolean {
  if (minCompletionPct === undefined || progress.completionPct < minCompletionPct || progress.completionPct >= 100) return false;
  return isActive(batch.state) && batch.state !== 'consolidating' && progress.idleSeconds >= rules.noProgressSeconds;
}

function nearly({ completionPct }: Progress, { rules, minCompletionPct }: StallRequest): string {
  return `${completionPct} % complete (closed from ${minCompletionPct} %), no progress for ${rules.noProgressSeconds} s`;
}

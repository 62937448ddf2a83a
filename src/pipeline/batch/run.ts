import type { Slate } from '#core/calendar.ts';
import { countBy } from '#core/count-by.ts';
import { isTransient, TipoffError } from '#core/errors.ts';
import type { RunMode } from '#core/run-modes.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import { consolidateIfComplete } from './consolidate.ts';
import { dispatch } from './dispatch.ts';
import { type CoordinatorDeps, checkStalled } from './stall.ts';
import { type StartRequest, type StartResult, startBatch } from './start.ts';
import { type BatchDoc, isActive, type OutcomeDoc, readOutcomes, UNIT_TOPIC } from './state.ts';
import { handleUnit, type WorkerDeps } from './worker.ts';

export type BatchDeps = CoordinatorDeps &
  WorkerDeps & {
    /** Units being predicted by batches that run concurrently in this process: each takes whichever unit is next. */
    readonly atWork?: Set<Promise<unknown>>;
  };

/** How the batch of a slate ended. */
export interface BatchResult {
  readonly slate: Slate;
  readonly mode: RunMode;
  /** A state of the batch, or `no_games` / `nothing_to_do` when none was needed. */
  readonly state: BatchDoc['state'] | 'no_games' | 'nothing_to_do';
  readonly reason: string | null;
  readonly batch_id: string | null;
  readonly publication_id: string | null;
  readonly games: number;
  /** Players of the slate's context. */
  readonly expected: number;
  readonly predicted: number;
  /** Players the gate left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Those among them whose visible predictions were withdrawn, by reason. */
  readonly withdrawn: Readonly<Record<string, number>>;
  /** Players that should have been predicted and were not, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Rows published. */
  readonly predictions: number;
  /** Picks among the rows at main lines. */
  readonly actionable: number;
  readonly seconds: number;
}

const LEASE_SECONDS = 60;
/** One worker is faster with one large unit than with several. */
const UNIT_SIZE = 500;

/**
 * One batch from start to publication, with the workers in this process. It takes the same steps as the services: the same
 * start, queue, worker, staging and consolidation. Throws what `startBatch` throws.
 */
export async function runBatch(deps: BatchDeps, request: StartRequest): Promise<BatchResult> {
  const began = deps.clock.now().getTime();
  const seconds = (): number => (deps.clock.now().getTime() - began) / 1000;
  const ended = await endBatch(deps, request);
  const base = { slate: request.slate, mode: request.mode };
  if ('kind' in ended) {
    const none = {
      batch_id: null,
      publication_id: null,
      predicted: 0,
      withdrawn: {},
      failed: {},
      predictions: 0,
      actionable: 0,
    };
    const seen = ended.kind === 'no_games' ? { games: 0, expected: 0, skipped: {} } : ended;
    const { games, expected, skipped } = seen;
    return {
      ...base,
      ...none,
      state: ended.kind,
      reason: null,
      games,
      expected,
      skipped,
      seconds: seconds(),
    };
  }
  return { ...base, ...(await result(deps, ended.batch)), seconds: seconds() };
}

/** `runBatch` without its summary: the batch as it ended, or why none was needed. */
export async function endBatch(
  deps: BatchDeps,
  request: StartRequest,
): Promise<
  { readonly batch: BatchDoc } | Extract<StartResult, { readonly kind: 'no_games' | 'nothing_to_do' }>
> {
  const started = await startBatch(deps, { ...request, unitSize: request.unitSize ?? UNIT_SIZE });
  if (started.kind === 'no_games' || started.kind === 'nothing_to_do') return started;
  const { batch_id } = started.batch;
  await dispatch(deps, batch_id, request.by);
  return { batch: await workUntilEnded(deps, batch_id, request.by) };
}

/** Rows of a published batch, from its outcomes: the audit has compared them with what was staged. */
export async function predictedRows(state: BatchDeps['state'], batch: BatchDoc): Promise<number> {
  const outcomes = await readOutcomes(state, batch.batch_id);
  return outcomes.reduce((sum, { outcome, rows }) => sum + (outcome === 'predicted' ? rows : 0), 0);
}

/**
 * Pulls units until the batch has ended; with an empty queue it waits until the batch counts as stalled. A consolidation that
 * failed transiently, or was taken over by another process, is checked again.
 */
async function workUntilEnded(deps: BatchDeps, batchId: string, by: string): Promise<BatchDoc> {
  let resume = false;
  for (;;) {
    const ended: BatchDoc | 'again' | 'overtaken' = await consolidateIfComplete(deps, batchId, by, {
      resume,
    }).catch((error: unknown) => {
      if (isTransient(error)) return 'again' as const;
      if (error instanceof TipoffError && error.code === 'TIPOFF_FENCED') return 'overtaken' as const;
      throw error;
    });
    if (typeof ended !== 'string' && !isActive(ended.state)) return ended;
    resume = ended === 'again';
    const deliveries = await deps.queue.pull(UNIT_TOPIC, 1, LEASE_SECONDS);
    for (const delivery of deliveries) await registered(deps.atWork, handleUnit(deps, delivery));
    const others = [...(deps.atWork ?? [])];
    if (deliveries.length === 0 && others.length > 0) await Promise.race(others);
    else if (deliveries.length === 0) {
      await deps.clock.sleep(1000);
      await checkStalled(deps, by, { batchId });
    }
  }
}

/** Waits for a unit, and lists it among those at work meanwhile. */
async function registered<T>(atWork: Set<Promise<unknown>> | undefined, unit: Promise<T>): Promise<T> {
  const finished = unit.catch(() => undefined);
  atWork?.add(finished);
  try {
    return await unit;
  } finally {
    atWork?.delete(finished);
  }
}

async function result(
  deps: BatchDeps,
  batch: BatchDoc,
): Promise<Omit<BatchResult, 'slate' | 'mode' | 'seconds'>> {
  const outcomes = await readOutcomes(deps.state, batch.batch_id);
  const reasonsOf = (isCounted: (outcome: OutcomeDoc) => boolean): Record<string, number> =>
    Object.fromEntries(countBy(outcomes.filter(isCounted), ({ outcome, reason }) => reason ?? outcome));
  const [published] =
    batch.publication_id === null
      ? []
      : await deps.warehouse.query<{ row_count: number; picks: number }>(
          `SELECT COUNT(*) AS row_count, COALESCE(SUM(CASE WHEN is_actionable AND line_role = 'main' AND system_id = @system THEN 1 ELSE 0 END), 0) AS picks
           FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND publication_id = @id`,
          { slate: batch.slate, id: batch.publication_id, system: CHAMPION_SYSTEM },
        );
  return {
    state: batch.state,
    reason: batch.reason,
    batch_id: batch.batch_id,
    publication_id: batch.publication_id,
    games: batch.games,
    expected: batch.expected,
    predicted: outcomes.filter(({ outcome }) => outcome === 'predicted').length,
    skipped: reasonsOf(({ outcome }) => outcome === 'skipped'),
    withdrawn: reasonsOf(({ withdraws }) => withdraws === true),
    failed: reasonsOf(({ outcome }) => outcome === 'failed' || outcome === 'timed_out'),
    predictions: published?.row_count ?? 0,
    actionable: published?.picks ?? 0,
  };
}

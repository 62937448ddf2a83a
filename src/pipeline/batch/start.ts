import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { RunMode } from '#core/run-modes.ts';
import type { StateTransaction } from '#platform/state/port.ts';
import { closeBatch } from './consolidate.ts';
import { type ConsolidationDeps, endUnpublished } from './ending.ts';
import { raiseTokenFloor } from './lease.ts';
import { type Plan, planBatch, skippedBy } from './plan.ts';
import { secondsSince } from './progress.ts';
import { type Traces, tracesOf } from './receipt.ts';
import { DEFAULT_STALL_RULES } from './stall.ts';
import {
  type BatchDoc,
  batchNumber,
  COLLECTIONS,
  type EventDoc,
  isActive,
  listBatches,
  type OutcomeDoc,
  outcomeKey,
  type SlateDoc,
  type UnitDoc,
  unitKey,
} from './state.ts';

export interface StartRequest {
  readonly slate: Slate;
  readonly mode: RunMode;
  /** Who starts it, for the audit. */
  readonly by: string;
  /** Idempotency key: a second request with it returns the same batch instead of a new one or a conflict. */
  readonly callerKey?: string | undefined;
  /** Trace of the request, for the logs of everything that works on the batch. */
  readonly traceId?: string | undefined;
  /** Closes an active batch of the slate instead of refusing. */
  readonly force?: boolean;
  /** Only these players of the slate; all when absent. */
  readonly players?: readonly number[] | undefined;
  /** Players per unit; 150 when absent. */
  readonly unitSize?: number | undefined;
}

export type StartResult =
  | {
      readonly kind: 'started' | 'same';
      readonly batch: BatchDoc;
      /** The batch that was too old and was closed to make room. */
      readonly closed?: string | undefined;
    }
  /** The slate has no counted games, so there is nothing to predict. */
  | { readonly kind: 'no_games'; readonly slate: Slate }
  /** All visible predictions still hold, and the gate admits nobody who lacks one. */
  | {
      readonly kind: 'nothing_to_do';
      readonly slate: Slate;
      readonly games: number;
      readonly expected: number;
      readonly skipped: Readonly<Record<string, number>>;
    };

const UNIT_SIZE = 150;
/** How often planning is repeated because a batch of the slate started or ended in between. */
const MAX_ROUNDS = 5;

/**
 * Creates the batch of a slate with its expected set: the players to predict, in units, and the skipped ones with their
 * reasons. One transaction decides who owns the slate, provided the slate has not changed since the gate looked at it; the
 * loser of a race gets TIPOFF_BATCH_ACTIVE with the winner's id. An active batch above the age limit does not block: it is
 * closed with what it has, as the sweeper would do.
 *
 * Throws what `planBatch` throws, and TIPOFF_STATE_CONFLICT when batches of the slate keep starting and ending.
 */
export async function startBatch(deps: ConsolidationDeps, request: StartRequest): Promise<StartResult> {
  const { state, clock } = deps;
  const { slate, callerKey } = request;
  let closed: string | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const known =
      callerKey === undefined
        ? undefined
        : (await listBatches(state, slate)).find((doc) => doc.caller_key === callerKey);
    if (known !== undefined) return { kind: 'same', batch: known };
    const before = await slateDocOf(state, slate);
    const active =
      before.active_batch === null
        ? undefined
        : await state.get<BatchDoc>(COLLECTIONS.batches, before.active_batch);
    if (active !== undefined && isActive(active.data.state)) {
      if (request.force !== true) {
        if (!isTooOld(active.data, clock.now())) throw slateTakenError(slate, active.data);
        closed = active.data.batch_id;
        const { maxAgeMinutes, policy } = DEFAULT_STALL_RULES;
        await closeBatch(deps, closed, {
          by: request.by,
          reason: `older than ${maxAgeMinutes} minutes`,
          policy,
        });
        continue;
      }
      // A request that has nothing to start, or cannot start, leaves the active batch alone.
      const none = nothingOf(slate, await planBatch(deps.warehouse, request, clock.now()));
      if (none !== undefined) return none;
      await endUnpublished(deps, active.data.batch_id, 'reset', {
        by: request.by,
        reason: 'a forced start took the slate',
      });
      continue;
    }
    const [plan, traces] = await Promise.all([
      planBatch(deps.warehouse, request, clock.now()),
      tracesOf(deps.warehouse, slate),
    ]);
    const none = nothingOf(slate, plan);
    if (none !== undefined) return none;
    const created = await create(deps, request, plan, before, traces);
    if (created !== undefined) return { kind: 'started', batch: created, closed };
  }
  throw new TipoffError(
    'TIPOFF_STATE_CONFLICT',
    `batches of ${slate} began or ended ${MAX_ROUNDS} times while one was to start`,
    {
      hint: 'Try again.',
      details: { slate },
    },
  );
}

/** The result of a plan that needs no batch; undefined for one that does. */
function nothingOf(slate: Slate, { games, verdicts }: Plan): StartResult | undefined {
  if (verdicts.some(({ withdraws }) => withdraws)) return undefined;
  if (games === 0) return { kind: 'no_games', slate };
  const skipped = skippedBy(verdicts);
  const isAnybodyLeft = verdicts.some(({ skip }) => skip === undefined);
  if (isAnybodyLeft || (skipped['already_predicted'] ?? 0) === 0) return undefined;
  return { kind: 'nothing_to_do', slate, games, expected: verdicts.length, skipped };
}

/** True for a batch above the age limit. One in consolidation is left to the process that consolidates it, and to the sweeper. */
function isTooOld({ state, created_at }: BatchDoc, now: Date): boolean {
  return state !== 'consolidating' && secondsSince(created_at, now) > DEFAULT_STALL_RULES.maxAgeMinutes * 60;
}

/** Writes a batch with its units and skips; undefined when the slate is no longer as it was. */
async function create(
  { state, clock }: ConsolidationDeps,
  request: StartRequest,
  plan: Plan,
  before: SlateDoc,
  traces: Traces,
): Promise<BatchDoc | undefined> {
  const { slate, mode } = request;
  return state.transaction(async (tx) => {
    const now = await slateDocOf(tx, slate);
    if (now.active_batch !== before.active_batch || now.started !== before.started) return undefined;
    await raiseTokenFloor(tx, slate, traces.token);
    const at = clock.now().toISOString();
    const number = Math.max(now.started, ...traces.batches.map(batchNumber)) + 1;
    const batchId = `${slate}-${mode.toLowerCase().replaceAll('_', '-')}-${String(number).padStart(3, '0')}`;
    const units = unitsOf(batchId, request, plan);
    const batch: BatchDoc = {
      batch_id: batchId,
      slate,
      mode,
      state: 'created',
      by: request.by,
      caller_key: request.callerKey ?? null,
      ...omitUndefined({ trace_id: request.traceId }),
      games: plan.games,
      expected: plan.verdicts.length,
      visible: plan.visible,
      units: units.length,
      created_at: at,
      progress_at: at,
      closed_at: null,
      reason: null,
      policy: 'publish',
      publication_id: null,
      attempts: 0,
      events: 1,
    };
    const event: EventDoc = {
      batch_id: batch.batch_id,
      at,
      by: request.by,
      from: null,
      to: 'created',
      reason: null,
    };
    tx.put(COLLECTIONS.batches, batch.batch_id, batch);
    tx.put(COLLECTIONS.events, `${batch.batch_id}:0000`, event);
    tx.put(COLLECTIONS.slates, slate, {
      slate,
      active_batch: batch.batch_id,
      started: number,
    } satisfies SlateDoc);
    for (const unit of units) tx.put(COLLECTIONS.units, unitKey(batch.batch_id, unit.unit_id), unit);
    for (const { player_id, skip, withdraws } of plan.verdicts) {
      if (skip === undefined) continue;
      const outcome: OutcomeDoc = {
        batch_id: batch.batch_id,
        player_id,
        outcome: 'skipped',
        rows: 0,
        reason: skip,
        ...(withdraws ? { withdraws } : {}),
        at,
      };
      tx.put(COLLECTIONS.outcomes, outcomeKey(batch.batch_id, player_id), outcome);
    }
    return batch;
  });
}

/** The players to predict, cut into units. */
function unitsOf(batchId: string, request: StartRequest, plan: Plan): UnitDoc[] {
  const size = request.unitSize ?? UNIT_SIZE;
  const chosen = plan.verdicts.filter(({ skip }) => skip === undefined).map(({ player_id }) => player_id);
  return Array.from({ length: Math.ceil(chosen.length / size) }, (_, i): UnitDoc => {
    const unit_id = `u${String(i + 1).padStart(3, '0')}`;
    const players = chosen.slice(i * size, (i + 1) * size);
    return {
      batch_id: batchId,
      unit_id,
      players,
      dispatched: 0,
      state: 'waiting',
      claim: 0,
      staging_table: null,
      rows: 0,
    };
  });
}

async function slateDocOf(source: Pick<StateTransaction, 'get'>, slate: Slate): Promise<SlateDoc> {
  return (
    (await source.get<SlateDoc>(COLLECTIONS.slates, slate))?.data ?? { slate, active_batch: null, started: 0 }
  );
}

function slateTakenError(slate: Slate, active: BatchDoc): TipoffError {
  return new TipoffError(
    'TIPOFF_BATCH_ACTIVE',
    `${slate} has an active batch: ${active.batch_id} (${active.state})`,
    {
      hint: `Wait for it, or free the slate with \`tipoff batch reset --batch ${active.batch_id} --reason <reason>\`.`,
      details: {
        slate,
        batch_id: active.batch_id,
        state: active.state,
        expected: active.expected,
        created_at: active.created_at,
      },
    },
  );
}

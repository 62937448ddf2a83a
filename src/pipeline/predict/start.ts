import { type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { RUN_MODES, type RunMode } from '#core/run-modes.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { moveIn } from './batches.ts';
import { readCandidates, slateGames } from './candidates.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  type EventDoc,
  isActive,
  type OutcomeDoc,
  outcomeKey,
  type SlateDoc,
  type UnitDoc,
  unitKey,
} from './documents.ts';
import { gate } from './gate.ts';

export interface StartRequest {
  readonly slate: Slate;
  readonly mode: RunMode;
  /** Who starts it, for the audit. */
  readonly by: string;
  /** The same key again gives the same batch instead of a conflict. */
  readonly callerKey?: string;
  /** Closes an active batch of the slate instead of refusing. */
  readonly force?: boolean;
  /** Players per unit; 150 when absent. */
  readonly unitSize?: number;
}

export type StartResult =
  | { readonly kind: 'started' | 'same'; readonly batch: BatchDoc }
  /** The slate has no counted games: there is nothing to predict, and that is fine. */
  | { readonly kind: 'no_games'; readonly slate: Slate }
  /** Everybody has a visible prediction already. */
  | { readonly kind: 'nothing_to_do'; readonly slate: Slate; readonly games: number; readonly expected: number };

const UNIT_SIZE = 150;

/**
 * Creates the batch of a slate with its expected set: who is predicted, in units, and who is skipped, with the reason. One
 * transaction decides who owns the slate; the loser of a race gets TIPOFF_BATCH_ACTIVE with the winner's id.
 *
 * Throws TIPOFF_BAD_INPUT when mode and date do not go together, TIPOFF_NOT_READY when the slate has games and nobody
 * stands in its context.
 */
export async function startBatch(
  deps: { readonly warehouse: Warehouse; readonly state: StateStore; readonly clock: Clock },
  request: StartRequest,
): Promise<StartResult> {
  const { warehouse, state, clock } = deps;
  const { slate, mode } = request;
  const now = clock.now();
  const games = await slateGames(warehouse, slate);
  if (games.length === 0) return { kind: 'no_games', slate };
  checkTime(
    slate,
    mode,
    games.map(({ tipoff_at }) => tipoff_at),
    now,
  );
  const candidates = await readCandidates(warehouse, slate);
  if (candidates.length === 0) {
    throw new TipoffError('TIPOFF_NOT_READY', `${slate} has ${games.length} games and nobody in its player context`, {
      hint: `Run \`tipoff day ${slate}\`, which computes contexts and features first.`,
      details: { slate, games: games.length },
    });
  }
  const verdicts = candidates.map((candidate) => ({ candidate, skip: gate(candidate, mode, now) }));
  if (verdicts.every(({ skip }) => skip === 'already_predicted')) {
    return { kind: 'nothing_to_do', slate, games: games.length, expected: candidates.length };
  }
  const at = now.toISOString();
  const chosen = verdicts.filter(({ skip }) => skip === undefined).map(({ candidate }) => candidate.player_id);
  const size = request.unitSize ?? UNIT_SIZE;
  const shards = Array.from({ length: Math.ceil(chosen.length / size) }, (_, i) => chosen.slice(i * size, (i + 1) * size));

  return state.transaction<StartResult>(async (tx) => {
    const slateDoc = (await tx.get<SlateDoc>(COLLECTIONS.slates, slate))?.data ?? { slate, active_batch: null, started: 0 };
    const active = slateDoc.active_batch === null ? undefined : (await tx.get<BatchDoc>(COLLECTIONS.batches, slateDoc.active_batch))?.data;
    let standing: SlateDoc = slateDoc;
    if (active !== undefined && isActive(active.state)) {
      if (request.callerKey !== undefined && active.caller_key === request.callerKey) return { kind: 'same', batch: active };
      if (request.force !== true) throw taken(slate, active);
      moveIn(tx, clock, active, undefined, 'reset', { by: request.by, reason: 'a forced start took the slate' });
      standing = { ...slateDoc, active_batch: null };
    }
    const batchId = `${slate}-${mode.toLowerCase().replaceAll('_', '-')}-${String(standing.started + 1).padStart(3, '0')}`;
    const batch: BatchDoc = {
      batch_id: batchId,
      slate,
      mode,
      state: 'created',
      by: request.by,
      caller_key: request.callerKey ?? null,
      games: games.length,
      expected: candidates.length,
      units: shards.length,
      created_at: at,
      progress_at: at,
      closed_at: null,
      reason: null,
      publication_id: null,
      events: 1,
    };
    tx.put(COLLECTIONS.batches, batchId, batch);
    const event: EventDoc = { batch_id: batchId, at, by: request.by, from: null, to: 'created', reason: null };
    tx.put(COLLECTIONS.events, `${batchId}:0000`, event);
    tx.put(COLLECTIONS.slates, slate, { slate, active_batch: batchId, started: standing.started + 1 } satisfies SlateDoc);
    shards.forEach((players, i) => {
      const unit: UnitDoc = {
        batch_id: batchId,
        unit_id: `u${String(i + 1).padStart(3, '0')}`,
        players,
        dispatched: 0,
        state: 'waiting',
        claim: 0,
        claimed_until: null,
        staging_table: null,
        rows: 0,
      };
      tx.put(COLLECTIONS.units, unitKey(batchId, unit.unit_id), unit);
    });
    for (const { candidate, skip } of verdicts) {
      if (skip === undefined) continue;
      const outcome: OutcomeDoc = { batch_id: batchId, player_id: candidate.player_id, outcome: 'skipped', rows: 0, reason: skip, at };
      tx.put(COLLECTIONS.outcomes, outcomeKey(batchId, candidate.player_id), outcome);
    }
    return { kind: 'started', batch };
  });
}

function checkTime(slate: Slate, mode: RunMode, tipoffs: readonly string[], now: Date): void {
  const today = slateOf(now);
  const isOver = tipoffs.every((tipoff) => Date.parse(tipoff) <= now.getTime());
  if (RUN_MODES[mode].backfill && slate > today) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a slate that has begun for BACKFILL, saw ${slate}; today is ${today}`, {
      hint: 'Use FIRST for a slate that is still to come.',
      details: { slate, mode, today },
    });
  }
  if (!RUN_MODES[mode].backfill && isOver) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `every game of ${slate} has begun: ${mode} predicts before tip-off only`, {
      hint: 'Use BACKFILL; its rows are kept apart from the live record.',
      details: { slate, mode, today },
    });
  }
}

function taken(slate: Slate, active: BatchDoc): TipoffError {
  return new TipoffError('TIPOFF_BATCH_ACTIVE', `${slate} has an active batch: ${active.batch_id} (${active.state})`, {
    hint: `Wait for it, or free the slate with \`tipoff batch reset --batch ${active.batch_id}\`.`,
    details: { slate, batch_id: active.batch_id, state: active.state, expected: active.expected, created_at: active.created_at },
  });
}

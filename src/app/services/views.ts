import { activeBatches, listBatches, readEvents, readOutcomes } from '#pipeline/predict/batches.ts';
import { describeBatch } from '#pipeline/predict/coordinator.ts';
import { type BatchDoc, UNIT_TOPIC } from '#pipeline/predict/documents.ts';
import type { Service } from './service.ts';
import { progressOf } from './stalled.ts';
import { PARKED_PUSHES } from './worker-routes.ts';

/** What `/status` says. */
export async function statusView(service: Service): Promise<object> {
  const { state, queue } = service.deps;
  const active = await activeBatches(state);
  const latest = (await listBatches(state)).at(-1);
  return {
    status: active.length === 0 ? 'idle' : 'active',
    active: await Promise.all(active.map((batch) => progressView(service, batch))),
    latest: latest === undefined ? null : await progressView(service, latest),
    queue_depth: await queue.depth(UNIT_TOPIC),
    parked: (await queue.parked()).length + (await state.list(PARKED_PUSHES)).length,
    last_sweep_at: service.runtime.lastSweepAt,
  };
}

/** What `/batches/{id}` says. Throws TIPOFF_NOT_FOUND for an unknown id. */
export async function batchView(service: Service, batchId: string): Promise<object> {
  const { state } = service.deps;
  const { batch, units, reasons } = await describeBatch({ state }, batchId);
  const outcomes = await readOutcomes(state, batchId);
  const known = new Set(outcomes.map(({ player_id }) => player_id));
  const lost = outcomes.filter(({ outcome }) => outcome === 'failed' || outcome === 'timed_out').map(({ player_id }) => player_id);
  const open = units.flatMap(({ players }) => players.filter((id) => !known.has(id)));
  const events = await readEvents(state, batchId);
  return {
    ...(await progressView(service, batch)),
    by: batch.by,
    games: batch.games,
    reasons,
    missing: [...lost, ...open],
    units: units.map(({ unit_id, state: unitState, players, dispatched, claim, rows }) => ({
      unit_id,
      state: unitState,
      players: players.length,
      dispatched,
      claims: claim,
      rows,
    })),
    events: events.map(({ at, by, from, to, reason }) => ({ at, by, from, to, reason })),
  };
}

async function progressView(service: Service, batch: BatchDoc): Promise<object> {
  const { outcomes, completionPct, ageSeconds, idleSeconds } = await progressOf(service.deps, batch);
  return {
    batch_id: batch.batch_id,
    game_date: batch.slate,
    mode: batch.mode,
    state: batch.state,
    reason: batch.reason,
    expected: batch.expected,
    outcomes,
    completion_pct: completionPct,
    age_seconds: ageSeconds,
    idle_seconds: idleSeconds,
    publication_id: batch.publication_id,
    created_at: batch.created_at,
    closed_at: batch.closed_at,
  };
}

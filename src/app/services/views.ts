import type { z } from 'zod';
import { countBy } from '#core/count-by.ts';
import { parseRunMode } from '#core/run-modes.ts';
import { planBatch, skippedBy, slateGames } from '#pipeline/batch/plan.ts';
import { completionPct, describeBatch, secondsSince } from '#pipeline/batch/progress.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import {
  activeBatches,
  type BatchDoc,
  listBatches,
  readEvents,
  readOutcomes,
  UNIT_TOPIC,
} from '#pipeline/batch/state.ts';
import { modeAt } from '#pipeline/day.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import { callerName, slateFrom } from './auth.ts';
import type { startRequest } from './coordinator-schemas.ts';
import type { Call, Reply } from './route.ts';
import type { Service } from './runtime.ts';
import { PARKED_PUSHES } from './worker-routes.ts';

/** Share of expected players that have an outcome, and how long ago something happened. */
interface Progress {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly completionPct: number;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
}

/** How far a batch is; its clock stops when it is closed. */
async function progressOf(
  { state, clock }: { readonly state: StateStore; readonly clock: Clock },
  batch: BatchDoc,
): Promise<Progress> {
  const outcomes = await readOutcomes(state, batch.batch_id);
  const until = batch.closed_at === null ? clock.now() : new Date(batch.closed_at);
  return {
    outcomes: Object.fromEntries(countBy(outcomes, ({ outcome }) => outcome)),
    completionPct: completionPct(batch, outcomes),
    ageSeconds: secondsSince(batch.created_at, until),
    idleSeconds: secondsSince(batch.progress_at, until),
  };
}

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
  const lost = outcomes
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'timed_out')
    .map(({ player_id }) => player_id);
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

/** `POST /start`: creates the batch and answers; dispatch and work go on afterwards. Throws what `startBatch` throws. */
export async function startOverHttp(
  { deps, runtime, unitSize }: Service,
  { body, caller, trace }: Call<z.output<typeof startRequest>>,
): Promise<Reply> {
  const now = deps.clock.now();
  const slate = slateFrom(body.game_date, now);
  const mode = body.mode === undefined ? await usualMode() : parseRunMode(body.mode);
  const base = { game_date: slate, mode };
  const { players } = body;

  if (body.dry_run) {
    const { games, verdicts } = await planBatch(deps.warehouse, { slate, mode, players }, now);
    const chosen = verdicts.filter(({ skip }) => skip === undefined).length;
    const active = (await activeBatches(deps.state)).find((batch) => batch.slate === slate)?.batch_id ?? null;
    const plan = { games, expected: verdicts.length, to_predict: chosen, skipped: skippedBy(verdicts) };
    return { status: 200, body: { status: 'dry_run', ...base, ...plan, active_batch: active } };
  }

  const started = await startBatch(deps, {
    slate,
    mode,
    by: callerName('start', caller, body.reason),
    force: body.force,
    traceId: trace.traceId,
    players,
    unitSize,
    callerKey: body.request_key,
  });
  if (started.kind === 'no_games') {
    return {
      status: 200,
      body: {
        status: 'no_games',
        ...base,
        games: 0,
        expected: 0,
        to_predict: 0,
        skipped: {},
        active_batch: null,
      },
    };
  }
  if (started.kind === 'nothing_to_do') {
    const { games, expected, skipped } = started;
    return {
      status: 200,
      body: { status: 'nothing_to_do', ...base, games, expected, to_predict: 0, skipped, active_batch: null },
    };
  }
  const { batch, kind, closed } = started;
  return {
    status: kind === 'started' ? 202 : 200,
    body: {
      status: kind,
      batch_id: batch.batch_id,
      game_date: batch.slate,
      mode: batch.mode,
      state: batch.state,
      games: batch.games,
      expected: batch.expected,
      units: batch.units,
      monitor: `/batches/${batch.batch_id}`,
    },
    after: async () => {
      if (closed !== undefined) await runtime.ended(closed);
      await runtime.launch(batch.batch_id);
    },
  };

  async function usualMode(): Promise<ReturnType<typeof modeAt>> {
    const games = await slateGames(deps.warehouse, slate);
    return modeAt(
      slate,
      games.map(({ tipoff_at }) => tipoff_at),
      now,
    );
  }
}

import type { z } from 'zod';
import { parseRunMode } from '#core/run-modes.ts';
import { modeAt } from '#pipeline/day.ts';
import { activeBatches } from '#pipeline/predict/batches.ts';
import { slateGames } from '#pipeline/predict/candidates.ts';
import { planBatch, skippedBy } from '#pipeline/predict/plan.ts';
import { startBatch } from '#pipeline/predict/start.ts';
import { callerName, slateFrom } from './callers.ts';
import type { startRequest } from './coordinator-schemas.ts';
import type { Call, Reply } from './route.ts';
import type { Service } from './service.ts';

/** `POST /start`: creates the batch and answers; dispatch and work go on afterwards. Throws what `startBatch` throws. */
export async function startOverHttp(
  { deps, runtime, unitSize }: Service,
  { body, caller, trace }: Call<z.output<typeof startRequest>>,
): Promise<Reply> {
  const now = deps.clock.now();
  const slate = slateFrom(body.game_date, now);
  const mode = body.mode === undefined ? await usualMode() : parseRunMode(body.mode);
  const base = { game_date: slate, mode };
  const players = body.players === undefined ? {} : { players: body.players };

  if (body.dry_run) {
    const { games, verdicts } = await planBatch(deps.warehouse, { slate, mode, ...players }, now);
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
    ...players,
    ...(unitSize === undefined ? {} : { unitSize }),
    ...(body.request_key === undefined ? {} : { callerKey: body.request_key }),
  });
  if (started.kind === 'no_games') {
    return { status: 200, body: { status: 'no_games', ...base, games: 0, expected: 0, to_predict: 0, skipped: {}, active_batch: null } };
  }
  if (started.kind === 'nothing_to_do') {
    const { games, expected, skipped } = started;
    return { status: 200, body: { status: 'nothing_to_do', ...base, games, expected, to_predict: 0, skipped, active_batch: null } };
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
      await runtime.take(batch.batch_id);
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

import { cleanStaging } from '#guard/staging.ts';
import { reset } from '#pipeline/batch/reset.ts';
import { checkStalled } from '#pipeline/batch/stall.ts';
import { isActive } from '#pipeline/batch/state.ts';
import { callerName, slateFrom } from './auth.ts';
import {
  batchAnswer,
  checkStalledAnswer,
  checkStalledRequest,
  cleanupAnswer,
  cleanupRequest,
  resetAnswer,
  resetRequest,
  startAnswer,
  startedAnswer,
  startRequest,
  statusAnswer,
} from './coordinator-schemas.ts';
import { problemSchema } from './problem.ts';
import { type Route, route } from './route.ts';
import type { Service } from './runtime.ts';
import { batchView, startOverHttp, statusView } from './views.ts';

/** Endpoints of the coordinator. */
export function coordinatorRoutes(service: Service): Route[] {
  const { deps, runtime } = service;
  return [
    route({
      method: 'post',
      path: '/start',
      summary: 'Starts the batch of a slate; the work continues after the answer',
      audited: true,
      body: startRequest,
      answers: {
        200: {
          description: 'No games, nothing to do, a dry run, or the batch of an earlier request with this key',
          schema: startAnswer,
        },
        202: { description: 'Started', schema: startedAnswer },
        409: { description: 'A batch is active; details.batch_id names it', schema: problemSchema },
        503: { description: 'Not ready; the message says what is missing', schema: problemSchema },
      },
      handle: (call) => startOverHttp(service, call),
    }),
    route({
      method: 'get',
      path: '/status',
      summary: 'Active batches with their progress',
      answers: { 200: { description: 'What is going on', schema: statusAnswer } },
      handle: async () => ({ status: 200, body: await statusView(service) }),
    }),
    route({
      method: 'get',
      path: '/batches/{id}',
      summary: 'One batch: progress, units, outcomes, every move',
      answers: {
        200: { description: 'The batch', schema: batchAnswer },
        404: { description: 'There is none', schema: problemSchema },
      },
      handle: async ({ path }) => ({ status: 200, body: await batchView(service, path['id'] ?? '') }),
    }),
    route({
      method: 'post',
      path: '/check-stalled',
      summary: 'Consolidates, dispatches again or closes batches without progress',
      audited: true,
      body: checkStalledRequest,
      answers: {
        200: {
          description: 'What was done to each batch, or would be in a dry run',
          schema: checkStalledAnswer,
        },
        404: { description: 'No such batch', schema: problemSchema },
      },
      handle: async ({ body, caller }) => {
        const verdicts = await checkStalled(deps, callerName('check-stalled', caller), {
          batchId: body.batch_id,
          rules: {
            noProgressSeconds: body.stall_threshold_minutes * 60,
            maxAgeMinutes: body.max_batch_age_minutes,
            minCompletionPct: body.min_completion_pct,
            policy: body.policy,
          },
          dryRun: body.dry_run,
        });
        if (!body.dry_run)
          for (const { batch_id, state } of verdicts) if (!isActive(state)) await runtime.ended(batch_id);
        if (!body.dry_run) runtime.background('the watch over the checks', async () => service.watch?.());
        const results = verdicts.map(({ slate, ...verdict }) => ({ ...verdict, game_date: slate }));
        const completed = verdicts.filter(
          ({ action }) => action === 'consolidated' || action === 'closed',
        ).length;
        return {
          status: 200,
          body: {
            dry_run: body.dry_run,
            batches_checked: results.length,
            batches_completed: completed,
            results,
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/reset',
      summary: 'Frees a slate, whatever state its batches are in; does nothing the second time',
      audited: true,
      body: resetRequest,
      answers: {
        200: { description: 'What became of each batch', schema: resetAnswer },
        404: { description: 'No such batch', schema: problemSchema },
      },
      handle: async ({ body, caller }) => {
        const { batch_id: batchId, game_date: date, staged, reason: why, dry_run: dryRun } = body;
        const target =
          batchId !== undefined ? { batchId } : { slate: slateFrom(date ?? 'TODAY', deps.clock.now()) };
        const results = await reset(deps, target, { by: callerName('reset', caller), why, staged, dryRun });
        if (!dryRun) for (const { batch_id } of results) await runtime.ended(batch_id);
        return { status: 200, body: { dry_run: dryRun, results } };
      },
    }),
    route({
      method: 'post',
      path: '/cleanup-staging',
      summary: 'Drops old staging tables whose rows are published or given up',
      audited: true,
      body: cleanupRequest,
      answers: { 200: { description: 'Every staging table with its verdict', schema: cleanupAnswer } },
      handle: async ({ body }) => ({
        status: 200,
        body: await cleanStaging(deps, { maxAgeHours: body.max_age_hours, dryRun: body.dry_run }),
      }),
    }),
  ];
}

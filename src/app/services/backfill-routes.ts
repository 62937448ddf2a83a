import { backfillStatus } from '#guard/backfill/status.ts';
import { askBackfill, listBackfills, readBackfill } from './backfill-requests.ts';
import { backfillAnswer, backfillListAnswer, backfillPlanAnswer, backfillPlanRequest, backfillRequest } from './backfill-schemas.ts';
import { callerName } from './callers.ts';
import { problemSchema } from './problem.ts';
import { type Route, route } from './route.ts';
import type { Service } from './service.ts';

/** Newest requests a list shows. */
const MOST_LISTED = 50;

/** Endpoints that compute ranges of slates: asked for and left, worked through one at a time, taken up after a restart. */
export function backfillRoutes({ deps, backfills, runtime }: Service): Route[] {
  return [
    route({
      method: 'post',
      path: '/backfill/plan',
      summary: 'What a backfill would run, what it would leave out and why, how long it would take, what it would read and cost',
      body: backfillPlanRequest,
      answers: { 200: { description: 'The plan', schema: backfillPlanAnswer } },
      handle: async ({ body, caller }) => ({
        status: 200,
        body: await backfills.plan({ ...body, by: callerName('backfill/plan', caller) }),
      }),
    }),
    route({
      method: 'post',
      path: '/backfill',
      summary: 'Queues a backfill; the work goes on after the answer, one request at a time',
      audited: true,
      body: backfillRequest,
      answers: {
        200: { description: 'The request waits or runs already', schema: backfillAnswer },
        202: { description: 'Queued', schema: backfillAnswer },
        409: { description: 'The id waits or runs with other work', schema: problemSchema },
      },
      handle: async ({ body, caller }) => {
        const { reason, by, ...ask } = body;
        const who = callerName('backfill', caller, by === undefined ? reason : `for ${by}: ${reason}`);
        const { doc, isNew } = await askBackfill(deps, { ...ask, by: who });
        return {
          status: isNew ? 202 : 200,
          body: doc,
          after: async () => runtime.background('taking a backfill', () => backfills.tick()),
        };
      },
    }),
    route({
      method: 'get',
      path: '/backfill',
      summary: 'Requests, oldest first, and what the ledger holds',
      answers: { 200: { description: 'Requests and ledger', schema: backfillListAnswer } },
      handle: async () => {
        const { steps, failures } = await backfillStatus(deps.state);
        return { status: 200, body: { requests: (await listBackfills(deps)).slice(-MOST_LISTED), steps, failures } };
      },
    }),
    route({
      method: 'get',
      path: '/backfill/{id}',
      summary: 'One request: state, progress and time left',
      answers: {
        200: { description: 'The request', schema: backfillAnswer },
        404: { description: 'There is none', schema: problemSchema },
      },
      handle: async ({ path }) => ({ status: 200, body: await readBackfill(deps, path['id'] ?? '') }),
    }),
  ];
}

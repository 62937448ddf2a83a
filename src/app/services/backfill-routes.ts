import { z } from 'zod';
import { parseSlate } from '#core/calendar.ts';
import { backfillStatus } from '#guard/backfill/ledger.ts';
import { BACKFILL_PHASES } from '#guard/backfill/steps.ts';
import { callerName } from './auth.ts';
import { askBackfill, BACKFILL_MODES, listBackfills, readBackfill } from './backfills.ts';
import { problemSchema } from './problem.ts';
import { type Route, route } from './route.ts';
import type { Service } from './runtime.ts';

const slate = z.iso
  .date('expected YYYY-MM-DD')
  .transform((text) => parseSlate(text))
  .describe('ET calendar date as YYYY-MM-DD');
const count = z.int().min(0);

/** A trimmed text that is not blank. */
function words(most: number) {
  return z
    .string()
    .max(most)
    .regex(/\S/, 'expected a word at least')
    .transform((text) => text.trim());
}

const range = {
  from: slate,
  to: slate,
  phases: z
    .array(z.enum(BACKFILL_PHASES))
    .min(1)
    .max(20)
    .default([...BACKFILL_PHASES]),
  mode: z
    .enum(BACKFILL_MODES)
    .default('needed')
    .describe(
      'needed: what is missing or no longer up to date; failed, stale: only those; all: whatever the ledger says',
    ),
};
const inOrder = ({ from, to }: { readonly from: string; readonly to: string }): boolean => from <= to;
const ORDER = 'expected from not after to';

const backfillPlanRequest = z.strictObject(range).refine(inOrder, ORDER);

const backfillRequest = z
  .strictObject({
    ...range,
    request_id: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, 'expected letters, digits, dots, dashes and underscores, 100 at most')
      .describe('The same id again starts nothing while its request waits or runs'),
    reason: words(500).describe('Why, for the audit trail'),
    by: words(200).optional().describe('On whose behalf, where it is not the caller'),
  })
  .refine(inOrder, ORDER);

export const backfillPlanAnswer = z.looseObject({
  from: z.string(),
  to: z.string(),
  units: z.array(
    z.looseObject({
      step: z.string(),
      month: z.string(),
      slates: z.array(z.string()),
      reason: z.string(),
      seconds: z.number(),
    }),
  ),
  skipped: z.array(z.looseObject({ step: z.string(), month: z.string(), slates: count, reason: z.string() })),
  slates: count,
  estimated_seconds: z.number(),
  bytes: z
    .number()
    .nullable()
    .describe('What dry runs say that a run would read; null where reading is not billed'),
  cost_usd: z.number().nullable().describe('On demand, in US dollars; null where reading is not billed'),
  reading: z
    .looseObject({
      steps: z.array(
        z.strictObject({ step: z.string(), statements: count, bytes: z.number(), cost_usd: z.number() }),
      ),
      budget_bytes: z.number(),
      stops_before: z.strictObject({ step: z.string(), from: z.string(), bytes: z.number() }).nullable(),
      not_estimated: z.array(z.string()),
    })
    .nullable()
    .describe('By step, where the budget would end the run, and what is billed as well'),
});

export const backfillAnswer = z.strictObject({
  request_id: z.string(),
  from: z.string(),
  to: z.string(),
  phases: z.array(z.string()),
  mode: z.string(),
  by: z.string(),
  state: z.enum(['queued', 'running', 'finished', 'failed']),
  round: count.describe('Times it was asked for after it had come to an end'),
  holder: z.string().nullable(),
  beat_at: z.string().nullable().describe('When the working process last gave a sign of life'),
  progress: z
    .strictObject({ step: z.string(), done_slates: count, planned_slates: count, eta_seconds: z.number() })
    .nullable()
    .describe('Slates of all steps, and the seconds left'),
  asked_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  reason: z.string().nullable().describe('How it ended'),
});

export const backfillListAnswer = z.strictObject({
  requests: z.array(backfillAnswer),
  steps: z.array(z.looseObject({ step: z.string() })).describe('What the ledger holds of each step'),
  failures: z.array(z.strictObject({ step: z.string(), slate: z.string(), reason: z.string() })),
});

/** Newest requests a list shows. */
const MAX_LISTED = 50;

/** Endpoints that queue backfills, which run one at a time and are resumed after a restart. */
export function backfillRoutes({ deps, backfills, runtime }: Service): Route[] {
  return [
    route({
      method: 'post',
      path: '/backfill/plan',
      summary:
        'What a backfill would run, what it would leave out and why, how long it would take, what it would read and cost',
      looks: true,
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
      summary: 'Queues a backfill; the work continues after the answer, one request at a time',
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
        return {
          status: 200,
          body: { requests: (await listBackfills(deps)).slice(-MAX_LISTED), steps, failures },
        };
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

import { z } from 'zod';
import { RUN_MODE_NAMES, RUN_MODES } from '#core/run-modes.ts';
import { NEXT_STATES } from '#pipeline/batch/state.ts';

const batchId = z.string().min(1).max(100).describe('Id of a batch');
const gameDate = z
  .union(
    [z.enum(['TODAY', 'TOMORROW']), z.iso.date('expected YYYY-MM-DD, TODAY or TOMORROW')],
    'expected YYYY-MM-DD, TODAY or TOMORROW',
  )
  .describe('ET calendar date of tip-off as YYYY-MM-DD, or TODAY or TOMORROW in New York');
const reason = z
  .string()
  .max(200)
  .regex(/\S/, 'expected a word at least')
  .transform((text) => text.trim())
  .describe('Why, for the audit trail');
const dryRun = z.boolean().default(false).describe('Say what would happen and change nothing');
const minutes = z.number().positive().max(10_080);
const count = z.int().min(0);
const counts = z.record(z.string(), count);
const instant = z.string().describe('ISO 8601, UTC');
const states = Object.keys(NEXT_STATES) as (keyof typeof NEXT_STATES)[];
const batchState = z.enum(states);

export const startRequest = z.strictObject({
  game_date: gameDate.default('TODAY'),
  mode: z
    .enum(RUN_MODE_NAMES, `expected a run mode (${Object.keys(RUN_MODES).join(', ')})`)
    .optional()
    .describe('Run mode, or an older name of one; what the clock suggests when absent'),
  force: z.boolean().default(false).describe('Close an active batch of the slate instead of refusing'),
  dry_run: dryRun,
  players: z
    .array(z.int().positive())
    .min(1)
    .max(1000)
    .optional()
    .describe('NBA player ids; all players of the slate when absent'),
  reason: reason.optional(),
  request_key: z.string().min(1).max(100).optional().describe('The same key again gives the same batch'),
});

export const startedAnswer = z.strictObject({
  status: z.enum(['started', 'same']),
  batch_id: batchId,
  game_date: z.string(),
  mode: z.string(),
  state: batchState,
  games: count,
  expected: count.describe('Players of the slate, skipped ones included'),
  units: count,
  monitor: z.string().describe('Path that tells how the batch goes'),
});

const nothingAnswer = z.strictObject({
  status: z.enum(['no_games', 'nothing_to_do', 'dry_run']),
  game_date: z.string(),
  mode: z.string(),
  games: count,
  expected: count,
  to_predict: count,
  skipped: counts.describe('Players the gate leaves out, by reason'),
  active_batch: z
    .string()
    .nullable()
    .describe('Batch that holds the slate, which a real start would be refused for'),
});
export const startAnswer = z.union([startedAnswer, nothingAnswer]);

const progress = z.strictObject({
  batch_id: batchId,
  game_date: z.string(),
  mode: z.string(),
  state: batchState,
  reason: z.string().nullable(),
  expected: count,
  outcomes: counts.describe('Players by outcome'),
  completion_pct: z.number().min(0).max(100),
  age_seconds: z.number(),
  idle_seconds: z.number().describe('Since the last outcome or dispatch'),
  publication_id: z.string().nullable(),
  created_at: instant,
  closed_at: instant.nullable(),
});

export const statusAnswer = z.strictObject({
  status: z.enum(['active', 'idle']),
  active: z.array(progress).describe('Batches that hold their slate'),
  latest: progress.nullable().describe('The batch that was started last'),
  queue_depth: count.describe('Units waiting or at work'),
  parked: count.describe('Messages put aside, with their reasons'),
  last_sweep_at: instant.nullable(),
});

export const batchAnswer = z.strictObject({
  ...progress.shape,
  by: z.string(),
  games: count,
  reasons: counts.describe('Players by outcome and reason'),
  missing: z.array(z.int()).describe('Players that failed or timed out, or have no outcome yet'),
  units: z.array(
    z.strictObject({
      unit_id: z.string(),
      state: z.enum(['waiting', 'done']),
      players: count,
      dispatched: count,
      claims: count,
      rows: count,
    }),
  ),
  events: z.array(
    z.strictObject({
      at: instant,
      by: z.string(),
      from: batchState.nullable(),
      to: batchState,
      reason: z.string().nullable(),
    }),
  ),
});

export const checkStalledRequest = z.strictObject({
  batch_id: batchId.optional().describe('One batch; all active ones when absent'),
  stall_threshold_minutes: minutes
    .default(5)
    .describe('A batch without progress for so long counts as stalled'),
  min_completion_pct: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('Close a stalled batch at this percentage of outcomes or more, without dispatching again'),
  max_batch_age_minutes: minutes.default(30).describe('Older batches are closed, whatever they have'),
  policy: z.enum(['publish', 'hold']).default('publish').describe('What becomes of what a closed batch has'),
  dry_run: dryRun,
});

export const checkStalledAnswer = z.strictObject({
  dry_run: z.boolean(),
  batches_checked: count,
  batches_completed: count,
  results: z.array(
    z.strictObject({
      batch_id: batchId,
      game_date: z.string(),
      action: z.enum(['none', 'redispatched', 'consolidated', 'closed', 'error']),
      state: batchState,
      reason: z.string().nullable(),
      completion_pct: z.number(),
    }),
  ),
});

export const resetRequest = z
  .strictObject({
    batch_id: batchId.optional(),
    game_date: gameDate.optional().describe('Every unfinished batch of the date'),
    staged: z.enum(['keep', 'publish', 'discard']).default('keep').describe('What becomes of staged rows'),
    reason: reason.default('no reason given'),
    dry_run: dryRun,
  })
  .refine(
    ({ batch_id, game_date }) => (batch_id === undefined) !== (game_date === undefined),
    'expected either batch_id or game_date',
  )
  .meta({ oneOf: [{ required: ['batch_id'] }, { required: ['game_date'] }] });

export const resetAnswer = z.strictObject({
  dry_run: z.boolean(),
  results: z.array(
    z.strictObject({
      batch_id: batchId,
      transitioned: z.boolean().describe('False when there was nothing left to do'),
      state: batchState,
      staged: z.enum(['keep', 'publish', 'discard']),
      tables: count.describe('Staging tables that were kept or dropped'),
    }),
  ),
});

export const cleanupRequest = z.strictObject({
  max_age_hours: z.number().min(1).max(8760).default(24),
  dry_run: dryRun,
});

export const cleanupAnswer = z.strictObject({
  dry_run: z.boolean(),
  max_age_hours: z.number(),
  tables: z.array(z.looseObject({ name: z.string(), verdict: z.string(), reason: z.string() })),
  dropped: count,
  would_drop: count,
  gone: count,
  rows: count,
  kept: counts,
  errors: z.array(z.strictObject({ table: z.string(), message: z.string() })),
});

import { z } from 'zod';

/** A push delivery of Pub/Sub. What it carries is judged by the worker: a broken one is parked, never refused. */
export const pushRequest = z.unknown().meta({
  description: 'Pub/Sub push envelope; message.data is base64 of {"batch_id", "unit_id"}',
  examples: [{ message: { data: 'eyJiYXRjaF9pZCI6ImIiLCJ1bml0X2lkIjoidSJ9', messageId: '1' }, deliveryAttempt: 1 }],
});

/** The envelope as far as the worker needs it. */
export const pushEnvelope = z.object({
  message: z.object({ data: z.string().max(60_000), messageId: z.string().max(200).optional() }),
  deliveryAttempt: z.int().positive().optional(),
});

export const predictAnswer = z.strictObject({
  handled: z
    .enum(['done', 'duplicate', 'late', 'failed', 'poison'])
    .describe('poison: parked with its reason; late, duplicate: acknowledged, nothing written'),
});

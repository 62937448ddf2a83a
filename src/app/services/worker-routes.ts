import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { UNIT_TOPIC } from '#pipeline/batch/state.ts';
import type { Handled } from '#pipeline/batch/worker.ts';
import type { Delivery, PushDecision } from '#platform/queue/port.ts';
import { type Route, route } from './route.ts';
import type { Service } from './runtime.ts';

/** A push delivery of Pub/Sub. What it carries is judged by the worker: a broken one is parked, never refused. */
const pushRequest = z.unknown().meta({
  description: 'Pub/Sub push envelope; message.data is base64 of {"batch_id", "unit_id"}',
  examples: [
    { message: { data: 'eyJiYXRjaF9pZCI6ImIiLCJ1bml0X2lkIjoidSJ9', messageId: '1' }, deliveryAttempt: 1 },
  ],
});

/** The envelope as far as the worker needs it. */
const pushEnvelope = z.object({
  message: z.object({ data: z.string().max(60_000), messageId: z.string().max(200).optional() }),
  deliveryAttempt: z.int().positive().optional(),
});

export const predictAnswer = z.strictObject({
  handled: z
    .enum(['done', 'duplicate', 'late', 'failed', 'poison'])
    .describe('poison: parked with its reason; late, duplicate: acknowledged, nothing written'),
});

/** Broken pushes, by the hash of their message id or content: one document per message, however often it comes. */
export const PARKED_PUSHES = 'parked_pushes';

/** Endpoints of the worker. */
export function workerRoutes(service: Service): Route[] {
  return [
    route({
      method: 'post',
      path: '/predict',
      summary: 'Predicts one unit of a batch, as a push subscription delivers it',
      body: pushRequest,
      answers: {
        200: { description: 'Acknowledged', schema: predictAnswer },
        503: { description: 'Not now: deliver it again' },
      },
      handle: async ({ body }) => {
        const handled = await predict(service, body);
        if (handled !== 'retry') return { status: 200, body: { handled } };
        throw new TipoffError('TIPOFF_NOT_READY', 'expected to finish the unit, met a transient failure', {
          hint: 'Deliver it again; after the last delivery its players are failed outcomes.',
        });
      },
    }),
  ];
}

async function predict(service: Service, body: unknown): Promise<Handled> {
  return service.push === undefined
    ? predictContent(service, body)
    : predictPushed(service, service.push, body);
}

/** Works on a message its queue knows: a second delivery is recognised before anything is done. */
async function predictPushed(
  service: Service,
  push: NonNullable<Service['push']>,
  body: unknown,
): Promise<Handled> {
  let pushed: PushDecision;
  try {
    pushed = await push(body);
  } catch (error) {
    if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_BAD_INPUT') throw error;
    return park(service, body, error.message);
  }
  if (pushed === 'finished') return 'duplicate';
  if (pushed === 'later') return 'retry';
  return service.runtime.handle(pushed.delivery);
}

/** Works on what a message carries, whoever sent it. */
async function predictContent(service: Service, body: unknown): Promise<Handled> {
  const envelope = pushEnvelope.safeParse(body);
  if (!envelope.success)
    return park(service, body, `not a push envelope: ${z.prettifyError(envelope.error)}`);
  const { message, deliveryAttempt = 1 } = envelope.data;
  const content = decoded(message.data);
  const delivery: Delivery = {
    id: message.messageId ?? digest(message.data),
    topic: UNIT_TOPIC,
    body: content,
    attempt: deliveryAttempt,
    // The status of the answer acknowledges or gives back.
    ack: async () => undefined,
    nack: async () => undefined,
  };
  return service.runtime.handle(delivery, async (reason) => {
    await park(service, body, reason);
  });
}

/** Puts a message aside with its reason and acknowledges it: a poison message that comes again and again helps nobody. */
async function park({ deps, log }: Service, body: unknown, reason: string): Promise<'poison'> {
  const text = JSON.stringify(body).slice(0, MAX_KEPT_LENGTH);
  const short = reason.slice(0, MAX_REASON_LENGTH);
  await deps.state.create(PARKED_PUSHES, digest(text), {
    reason: short,
    body: text,
    at: deps.clock.now().toISOString(),
  });
  log.warn({ reason: short }, 'push parked');
  return 'poison';
}

function decoded(data: string): unknown {
  const text = Buffer.from(data, 'base64').toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no unit: the worker parks it with the text as it came.
    return text;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const MAX_KEPT_LENGTH = 4000;
const MAX_REASON_LENGTH = 500;

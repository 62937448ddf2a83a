import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';

/** A message as a push subscription posts it to a service. */
export interface PushedMessage {
  /** Entry in the queue's ledger. */
  readonly id: string;
  readonly topic: string;
  readonly body: unknown;
  readonly subscription: string;
}

const envelope = z.object({
  message: z.object({ data: z.string(), attributes: z.object({ id: z.string().min(1), topic: z.string().min(1) }) }),
  subscription: z.string(),
});

/** Reads the JSON body of a push request. TIPOFF_BAD_INPUT when it is no envelope, or its data no JSON. */
export function parsePushEnvelope(body: unknown): PushedMessage {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) throw notAnEnvelope(z.prettifyError(parsed.error));
  const { message, subscription } = parsed.data;
  const text = Buffer.from(message.data, 'base64').toString();
  try {
    return { ...message.attributes, body: JSON.parse(text) as unknown, subscription };
  } catch (error) {
    throw notAnEnvelope(`the data of message ${message.attributes.id} is not JSON`, error);
  }
}

function notAnEnvelope(seen: string, cause?: unknown): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `expected the envelope of a pushed message, saw: ${seen}`, {
    hint: 'Only messages published by this queue may arrive here; check the push subscription, without payload unwrapping.',
    cause,
  });
}

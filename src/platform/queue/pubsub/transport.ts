import { PubSub, v1 } from '@google-cloud/pubsub';
import { z } from 'zod';
import { messageOf, TipoffError } from '#core/errors.ts';
import {
  applicationCredentials,
  isAboutCredentials,
  isNetworkFailure,
  remedyFor,
} from '#platform/google-cloud.ts';

/** gRPC codes after which the same call may succeed: cancelled, deadline, quota, aborted, internal, unavailable. */
const TRANSIENT: readonly number[] = [1, 4, 8, 10, 13, 14];

const DEADLINE_EXCEEDED = 4;
const ALREADY_EXISTS = 6;

/** The gRPC code of a client error; undefined for any other error. */
function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** The error for a call that Pub/Sub refused or did not answer. */
function pubSubError(error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  const code = grpcCode(error);
  const isTransient = code === undefined ? isNetworkFailure(error) : TRANSIENT.includes(code);
  if (isTransient && !isAboutCredentials(messageOf(error))) {
    return new TipoffError('TIPOFF_PROVIDER_DOWN', `Pub/Sub did not answer: ${messageOf(error)}`, {
      hint: 'Try again; if it stays so, look at the quotas of the project and the status page of Pub/Sub.',
      ...(code === undefined ? {} : { details: { code } }),
      cause: error,
    });
  }
  return new TipoffError('TIPOFF_PROVIDER', `Pub/Sub refused the request: ${messageOf(error)}`, {
    hint:
      remedyFor('Pub/Sub', messageOf(error)) ??
      'Check that topic and subscription exist and that the service account may use them.',
    ...(code === undefined ? {} : { details: { code } }),
    cause: error,
  });
}

/** A call with an argument that cannot be. */
export function badInput(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: 'Correct the call.' });
}

/** A message as a push subscription posts it to a service. */
export interface PushedMessage {
  /** Entry in the queue's ledger. */
  readonly id: string;
  readonly topic: string;
  readonly body: unknown;
  readonly subscription: string;
}

const envelope = z.object({
  message: z.object({
    data: z.string(),
    attributes: z.object({ id: z.string().min(1), topic: z.string().min(1) }),
  }),
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

/** A message to publish. `id` names its entry in the ledger. */
export interface OutgoingMessage {
  readonly id: string;
  readonly json: string;
}

/** A message received from Pub/Sub; `ackId` identifies this delivery. */
export interface Received {
  readonly id: string;
  readonly ackId: string;
}

/** What the queue needs from Pub/Sub: carrying messages, and redelivering those not acknowledged in time. */
export interface Transport {
  publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  pull(topic: string, max: number): Promise<Received[]>;
  ack(topic: string, ackIds: readonly string[]): Promise<void>;
  /** Redelivers the messages after some seconds, 0 to 600. */
  defer(topic: string, ackIds: readonly string[], seconds: number): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface PubSubTransportOptions {
  readonly projectId: string;
  /** Put before the name of every topic and subscription; `tipoff-` unless given. */
  readonly prefix?: string;
  /** How long a pull waits for a first message; 0, not at all, unless given. */
  readonly waitMilliseconds?: number;
  /** Creates missing topics and subscriptions on first use; off unless given, because production provisions them. */
  readonly createMissing?: boolean;
  /** `host:port` of an emulator, spoken to without TLS and without credentials. */
  readonly emulator?: string;
}

/** Pub/Sub's own limits for one request. */
const PUBLISH_MESSAGES = 500;
const PUBLISH_BYTES = 5_000_000;
const ACK_DEADLINE_SECONDS = 60;

/** The longest time Pub/Sub keeps a message back for. */
const MAX_DEFERRAL_SECONDS = 600;

/** Pub/Sub by the generated clients: publish and synchronous pull. One subscription per topic, named like it. */
export function openPubSubTransport(options: PubSubTransportOptions): Transport {
  const { projectId, prefix = 'tipoff-', waitMilliseconds = 0, createMissing = false } = options;
  const connection = options.emulator === undefined ? { projectId } : emulated(projectId, options.emulator);
  const publisher = new v1.PublisherClient(connection);
  const subscriber = new v1.SubscriberClient(connection);
  const credentials = applicationCredentials(options.emulator === undefined, 'Pub/Sub');
  const topicName = (topic: string): string => `projects/${projectId}/topics/${resourceName(prefix, topic)}`;
  const subscriptionName = (topic: string): string =>
    `projects/${projectId}/subscriptions/${resourceName(prefix, topic)}`;
  const made = new Map<string, Promise<void>>();

  const create = async (topic: string): Promise<void> => {
    await unlessThere(() => publisher.createTopic({ name: topicName(topic) }));
    await unlessThere(() =>
      subscriber.createSubscription({
        name: subscriptionName(topic),
        topic: topicName(topic),
        ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
      }),
    );
  };
  const onTopic = async <R>(topic: string, call: () => Promise<R>): Promise<R> => {
    try {
      await credentials.demand();
      if (createMissing) {
        const making = made.get(topic) ?? create(topic);
        made.set(topic, making);
        await making;
      }
      return await call();
    } catch (error) {
      throw pubSubError(error);
    }
  };

  return {
    publish: (topic, messages) =>
      onTopic(topic, async () => {
        for (const part of parts(messages)) {
          await publisher.publish({
            topic: topicName(topic),
            messages: part.map(({ id, json }) => ({ data: Buffer.from(json), attributes: { id, topic } })),
          });
        }
      }),
    pull: (topic, max) =>
      onTopic(topic, async () => {
        const request = { subscription: subscriptionName(topic), maxMessages: max };
        try {
          const [answer] =
            waitMilliseconds === 0
              ? await subscriber.pull({ ...request, returnImmediately: true })
              : await subscriber.pull(request, { timeout: waitMilliseconds });
          return (answer.receivedMessages ?? []).map(({ ackId, message }) => ({
            ackId: ackId ?? '',
            id: message?.attributes?.['id'] ?? '',
          }));
        } catch (error) {
          // Nothing came within the time: that is an answer, not a failure.
          if (waitMilliseconds > 0 && grpcCode(error) === DEADLINE_EXCEEDED) return [];
          throw error;
        }
      }),
    ack: (topic, ackIds) =>
      onTopic(topic, async () => {
        await subscriber.acknowledge({ subscription: subscriptionName(topic), ackIds: [...ackIds] });
      }),
    defer: (topic, ackIds, seconds) =>
      onTopic(topic, async () => {
        const ackDeadlineSeconds = Math.min(MAX_DEFERRAL_SECONDS, Math.max(0, Math.ceil(seconds)));
        await subscriber.modifyAckDeadline({
          subscription: subscriptionName(topic),
          ackIds: [...ackIds],
          ackDeadlineSeconds,
        });
      }),
    ping: async () => {
      try {
        await credentials.demand();
        await publisher.listTopics(
          { project: `projects/${projectId}`, pageSize: 1 },
          { autoPaginate: false },
        );
      } catch (error) {
        throw pubSubError(error);
      }
    },
    close: async () => {
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
}

/** Pub/Sub names have 3 to 255 characters, start with a letter, and know few signs. */
function resourceName(prefix: string, topic: string): string {
  const name = `${prefix}${topic}`;
  if (/^[A-Za-z][\w.~+%-]{2,254}$/.test(name)) return name;
  throw badInput(
    `expected a topic of letters, digits, hyphens, underscores and full stops, saw ${JSON.stringify(topic)}`,
  );
}

/** The settings for an emulator, which the client of the library works out. */
function emulated(projectId: string, apiEndpoint: string) {
  const { servicePath, port, sslCreds } = new PubSub({ projectId, apiEndpoint, emulatorMode: true }).options;
  if (servicePath === undefined || port === undefined || sslCreds === undefined) {
    throw badInput(`expected the address of a Pub/Sub emulator as host:port, saw ${apiEndpoint}`);
  }
  // With the universe named, the client does not search for credentials, which takes seconds where there are none.
  return {
    projectId,
    servicePath,
    port: Number(port),
    sslCreds,
    clientOptions: { universeDomain: 'googleapis.com' },
  };
}

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (grpcCode(error) !== ALREADY_EXISTS) throw error;
  }
}

/** Messages in parts that one request may carry. */
function parts(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const all: OutgoingMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message.json);
    const last = all.at(-1);
    if (last === undefined || last.length >= PUBLISH_MESSAGES || bytes + size > PUBLISH_BYTES) {
      all.push([message]);
      bytes = size;
    } else {
      last.push(message);
      bytes += size;
    }
  }
  return all;
}

import type { Account } from '#scripts/provision/installation.ts';
import type { Limits } from './limits.ts';
import type { Provisioned } from './provisioned.ts';
import { fieldsOf, messagesOf, textField } from './wire.ts';

/** A refusal of gRPC: its code and its words. */
export interface GrpcRefusal {
  readonly code: number;
  readonly message: string;
}

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;

/** The permission that each call of Pub/Sub asks for, on the topic or subscription named first in its request. */
const PUBSUB: Readonly<Record<string, string>> = {
  Publish: 'pubsub.topics.publish',
  Pull: 'pubsub.subscriptions.consume',
  StreamingPull: 'pubsub.subscriptions.consume',
  Acknowledge: 'pubsub.subscriptions.consume',
  ModifyAckDeadline: 'pubsub.subscriptions.consume',
  GetTopic: 'pubsub.topics.get',
  GetSubscription: 'pubsub.subscriptions.get',
  ListTopics: 'pubsub.topics.list',
  CreateTopic: 'pubsub.topics.create',
  CreateSubscription: 'pubsub.subscriptions.create',
};

/** Why Pub/Sub refuses a call; undefined when it does not. */
export function judgePubSub(
  made: Provisioned,
  limits: Limits,
  account: Account,
  method: string,
  request: Buffer,
): GrpcRefusal | undefined {
  const permission = PUBSUB[method];
  if (permission === undefined)
    return { code: PERMISSION_DENIED, message: `the front does not know ${method}` };
  const named = textField(request, 1);
  const [, project = '', kind = '', name = ''] =
    /^projects\/([^/]+)(?:\/(topics|subscriptions)\/(.+))?$/.exec(named) ?? [];
  const isOnProject = name === '' || method.startsWith('Create');
  const on = isOnProject ? undefined : `${kind === 'topics' ? 'topic' : 'subscription'} ${name}`;
  if (project !== made.project || !made.may(account, permission, on))
    return { code: PERMISSION_DENIED, message: 'User not authorized to perform this action.' };
  const known = kind === 'topics' ? made.topics : made.subscriptions.map((one) => one.name);
  if (!isOnProject && !known.includes(name))
    return { code: NOT_FOUND, message: `Resource not found (resource=${name}).` };
  const sent = fieldsOf(request);
  const tooLarge = (what: string, seen: number, most: number): GrpcRefusal | undefined =>
    seen <= most
      ? undefined
      : {
          code: INVALID_ARGUMENT,
          message: `The value for ${what} is too large. You passed ${seen} in the request, but the maximum value is ${most}.`,
        };
  if (method === 'Publish')
    return (
      tooLarge('request_size', request.length, limits.publishBytes) ??
      tooLarge('message_count', sent.filter(({ field }) => field === 2).length, limits.publishMessages)
    );
  if (method === 'Acknowledge' || method === 'ModifyAckDeadline') {
    const seconds = sent.find(({ field }) => method === 'ModifyAckDeadline' && field === 3)?.number ?? 0;
    return (
      tooLarge('request_size', request.length, limits.acknowledgeBytes) ??
      tooLarge('ack_deadline_seconds', seconds, MAX_ACK_DEADLINE)
    );
  }
  return undefined;
}

/** Seconds that a message may be kept back at most. */
const MAX_ACK_DEADLINE = 600;

/** Why Firestore refuses a call; undefined when it does not. No composite index is provisioned, so none may be needed. */
export function judgeFirestore(
  made: Provisioned,
  limits: Limits,
  account: Account,
  method: string,
  request: Buffer,
): GrpcRefusal | undefined {
  const [, project = '', database = ''] =
    /^projects\/([^/]+)\/databases\/([^/]+)/.exec(textField(request, 1)) ?? [];
  const isWrite = method === 'Commit' && fieldsOf(request).some(({ field }) => field === 2);
  const permission = isWrite ? 'datastore.entities.update' : 'datastore.entities.get';
  if (project !== made.project || !made.may(account, permission))
    return { code: PERMISSION_DENIED, message: 'Missing or insufficient permissions.' };
  if (made.cli.state.things[`firestore databases ${database}`] === undefined)
    return { code: NOT_FOUND, message: `The database ${database} does not exist for project ${project}` };
  if (request.length > limits.stateRequestBytes)
    return {
      code: INVALID_ARGUMENT,
      message: `Request payload size exceeds the limit: ${limits.stateRequestBytes} bytes.`,
    };
  if (method === 'Commit') {
    const writes = fieldsOf(request).filter(({ field }) => field === 2);
    const entries = Math.max(0, ...writes.map(({ bytes }) => indexEntries(bytes)));
    if (entries > limits.indexEntries)
      return {
        code: INVALID_ARGUMENT,
        message: `too many index entries for entity: ${entries}, at most ${limits.indexEntries}`,
      };
    const large = writes.find(({ bytes }) => bytes.length > limits.documentBytes);
    if (large !== undefined)
      return {
        code: INVALID_ARGUMENT,
        message: `Document cannot be written because its size (${large.bytes.length} bytes) exceeds the maximum allowed size of ${limits.documentBytes} bytes.`,
      };
  }
  if (method === 'RunQuery') {
    const query = fieldsOf(request).find(({ field }) => field === 2)?.bytes ?? Buffer.alloc(0);
    if (needsIndex(query)) return { code: FAILED_PRECONDITION, message: 'The query requires an index.' };
  }
  return undefined;
}

/** Entries of a written document in the indexes that every field has: ascending and descending, and one for an element of a list. */
function indexEntries(write: Buffer): number {
  const within = (message: Buffer, field: number): Buffer[] =>
    fieldsOf(message)
      .filter((one) => one.field === field)
      .map(({ bytes }) => bytes);
  const ofValue = (value: Buffer): number => {
    const [list] = within(value, 9);
    if (list !== undefined) return 2 + within(list, 1).length;
    const [map] = within(value, 6);
    return map === undefined ? 2 : ofFields(within(map, 1));
  };
  const ofFields = (fields: readonly Buffer[]): number =>
    fields.reduce((sum, field) => sum + ofValue(within(field, 2)[0] ?? Buffer.alloc(0)), 0);
  // A write has a document in its first field, a document its fields in the second.
  return within(write, 1).reduce((sum, document) => sum + ofFields(within(document, 2)), 0);
}

const EQUAL = 5;
const OWN_NAME = '__name__';

/** Whether a structured query is more than equalities in the order of names, which single-field indexes serve. */
function needsIndex(query: Buffer): boolean {
  const parts = fieldsOf(query);
  const orders = parts.filter(({ field }) => field === 4).map(({ bytes }) => pathOf(bytes));
  const filters = parts.filter(({ field }) => field === 3).flatMap(({ bytes }) => fieldFilters(bytes));
  const ranged = filters.filter(({ isEqual, path }) => !isEqual && path !== OWN_NAME);
  const ordered = orders.filter((path) => path !== OWN_NAME);
  const fields = new Set([...ranged.map(({ path }) => path), ...ordered]);
  return fields.size > 1 || (fields.size === 1 && filters.length > ranged.length);
}

function pathOf(order: Buffer): string {
  const reference = fieldsOf(order).find(({ field }) => field === 1)?.bytes ?? Buffer.alloc(0);
  return textField(reference, 2);
}

function fieldFilters(filter: Buffer): { path: string; isEqual: boolean }[] {
  return fieldsOf(filter).flatMap(({ field, bytes }) => {
    if (field === 1)
      return fieldsOf(bytes).flatMap((one) => (one.field === 2 ? fieldFilters(one.bytes) : []));
    if (field === 2) {
      const isEqual = fieldsOf(bytes).some((one) => one.field === 2 && one.number === EQUAL);
      return [{ path: pathOf(bytes), isEqual }];
    }
    return [{ path: pathOf(bytes), isEqual: true }];
  });
}

/** Documents that a call reads, writes and deletes, as they are billed: a query without a result costs one read. */
export function documentsOf(
  method: string,
  request: Buffer,
  answer: Buffer,
): { readonly reads: number; readonly writes: number; readonly deletes: number } {
  if (method === 'Commit') {
    const writes = fieldsOf(request).filter(({ field }) => field === 2);
    const deletes = writes.filter(({ bytes }) => fieldsOf(bytes).some(({ field }) => field === 2)).length;
    return { reads: 0, writes: writes.length - deletes, deletes };
  }
  if (method === 'RunQuery') {
    const found = messagesOf(answer).filter((one) => fieldsOf(one).some(({ field }) => field === 1)).length;
    return { reads: Math.max(1, found), writes: 0, deletes: 0 };
  }
  if (method === 'BatchGetDocuments') {
    const found = messagesOf(answer).filter((one) => fieldsOf(one).some(({ field }) => field <= 2)).length;
    return { reads: found, writes: 0, deletes: 0 };
  }
  return { reads: 0, writes: 0, deletes: 0 };
}

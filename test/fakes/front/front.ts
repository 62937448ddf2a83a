import { openPubSubTransport } from '#platform/queue/pubsub/transport.ts';
import type { CommandUse } from '#scripts/cost/requests.ts';
import { type Account, UNITS } from '#scripts/provision/installation.ts';
import { type FakeGcs, fakeGcs } from '#test/fakes/gcs-server.ts';
import { type GrpcProxy, grpcProxy } from '#test/fakes/grpc-proxy.ts';
import { type Loopback, loopback } from '#test/fakes/loopback.ts';
import { bigQueryCall, bigQueryFront } from './bigquery.ts';
import { documentsOf, type GrpcRefusal, judgeFirestore, judgePubSub } from './grpc.ts';
import { LIMITS, type Limits, usage } from './limits.ts';
import { type Provisioned, provisioned } from './provisioned.ts';
import { judgeStorage } from './storage.ts';
import { type Asked, useOf } from './use.ts';

/** Emulators behind the front. */
export interface Behind {
  /** Base address of BigQuery's. */
  readonly bigquery: string;
  /** `host:port`. */
  readonly firestore: string;
  readonly pubsub: string;
}

export interface StrictFront {
  readonly made: Provisioned;
  /** The bucket's content, by `bucket/name`. */
  readonly objects: FakeGcs['objects'];
  /** Everything that was asked, in order. */
  readonly asked: readonly Asked[];
  /** Does some work; what came of it, and what was asked meanwhile. */
  counted<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly use: CommandUse }>;
  /** The variables of a process that runs as an account. */
  as(account: Account): Promise<Record<string, string>>;
  /** Lets the provisioned push subscription deliver to a service, with what proves who it is. */
  pushTo(service: string, proof: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * A project of Google Cloud as provisioning makes it, over emulators: every account has addresses of its own, and gets through
 * them what its roles allow, on things that exist, within the quotas, and nothing else. The refusals are worded as the
 * services word them.
 */
export async function strictFront(
  behind: Behind,
  options: { readonly project: string; readonly limits?: Partial<Limits>; readonly now?: () => number },
): Promise<StrictFront> {
  const made = provisioned(options.project);
  const limits = { ...LIMITS, ...options.limits };
  const gcs = await fakeGcs([made.bucket]);
  const asked: Asked[] = [];
  const bigquery = bigQueryFront({
    ...{ emulator: behind.bigquery, made, limits, usage: usage(), now: options.now ?? Date.now },
  });
  await makeDatasets(behind.bigquery, made);
  await makeTopics(behind.pubsub, made);
  const open: { close(): Promise<void> }[] = [gcs];
  const places = new Map<Account, Promise<Record<string, string>>>();

  const overBigQuery = (account: Account): Promise<Loopback> =>
    loopback(async (request) => {
      const reply = await bigquery.answer(account, request);
      const refused = reply.status < 400 ? undefined : messageIn(reply.body);
      const { call, about } = bigQueryCall(request);
      const isBilled = refused === undefined && (call === 'query' || call === 'script');
      asked.push({
        ...{ account, service: 'bigquery', call, about },
        ...(isBilled ? { billed: bigquery.billed(about) } : {}),
        ...(refused === undefined ? {} : { refused }),
      });
      return reply;
    });
  const overStorage = (account: Account): Promise<Loopback> =>
    loopback(async (request) => {
      const { method, path, query, headers, body } = request;
      const refusal = judgeStorage(made, account, request);
      const name = path.startsWith('/upload/') ? query.get('name') : path.split('/o/')[1];
      const call = path.startsWith('/upload/')
        ? 'insert'
        : name === undefined
          ? 'list'
          : method === 'DELETE'
            ? 'delete'
            : 'get';
      asked.push({
        account,
        service: 'storage',
        call,
        about: name ?? '',
        ...(refusal === undefined ? {} : { refused: messageIn(refusal.body) }),
      });
      if (refusal !== undefined) return refusal;
      const escaped = path.replace(
        /(\/o\/)(.*)$/s,
        (_, o: string, rest: string) => o + encodeURIComponent(rest),
      );
      const answer = await fetch(`${gcs.url}${escaped}?${query}`, {
        method,
        headers: { 'content-type': headers['content-type'] ?? 'application/json' },
        ...(method === 'GET' || method === 'DELETE' ? {} : { body: new Uint8Array(body) }),
      });
      const content = Buffer.from(await answer.arrayBuffer());
      const kept = [...answer.headers].filter(([header]) =>
        /^(?:content-type|cache-control|x-goog-.*)$/.test(header),
      );
      return {
        status: answer.status,
        headers: Object.fromEntries(kept),
        ...(answer.status === 204 ? {} : { body: content }),
      };
    });
  const overGrpc = (
    account: Account,
    service: 'firestore' | 'pubsub',
    judge: (method: string, request: Buffer) => GrpcRefusal | undefined,
  ): Promise<GrpcProxy> =>
    grpcProxy(behind[service], {
      judge,
      tell: (call, request, answer, refusal) => {
        const documents = service === 'firestore' ? { documents: documentsOf(call, request, answer) } : {};
        asked.push({
          account,
          service,
          call,
          about: '',
          ...documents,
          ...(refusal === undefined ? {} : { refused: refusal.message }),
        });
      },
    });
  const openFor = async (account: Account): Promise<Record<string, string>> => {
    const [warehouse, storage, state, queue] = await Promise.all([
      overBigQuery(account),
      overStorage(account),
      overGrpc(account, 'firestore', (method, request) =>
        judgeFirestore(made, limits, account, method, request),
      ),
      overGrpc(account, 'pubsub', (method, request) => judgePubSub(made, limits, account, method, request)),
    ]);
    open.push(warehouse, storage, state, queue);
    return {
      TIPOFF_PROFILE: 'gcp',
      TIPOFF_GCP_PROJECT: made.project,
      TIPOFF_GCP_LOCATION: made.location,
      TIPOFF_GCP_BUCKET: made.bucket,
      TIPOFF_GCP_BIGQUERY_URL: warehouse.url,
      TIPOFF_GCP_STORAGE_URL: storage.url,
      TIPOFF_GCP_FIRESTORE_EMULATOR: state.at,
      TIPOFF_GCP_PUBSUB_EMULATOR: queue.at,
    };
  };
  return {
    made,
    objects: gcs.objects,
    asked,
    counted: async (work) => {
      const before = asked.length;
      const result = await work();
      return { result, use: await useOf(asked.slice(before), bigquery.rowsOf) };
    },
    as: (account) => {
      const place = places.get(account) ?? openFor(account);
      places.set(account, place);
      return place;
    },
    pushTo: async (service, proof) => {
      const door = await loopback(async ({ path, body }) => {
        const headers = { 'content-type': 'application/json', ...proof };
        const answer = await fetch(`${service}${path}`, {
          ...{ method: 'POST', headers, body: new Uint8Array(body) },
        });
        return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
      });
      const { project } = made;
      const address = `http://${behind.pubsub}/v1/projects/${project}/subscriptions/${UNITS}-push`;
      const pushConfig = { pushEndpoint: `${door.url}/predict` };
      const answer = await fetch(address, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ topic: `projects/${project}/topics/${UNITS}`, pushConfig }),
      });
      if (!answer.ok) throw new Error(`the emulator made no push subscription: ${await answer.text()}`);
      // The emulator outlives the project, and goes on pushing.
      open.push(door, { close: async () => void (await fetch(address, { method: 'DELETE' })) });
    },
    close: async () => {
      for (const one of open) await one.close();
    },
  };
}

function messageIn(body: unknown): string {
  const text = Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
  return /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 300);
}

async function makeDatasets(emulator: string, { project, datasets, location }: Provisioned): Promise<void> {
  for (const datasetId of datasets) {
    const body = JSON.stringify({ datasetReference: { projectId: project, datasetId }, location });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${emulator}/bigquery/v2/projects/${project}/datasets`, {
      method: 'POST',
      headers,
      body,
    });
    if (!answer.ok) throw new Error(`the emulator made no dataset ${datasetId}: ${await answer.text()}`);
  }
}

async function makeTopics(emulator: string, { project, subscriptions, topics }: Provisioned): Promise<void> {
  const transport = openPubSubTransport({ projectId: project, prefix: '', emulator, createMissing: true });
  // A topic and the subscription of its name are made on the first pull; the push subscription is Cloud Run's business.
  for (const name of topics) {
    if (subscriptions.some((one) => one.name === name)) await transport.pull(name, 1);
  }
  await transport.close();
}

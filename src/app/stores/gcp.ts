import { createHash } from 'node:crypto';
import type { GcpConfig } from '#app/config.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { openGcs } from '#platform/objects/gcs.ts';
import { openPubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { parsePushEnvelope } from '#platform/queue/pubsub/transport.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import type { StateStore } from '#platform/state/port.ts';
import { emulated, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { bigqueryFunctions } from '#platform/warehouse/functions.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { OnClose, StoreOptions, Stores } from './stores.ts';

const LABELS = { app: 'tipoff' };
/** State document that says for which contracts the warehouse was prepared. */
const PREPARED = { collection: 'operations', id: 'prepared' };

/**
 * The stores of a project of Google Cloud. Any number of processes may have them open; leases and compare-and-set keep
 * them apart. Opening asks nothing of the services but whether the warehouse was prepared for these contracts.
 */
export async function openGcp(gcp: GcpConfig, options: StoreOptions, onClose: OnClose): Promise<Stores> {
  const { clock } = options;
  const { project: projectId, bucket, emulators } = gcp;
  const warehouse = openBigQuery({
    projectId,
    location: gcp.location,
    clock,
    labels: LABELS,
    maximumBytesBilled: gcp.queryBytes,
    retries: gcp.queryRetries,
    ...(emulators.bigquery === undefined ? {} : emulated(emulators.bigquery)),
  });
  onClose(() => warehouse.close());
  const state = openFirestoreState({
    projectId,
    databaseId: gcp.firestoreDatabase,
    clock,
    ...omitUndefined({ emulator: emulators.firestore }),
  });
  onClose(() => state.close());
  const queue = openPubSubQueue({
    projectId,
    prefix: gcp.topicPrefix,
    state,
    clock,
    ...(emulators.pubsub === undefined ? {} : { emulator: emulators.pubsub, createMissing: true }),
  });
  onClose(() => queue.close());
  const storage = {
    projectId,
    bucket,
    clock,
    ...omitUndefined({ endpoint: emulators.storage }),
  };
  if (options.prepare !== false) await prepareOnce(warehouse, state, clock.now().toISOString());
  return {
    warehouse,
    state,
    queue,
    exports: openGcs({
      ...storage,
      folder: 'exports',
      ...omitUndefined({ publicUrl: gcp.exportsUrl }),
    }),
    models: openGcs(storage),
    notes: [],
    announce: async () => undefined,
    push: (body) => queue.accept(parsePushEnvelope(body)),
  };
}

/** A folder of any bucket, with the client that the profile uses. */
export const openBucket = openGcs;

/** Makes missing datasets, functions, tables and views, unless a process before has done so for the same contracts. */
async function prepareOnce(warehouse: Warehouse, state: StateStore, at: string): Promise<void> {
  const wanted = createHash('sha256')
    .update(JSON.stringify([CONTRACTS, VIEWS, bigqueryFunctions()]))
    .digest('hex');
  const { collection, id } = PREPARED;
  const prepared = await state.get<{ contracts: string }>(collection, id);
  if (prepared?.data.contracts === wanted) return;
  await warehouse.prepare(CONTRACTS);
  for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
  await state.transaction(async (tx) => tx.put(collection, id, { contracts: wanted, at }));
}

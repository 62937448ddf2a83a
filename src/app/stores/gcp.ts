import type { GcpConfig } from '#app/config.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { appliedNotes } from '#guard/schema/applied.ts';
import { STATE_RETENTION } from '#pipeline/batch/state.ts';
import { openGcs } from '#platform/objects/gcs.ts';
import { openPubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { parsePushEnvelope } from '#platform/queue/pubsub/transport.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import { emulated, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import type { OnClose, StoreOptions, Stores } from './stores.ts';

const LABELS = { app: 'tipoff' };

/**
 * The stores of a project of Google Cloud. Any number of processes may have them open; leases and compare-and-set keep
 * them apart. Opening makes nothing: tables, views and functions are `schema apply`'s, topics those of provisioning. It only
 * asks which definitions were applied last, and notes what this code wants otherwise.
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
    retention: STATE_RETENTION,
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
    ...omitUndefined({ emulator: emulators.pubsub }),
  });
  onClose(() => queue.close());
  const storage = {
    projectId,
    bucket,
    clock,
    ...omitUndefined({ endpoint: emulators.storage }),
  };
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
    notes: options.prepare === false ? [] : await appliedNotes(state),
    announce: async () => undefined,
    push: (body) => queue.accept(parsePushEnvelope(body)),
  };
}

/** A folder of any bucket, with the client that the profile uses. */
export const openBucket = openGcs;

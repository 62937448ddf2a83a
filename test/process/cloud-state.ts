import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import { openPubSubQueue } from '#platform/queue/pubsub/queue.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';

/** A project in the emulators of Firestore and Pub/Sub: where a run keeps batches and messages in the place of its home. */
export interface CloudState {
  /** One project is one run: nobody else sees its documents and topics. */
  readonly projectId: string;
  /** `host:port` each. */
  readonly firestore: string;
  readonly pubsub: string;
}

/** Opens batches and messages of a run; every process has clients of its own. */
export function openCloudState(
  { projectId, firestore, pubsub }: CloudState,
  clock: Clock,
): { state: StateStore; queue: Queue } {
  const state = openFirestoreState({ projectId, emulator: firestore, clock });
  return {
    state,
    queue: openPubSubQueue({ projectId, emulator: pubsub, createMissing: true, state, clock }),
  };
}

/** The store that processes race on: a file of SQLite, or `firestore://host:port/project` of an emulator. */
export function openRaceState(place: string, clock: Clock): StateStore {
  const [, emulator, projectId] = /^firestore:\/\/([^/]+)\/(.+)$/.exec(place) ?? [];
  if (emulator === undefined || projectId === undefined) return openSqliteState(place, { clock });
  return openFirestoreState({ projectId, emulator, clock });
}

import type { Clock } from '#platform/clock.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';

/** The store that processes race on: a file of SQLite, or `firestore://host:port/project` of an emulator. */
export function openRaceState(place: string, clock: Clock): StateStore {
  const [, emulator, projectId] = /^firestore:\/\/([^/]+)\/(.+)$/.exec(place) ?? [];
  if (emulator === undefined || projectId === undefined) return openSqliteState(place, { clock });
  return openFirestoreState({ projectId, emulator, clock });
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STATE_RETENTION } from '#pipeline/batch/state.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { storedForm } from '#platform/state/firestore/documents.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';

const DAY_MS = 86_400_000;
let clock: VirtualClock;
let store: StateStore;
beforeEach(() => {
  clock = virtualClock('2025-01-10T15:00:00Z');
  store = openSqliteState(':memory:', { clock, retention: STATE_RETENTION });
});
afterEach(() => store.close());

describe('old state documents', () => {
  it('of batches go after 90 days without a write, leases and all other documents stay', async () => {
    for (const collection of [...Object.keys(STATE_RETENTION), 'publish_leases', 'incidents'])
      await store.create(collection, 'old', { a: 1 });
    await store.create('batches', 'touched', { a: 1 });
    clock.advance(60 * DAY_MS);
    await store.transaction(async (tx) => tx.put('batches', 'touched', { a: 2 }));
    expect(await store.sweep()).toBe(0);
    clock.advance(31 * DAY_MS);
    expect(await store.sweep()).toBe(4);
    expect((await store.list('batches')).map(({ id }) => id)).toEqual(['touched']);
    expect(await store.get('publish_leases', 'old')).toBeDefined();
    expect(await store.get('incidents', 'old')).toBeDefined();
    expect(await store.sweep()).toBe(0);
  });

  it('say on Firestore when they go, in the field that provisioning names to the service', () => {
    const at = '2025-01-10T15:00:00.000Z';
    const kept = storedForm('{"a":1}', { at, stamp: 's', days: 90 });
    expect(kept.expires_at?.toDate().toISOString()).toBe('2025-04-10T15:00:00.000Z');
    expect(storedForm('{"a":1}', { at, stamp: 's', days: undefined })).not.toHaveProperty('expires_at');
  });
});

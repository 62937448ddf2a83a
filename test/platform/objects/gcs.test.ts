import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { openGcs } from '#platform/objects/gcs.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { objectsContract } from '#test/contract/objects.ts';
import { type FakeGcs, fakeGcs } from '#test/fakes/gcs-server.ts';

const PLACE = { projectId: 'p', bucket: 'tipoff-test', folder: 'exports' };
const TEXT = { contentType: 'text/plain' };

objectsContract('Cloud Storage, by a protocol fake', async () => {
  const server = await fakeGcs();
  return { store: openGcs({ ...PLACE, endpoint: server.url }), dispose: server.close };
});

describe('Cloud Storage', () => {
  let server: FakeGcs;
  let clock: VirtualClock;
  let store: ObjectStore;
  beforeEach(async () => {
    server = await fakeGcs();
    clock = virtualClock('2025-01-10T15:00:00Z');
    store = openGcs({ ...PLACE, endpoint: server.url, clock, retries: 3 });
  });
  afterEach(() => server.close());
  const isUpload = ({ path }: { path: string }): boolean => path.startsWith('/upload/');

  it('writes content type and cache header in the same request as the bytes', async () => {
    const { etag } = await store.put('today.json', '{}', {
      contentType: 'application/json',
      cacheControl: 'public, max-age=60',
    });
    const kept = server.objects.get('tipoff-test/exports/today.json');
    expect(kept).toMatchObject({ contentType: 'application/json', cacheControl: 'public, max-age=60' });
    expect([etag, server.arrived.length]).toEqual([String(kept?.generation), 1]);
  });

  it.each(['lose', 'drop'] as const)(
    'knows its own conditional write again when the answer was lost: %s',
    async (fault) => {
      server.inject({ when: isUpload, times: 1, ...(fault === 'lose' ? { lose: true } : { drop: true }) });
      const { etag } = await store.put('a', '1', { ...TEXT, ifMatch: '' });
      expect((await store.get('a'))?.etag).toBe(etag);
      await expect(store.put('a', '2', { ...TEXT, ifMatch: '' })).rejects.toMatchObject({
        code: 'TIPOFF_CONFLICT',
      });
      expect(Buffer.from((await store.get('a'))?.bytes ?? []).toString()).toBe('1');
    },
  );

  it('reads a large object without a warning of leaking listeners', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error) => warnings.push(warning);
    process.on('warning', hear);
    await store.put('large', 'x'.repeat(300_000), TEXT);
    expect((await store.get('large'))?.bytes.length).toBe(300_000);
    // Warnings are told in a turn of their own.
    await new Promise((turn) => setImmediate(turn));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });

  it('knows its own deletion again', async () => {
    await store.put('a', '1', TEXT);
    server.inject({ when: ({ method }) => method === 'DELETE', lose: true, times: 1 });
    expect([await store.delete('a'), await store.delete('a')]).toEqual([true, false]);
  });

  it.each([408, 429, 500, 502, 503])('repeats after %i', async (status) => {
    server.inject({ when: isUpload, refuse: { status, body: 'later' }, times: 3 });
    await store.put('a', '1', TEXT);
    server.inject({ when: ({ method }) => method === 'GET', refuse: { status, body: 'later' }, times: 3 });
    expect((await store.get('a'))?.contentType).toBe('text/plain');
    expect(clock.slept).toHaveLength(6);
  });

  it.each([400, 401, 403])('does not repeat after %i', async (status) => {
    server.inject({ when: () => true, refuse: { status, body: 'no' }, times: 100 });
    await expect(store.put('a', '1', TEXT)).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    await expect(store.list('')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    expect([server.arrived.length, clock.slept]).toEqual([3, []]);
  });

  it('gives up as transient', async () => {
    server.inject({ when: () => true, refuse: { status: 503, body: 'later' }, times: 100 });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER_DOWN', transient: true });
    expect(server.arrived).toHaveLength(4);
  });

  it('does not take a bucket that is not there for an empty one', async () => {
    const nowhere = openGcs({ ...PLACE, bucket: 'nowhere', endpoint: server.url, clock });
    await expect(nowhere.get('a')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    await expect(nowhere.list('')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    await expect(nowhere.delete('a')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
  });

  it('refuses bytes that differ from their checksum', async () => {
    await store.put('a', 'right', TEXT);
    const headers = {
      'x-goog-generation': '1',
      'x-goog-stored-content-encoding': 'identity',
      'x-goog-hash': 'crc32c=AAAAAA==',
    };
    server.inject({
      when: ({ query }) => query.get('alt') === 'media',
      refuse: { status: 200, headers, body: 'wrong' },
      times: 1,
    });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
  });

  it('shows people the public address where there is one', () => {
    expect(store.locate('a/b.json')).toBe('gs://tipoff-test/exports/a/b.json');
    const shown = openGcs({ ...PLACE, endpoint: server.url, publicUrl: 'https://picks.example/' });
    expect(shown.locate('a/b.json')).toBe('https://picks.example/a/b.json');
  });
});

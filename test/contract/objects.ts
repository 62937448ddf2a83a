import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '#platform/objects/port.ts';

/** A fresh, empty store. */
export interface ObjectsUnderTest {
  readonly store: ObjectStore;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

const TEXT = { contentType: 'text/plain' };

/** What every ObjectStore must do. */
export function objectsContract(name: string, open: () => Promise<ObjectsUnderTest>): void {
  describe(`${name} keeps the object store contract`, () => {
    let subject: ObjectsUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });
    afterEach(() => subject.dispose());
    const textOf = async (path: string): Promise<string | undefined> => {
      const object = await store.get(path);
      return object === undefined ? undefined : Buffer.from(object.bytes).toString();
    };

    it('says undefined for a missing object, and lists nothing', async () => {
      expect([await store.get('a/b.json'), await store.list(''), await store.delete('a/b.json')]).toEqual([
        undefined,
        [],
        false,
      ]);
    });

    it('keeps bytes, text and content type', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const { etag } = await store.put('a/b.bin', bytes, {
        contentType: 'application/x-model',
        cacheControl: 'no-store',
      });
      const object = await store.get('a/b.bin');
      expect({ ...object, bytes: [...(object?.bytes ?? [])] }).toEqual({
        path: 'a/b.bin',
        bytes: [...bytes],
        etag,
        contentType: 'application/x-model',
      });
      await store.put('ü.txt', 'Dončić', TEXT);
      expect(await textOf('ü.txt')).toBe('Dončić');
      await store.put('empty', '', TEXT);
      expect((await store.get('empty'))?.bytes).toHaveLength(0);
    });

    it('replaces an object whole, with another etag and type', async () => {
      const first = await store.put('a', 'a long first text', TEXT);
      const second = await store.put('a', '{}', { contentType: 'application/json' });
      expect(second.etag).not.toBe(first.etag);
      expect(await store.get('a')).toMatchObject({ etag: second.etag, contentType: 'application/json' });
      expect(await textOf('a')).toBe('{}');
    });

    it('takes a new content type for the same bytes', async () => {
      await store.put('a', '{}', TEXT);
      await store.put('a', '{}', { contentType: 'application/json' });
      expect((await store.get('a'))?.contentType).toBe('application/json');
    });

    it('writes with the etag it was read with, and not with an outdated one', async () => {
      const first = await store.put('a', '1', TEXT);
      const second = await store.put('a', '2', { ...TEXT, ifMatch: first.etag });
      await expect(store.put('a', '3', { ...TEXT, ifMatch: first.etag })).rejects.toMatchObject({
        code: 'TIPOFF_CONFLICT',
      });
      expect([await textOf('a'), (await store.get('a'))?.etag]).toEqual(['2', second.etag]);
    });

    it('creates only what is not there with an empty etag', async () => {
      await store.put('a', '1', { ...TEXT, ifMatch: '' });
      await expect(store.put('a', '2', { ...TEXT, ifMatch: '' })).rejects.toMatchObject({
        code: 'TIPOFF_CONFLICT',
      });
      await expect(store.put('b', '2', { ...TEXT, ifMatch: 'x' })).rejects.toMatchObject({
        code: 'TIPOFF_CONFLICT',
      });
      expect([await textOf('a'), await store.get('b')]).toEqual(['1', undefined]);
      await store.delete('a');
      await store.put('a', '3', { ...TEXT, ifMatch: '' });
      expect(await textOf('a')).toBe('3');
    });

    it('lets exactly one of many writers with one etag win', async () => {
      const { etag } = await store.put('a', 'start', TEXT);
      for (const [path, ifMatch] of [
        ['a', etag],
        ['new', ''],
      ] as const) {
        const tries = await Promise.allSettled(
          Array.from({ length: 20 }, (_, i) => store.put(path, `by ${i}`, { ...TEXT, ifMatch })),
        );
        const won = tries.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
        expect(won).toHaveLength(1);
        expect(await textOf(path)).toBe(`by ${won[0]}`);
      }
    });

    it('shows readers whole objects only, with the type that belongs to them', async () => {
      const small = { bytes: 'x'.repeat(10), type: 'text/x' };
      const large = { bytes: 'y'.repeat(300_000), type: 'text/y' };
      await store.put('a', small.bytes, { contentType: small.type });
      const writing = (async () => {
        for (let i = 0; i < 30; i++) {
          const { bytes, type } = i % 2 === 0 ? large : small;
          await store.put('a', bytes, { contentType: type });
        }
      })();
      let done = false;
      const end = writing.finally(() => {
        done = true;
      });
      while (!done) {
        const object = await store.get('a');
        const text = Buffer.from(object?.bytes ?? []).toString();
        expect([small.bytes, large.bytes].includes(text)).toBe(true);
        expect(object?.contentType).toBe(text === small.bytes ? small.type : large.type);
      }
      await end;
    });

    it('lists by the start of the path, sorted, without anything of its own', async () => {
      for (const path of ['b', 'a/2', 'a/10', 'a/x/1', 'ab', 'A', 'a.json', '😀', '\uffee'])
        await store.put(path, path, TEXT);
      expect(await store.list('')).toEqual([
        'A',
        'a.json',
        'a/10',
        'a/2',
        'a/x/1',
        'ab',
        'b',
        '\uffee',
        '😀',
      ]);
      expect(await store.list('a/')).toEqual(['a/10', 'a/2', 'a/x/1']);
      expect(await store.list('a')).toEqual(['a.json', 'a/10', 'a/2', 'a/x/1', 'ab']);
      expect(await store.list('a/x')).toEqual(['a/x/1']);
      expect(await store.list('a/1')).toEqual(['a/10']);
      expect(await store.list('c/')).toEqual([]);
      expect(await store.list('b/')).toEqual([]);
    });

    it('deletes, says so once, and gives the path free', async () => {
      await store.put('a/b', '1', { contentType: 'text/x' });
      expect([await store.delete('a/b'), await store.delete('a/b')]).toEqual([true, false]);
      expect([await store.get('a/b'), await store.list('')]).toEqual([undefined, []]);
      await store.put('a', '2', TEXT);
      expect(await store.get('a')).toMatchObject({ contentType: 'text/plain' });
    });

    it.each([
      '',
      '/a',
      '../a',
      'a/../b',
      'a/..',
      '.',
      './a',
      'a//b',
      'a/',
      'a\\b',
      '..\\a',
      'a\u0000b',
      'a\nb',
      '.meta/tmp/x',
    ])('refuses the path %j', async (path) => {
      await expect(store.put(path, 'x', TEXT)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      await expect(store.get(path)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      await expect(store.delete(path)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      expect(() => store.locate(path)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    });

    it.each(['../', '/', 'a/../', 'a\\', 'a//', '.meta/'])('refuses to list under %j', async (prefix) => {
      await expect(store.list(prefix)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    });

    it('tells people where an object is', () => {
      expect(store.locate('a/b.json')).toMatch(/a\/b\.json$/);
    });
  });
}

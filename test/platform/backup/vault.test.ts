import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLAIN, type Seal, sealedWith } from '#platform/backup/seal.ts';
import { openVault, type Vault } from '#platform/backup/vault.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const SEALED = sealedWith('a key for nothing but tests');
const CONTENT = Buffer.from('rows '.repeat(100));

describe.each([
  ['sealed', SEALED],
  ['plain', PLAIN],
] as [string, Seal][])('%s bytes', (_mode, seal) => {
  it('open to what they were', () => {
    expect(Buffer.from(seal.open(seal.close(CONTENT, 'a'), 'a'))).toEqual(CONTENT);
    expect(Buffer.from(seal.open(seal.close(Buffer.alloc(0), 'a'), 'a'))).toEqual(Buffer.alloc(0));
  });

  it('do not open when any byte is another one, or any is missing', () => {
    const closed = Buffer.from(seal.close(CONTENT, 'a'));
    for (let i = 0; i < closed.length; i++) {
      const changed = Buffer.from(closed);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => seal.open(changed, 'a'), `byte ${i}`).toThrow(
        expect.objectContaining({ code: 'TIPOFF_INTEGRITY' }),
      );
      expect(() => seal.open(closed.subarray(0, i), 'a'), `${i} bytes`).toThrow(
        expect.objectContaining({ code: 'TIPOFF_INTEGRITY' }),
      );
    }
  });
});

describe('a seal', () => {
  it('is bound to its key and its place, and is another one each time', () => {
    const closed = SEALED.close(CONTENT, 'packs/a');
    expect(() => SEALED.open(closed, 'packs/b')).toThrow('another key, or damage');
    expect(() => sealedWith('another key, just as long').open(closed, 'packs/a')).toThrow(
      'another key, or damage',
    );
    expect(Buffer.from(SEALED.close(CONTENT, 'packs/a')).equals(closed)).toBe(false);
  });

  it('takes nothing plain for sealed, and the other way round', () => {
    expect(() => SEALED.open(PLAIN.close(CONTENT, 'a'), 'a')).toThrow(
      'expected an encrypted back-up, saw a plain one',
    );
    expect(() => PLAIN.open(SEALED.close(CONTENT, 'a'), 'a')).toThrow(
      'expected a plain back-up, saw an encrypted one',
    );
  });

  it('gives content a name that only the key can find', () => {
    expect(SEALED.nameOf(CONTENT)).toBe(SEALED.nameOf(CONTENT));
    expect(SEALED.nameOf(CONTENT)).not.toBe(PLAIN.nameOf(CONTENT));
    expect(() => sealedWith('short')).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
  });
});

describe('a vault', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: ObjectStore;
  let vault: Vault;
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = directoryObjects(join(folder.path, 'store'));
    vault = openVault(store, SEALED);
  });
  afterEach(() => folder.remove());
  const generation = async (number: number, ...contents: string[]): Promise<string[]> => {
    const packs = [];
    for (const content of contents) packs.push((await vault.keep(Buffer.from(content))).pack);
    await vault.commit(number, Buffer.from(JSON.stringify(packs)));
    return packs;
  };
  const packsOf = async (number: number): Promise<string[]> =>
    JSON.parse(Buffer.from(await vault.manifest(number)).toString());

  it('stores equal content once, and gives a number once', async () => {
    await generation(1, 'a', 'b');
    expect(await vault.keep(Buffer.from('a'))).toMatchObject({ isNew: false });
    await expect(vault.commit(1, Buffer.from('x'))).rejects.toMatchObject({ code: 'TIPOFF_CONFLICT' });
    expect([await vault.generations(), await store.list('packs/')]).toEqual([
      [1],
      expect.objectContaining({ length: 2 }),
    ]);
  });

  it('removes what no other generation uses, and nothing when one of them cannot be read', async () => {
    await generation(1, 'a', 'b');
    await generation(2, 'b', 'c');
    await store.put('generations/00000003', 'damaged', { contentType: 'text/plain' });
    await expect(vault.prune([1], packsOf)).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
    expect(await vault.generations()).toEqual([1, 2, 3]);
    await store.delete('generations/00000003');
    expect(await vault.prune([1], packsOf)).toEqual({ generations: 1, packs: 1 });
    for (const pack of await packsOf(2)) expect(await vault.pack(pack)).toBeDefined();
  });
});

import { TipoffError } from '#core/errors.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Seal } from './seal.ts';

const BINARY = { contentType: 'application/octet-stream' };
const GENERATIONS = 'generations/';
const PACKS = 'packs/';

/**
 * Generations of back-ups in an object store. Content is stored in packs, which are named after it and never overwritten; the
 * manifest of a generation is written last and only if its number is free, so a generation is complete or does not exist.
 */
export interface Vault {
  /** Numbers of the generations that have a manifest, ascending. */
  generations(): Promise<number[]>;
  /** Stores content unless it is there already. `isNew` is false for content that an earlier generation or a killed run left. */
  keep(
    content: Uint8Array,
  ): Promise<{ readonly pack: string; readonly bytes: number; readonly isNew: boolean }>;
  /** The content of a pack. TIPOFF_INTEGRITY when it is missing, damaged, or under another key. */
  pack(name: string): Promise<Uint8Array>;
  /** Creates a generation. TIPOFF_CONFLICT when its number has been taken in the meantime. */
  commit(generation: number, manifest: Uint8Array): Promise<void>;
  manifest(generation: number): Promise<Uint8Array>;
  /** Removes generations, and the packs that no other generation uses. */
  prune(
    remove: readonly number[],
    usedBy: (generation: number) => Promise<readonly string[]>,
  ): Promise<{ readonly generations: number; readonly packs: number }>;
  /** Address of a generation, for people. */
  locate(generation: number): string;
}

const pathOf = (generation: number): string => `${GENERATIONS}${String(generation).padStart(8, '0')}`;

/** The generations of one home in `store`. */
export function openVault(store: ObjectStore, seal: Seal): Vault {
  const read = async (path: string): Promise<Uint8Array> => {
    const found = await store.get(path);
    if (found !== undefined) return seal.open(found.bytes, path);
    throw new TipoffError(
      'TIPOFF_INTEGRITY',
      `${store.locate(path)}: expected a part of a back-up, saw nothing`,
      {
        hint: 'Use the generation before: `tipoff backup list`.',
        details: { path },
      },
    );
  };
  const generations = async (): Promise<number[]> =>
    (await store.list(GENERATIONS)).flatMap((path) => {
      const number = /^generations\/(\d{8})$/.exec(path)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  let packs: Set<string> | undefined;
  return {
    generations,
    keep: async (content) => {
      packs ??= new Set(await store.list(PACKS));
      const pack = seal.nameOf(content);
      const path = `${PACKS}${pack}`;
      const sealed = seal.close(content, path);
      const isNew = !packs.has(path);
      if (isNew) {
        await store.put(path, sealed, BINARY);
        packs.add(path);
      }
      return { pack, bytes: sealed.length, isNew };
    },
    pack: (name) => read(`${PACKS}${name}`),
    commit: async (generation, manifest) => {
      const path = pathOf(generation);
      await store.put(path, seal.close(manifest, path), { ...BINARY, ifMatch: '' });
    },
    manifest: (generation) => read(pathOf(generation)),
    prune: async (remove, usedBy) => {
      const kept = (await generations()).filter((generation) => !remove.includes(generation));
      // Read before anything is removed: a manifest that cannot be read keeps everything.
      const used = new Set((await Promise.all(kept.map(usedBy))).flat().map((name) => `${PACKS}${name}`));
      for (const generation of remove) await store.delete(pathOf(generation));
      const unused = (await store.list(PACKS)).filter((path) => !used.has(path));
      for (const path of unused) await store.delete(path);
      packs = undefined;
      return { generations: remove.length, packs: unused.length };
    },
    locate: (generation) => store.locate(pathOf(generation)),
  };
}

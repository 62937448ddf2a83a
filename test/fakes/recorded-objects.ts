import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryObjects } from '#platform/objects/directory.ts';
import type { ObjectStore, PutOptions } from '#platform/objects/port.ts';

export interface RecordedObjects extends ObjectStore {
  /** Every write that went through, in order. */
  readonly writes: readonly (PutOptions & { readonly path: string })[];
  /** Called once, before the next write: a place to be another writer. */
  beforePut: ((path: string) => Promise<unknown>) | undefined;
  /** Removes the folder. */
  dispose(): Promise<void>;
}

/** The directory store in a temporary folder, with a log of its writes. */
export function recordedObjects(): RecordedObjects {
  const root = mkdtempSync(join(tmpdir(), 'tipoff-objects-'));
  const real = directoryObjects(root);
  const writes: (PutOptions & { path: string })[] = [];
  const store: RecordedObjects = {
    ...real,
    writes,
    beforePut: undefined,
    put: async (path, bytes, options) => {
      const hook = store.beforePut;
      store.beforePut = undefined;
      await hook?.(path);
      const result = await real.put(path, bytes, options);
      writes.push({ path, ...options });
      return result;
    },
    dispose: () => rm(root, { recursive: true, force: true }),
  };
  return store;
}

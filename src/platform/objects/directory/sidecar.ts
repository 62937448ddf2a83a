import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import { isFsError, moveIntoPlace, pruneEmpty, readIfThere, storageError, writeTemporary } from './files.ts';
import { META } from './paths.ts';

/** What a plain file cannot say about itself. */
export interface Sidecar {
  readonly contentType: string;
  readonly cacheControl?: string;
}

/**
 * Sidecars carry the etag of the bytes they describe in their name, and are written before these bytes: whatever
 * moment a process dies at, the bytes in place have the sidecar that belongs to them.
 */
function folderOf(root: string, path: string): string {
  return join(root, META, 'objects', path);
}

/** Writes the sidecar of bytes that are about to be put in place. */
export async function writeSidecar(root: string, path: string, etag: string, sidecar: Sidecar): Promise<void> {
  const temporary = await writeTemporary(join(root, META, 'tmp'), Buffer.from(JSON.stringify(sidecar)));
  await moveIntoPlace(temporary, join(folderOf(root, path), `${etag}.json`), false);
}

/** The sidecar of these bytes; undefined when they have none (somebody put the file there by hand). */
export async function readSidecar(root: string, path: string, etag: string): Promise<Sidecar | undefined> {
  const file = join(folderOf(root, path), `${etag}.json`);
  const bytes = await readIfThere(file);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Sidecar;
  } catch (error) {
    throw new TipoffError('TIPOFF_INTEGRITY', `expected JSON in ${file}, saw something else`, {
      hint: 'Delete this file; the object itself is untouched and will be served as application/octet-stream.',
      details: { path },
      cause: error,
    });
  }
}

/** Removes all sidecars of an object but the one of `keep`. */
export async function dropSidecars(root: string, path: string, keep?: string): Promise<void> {
  const folder = folderOf(root, path);
  try {
    for (const name of await readdir(folder)) {
      // Folders in here belong to other objects.
      if (/^[0-9a-f]{64}\.json$/.test(name) && name !== `${keep}.json`) await rm(join(folder, name), { force: true });
    }
  } catch (error) {
    if (!isFsError(error, 'ENOENT', 'ENOTDIR')) throw storageError(folder, error);
  }
  if (keep === undefined) await pruneEmpty(folder, join(root, META, 'objects'));
}

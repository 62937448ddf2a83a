import { createHash } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import type { ObjectStore, StoredObject } from '#platform/objects/port.ts';
import { isFsError, moveIntoPlace, pruneEmpty, readIfThere, storageError, writeTemporary } from './files.ts';
import { checkPath, checkPrefix, META } from './paths.ts';
import { dropSidecars, readSidecar, writeSidecar } from './sidecar.ts';

const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * Objects as plain files under `root`, which is created with the first write. The etag is the SHA-256 of the content, so
 * writing the same bytes again keeps it. Content type and cache control lie in `.meta/`. Writers of one process
 * queue up per path; between processes only `ifMatch: ''` is safe, which the lock of the home makes enough.
 */
export function directoryObjects(root: string): ObjectStore {
  const base = resolve(root);
  const fileOf = (path: string): string => join(base, ...checkPath(path));
  const oneAtATime = perPath();

  const read = async (path: string): Promise<StoredObject | undefined> => {
    const file = fileOf(path);
    for (let run = 1; ; run++) {
      const bytes = await readIfThere(file);
      if (bytes === undefined) return undefined;
      const etag = sha256(bytes);
      const sidecar = await readSidecar(base, path, etag);
      // A sidecar can be missing because a writer has just replaced the object: then its new bytes have one.
      if (sidecar !== undefined || run === 3) return { path, bytes, etag, contentType: sidecar?.contentType ?? UNKNOWN_TYPE };
    }
  };
  const put: ObjectStore['put'] = async (path, content, { contentType, cacheControl, ifMatch }) => {
    const file = fileOf(path);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const etag = sha256(bytes);
    if (ifMatch !== undefined) {
      const current = await readIfThere(file);
      const seen = current === undefined ? '' : sha256(current);
      if (seen !== ifMatch) throw conflict(path, ifMatch, seen);
    }
    await writeSidecar(base, path, etag, { contentType, ...(cacheControl === undefined ? {} : { cacheControl }) });
    const temporary = await writeTemporary(join(base, META, 'tmp'), bytes);
    const placed = await moveIntoPlace(temporary, file, ifMatch === '');
    if (!placed) throw conflict(path, '', 'an object written meanwhile');
    await dropSidecars(base, path, etag);
    return { etag };
  };
  const remove = async (path: string): Promise<boolean> => {
    const file = fileOf(path);
    try {
      await unlink(file);
    } catch (error) {
      // Linux says EISDIR for a folder, other systems EPERM; EPERM on a file must not pass as "not there".
      if (isFsError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return false;
      throw storageError(file, error);
    }
    await dropSidecars(base, path);
    await pruneEmpty(dirname(file), base);
    return true;
  };

  return {
    put: (path, bytes, options) => oneAtATime(path, () => put(path, bytes, options)),
    get: read,
    list: async (prefix) => {
      const folder = checkPrefix(prefix);
      const found = await walk(join(base, ...folder), folder);
      return found.filter((path) => path.startsWith(prefix)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    },
    delete: (path) => oneAtATime(path, () => remove(path)),
    locate: fileOf,
  };
}

async function walk(folder: string, segments: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (segments.length === 0 && entry.name === META) continue;
      const inner = [...segments, entry.name];
      if (entry.isDirectory()) found.push(...(await walk(join(folder, entry.name), inner)));
      else if (entry.isFile()) found.push(inner.join('/'));
    }
  } catch (error) {
    // No folder, or an object of that name: nothing lies under it. A store that is itself a file is broken, not empty.
    const nothing = isFsError(error, 'ENOENT') || (isFsError(error, 'ENOTDIR') && segments.length > 0);
    if (!nothing) throw storageError(folder, error);
  }
  return found;
}

/** Runs works on the same path one after the other, on different paths side by side. */
function perPath(): <T>(path: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return (path, work) => {
    const next = (tails.get(path) ?? Promise.resolve()).then(work, work);
    const tail = next
      .catch(() => undefined)
      .then(() => {
        if (tails.get(path) === tail) tails.delete(path);
      });
    tails.set(path, tail);
    return next;
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function conflict(path: string, expected: string, seen: string): TipoffError {
  const say = (etag: string): string => (etag === '' ? 'no object' : etag);
  return new TipoffError('TIPOFF_CONFLICT', `expected ${say(expected)} at ${path}, saw ${say(seen)}`, {
    hint: 'Read the object again and decide anew; somebody else has written it.',
    details: { path, expected, seen },
  });
}

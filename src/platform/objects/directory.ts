import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { ObjectStore, StoredObject } from './port.ts';

/** Folder for content types and unfinished writes; no object may be stored there. */
const META = '.meta';

/** The segments of a path. TIPOFF_BAD_INPUT for a path that could leave the store or name an object in two ways. */
export function checkPath(path: string): string[] {
  const segments = path.split('/');
  const bad =
    /[\\\p{Cc}]/u.test(path) ||
    !path.isWellFormed() ||
    segments[0] === META ||
    segments.some((segment) => segment === '' || segment === '.' || segment === '..');
  if (!bad) return segments;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${JSON.stringify(path)} is not the path of an object`, {
    hint: `Use a relative path with forward slashes, without empty, "." or ".." parts, and not under ${META}.`,
    details: { path },
  });
}

/** Checks the prefix of a list and returns its folder's segments. A prefix is the start of a path, not a folder. */
export function checkPrefix(prefix: string): string[] {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder !== '') checkPath(folder.slice(0, -1));
  const rest = prefix.slice(folder.length);
  if (rest !== '' && rest !== '.' && rest !== '..') checkPath(`x${rest}`);
  return folder === '' ? [] : folder.slice(0, -1).split('/');
}

/** True for a file system error with one of these codes. */
function isFsError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** A file's bytes, or undefined when there is none at this place. */
async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    // A folder of that name, or a file where a folder should be, is no object either.
    if (isFsError(error, 'ENOENT', 'EISDIR', 'ENOTDIR')) return undefined;
    throw storageError(path, error);
  }
}

/** Writes a complete, synced temporary file and returns its path. */
async function writeTemporary(folder: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, randomUUID());
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return path;
  } catch (error) {
    await discard(path);
    throw storageError(path, error);
  }
}

/** How often a folder is created again when concurrent deletes remove it as empty. */
const FOLDER_TRIES = 50;

/**
 * Moves a temporary file to its place in one step. `exclusive`: only if nothing is there; returns false otherwise. The
 * temporary file is gone afterwards in any case.
 */
async function moveIntoPlace(temporary: string, target: string, exclusive: boolean): Promise<boolean> {
  try {
    for (let run = 1; ; run++) {
      let made = false;
      try {
        await mkdir(dirname(target), { recursive: true });
        made = true;
        if (exclusive) await link(temporary, target);
        else await rename(temporary, target);
        return true;
      } catch (error) {
        if (made && exclusive && isFsError(error, 'EEXIST')) return false;
        if (run >= FOLDER_TRIES || !isFsError(error, 'ENOENT')) throw storageError(target, error);
      }
    }
  } finally {
    await discard(temporary);
  }
}

/** Removes a temporary file, ignoring failures: a leftover is harmless and must not hide the original error. */
async function discard(temporary: string): Promise<void> {
  await rm(temporary, { force: true }).catch(() => undefined);
}

/** Removes a folder and those above it, up to `root`, as long as they are empty. */
async function pruneEmpty(folder: string, root: string): Promise<void> {
  for (let current = folder; current !== root && current.startsWith(root); current = dirname(current)) {
    try {
      await rmdir(current);
    } catch (error) {
      if (isFsError(error, 'ENOENT')) continue;
      if (isFsError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return;
      throw storageError(current, error);
    }
  }
}

/** The typed error for a file that cannot be read or written. */
function storageError(path: string, error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  if (isFsError(error, 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY')) {
    return new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${path} cannot be an object: its path, or the start of it, is taken`,
      {
        hint: 'An object cannot lie under another one; choose another path.',
        details: { path },
        cause: error,
      },
    );
  }
  return new TipoffError('TIPOFF_STORAGE', `${path} cannot be read or written: ${messageOf(error)}`, {
    hint: 'Check the permissions of the folder and the room on the disk.',
    details: { path },
    cause: error,
  });
}

/** What a sidecar records about an object. */
interface Sidecar {
  readonly contentType: string;
  readonly cacheControl?: string;
}

/**
 * A sidecar has the etag of the bytes it describes in its name and is written before them, so that at whatever moment a process
 * dies, the stored bytes have a matching sidecar.
 */
function folderOf(root: string, path: string): string {
  return join(root, META, 'objects', path);
}

/** Writes the sidecar of bytes that are about to be put in place. */
async function writeSidecar(root: string, path: string, etag: string, sidecar: Sidecar): Promise<void> {
  const temporary = await writeTemporary(join(root, META, 'tmp'), Buffer.from(JSON.stringify(sidecar)));
  await moveIntoPlace(temporary, join(folderOf(root, path), `${etag}.json`), false);
}

/** The sidecar of these bytes; undefined when they have none (somebody put the file there by hand). */
async function readSidecar(root: string, path: string, etag: string): Promise<Sidecar | undefined> {
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
async function dropSidecars(root: string, path: string, keep?: string): Promise<void> {
  const folder = folderOf(root, path);
  try {
    for (const name of await readdir(folder)) {
      // Folders in here belong to other objects.
      if (/^[0-9a-f]{64}\.json$/.test(name) && name !== `${keep}.json`)
        await rm(join(folder, name), { force: true });
    }
  } catch (error) {
    if (!isFsError(error, 'ENOENT', 'ENOTDIR')) throw storageError(folder, error);
  }
  if (keep === undefined) await pruneEmpty(folder, join(root, META, 'objects'));
}

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
      if (sidecar !== undefined || run === 3)
        return { path, bytes, etag, contentType: sidecar?.contentType ?? UNKNOWN_TYPE };
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
    await writeSidecar(base, path, etag, {
      contentType,
      ...omitUndefined({ cacheControl }),
    });
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
      return found
        .filter((path) => path.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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
    hint: 'Somebody else has written it: read the object again, then decide.',
    details: { path, expected, seen },
  });
}

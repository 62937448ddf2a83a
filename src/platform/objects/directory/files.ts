import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';

/** True for a file system error with one of these codes. */
export function isFsError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** A file's bytes, or undefined when there is none at this place. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    // A folder of that name, or a file where a folder should be, is no object either.
    if (isFsError(error, 'ENOENT', 'EISDIR', 'ENOTDIR')) return undefined;
    throw storageError(path, error);
  }
}

/** Writes a complete, synced temporary file and returns its path. */
export async function writeTemporary(folder: string, bytes: Uint8Array): Promise<string> {
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

/** How often a folder is made again that deletes beside us keep removing as empty. */
const FOLDER_TRIES = 50;

/**
 * Moves a temporary file to its place in one step. `exclusive`: only if nothing is there; returns false otherwise. The
 * temporary file is gone afterwards in any case.
 */
export async function moveIntoPlace(temporary: string, target: string, exclusive: boolean): Promise<boolean> {
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

/** Removes a temporary file if it can be: one left behind harms nobody, and must not hide the error that matters. */
async function discard(temporary: string): Promise<void> {
  await rm(temporary, { force: true }).catch(() => undefined);
}

/** Removes a folder and those above it, up to `root`, as long as they are empty. */
export async function pruneEmpty(folder: string, root: string): Promise<void> {
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
export function storageError(path: string, error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  if (isFsError(error, 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY')) {
    return new TipoffError('TIPOFF_BAD_INPUT', `${path} cannot be an object: its path, or the start of it, is taken`, {
      hint: 'An object cannot lie under another one; choose another path.',
      details: { path },
      cause: error,
    });
  }
  return new TipoffError('TIPOFF_STORAGE', `${path} cannot be read or written: ${messageOf(error)}`, {
    hint: 'Check the permissions of the folder and the room on the disk.',
    details: { path },
    cause: error,
  });
}

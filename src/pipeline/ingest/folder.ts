import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { SourceFile } from './ingest.ts';

/**
 * The files at a path, to be read lazily: the file itself (as `isNamed`), or every file below a folder, links
 * followed, sorted by path. Throws TIPOFF_NOT_FOUND when the path does not exist, TIPOFF_BAD_INPUT for a folder that holds
 * no file or may not be read.
 */
export async function folderFiles(path: string): Promise<SourceFile[]> {
  const info = await found(path, () => stat(path));
  if (!info.isDirectory()) return [{ ...sourceFile(basename(path), path), isNamed: true }];
  const names = await found(path, () => filesBelow(path, '', new Set()));
  if (names.length === 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${path}: expected files, saw an empty folder`, {
      hint: 'Check the path, or fetch the data first.',
      details: { path },
    });
  }
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => sourceFile(name, join(path, name)));
}

/** The files at several paths. A path at which there is nothing to read becomes a file whose reading fails, so that the others are loaded and the report names it. */
export async function filesAt(paths: readonly string[]): Promise<SourceFile[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      try {
        return await folderFiles(path);
      } catch (error) {
        if (!(error instanceof TipoffError)) throw error;
        return [{ path, isNamed: true, read: () => Promise.reject<Uint8Array>(error) }];
      }
    }),
  );
  return lists.flat();
}

function sourceFile(name: string, path: string): SourceFile {
  return { path: name, read: () => found(path, () => bytesOf(path)) };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const info = await stat(path);
  // Reading a pipe or a device might never end. An unreadable folder is the only other thing that is listed as a file.
  if (!info.isFile())
    throw new Error(
      `expected a file, saw ${info.isDirectory() ? 'a folder that may not be read' : 'a pipe or a device'}`,
    );
  return readFile(path);
}

async function filesBelow(root: string, below: string, visited: Set<string>): Promise<string[]> {
  const folder = join(root, below);
  const real = await realpath(folder);
  // A link that leads back to a folder above it would never end.
  if (visited.has(real)) return [];
  visited.add(real);
  const files: string[] = [];
  for (const name of await readdir(folder)) {
    const path = below === '' ? name : `${below}/${name}`;
    const info = await stat(join(root, path)).catch(() => undefined);
    // A dangling link and a folder that may not be read are listed too: reading them fails with their name.
    if (info?.isDirectory() && (await mayRead(join(root, path))))
      files.push(...(await filesBelow(root, path, visited)));
    else files.push(path);
  }
  return files;
}

async function mayRead(folder: string): Promise<boolean> {
  return access(folder, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function found<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const missing =
      error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    throw new TipoffError(
      missing ? 'TIPOFF_NOT_FOUND' : 'TIPOFF_BAD_INPUT',
      missing ? `${path} does not exist` : `${path}: ${messageOf(error)}`,
      {
        hint: missing ? 'Check the path.' : 'Check that it is a file and may be read.',
        details: { path },
        cause: error,
      },
    );
  }
}

import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { SourceFile } from '#pipeline/ingest/ingest.ts';

/**
 * The files at a path, to be read when their turn comes: the file itself, or every file below a folder, links followed,
 * sorted by path. Throws TIPOFF_NOT_FOUND when the path does not exist.
 */
export async function folderFiles(path: string): Promise<SourceFile[]> {
  const info = await found(path, () => stat(path));
  if (!info.isDirectory()) return [sourceFile(basename(path), path)];
  const names = await filesBelow(path, '', new Set());
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => sourceFile(name, join(path, name)));
}

/** The files at several paths. A path that does not exist becomes a file whose reading fails, so that the others are loaded and the report names it. */
export async function filesAt(paths: readonly string[]): Promise<SourceFile[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      try {
        return await folderFiles(path);
      } catch (error) {
        if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_NOT_FOUND') throw error;
        return [{ path, read: () => Promise.reject<Uint8Array>(error) }];
      }
    }),
  );
  return lists.flat();
}

function sourceFile(name: string, path: string): SourceFile {
  return { path: name, read: () => found(path, () => readFile(path)) };
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
    if (info?.isDirectory()) files.push(...(await filesBelow(root, path, visited)));
    // A dangling link is listed too: reading it fails with its name.
    else files.push(path);
  }
  return files;
}

async function found<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    throw new TipoffError(
      missing ? 'TIPOFF_NOT_FOUND' : 'TIPOFF_BAD_INPUT',
      missing ? `${path} does not exist` : `${path}: ${messageOf(error)}`,
      {
        hint: missing ? 'Check the path.' : 'Check that the file may be read.',
        details: { path },
        cause: error,
      },
    );
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TipoffError } from '#core/errors.ts';
import { type Approval, readApproval } from '#guard/schema/approvals.ts';
import type { SnapshotFile } from '#guard/schema/snapshot.ts';
import type { SourceFile } from '#guard/schema/sql-catalogue.ts';

/** Folder of the snapshot below the root of the repository. */
export const SNAPSHOT_FOLDER = 'schema/snapshot';
const APPROVALS_FOLDER = 'schema/approvals';

/** The root of the repository this code lies in. */
export function repositoryRoot(): string {
  return fileURLToPath(new URL('../../../', import.meta.url));
}

/** The TypeScript sources below `src`, in the order of their paths. */
export function readSources(root: string): SourceFile[] {
  return filesBelow(root, 'src', '.ts');
}

/** The snapshot as it lies in the folder. Throws TIPOFF_NOT_FOUND when there is none: no snapshot is not an empty warehouse. */
export function readSnapshotFiles(root: string): SnapshotFile[] {
  const files = filesBelow(root, SNAPSHOT_FOLDER, '.json').map(({ path, text }) => ({
    path: path.slice(SNAPSHOT_FOLDER.length + 1),
    text,
  }));
  if (files.length > 0) return files;
  throw new TipoffError('TIPOFF_NOT_FOUND', `expected a snapshot of the live schema in ${join(root, SNAPSHOT_FOLDER)}, saw none`, {
    hint: 'Write one with `tipoff schema snapshot`.',
  });
}

/** Writes the files that differ, removes those that are no more, and returns the names of both. */
export function writeSnapshotFiles(root: string, files: readonly SnapshotFile[]): string[] {
  const folder = join(root, SNAPSHOT_FOLDER);
  mkdirSync(folder, { recursive: true });
  const standing = new Map(
    filesBelow(root, SNAPSHOT_FOLDER, '.json').map(({ path, text }) => [path.slice(SNAPSHOT_FOLDER.length + 1), text]),
  );
  const changed = files.filter(({ path, text }) => standing.get(path) !== text);
  for (const { path, text } of changed) writeFileSync(join(folder, path), text);
  const gone = [...standing.keys()].filter((path) => !files.some((file) => file.path === path));
  for (const path of gone) rmSync(join(folder, path));
  return [...changed.map(({ path }) => path), ...gone];
}

export function readApprovals(root: string, today: string): Approval[] {
  return filesBelow(root, APPROVALS_FOLDER, '.json').map(({ path, text }) => readApproval(path, text, today));
}

function filesBelow(root: string, folder: string, ending: string): SourceFile[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TipoffError } from '#core/errors.ts';
import { type Approval, readApproval } from '#guard/schema/judge.ts';
import type { SchemaFile, SchemaFileKind } from '#guard/schema/schema-files.ts';
import type { SourceFile } from '#guard/schema/sql-catalogue.ts';

/** Folders of the schema files: what is deployed, and what the code expects. */
export const FOLDERS: Readonly<Record<SchemaFileKind, string>> = {
  snapshot: 'schema/snapshot',
  contracts: 'schema/contracts',
};
const APPROVALS_FOLDER = 'schema/approvals';

/** The root of the repository this code lies in. */
export function repositoryRoot(): string {
  return fileURLToPath(new URL('../../../', import.meta.url));
}

/** The TypeScript sources below `src`, in the order of their paths. */
export function readSources(root: string): SourceFile[] {
  return filesBelow(root, 'src', '.ts');
}

/** The schema files of a kind in a repository, in the order of their names. */
export function schemaFilesIn(root: string, kind: SchemaFileKind): SchemaFile[] {
  const start = FOLDERS[kind].length + 1;
  return filesBelow(root, FOLDERS[kind], '.json').map(({ path, text }) => ({
    path: path.slice(start),
    text,
  }));
}

/** The same, but throws TIPOFF_NOT_FOUND when there are none: a missing snapshot does not mean an empty warehouse. */
export function requireSchemaFiles(root: string, kind: SchemaFileKind): SchemaFile[] {
  const files = schemaFilesIn(root, kind);
  if (files.length > 0) return files;
  const [what, by] =
    kind === 'snapshot'
      ? ['a snapshot of the live schema', 'tipoff schema snapshot']
      : ['the contracts', 'npm run docs'];
  throw new TipoffError('TIPOFF_NOT_FOUND', `expected ${what} in ${join(root, FOLDERS[kind])}, saw none`, {
    hint: `Write them with \`${by}\`.`,
  });
}

/** Names of the schema files of a kind that are out of date: with other text, missing, or superfluous. */
export function staleSchemaFiles(root: string, kind: SchemaFileKind, files: readonly SchemaFile[]): string[] {
  const present = new Map(schemaFilesIn(root, kind).map(({ path, text }) => [path, text]));
  const changed = files.filter(({ path, text }) => present.get(path) !== text).map(({ path }) => path);
  const gone = [...present.keys()].filter((path) => !files.some((file) => file.path === path));
  return [...changed, ...gone];
}

/** Writes the files that differ, removes those that are no more, and returns the names of both. */
export function writeSchemaFiles(root: string, kind: SchemaFileKind, files: readonly SchemaFile[]): string[] {
  const folder = join(root, FOLDERS[kind]);
  const stale = staleSchemaFiles(root, kind, files);
  mkdirSync(folder, { recursive: true });
  for (const path of stale) {
    const text = files.find((file) => file.path === path)?.text;
    if (text === undefined) rmSync(join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  return stale;
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

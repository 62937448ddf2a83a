import type { SchemaFile, SchemaFileKind } from '#guard/schema/schema-files.ts';
import { filesOfTree, readObjects } from './git.ts';
import { FOLDERS } from './repository.ts';

/** The schema files of one revision; an empty list where it has none of a kind. */
export type FilesAt = Readonly<Record<SchemaFileKind, readonly SchemaFile[]>>;

const KINDS = Object.keys(FOLDERS) as SchemaFileKind[];

/** Reads the schema files of commits: all folders in one go, then every content once, however many commits share it. */
export async function filesAtRevisions(
  root: string,
  commits: readonly string[],
): Promise<Map<string, FilesAt>> {
  const folders = commits.flatMap((commit) => KINDS.map((kind) => `${commit}:${FOLDERS[kind]}`));
  const trees = await readObjects(root, folders);
  const listed = trees.map((tree, i) => {
    // The ids in a tree are as long as those of commits, two digits to a byte.
    const idBytes = (commits[Math.floor(i / KINDS.length)]?.length ?? 0) / 2;
    const files = tree === undefined ? [] : [...filesOfTree(tree, idBytes)];
    return files.filter(([path]) => path.endsWith('.json'));
  });
  const ids = [...new Set(listed.flatMap((files) => files.map(([, id]) => id)))];
  const contents = await readObjects(root, ids);
  const texts = new Map(ids.map((id, i) => [id, contents[i]?.toString('utf8') ?? '']));
  const filesAt = (at: number): SchemaFile[] =>
    (listed[at] ?? []).map(([path, id]) => ({ path, text: texts.get(id) ?? '' }));
  return new Map(
    commits.map((commit, i) => {
      const start = i * KINDS.length;
      return [
        commit,
        {
          snapshot: filesAt(start + KINDS.indexOf('snapshot')),
          contracts: filesAt(start + KINDS.indexOf('contracts')),
        },
      ];
    }),
  );
}

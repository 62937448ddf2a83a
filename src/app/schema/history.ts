import { TipoffError } from '#core/errors.ts';
import type { SchemaChange, SchemaHistory, SchemaVersion } from '#guard/schema/judge.ts';
import { readSchemaFiles, type SchemaFile, type SchemaFileKind } from '#guard/schema/schema-files.ts';
import { type CommitRange, changesOf, filesOfTree, readObjects } from './git.ts';
import { FOLDERS, schemaFilesIn } from './repository.ts';

/** The schema files of one revision; an empty list where it has none of a kind. */
type FilesAt = Readonly<Record<SchemaFileKind, readonly SchemaFile[]>>;

const KINDS = Object.keys(FOLDERS) as SchemaFileKind[];

/** Reads the schema files of commits: all folders at once, then every content once, however many commits share it. */
async function filesAtRevisions(root: string, commits: readonly string[]): Promise<Map<string, FilesAt>> {
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

/** The schema changes between two revisions: of what was deployed, and of what the code expects. */
export interface SchemaHistories {
  /** By the snapshots. */
  readonly deployed: SchemaHistory;
  /** By the contracts; a revision without contracts is represented by its snapshot. */
  readonly contracted: SchemaHistory;
  /** Limitations of the comparison, for people. */
  readonly notes: readonly string[];
}

/** The names of the two revisions, as the user wrote them. */
export interface RevisionNames {
  readonly base: string;
  readonly head: string;
}

const WORKING_TREE = 'working tree';

/**
 * Reads the schema files of a repository over a range of commits: at every commit that changed them and its parent, at both
 * ends, and optionally in the working tree. No code of those revisions runs. Throws TIPOFF_BAD_INPUT for a damaged file at
 * either end, and when the last revision has no contracts although an earlier one has.
 */
export async function schemaHistories(
  root: string,
  stretch: CommitRange,
  ends: RevisionNames,
  withWorkingTree: boolean,
): Promise<SchemaHistories> {
  const changes = await changesOf(root, stretch, Object.values(FOLDERS));
  const commits = [
    ...new Set([stretch.from, ...changes.flatMap(({ parent, commit }) => [parent, commit]), stretch.to]),
  ];
  const files = await filesAtRevisions(root, commits);
  const names = new Map(commits.map((commit) => [commit, commit.slice(0, 12)]));
  names.set(stretch.to, ends.head);
  names.set(
    stretch.from,
    stretch.baseMoved ? `${ends.base} (as of ${stretch.from.slice(0, 12)})` : ends.base,
  );
  const links = changes.map(({ parent, commit }) => [parent, commit] as const);
  if (withWorkingTree) {
    names.set(WORKING_TREE, WORKING_TREE);
    files.set(WORKING_TREE, {
      snapshot: schemaFilesIn(root, 'snapshot'),
      contracts: schemaFilesIn(root, 'contracts'),
    });
    links.push([stretch.to, WORKING_TREE]);
  }
  const last = withWorkingTree ? WORKING_TREE : stretch.to;
  const notes: Notes = new Map();
  const series = (kind: SchemaFileKind): SchemaHistory => {
    const read = reader(kind, { names, files, ends: [stretch.from, last], notes });
    const steps = links
      .filter(([from, to]) => !isSame(files.get(from)?.[kind], files.get(to)?.[kind]))
      .flatMap(changeBy(read));
    const [from, to] = [read(stretch.from) ?? steps[0]?.to, read(last)];
    return { steps, ...(from === undefined || to === undefined ? {} : { sum: { from, to } }) };
  };
  const [deployed, contracted] = [series('snapshot'), series('contracts')];
  refuseLostContracts(files, last, names);
  return {
    deployed,
    contracted,
    notes: [...notes].map(([sentence, at]) => `${[...at].join(', ')}: ${sentence}`),
  };
}

const changeBy =
  (read: (revision: string) => SchemaVersion | undefined) =>
  ([before, after]: readonly [string, string]): SchemaChange[] => {
    const [from, to] = [read(before), read(after)];
    return from === undefined || to === undefined ? [] : [{ from, to }];
  };

/** Limitations of the comparison, each with the versions it applies to. */
type Notes = Map<string, Set<string>>;

interface Revisions {
  readonly names: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, FilesAt>;
  readonly ends: readonly string[];
  readonly notes: Notes;
}

/** Reads the version of a revision once. Problems are noted, or thrown for a revision at either end. */
function reader(
  kind: SchemaFileKind,
  { names, files, ends, notes }: Revisions,
): (revision: string) => SchemaVersion | undefined {
  const known = new Map<string, SchemaVersion | undefined>();
  const readNow = (revision: string): SchemaVersion | undefined => {
    const name = names.get(revision) ?? revision;
    const found = files.get(revision);
    const note = (sentence: string): unknown =>
      notes.set(sentence, (notes.get(sentence) ?? new Set()).add(name));
    const read = (which: SchemaFileKind, list: readonly SchemaFile[]): SchemaVersion => ({
      name,
      schema: readSchemaFiles(list, which, `${name}:${FOLDERS[which]}/`),
    });
    try {
      if (found !== undefined && found[kind].length > 0) return read(kind, found[kind]);
      if (kind === 'contracts' && found !== undefined && found.snapshot.length > 0) {
        note(
          `no ${FOLDERS.contracts} there; the snapshot stands in, which knows no keys, writers, decimals and ranges.`,
        );
        return read('snapshot', found.snapshot);
      }
    } catch (error) {
      if (!(error instanceof TipoffError) || ends.includes(revision)) throw error;
      note(`${error.message}. This version is left out.`);
      return undefined;
    }
    note(`no ${FOLDERS[kind]} there; nothing is compared with it.`);
    return undefined;
  };
  return (revision) => {
    if (!known.has(revision)) known.set(revision, readNow(revision));
    return known.get(revision);
  };
}

/** Refuses a last revision without contracts, because changes of keys and writers would go unnoticed. */
function refuseLostContracts(
  files: ReadonlyMap<string, FilesAt>,
  last: string,
  names: ReadonlyMap<string, string>,
): void {
  if (files.get(last)?.contracts.length !== 0) return;
  const had = [...files].find(([, { contracts }]) => contracts.length > 0)?.[0];
  if (had === undefined) return;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected ${FOLDERS.contracts} at ${names.get(last)} as at ${names.get(had)}, saw none`,
    {
      hint: 'Write it with `npm run docs` and commit it.',
    },
  );
}

function isSame(a: readonly SchemaFile[] = [], b: readonly SchemaFile[] = []): boolean {
  return a.length === b.length && a.every(({ path, text }, i) => path === b[i]?.path && text === b[i]?.text);
}

import { execFile, spawn } from 'node:child_process';
import { text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** A commit that changed a path, with its first parent. */
export interface Change {
  readonly commit: string;
  readonly parent: string;
}

/** The range of commits that a change consists of. */
export interface CommitRange {
  /** Where it began: the common ancestor of base and head. */
  readonly from: string;
  readonly to: string;
  /** True when base has moved on since. */
  readonly baseMoved: boolean;
}

/**
 * Finds the commits between two revisions. Throws TIPOFF_BAD_INPUT for an unknown revision and for two without a common
 * ancestor; both happen in a shallow clone.
 */
export async function commitRange(root: string, base: string, head: string): Promise<CommitRange> {
  const [tip, to] = await commitsOf(root, base, head);
  if (tip === to) return { from: tip, to, baseMoved: false };
  try {
    const from = (await git(root, 'merge-base', tip, to)).trim();
    return { from, to, baseMoved: from !== tip };
  } catch (cause) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a common ancestor of "${base}" and "${head}", saw none in this clone`,
      {
        hint: await hintOf(root),
        cause,
      },
    );
  }
}

/**
 * The commits of a range that changed one of the paths, along first parents, oldest first. A merge that only brought in what base
 * already had is not one of them.
 */
export async function changesOf(
  root: string,
  { from, to }: CommitRange,
  paths: readonly string[],
): Promise<Change[]> {
  if (from === to) return [];
  const lines = (
    await git(root, 'log', '--first-parent', '--reverse', '--format=%H %P', `${from}..${to}`, '--', ...paths)
  ).split('\n');
  const commits = lines.filter((line) => line !== '').map((line) => line.split(' '));
  const isMerge = commits.some(([, , second]) => second !== undefined);
  const own = isMerge
    ? new Set((await git(root, 'rev-list', `${from}..${to}`)).split('\n'))
    : new Set<string>();
  return commits.flatMap(([commit = '', parent, ...others]) =>
    parent === undefined || (others.length > 0 && others.every((other) => !own.has(other)))
      ? []
      : [{ commit, parent }],
  );
}

/** Paths of the files that differ over a range, optionally including the working tree. A moved file appears under both names. */
export async function changedFiles(
  root: string,
  { from, to }: CommitRange,
  withWorkingTree: boolean,
): Promise<string[]> {
  const diff = ['diff', '--name-only', '--no-renames', '-z'];
  const lists = withWorkingTree
    ? await Promise.all([
        git(root, ...diff, from),
        git(root, 'ls-files', '--others', '--exclude-standard', '-z'),
      ])
    : [await git(root, ...diff, from, to)];
  return lists.flatMap((list) => list.split('\0')).filter((name) => name !== '');
}

/**
 * Reads objects by name (`commit:path`) in one go, in their order; undefined for one that is not there. Trees come as git
 * stores them.
 */
export async function readObjects(root: string, names: readonly string[]): Promise<(Buffer | undefined)[]> {
  if (names.length === 0) return [];
  const child = spawn('git', ['-C', root, 'cat-file', '--batch'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(names.map((name) => `${name}\n`).join(''));
  const [parts, problem, code] = await Promise.all([
    child.stdout.toArray() as Promise<Buffer[]>,
    textOf(child.stderr),
    ended,
  ]);
  if (code !== 0)
    throw new TipoffError(
      'TIPOFF_STORAGE',
      `expected git to read ${names.length} objects of ${root}, saw: ${problem.trim()}`,
      {
        hint: 'Look at the clone with `git fsck`.',
      },
    );
  return objectsIn(Buffer.concat(parts), names.length);
}

function objectsIn(answer: Buffer, count: number): (Buffer | undefined)[] {
  let at = 0;
  return Array.from({ length: count }, () => {
    const end = answer.indexOf('\n', at);
    const size = /^[0-9a-f]+ \w+ (\d+)$/.exec(answer.toString('utf8', at, end))?.[1];
    at = end + 1;
    if (size === undefined) return undefined;
    const content = answer.subarray(at, at + Number(size));
    at += Number(size) + 1;
    return content;
  });
}

/** The regular files of a tree object, by name, with the ids of their contents. */
export function filesOfTree(tree: Buffer, idBytes: number): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; at < tree.length; ) {
    const end = tree.indexOf(0, at);
    const [mode = '', name = ''] = tree.toString('utf8', at, end).split(/ (.*)/s);
    at = end + 1 + idBytes;
    if (mode.startsWith('100')) files.set(name, tree.toString('hex', end + 1, at));
  }
  return files;
}

async function commitsOf(root: string, base: string, head: string): Promise<readonly [string, string]> {
  // A revision that looks like an option must not be parsed as one.
  for (const revision of [base, head]) {
    if (revision.startsWith('-'))
      throw await unknown(root, revision, 'a revision does not start with a hyphen');
  }
  try {
    const [tip = '', to = ''] = (await git(root, 'rev-parse', `${base}^{commit}`, `${head}^{commit}`)).split(
      '\n',
    );
    return [tip, to];
  } catch (cause) {
    if (cause instanceof TipoffError) throw cause;
    const named =
      [base, head].find((revision) => messageOf(cause).includes(`'${revision}^{commit}'`)) ?? base;
    throw await unknown(root, named, 'git does not know it', cause);
  }
}

async function unknown(root: string, revision: string, why: string, cause?: unknown): Promise<TipoffError> {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a revision of this repository, saw "${revision}": ${why}`,
    {
      hint: await hintOf(root),
      ...omitUndefined({ cause }),
    },
  );
}

/** What to do about a revision that is not there; a shallow clone is by far the most frequent reason. */
async function hintOf(root: string): Promise<string> {
  const isShallow = (await git(root, 'rev-parse', '--is-shallow-repository')).trim() === 'true';
  return isShallow
    ? 'This clone is shallow: run `git fetch --unshallow`, or check out with `fetch-depth: 0` in a workflow.'
    : 'Fetch it (`git fetch`), or name another revision.';
}

async function git(root: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run('git', ['-C', root, ...args], { maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    const message = messageOf(error);
    if (!/ENOENT|not a git repository/.test(message)) throw error;
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a git repository in ${root} and git to read it, saw neither`,
      {
        hint: 'Revisions are compared by git: install it, and name the root of a clone with --repository.',
        cause: error,
      },
    );
  }
}

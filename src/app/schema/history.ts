import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { SchemaVersion } from '#guard/schema/diff.ts';
import { readSnapshot } from '#guard/schema/snapshot.ts';
import { SNAPSHOT_FOLDER } from './repository.ts';

const run = promisify(execFile);
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The snapshots of a repository from one revision to another: at `base`, at every commit between that changed them (first
 * parents, oldest first), and at `head`. Revisions without a snapshot are left out. Throws TIPOFF_BAD_INPUT for a revision
 * that git does not know.
 */
export async function snapshotHistory(root: string, base: string, head: string): Promise<SchemaVersion[]> {
  const [from, to] = [await commitOf(root, base), await commitOf(root, head)];
  const between = (await git(root, 'rev-list', '--reverse', '--first-parent', `${from}..${to}`, '--', SNAPSHOT_FOLDER))
    .split('\n')
    .filter((line) => line !== '');
  const commits = [...new Set([from, ...between, to])];
  const versions = await Promise.all(commits.map(async (commit) => ({ commit, files: await filesAt(root, commit) })));
  return versions
    .filter(({ files }) => files.length > 0)
    .map(({ commit, files }) => ({
      name: commit === from ? base : commit === to ? head : commit.slice(0, 12),
      schema: readSnapshot(files),
    }));
}

/**
 * Paths of the files that differ between where a change began (the common ancestor of two revisions) and its end. A file that
 * moved is there under both names.
 */
export async function changedFiles(root: string, base: string, head: string): Promise<string[]> {
  const [from, to] = [await commitOf(root, base), await commitOf(root, head)];
  const names = await git(root, 'diff', '--name-only', '--no-renames', '-z', `${from}...${to}`);
  return names.split('\0').filter((name) => name !== '');
}

async function filesAt(root: string, commit: string): Promise<{ path: string; text: string }[]> {
  const names = (await git(root, 'ls-tree', '-r', '--name-only', commit, '--', SNAPSHOT_FOLDER))
    .split('\n')
    .filter((name) => name.endsWith('.json'));
  return Promise.all(
    names.map(async (name) => ({ path: name.slice(SNAPSHOT_FOLDER.length + 1), text: await git(root, 'show', `${commit}:${name}`) })),
  );
}

async function commitOf(root: string, revision: string): Promise<string> {
  // A revision that looks like an option must not become one.
  if (revision.startsWith('-')) throw unknown(revision, 'a revision does not start with a hyphen');
  try {
    return (await git(root, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`)).trim();
  } catch (cause) {
    throw unknown(revision, messageOf(cause), cause);
  }
}

function unknown(revision: string, why: string, cause?: unknown): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `expected a revision of this repository, saw "${revision}" (${why.split('\n')[0]})`, {
    hint: 'Fetch it (`git fetch`, or fetch-depth: 0 in a workflow), or name another one.',
    ...(cause === undefined ? {} : { cause }),
  });
}

async function git(root: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', root, ...args], { maxBuffer: MOST_BYTES });
  return stdout;
}

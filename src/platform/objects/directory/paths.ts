import { TipoffError } from '#core/errors.ts';

/** Where the store keeps content types and unfinished writes; no object may live there. */
export const META = '.meta';

/** Refuses what could leave the store or name one object twice; TIPOFF_BAD_INPUT. Returns the segments. */
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

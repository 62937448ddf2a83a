import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and its missing parents, trying each once. (Node's recursive mkdir loops forever where a folder cannot be
 * created although its parent exists.) Throws the error of the file system.
 */
export function makeWithParents(path: string, mode?: number): void {
  const isThere = (): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isThere()) return;
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeWithParents(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process made it at the same moment.
    if (!isThere()) throw error;
  }
}

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, each once. Node's own way tries without end where a folder cannot be made although its
 * parent is there. Throws what the system says.
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

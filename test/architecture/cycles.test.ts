import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Files that the linter lets import each other in a circle, which are to be taken apart. Every other circle, one of types alone
 * included, is an error of `npm run lint`.
 */
function exemptFromCycles(): string[] {
  const { overrides } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as {
    overrides: { includes: string[]; linter?: { rules?: { suspicious?: { noImportCycles?: unknown } } } }[];
  };
  return overrides.flatMap(({ includes, linter }) =>
    linter?.rules?.suspicious?.noImportCycles === 'off' ? includes : [],
  );
}

/** The modules of this repository that a module names in `from '…'`. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/from '(#[a-z]+\/|\.\/)([^']+)'/g)].map(([, room = '', rest = '']) =>
    room === './'
      ? join(dirname(file), rest)
      : join(room.startsWith('#test') ? 'test' : `src/${room.slice(1)}`, rest),
  );
}

/** True when following imports from a file leads back to it. */
function isInCircle(file: string): boolean {
  const seen = new Set<string>();
  const next = importsOf(file);
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (at === file) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    next.push(...importsOf(at));
  }
  return false;
}

it('the list of files that may import each other in a circle names only files that still do', () => {
  const gone = exemptFromCycles().filter((file) => !existsSync(join(ROOT, file)) || !isInCircle(file));
  expect(gone, 'take them off the list in biome.json').toEqual([]);
});

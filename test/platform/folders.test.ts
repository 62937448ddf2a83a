import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeWithParents } from '#platform/folders.ts';
import { temporaryFolder } from './temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

it('makes a folder with those above it, and leaves one that is there', () => {
  const path = join(folder.path, 'a', 'b', 'c');
  makeWithParents(path);
  makeWithParents(path);
  expect(existsSync(path)).toBe(true);
});

it('throws where a file is in the way', () => {
  writeFileSync(join(folder.path, 'a'), '');
  expect(() => makeWithParents(join(folder.path, 'a', 'b'))).toThrow(/ENOTDIR|EEXIST/);
});

it.skipIf(!existsSync('/proc/self'))(
  'ends where nothing can be made, which Node’s own way never does',
  () => {
    expect(() => makeWithParents('/proc/tipoff/home')).toThrow('ENOENT');
  },
);

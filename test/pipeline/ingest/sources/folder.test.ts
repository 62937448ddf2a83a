import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesAt, folderFiles } from '#pipeline/ingest/sources/folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tipoff-folder-'));
  await mkdir(join(root, 'b', 'c'), { recursive: true });
  await writeFile(join(root, 'z.csv'), 'z');
  await writeFile(join(root, 'b', 'c', 'one.csv'), 'one');
  await writeFile(join(root, 'b', 'B.csv'), 'B');
});
afterEach(() => rm(root, { recursive: true }));

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

test('a folder gives the files below it, sorted, with paths below the folder', async () => {
  const files = await folderFiles(root);
  expect(files.map(({ path }) => path)).toEqual(['b/B.csv', 'b/c/one.csv', 'z.csv']);
  expect(text(await files[1]?.read())).toBe('one');
});

test('a file gives itself', async () => {
  const files = await folderFiles(join(root, 'z.csv'));
  expect(files.map(({ path }) => path)).toEqual(['z.csv']);
});

test('files are read when their turn comes, and one that is gone by then says so', async () => {
  const [file] = await folderFiles(join(root, 'z.csv'));
  await rm(join(root, 'z.csv'));
  await expect(file?.read()).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND', message: expect.stringContaining('z.csv') });
});

test('a missing path is TIPOFF_NOT_FOUND; among several paths it becomes a file that fails', async () => {
  const missing = join(root, 'nowhere');
  await expect(folderFiles(missing)).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
  const files = await filesAt([missing, join(root, 'b')]);
  expect(files.map(({ path }) => path)).toEqual([missing, 'B.csv', 'c/one.csv']);
  await expect(files[0]?.read()).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
});

test('links are followed, links in a circle end, and a dangling link is listed and fails when read', async () => {
  await symlink(root, join(root, 'b', 'up'));
  await symlink(join(root, 'gone'), join(root, 'dangling.csv'));
  await symlink(join(root, 'z.csv'), join(root, 'link.csv'));
  const files = await folderFiles(root);
  expect(files.map(({ path }) => path)).toEqual(['b/B.csv', 'b/c/one.csv', 'dangling.csv', 'link.csv', 'z.csv']);
  await expect(files[2]?.read()).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesAt, folderFiles } from '#pipeline/ingest/folder.ts';

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
  await expect(file?.read()).rejects.toMatchObject({
    code: 'TIPOFF_NOT_FOUND',
    message: expect.stringContaining('z.csv'),
  });
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
  expect(files.map(({ path }) => path)).toEqual([
    'b/B.csv',
    'b/c/one.csv',
    'dangling.csv',
    'link.csv',
    'z.csv',
  ]);
  await expect(files[2]?.read()).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
});

test('a folder without files is refused, alone and as a file that fails among several paths', async () => {
  await mkdir(join(root, 'bare', 'within'), { recursive: true });
  const bare = join(root, 'bare');
  await expect(folderFiles(bare)).rejects.toMatchObject({
    code: 'TIPOFF_BAD_INPUT',
    message: expect.stringContaining('empty folder'),
  });
  const [first, ...rest] = await filesAt([bare, join(root, 'z.csv')]);
  expect(rest.map(({ path }) => path)).toEqual(['z.csv']);
  await expect(first?.read()).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
});

test('what is neither file nor folder is refused at once instead of being waited for', async () => {
  const path = join(root, 'b', 'socket.csv');
  const server = createServer();
  await new Promise<void>((listening) => server.listen(path, listening));
  try {
    const files = await folderFiles(join(root, 'b'));
    const socket = files.find((file) => file.path === 'socket.csv');
    await expect(socket?.read()).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      message: expect.stringContaining('a pipe or a device'),
    });
  } finally {
    await new Promise((closed) => server.close(closed));
  }
});

test('only a path that was given as such is a named file', async () => {
  const files = await filesAt([join(root, 'z.csv'), join(root, 'b')]);
  expect(files.map(({ path, isNamed }) => [path, isNamed === true])).toEqual([
    ['z.csv', true],
    ['B.csv', false],
    ['c/one.csv', false],
  ]);
});

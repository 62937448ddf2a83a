import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { directoryObjects } from '#platform/objects/directory.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const TEXT = { contentType: 'text/plain' };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'objects');
});
afterEach(() => folder.remove());

it('keeps an object as a plain file that people can open, under the SHA-256 of its content', async () => {
  const store = directoryObjects(root);
  const { etag } = await store.put('picks/2025-01-10.json', '{}', {
    contentType: 'application/json',
    cacheControl: 'max-age=60',
  });
  expect(store.locate('picks/2025-01-10.json')).toBe(join(root, 'picks', '2025-01-10.json'));
  expect(await readFile(store.locate('picks/2025-01-10.json'), 'utf8')).toBe('{}');
  expect(etag).toBe(createHash('sha256').update('{}').digest('hex'));
  const sidecar = await readFile(
    join(root, '.meta', 'objects', 'picks', '2025-01-10.json', `${etag}.json`),
    'utf8',
  );
  expect(JSON.parse(sidecar)).toEqual({ contentType: 'application/json', cacheControl: 'max-age=60' });
});

it('leaves neither temporary files nor outdated sidecars', async () => {
  const store = directoryObjects(root);
  for (const text of ['1', '2', '3']) await store.put('a/b', text, TEXT);
  await expect(store.put('a/b', '4', { ...TEXT, ifMatch: '' })).rejects.toThrow();
  expect(await readdir(join(root, '.meta', 'tmp'))).toEqual([]);
  expect(await readdir(join(root, '.meta', 'objects', 'a', 'b'))).toHaveLength(1);
  await store.delete('a/b');
  expect([await readdir(root), await readdir(join(root, '.meta', 'objects'))]).toEqual([['.meta'], []]);
});

it('serves a file put there by hand, with an etag and an unknown type', async () => {
  await mkdir(root);
  await writeFile(join(root, 'notes.txt'), 'by hand');
  const store = directoryObjects(root);
  expect(await store.get('notes.txt')).toMatchObject({ contentType: 'application/octet-stream' });
  expect(await store.list('')).toEqual(['notes.txt']);
});

it('does not believe a sidecar whose bytes were changed by hand', async () => {
  const store = directoryObjects(root);
  const { etag } = await store.put('a', '{}', { contentType: 'application/json' });
  await writeFile(store.locate('a'), 'something else');
  expect(await store.get('a')).toMatchObject({ contentType: 'application/octet-stream' });
  await expect(store.put('a', '{}', { ...TEXT, ifMatch: etag })).rejects.toMatchObject({
    code: 'TIPOFF_CONFLICT',
  });
});

it('refuses an object under another one, either way, and changes neither', async () => {
  const store = directoryObjects(root);
  await store.put('a/b', '1', TEXT);
  await expect(store.put('a', '2', TEXT)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
  await expect(store.put('a/b/c', '3', TEXT)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
  expect(await store.list('')).toEqual(['a/b']);
  expect([await store.get('a'), await store.get('a/b/c'), await store.delete('a')]).toEqual([
    undefined,
    undefined,
    false,
  ]);
  expect(await readdir(join(root, '.meta', 'tmp'))).toEqual([]);
});

it('writes and deletes side by side in a folder that comes and goes', async () => {
  const store = directoryObjects(root);
  const work = Array.from({ length: 3 }, async (_, i) => {
    for (let round = 0; round < 80; round++) {
      await store.put(`shared/deep/${i}`, String(i), TEXT);
      await store.delete(`shared/deep/${i}`);
    }
  });
  await Promise.all(work);
  expect(await store.list('')).toEqual([]);
});

it('never changes the bytes under a reader who has the file open', async () => {
  const store = directoryObjects(root);
  await store.put('a', 'first', TEXT);
  const reader = await open(store.locate('a'));
  await store.put('a', 'second, and longer', TEXT);
  expect(await reader.readFile('utf8')).toBe('first');
  await reader.close();
});

it('does nothing before the first write', async () => {
  directoryObjects(root);
  await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('calls a store that cannot be read an error, not empty', async () => {
  await symlink(root, root);
  const store = directoryObjects(root);
  await expect(store.list('')).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
  await expect(store.get('a')).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
  await expect(store.put('a', '1', TEXT)).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
  await expect(store.delete('a')).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
});

it('does not take a file for an empty store', async () => {
  await writeFile(root, 'not a folder');
  await expect(directoryObjects(root).list('')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
});

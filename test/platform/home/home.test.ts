import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import { type HomeOptions, homeOwner, homePaths, openHome, requireHome } from '#platform/home.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dir: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  dir = join(folder.path, 'home');
});
afterEach(() => folder.remove());

/** No process has this number: Linux gives out 4,194,304 at most. */
const NOBODY = 99_999_999;
const options = (command = 'day 2025-01-10', pid?: number): HomeOptions => ({
  command,
  clock: virtualClock('2025-01-10T15:00:00Z'),
  ...(pid === undefined ? {} : { pid }),
});
const lockText = (): Promise<string> => readFile(join(dir, 'home.lock'), 'utf8');
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

it('creates the folders, for the user only, and says what lies where', async () => {
  const home = await openHome(dir, options());
  expect(home.dir).toBe(dir);
  expect(home.paths).toEqual({
    warehouse: join(dir, 'warehouse.duckdb'),
    state: join(dir, 'state.sqlite'),
    objects: join(dir, 'objects'),
    models: join(dir, 'models'),
    logs: join(dir, 'logs'),
  });
  expect(homePaths(dir)).toEqual(home.paths);
  for (const path of [dir, home.paths.objects, home.paths.models, home.paths.logs])
    expect(await modeOf(path)).toBe(0o700);
  expect(home.takenOver).toBeUndefined();
  await home.release();
});

it('is refused where its folder cannot be made, and makes the folders above it where it can', async () => {
  await expect(openHome('/proc/tipoff/home', options())).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
  const deep = await openHome(join(dir, 'deep', 'er'), options());
  expect(await modeOf(deep.dir)).toBe(0o700);
  await deep.release();
});

it('notes its owner in home.lock, and removes the note with release', async () => {
  const home = await openHome(dir, options());
  expect(JSON.parse(await lockText())).toMatchObject({
    pid: process.pid,
    command: 'day 2025-01-10',
    startedAt: '2025-01-10T15:00:00.000Z',
  });
  expect(await homeOwner(dir)).toEqual({
    pid: process.pid,
    command: 'day 2025-01-10',
    startedAt: '2025-01-10T15:00:00.000Z',
  });
  await home.release();
  await home.release();
  expect([await homeOwner(dir), (await readdir(dir)).filter((name) => name.startsWith('home.lock'))]).toEqual(
    [undefined, []],
  );
  await (await openHome(dir, options())).release();
});

it('refuses a second owner, naming the first, its command and since when', async () => {
  const home = await openHome(dir, options('serve'));
  await expect(openHome(dir, options())).rejects.toMatchObject({
    code: 'TIPOFF_HOME_LOCKED',
    message: expect.stringMatching(
      new RegExp(`process ${process.pid} \\(serve\\) since 2025-01-10T15:00:00`),
    ),
    details: { pid: process.pid, command: 'serve' },
  });
  expect(JSON.parse(await lockText())).toMatchObject({ command: 'serve' });
  await home.release();
});

it('leaves address and key for others, in a file only the user can read, and keeps the key out of errors', async () => {
  const home = await openHome(dir, options('serve'));
  await home.announce({ address: 'http://127.0.0.1:8080', key: 'very-secret' });
  expect(await homeOwner(dir)).toMatchObject({
    pid: process.pid,
    address: 'http://127.0.0.1:8080',
    key: 'very-secret',
  });
  expect(await modeOf(join(dir, 'home.lock'))).toBe(0o600);
  const refusal = await openHome(dir, options()).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'TIPOFF_HOME_LOCKED',
    hint: expect.stringContaining('http://127.0.0.1:8080'),
  });
  expect(JSON.stringify(refusal) + String(refusal)).not.toContain('very-secret');
  await home.release();
  expect(await homeOwner(dir)).toBeUndefined();
});

it('takes over from a process that is gone, and says so', async () => {
  await openHome(dir, options('serve', NOBODY));
  expect(await homeOwner(dir)).toBeUndefined();
  const home = await openHome(dir, options());
  expect(home.takenOver).toEqual({
    from: { pid: NOBODY, command: 'serve', startedAt: '2025-01-10T15:00:00.000Z' },
    message: `took over the home ${dir} from process ${NOBODY} (serve, since 2025-01-10T15:00:00.000Z), which ended without releasing it`,
  });
  expect(JSON.parse(await lockText())).toMatchObject({ pid: process.pid });
  await home.release();
});

it.skipIf(process.platform !== 'linux')(
  'takes over when the number of a dead process was given to another one',
  async () => {
    await openHome(dir, options('serve'));
    const lock = JSON.parse(await lockText());
    await writeFile(
      join(dir, 'home.lock'),
      JSON.stringify({ ...lock, processStart: `${lock.processStart}0` }),
    );
    const home = await openHome(dir, options());
    expect(home.takenOver?.from).toMatchObject({ pid: process.pid, command: 'serve' });
    await home.release();
  },
);

it('believes the number of a running process when its beginning is unknown', async () => {
  await openHome(dir, options('serve'));
  const { processStart: _, ...lock } = JSON.parse(await lockText());
  await writeFile(join(dir, 'home.lock'), JSON.stringify(lock));
  await expect(openHome(dir, options())).rejects.toMatchObject({ code: 'TIPOFF_HOME_LOCKED' });
});

it('does not touch the lock of those who took over', async () => {
  const old = await openHome(dir, options('serve', NOBODY));
  const home = await openHome(dir, options());
  await old.release();
  expect(await homeOwner(dir)).toMatchObject({ command: 'day 2025-01-10' });
  await expect(old.announce({ address: 'http://127.0.0.1:1', key: 'k' })).rejects.toMatchObject({
    code: 'TIPOFF_HOME_LOCKED',
  });
  expect(await homeOwner(dir)).not.toHaveProperty('address');
  await home.release();
});

it('notices when somebody deleted its lock', async () => {
  const home = await openHome(dir, options('serve'));
  await rm(join(dir, 'home.lock'));
  await expect(home.announce({ address: 'http://127.0.0.1:1', key: 'k' })).rejects.toMatchObject({
    code: 'TIPOFF_HOME_LOCKED',
    message: expect.stringContaining('removed'),
  });
});

it.each(['', '{', '{"pid":"1"}', '{"pid":-1,"command":"x","startedAt":"x","token":"x"}', 'null'])(
  'does not guess about a lock that says %j',
  async (text) => {
    await mkdir(dir);
    await writeFile(join(dir, 'home.lock'), text);
    await expect(openHome(dir, options())).rejects.toMatchObject({
      code: 'TIPOFF_HOME_LOCKED',
      hint: expect.stringContaining('home.lock'),
    });
    expect(await lockText()).toBe(text);
  },
);

it('calls a home that is no folder by its name', async () => {
  await writeFile(dir, 'a file');
  await expect(openHome(dir, options())).rejects.toMatchObject({
    code: 'TIPOFF_STORAGE',
    message: expect.stringContaining(dir),
  });
  expect(await homeOwner(join(folder.path, 'nothing here'))).toBeUndefined();
});

it('gives the home free when its folders cannot be made', async () => {
  await mkdir(dir);
  await writeFile(join(dir, 'models'), 'a file');
  await expect(openHome(dir, options())).rejects.toMatchObject({ code: 'TIPOFF_STORAGE' });
  expect(await homeOwner(dir)).toBeUndefined();
});

it('does not take a home that it cannot look into for a missing one', async () => {
  expect(() => requireHome(dir)).toThrow('saw none');
  // What a folder of another user is to anybody but the superuser, who runs tests as well.
  await symlink(dir, dir);
  expect(() => requireHome(dir)).toThrow(`the home ${dir} cannot be used: ELOOP`);
});

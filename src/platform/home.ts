import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import { makeWithParents } from './folders.ts';
import { openSqliteFile } from './sqlite.ts';

/** The owner of an embedded home, as recorded in its `home.lock`. */
export interface HomeOwner {
  readonly pid: number;
  readonly command: string;
  /** When it took the home; an instant, UTC. */
  readonly startedAt: string;
  /** Where `serve` answers, once it does. */
  readonly address?: string;
  /** The API key of `serve`. Secret: never in an error or a log. */
  readonly key?: string;
}

/** The content of the lock file: the owner, and what distinguishes it from every earlier one. */
interface HomeLock extends HomeOwner {
  readonly token: string;
  /** When the process itself started, according to the operating system; absent where unknown. */
  readonly processStart?: string;
}

const LOCK = 'home.lock';
const GUARD = 'home.guard.sqlite';

/**
 * Changes the lock file while no other process can. The guard is a SQLite write lock, which the operating system releases when
 * its holder dies, so the guard itself can never be left behind. `work` must be short.
 */
function guardingLock<T>(dir: string, work: () => T): T {
  const guard = openSqliteFile(join(dir, GUARD), '');
  try {
    return guard.writing(work);
  } finally {
    guard.close();
  }
}

/** The lock file's content, undefined when there is none. TIPOFF_HOME_LOCKED when it cannot be understood. */
function readLock(dir: string): HomeLock | undefined {
  const path = join(dir, LOCK);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw homeError(dir, error);
  }
  const lock = parseLock(text);
  if (lock !== undefined) return lock;
  throw new TipoffError('TIPOFF_HOME_LOCKED', `expected an owner's entry in ${path}, saw something else`, {
    hint: `Make sure that no process of Tipoff uses ${dir}, then delete ${path}.`,
    details: { path },
  });
}

/** Puts a complete lock file in place in one step, readable by its owner only. */
function writeLock(dir: string, lock: HomeLock): void {
  const temporary = join(dir, `${LOCK}.${randomUUID()}`);
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, `${JSON.stringify(lock)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, join(dir, LOCK));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw homeError(dir, error);
  }
}

/** Removes the lock file. */
function removeLock(dir: string): void {
  rmSync(join(dir, LOCK), { force: true });
}

/**
 * True while the process that wrote the lock runs. A process with the same number that began at another moment is
 * another process; where the system does not tell when a process started, the number decides.
 */
function isHeld(lock: HomeLock): boolean {
  if (!isAlive(lock.pid)) return false;
  const stat = processStat(lock.pid);
  if (stat === undefined) return true;
  // Z and X: dead, and only waiting for its parent to ask about it.
  if (stat.state === 'Z' || stat.state === 'X') return false;
  return lock.processStart === undefined || stat.start === lock.processStart;
}

/** When a running process began, as boot id and clock ticks since that boot; undefined where /proc does not tell. */
function processStart(pid: number): string | undefined {
  return processStat(pid)?.start;
}

function processStat(pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in parentheses, with whatever characters it likes; fields 3 and 22 count.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { state: fields[0] ?? '', start: `${boot}/${fields[19]}` };
  } catch {
    // No /proc (macOS, Windows), or the process has just gone, which isAlive has its own way to find out.
    return undefined;
  }
}

/** The typed error for a home that cannot be used. */
function homeError(dir: string, error: unknown): TipoffError {
  if (error instanceof TipoffError) return error;
  return new TipoffError('TIPOFF_STORAGE', `the home ${dir} cannot be used: ${messageOf(error)}`, {
    hint: 'Check that it is a folder you may write to, and that the disk has room.',
    details: { dir },
    cause: error,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parseLock(text: string): HomeLock | undefined {
  try {
    const lock = JSON.parse(text) as Partial<HomeLock> | null;
    const complete =
      Number.isSafeInteger(lock?.pid) &&
      Number(lock?.pid) > 0 &&
      [lock?.command, lock?.startedAt, lock?.token].every((field) => typeof field === 'string');
    return complete ? (lock as HomeLock) : undefined;
  } catch {
    return undefined;
  }
}

/** The layout of an embedded home; absolute paths. */
export interface HomePaths {
  /** The DuckDB file. */
  readonly warehouse: string;
  /** The SQLite file of state store and queue. */
  readonly state: string;
  /** Folder of the exports. */
  readonly objects: string;
  /** Folder of the model artefacts. */
  readonly models: string;
  /** Folder of the logs. */
  readonly logs: string;
}

/** An embedded home this process owns until `release`. */
export interface Home {
  readonly dir: string;
  readonly paths: HomePaths;
  /** Set when the home was taken over from a process that died without releasing it; tell the user `message`. */
  readonly takenOver?: { readonly from: HomeOwner; readonly message: string };
  /** Leaves the address and key of `serve` for other processes. TIPOFF_HOME_LOCKED when the home is no longer ours. */
  announce(at: { readonly address: string; readonly key: string }): Promise<void>;
  /** Releases the home. Idempotent; leaves a lock alone that is no longer ours. */
  release(): Promise<void>;
}

export interface HomeOptions {
  /** What the owner is doing, for processes that find the home taken: `serve`, `day 2025-01-10`. */
  readonly command: string;
  readonly clock: Clock;
  /** The owning process; this one by default. */
  readonly pid?: number;
}

/**
 * Takes an embedded home for this process, creating it (for the user only, 0700) if need be. Throws TIPOFF_HOME_LOCKED,
 * naming the owner, while another process has it; takes over from one that died; TIPOFF_STORAGE when it cannot be used.
 */
export async function openHome(dir: string, options: HomeOptions): Promise<Home> {
  const home = resolve(dir);
  const paths = homePaths(home);
  makeFolder(home, home);
  const { pid = process.pid } = options;
  const start = processStart(pid);
  const mine: HomeLock = {
    pid,
    command: options.command,
    startedAt: options.clock.now().toISOString(),
    token: randomUUID(),
    ...omitUndefined({ processStart: start }),
  };
  const previous = guardingLock(home, () => {
    const found = readLock(home);
    if (found !== undefined && isHeld(found)) throw lockedBy(home, found);
    writeLock(home, mine);
    return found;
  });
  const holding = (): boolean => readLock(home)?.token === mine.token;
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    guardingLock(home, () => {
      if (holding()) removeLock(home);
    });
    released = true;
  };
  try {
    for (const folder of [paths.objects, paths.models, paths.logs]) makeFolder(home, folder);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    dir: home,
    paths,
    ...(previous === undefined
      ? {}
      : { takenOver: { from: ownerOf(previous), message: takeoverMessage(home, previous) } }),
    announce: async ({ address, key }) =>
      guardingLock(home, () => {
        if (!holding()) throw homeLostError(home, readLock(home));
        writeLock(home, { ...mine, address, key });
      }),
    release,
  };
}

/**
 * The current owner of the home, with the address and key of a running `serve`; undefined when there is none (a lock left by a
 * dead process does not count). Changes nothing.
 */
export async function homeOwner(dir: string): Promise<HomeOwner | undefined> {
  const found = readLock(resolve(dir));
  return found !== undefined && isHeld(found) ? ownerOf(found) : undefined;
}

/** Throws TIPOFF_NOT_FOUND where there is no home, and TIPOFF_STORAGE where nobody can look: one of another user is not missing. */
export function requireHome(dir: string): void {
  try {
    if (statSync(homePaths(dir).warehouse, { throwIfNoEntry: false }) !== undefined) return;
  } catch (error) {
    throw homeError(resolve(dir), error);
  }
  throw new TipoffError('TIPOFF_NOT_FOUND', `expected a home at ${resolve(dir)}, saw none`, {
    hint: 'Name the right folder with --home, or make a home: `tipoff demo`, `tipoff ingest <path>`, `tipoff fetch` or `tipoff restore`.',
    details: { home: resolve(dir) },
  });
}

/** The layout of a home, which need not exist. */
export function homePaths(dir: string): HomePaths {
  const home = resolve(dir);
  return {
    warehouse: join(home, 'warehouse.duckdb'),
    state: join(home, 'state.sqlite'),
    objects: join(home, 'objects'),
    models: join(home, 'models'),
    logs: join(home, 'logs'),
  };
}

function makeFolder(home: string, path: string): void {
  try {
    makeWithParents(path, 0o700);
  } catch (error) {
    throw homeError(home, error);
  }
}

function ownerOf({ token: _token, processStart: _start, ...owner }: HomeLock): HomeOwner {
  return owner;
}

function lockedBy(home: string, { pid, command, startedAt, address }: HomeOwner): TipoffError {
  return new TipoffError(
    'TIPOFF_HOME_LOCKED',
    `the home ${home} is in use by process ${pid} (${command}) since ${startedAt}`,
    {
      hint:
        address === undefined
          ? `Wait until process ${pid} has ended, stop it, or use another home with --home.`
          : `Process ${pid} answers at ${address}; stop it first if you need the home for yourself, or use another one with --home.`,
      details: { home, pid, command, startedAt, ...omitUndefined({ address }) },
    },
  );
}

function homeLostError(home: string, owner: HomeOwner | undefined): TipoffError {
  if (owner !== undefined) return lockedBy(home, owner);
  return new TipoffError(
    'TIPOFF_HOME_LOCKED',
    `the lock of the home ${home} was removed while this process used it`,
    {
      hint: 'Stop this process and start it again; nobody should delete home.lock by hand while it runs.',
      details: { home },
    },
  );
}

function takeoverMessage(home: string, { pid, command, startedAt }: HomeOwner): string {
  return `took over the home ${home} from process ${pid} (${command}, since ${startedAt}), which ended without releasing it`;
}

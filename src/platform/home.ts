import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import {
  guardingLock,
  type HomeLock,
  type HomeOwner,
  homeError,
  isHeld,
  processStart,
  readLock,
  removeLock,
  writeLock,
} from './home-lock.ts';

export type { HomeOwner } from './home-lock.ts';

/** What lies where in an embedded home; absolute paths. */
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
  /** Gives the home free. Idempotent; leaves a lock that is no longer ours alone. */
  release(): Promise<void>;
}

export interface HomeOptions {
  /** What the owner is doing, for those who find the home taken: `serve`, `day 2025-01-10`. */
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
    ...(start === undefined ? {} : { processStart: start }),
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
    ...(previous === undefined ? {} : { takenOver: { from: ownerOf(previous), message: takeoverMessage(home, previous) } }),
    announce: async ({ address, key }) =>
      guardingLock(home, () => {
        if (!holding()) throw lost(home, readLock(home));
        writeLock(home, { ...mine, address, key });
      }),
    release,
  };
}

/**
 * Who has the home at this moment, with the address and key of a running `serve`; undefined when nobody does (a lock
 * left by a dead process counts as nobody). Takes nothing and changes nothing.
 */
export async function homeOwner(dir: string): Promise<HomeOwner | undefined> {
  const found = readLock(resolve(dir));
  return found !== undefined && isHeld(found) ? ownerOf(found) : undefined;
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
    makeWithParents(path);
  } catch (error) {
    throw homeError(home, error);
  }
}

/** Makes each missing folder once. Node's own way tries without end where a folder cannot be made although its parent is there. */
function makeWithParents(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeWithParents(parent);
  mkdirSync(path, { mode: 0o700 });
}

function ownerOf({ token: _token, processStart: _start, ...owner }: HomeLock): HomeOwner {
  return owner;
}

function lockedBy(home: string, { pid, command, startedAt, address }: HomeOwner): TipoffError {
  return new TipoffError('TIPOFF_HOME_LOCKED', `the home ${home} is in use by process ${pid} (${command}) since ${startedAt}`, {
    hint:
      address === undefined
        ? `Wait until process ${pid} has ended, stop it, or use another home with --home.`
        : `Process ${pid} answers at ${address}; stop it first if you need the home for yourself, or use another one with --home.`,
    details: { home, pid, command, startedAt, ...(address === undefined ? {} : { address }) },
  });
}

function lost(home: string, owner: HomeOwner | undefined): TipoffError {
  if (owner !== undefined) return lockedBy(home, owner);
  return new TipoffError('TIPOFF_HOME_LOCKED', `the lock of the home ${home} was removed while this process used it`, {
    hint: 'Stop this process and start it again; nobody should delete home.lock by hand while it runs.',
    details: { home },
  });
}

function takeoverMessage(home: string, { pid, command, startedAt }: HomeOwner): string {
  return `took over the home ${home} from process ${pid} (${command}, since ${startedAt}), which ended without releasing it`;
}

import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import { openSqliteFile } from '#platform/sqlite/database.ts';

/** Who has an embedded home, as its `home.lock` says. */
export interface HomeOwner {
  readonly pid: number;
  readonly command: string;
  /** When it took the home; an instant, UTC. */
  readonly startedAt: string;
  /** Where `serve` answers, once it does. */
  readonly address?: string;
  /** What `serve` wants to see from those who call it. Secret: never in an error or a log. */
  readonly key?: string;
}

/** The content of the lock file: the owner, and what tells it from every other owner there ever was. */
export interface HomeLock extends HomeOwner {
  readonly token: string;
  /** When the process itself began, as the operating system tells it; absent where it does not. */
  readonly processStart?: string;
}

const LOCK = 'home.lock';
const GUARD = 'home.guard.sqlite';

/**
 * Runs a change of the lock file while nobody else can make one. The guard is a SQLite write lock, which the operating
 * system takes back when its holder dies, so the guard itself can never be left behind. `work` must be short.
 */
export function guardingLock<T>(dir: string, work: () => T): T {
  const guard = openSqliteFile(join(dir, GUARD), '');
  try {
    return guard.writing(work);
  } finally {
    guard.close();
  }
}

/** The lock file's content, undefined when there is none. TIPOFF_HOME_LOCKED when it cannot be understood. */
export function readLock(dir: string): HomeLock | undefined {
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
    hint: `Make sure that no tipoff process uses ${dir}, then delete ${path}.`,
    details: { path },
  });
}

/** Puts a complete lock file in place in one step, readable by its owner only. */
export function writeLock(dir: string, lock: HomeLock): void {
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
export function removeLock(dir: string): void {
  rmSync(join(dir, LOCK), { force: true });
}

/**
 * True while the process that wrote the lock runs. A process with the same number that began at another moment is
 * somebody else; where the system does not tell the beginning, the number decides.
 */
export function isHeld(lock: HomeLock): boolean {
  if (!isAlive(lock.pid)) return false;
  const stat = processStat(lock.pid);
  if (stat === undefined) return true;
  // Z and X: dead, and only waiting for its parent to ask about it.
  if (stat.state === 'Z' || stat.state === 'X') return false;
  return lock.processStart === undefined || stat.start === lock.processStart;
}

/** When a running process began, as boot id and clock ticks since that boot; undefined where /proc does not tell. */
export function processStart(pid: number): string | undefined {
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
export function homeError(dir: string, error: unknown): TipoffError {
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

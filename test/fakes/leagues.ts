import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type LeagueOptions, loadLeague, type SimulatedLeague, simulateLeague } from '#simulate/league.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Everything that decides what a file of raw rows looks like. */
const SOURCES = ['core', 'simulate', 'platform/warehouse', 'platform/clock.ts'].map((path) => `src/${path}`);
const FOLDER = join(tmpdir(), 'tipoff-test-leagues');
const DAY_MS = 86_400_000;

const leagues = new Map<string, SimulatedLeague>();
/** Digests of sources by their paths: they are read once per process. */
const digests = new Map<string, string>();

/** A league, simulated once per process and set of options: treat its rows as read-only. */
export function simulatedLeague(options: LeagueOptions): SimulatedLeague {
  const key = JSON.stringify(options);
  const league = leagues.get(key) ?? simulateLeague(options);
  leagues.set(key, league);
  return league;
}

/**
 * A warehouse in memory with all tables and the raw rows of a league, a copy of its own for every caller. The rows are written
 * to a file once. With an instant, only what was known by then is in it.
 */
export async function leagueWarehouse(options: LeagueOptions, knownAt?: string): Promise<Warehouse> {
  return openCopy(await leagueFile(options, knownAt));
}

/** The file with these rows: treat it as read-only, and copy it. */
export async function leagueFile(options: LeagueOptions, knownAt?: string): Promise<string> {
  return madeOnce(JSON.stringify([options, knownAt]), SOURCES, async (path) => {
    const warehouse = await openWarehouse({ path });
    const known = knownAt === undefined ? {} : { clock: virtualClock(knownAt) };
    await loadLeague(warehouse, simulatedLeague(options), known);
    await warehouse.close();
  });
}

/**
 * A file or folder that takes long to make and that nobody changes, made once: its name is a digest of what it is and of the
 * sources that decide what is in it (paths below the root of the repository), so that none is ever stale, whatever processes or
 * runs share it.
 */
export async function madeOnce(
  what: string,
  sources: readonly string[],
  make: (path: string) => Promise<void>,
): Promise<string> {
  const from = digests.get(sources.join()) ?? digestOf(sources.flatMap(contentsOf));
  digests.set(sources.join(), from);
  const path = join(FOLDER, digestOf([from, what]));
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  removeOld();
  // Two processes may make the same one at once; each of them names its own only when it is whole.
  const building = `${path}.${process.pid}`;
  await make(building);
  try {
    renameSync(building, path);
  } catch (error) {
    // A folder does not take the place of another one: that of the other process is the same.
    if (!existsSync(path)) throw error;
    rmSync(building, { recursive: true });
  }
  return path;
}

/** Files of earlier sources would pile up: those of yesterday go. */
function removeOld(): void {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (changed < Date.now() - DAY_MS) rmSync(path, { force: true, recursive: true });
  }
}

/** Names and texts of the files below a path of the repository. */
function contentsOf(path: string): string[] {
  const full = join(ROOT, path);
  if (!statSync(full).isDirectory()) return [path, readFileSync(full, 'utf8')];
  return readdirSync(full)
    .sort()
    .flatMap((name) => contentsOf(join(path, name)));
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 32);
}

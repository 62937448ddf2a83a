import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type LeagueOptions, loadLeague, type SimulatedLeague, simulateLeague } from '#simulate/league.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SRC = resolve(import.meta.dirname, '../../src');
/** Everything that decides what a file of raw rows looks like. */
const SOURCES = ['core', 'simulate', 'platform/warehouse', 'platform/clock.ts'];
const FOLDER = join(tmpdir(), 'tipoff-test-leagues');
const DAY_MS = 86_400_000;

const leagues = new Map<string, SimulatedLeague>();
let sources: string | undefined;

/** A league, simulated once per process and set of options: treat its rows as read-only. */
export function simulatedLeague(options: LeagueOptions): SimulatedLeague {
  const key = JSON.stringify(options);
  const league = leagues.get(key) ?? simulateLeague(options);
  leagues.set(key, league);
  return league;
}

/**
 * A warehouse in memory with all tables and the raw rows of a league, a copy of its own for every caller. The rows are written
 * to a file once; the file is named after the options and the content of all sources that decide what is in it, so that none
 * is ever stale, whatever processes or runs share it. With an instant, only what was known by then is in it.
 */
export async function leagueWarehouse(options: LeagueOptions, knownAt?: string): Promise<Warehouse> {
  const file = await leagueFile(options, knownAt);
  const warehouse = await openWarehouse({ tables: 'none' });
  await warehouse.execute(`ATTACH '${file}' AS league (READ_ONLY)`);
  await warehouse.execute('COPY FROM DATABASE league TO memory');
  await warehouse.execute('DETACH league');
  return warehouse;
}

async function leagueFile(options: LeagueOptions, knownAt: string | undefined): Promise<string> {
  sources ??= digestOf(SOURCES.flatMap(contentsOf));
  const file = join(FOLDER, `${digestOf([sources, JSON.stringify([options, knownAt])])}.duckdb`);
  if (existsSync(file)) return file;
  mkdirSync(FOLDER, { recursive: true });
  removeOld();
  // Two processes may build the same file at once; each of them names its own only when it is whole.
  const building = `${file}.${process.pid}`;
  const warehouse = await openWarehouse({ path: building });
  const known = knownAt === undefined ? {} : { clock: virtualClock(knownAt) };
  await loadLeague(warehouse, simulatedLeague(options), known);
  await warehouse.close();
  renameSync(building, file);
  return file;
}

/** Files of earlier sources would pile up: those of yesterday go. */
function removeOld(): void {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (changed < Date.now() - DAY_MS) rmSync(path, { force: true });
  }
}

/** Names and texts of the files below a path of src. */
function contentsOf(path: string): string[] {
  const full = join(SRC, path);
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

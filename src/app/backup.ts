import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { slateOf } from '#core/calendar.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { type LeftOut, readBackupRecord, writeBackupRecord } from '#guard/backup-record.ts';
import type { Seal } from '#platform/backup/seal.ts';
import { openVault, type Vault } from '#platform/backup/vault.ts';
import type { Clock } from '#platform/clock.ts';
import { type HomeOwner, homeOwner, homePaths, openHome, requireHome } from '#platform/home.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { LoadedTable } from '#platform/warehouse/duckdb/snapshot.ts';
import { type Manifest, manifestOf, packHome, readManifest, unpackHome } from './backup-packs.ts';

/** Number of newest generations to keep, besides the newest one of each recent day. */
const KEEP_NEWEST = 4;
/** Number of days for which the newest generation is kept. */
const KEEP_DAYS = 7;

/** What creating and reading back-ups needs. */
export interface BackupDeps {
  /** Folder of the embedded home. */
  readonly home: string;
  readonly store: ObjectStore;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly codeVersion: string;
}

/** A generation, summarised for people. */
export interface Generation {
  readonly generation: number;
  readonly created_at: string;
  readonly code_version: string;
  readonly rows: number;
  readonly documents: number;
  /** Stored bytes that the generation uses; generations share unchanged content. */
  readonly bytes: number;
  readonly location: string;
  /** Documents of earlier weeks that are not in it; the tables they are written from are. */
  readonly documents_left_out: LeftOut | null;
}

export interface CreatedBackup extends Generation {
  /** Bytes that had to be written for it. */
  readonly written: number;
  readonly pruned: { readonly generations: number; readonly packs: number };
}

/**
 * Saves the home as the next generation, verifies what was written, and only then removes old generations. Stored content is
 * never overwritten. Throws TIPOFF_CONFLICT when the store has a newer generation than the one this home comes from, which
 * means that another process has saved since; `adopt` saves regardless.
 */
export async function createBackup(
  deps: BackupDeps,
  { adopt = false, keep = KEEP_NEWEST }: { readonly adopt?: boolean; readonly keep?: number } = {},
): Promise<CreatedBackup> {
  const { clock, codeVersion, store, seal } = deps;
  requireHome(deps.home);
  const vault = openVault(store, seal);
  const lock = await openHome(deps.home, { command: 'backup create', clock });
  const scratch = join(lock.dir, '.backup');
  try {
    // What a killed run left.
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch);
    const record = await withState(deps.home, clock, readBackupRecord);
    const newest = (await vault.generations()).at(-1) ?? 0;
    if (newest !== (record?.newest ?? 0) && !adopt) throw overtaken(deps.home, newest, record?.newest);
    const generation = newest + 1;
    const createdAt = clock.now().toISOString();
    const head = { generation, created_at: createdAt, code_version: codeVersion };
    const base = await manifestOf(vault, record?.generation);
    const lacks = record?.documents_left_out ?? null;
    const { manifest, written } = await packHome(vault, lock.dir, scratch, head, { base, lacks });
    for (const name of written.keys()) await vault.pack(name);
    await vault.commit(generation, Buffer.from(JSON.stringify(manifest)));
    await readManifest(vault, generation);
    await withState(deps.home, clock, (state) =>
      writeBackupRecord(state, {
        generation,
        newest: generation,
        created_at: createdAt,
        verified_at: clock.now().toISOString(),
        refused: [],
        documents_left_out: lacks,
      }),
    );
    const pruned = await forget(vault, keep, clock.now());
    const bytes = [...written.values()].reduce((total, size) => total + size, 0);
    return { ...shown(vault, manifest), written: bytes, pruned };
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await lock.release();
  }
}

/** The generations, newest first. One whose manifest cannot be read is listed with the reason. */
export async function listBackups({
  store,
  seal,
}: Pick<BackupDeps, 'store' | 'seal'>): Promise<(Generation | { generation: number; problem: string })[]> {
  const vault = openVault(store, seal);
  const found = [];
  for (const generation of (await vault.generations()).reverse()) {
    try {
      found.push(shown(vault, await readManifest(vault, generation)));
    } catch (error) {
      if (isTransient(error)) throw error;
      found.push({ generation, problem: messageOf(error) });
    }
  }
  return found;
}

export interface Restored extends Generation {
  readonly home: string;
  /** Tables whose columns differ between the back-up and this version. */
  readonly differences: readonly LoadedTable[];
  /** Newer generations that could not be used, and why. */
  readonly refused: readonly { readonly generation: number; readonly problem: string }[];
}

/**
 * Restores the home from a generation: the named one, or the newest that is intact. The home is built next to its final location
 * and moved there when complete. An existing home is an error unless `replace` is set; it is then kept under another name until
 * the new one is in place. Undefined when the store has no generation at all.
 */
export async function restoreBackup(
  deps: BackupDeps,
  { generation, replace = false }: { readonly generation?: number; readonly replace?: boolean } = {},
): Promise<Restored | undefined> {
  const home = resolve(deps.home);
  if (!replace) await requireFree(home);
  const owner = await homeOwner(home);
  if (owner !== undefined) throw inUse(home, owner);
  const vault = openVault(deps.store, deps.seal);
  const all = await vault.generations();
  const newest = all.at(-1);
  if (newest === undefined) return undefined;
  if (generation !== undefined && !all.includes(generation)) throw unknown(generation, all);
  const refused: { generation: number; problem: string }[] = [];
  for (const candidate of generation === undefined ? all.reverse() : [generation]) {
    const building = `${home}.restoring`;
    await rm(building, { recursive: true, force: true });
    try {
      const manifest = await readManifest(vault, candidate);
      const loaded = await unpackHome(vault, manifest, building, deps.clock);
      await withState(building, deps.clock, (state) =>
        writeBackupRecord(state, {
          generation: candidate,
          newest,
          created_at: manifest.created_at,
          verified_at: deps.clock.now().toISOString(),
          refused: refused.map(({ generation: number }) => number),
          documents_left_out: manifest.documents_left_out,
        }),
      );
      await moveIntoPlace(building, home);
      const differences = loaded.filter(({ leftOut, added }) => leftOut.length + added.length > 0);
      return { ...shown(vault, manifest), home, differences, refused };
    } catch (error) {
      await rm(building, { recursive: true, force: true });
      if (generation !== undefined || !(error instanceof TipoffError) || error.code !== 'TIPOFF_INTEGRITY')
        throw error;
      refused.push({ generation: candidate, problem: error.message });
    }
  }
  throw new TipoffError(
    'TIPOFF_INTEGRITY',
    `expected a back-up that can be used, saw ${refused.length} that cannot: ${refused.map(({ problem }) => problem).join('; ')}`,
    {
      hint: 'If TIPOFF_BACKUP_KEY was changed, set the old key again; nothing in the store was changed.',
      details: { refused },
    },
  );
}

/** Restores a generation into a temporary folder, counts every row, and removes the folder. The home is not touched. */
export async function verifyBackup(deps: BackupDeps, generation?: number): Promise<Restored | undefined> {
  const parent = dirname(resolve(deps.home));
  await mkdir(parent, { recursive: true });
  const scratch = await mkdtemp(join(parent, '.tipoff-verify-'));
  try {
    return await restoreBackup({ ...deps, home: join(scratch, 'home') }, omitUndefined({ generation }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes generations that are neither among the newest nor the newest of a recent day. */
async function forget(vault: Vault, keep: number, now: Date): Promise<CreatedBackup['pruned']> {
  const manifests = new Map<number, Manifest>();
  for (const generation of await vault.generations()) {
    try {
      manifests.set(generation, await readManifest(vault, generation));
    } catch (error) {
      // An unreadable generation does not fail a back-up that was made; nothing is removed while there is one.
      if (isTransient(error) || !(error instanceof TipoffError)) throw error;
      return { generations: 0, packs: 0 };
    }
  }
  const all = [...manifests].reverse();
  const since = now.getTime() - KEEP_DAYS * 86_400_000;
  const days = new Set<string>();
  const remove = all.flatMap(([generation, { created_at }], i) => {
    const day = slateOf(created_at);
    const isNewestOfDay = !days.has(day) && Date.parse(created_at) >= since;
    days.add(day);
    return i < keep || isNewestOfDay ? [] : [generation];
  });
  return vault.prune(remove, async (generation) => Object.keys(manifests.get(generation)?.packs ?? {}));
}

async function moveIntoPlace(building: string, home: string): Promise<void> {
  const former = `${home}.replaced`;
  await rm(former, { recursive: true, force: true });
  if (existsSync(home)) await rename(home, former);
  await rename(building, home);
  await rm(former, { recursive: true, force: true });
}

function shown(vault: Vault, manifest: Manifest): Generation {
  return {
    generation: manifest.generation,
    created_at: manifest.created_at,
    code_version: manifest.code_version,
    rows: manifest.tables.reduce((total, { rows }) => total + rows, 0),
    documents: manifest.files.length,
    bytes: Object.values(manifest.packs).reduce((total, size) => total + size, 0),
    location: vault.locate(manifest.generation),
    documents_left_out: manifest.documents_left_out,
  };
}

async function withState<T>(
  home: string,
  clock: Clock,
  work: (state: ReturnType<typeof openSqliteState>) => Promise<T>,
): Promise<T> {
  const state = openSqliteState(homePaths(home).state, { clock });
  try {
    return await work(state);
  } finally {
    await state.close();
  }
}

async function requireFree(home: string): Promise<void> {
  if (!existsSync(home) || (await readdir(home)).length === 0) return;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected an empty place for the home, saw files in ${home}`, {
    hint: 'Restore into another folder with --home, or say --replace to overwrite this home.',
    details: { home },
  });
}

function inUse(home: string, { pid, command }: HomeOwner): TipoffError {
  return new TipoffError('TIPOFF_HOME_LOCKED', `the home ${home} is in use by process ${pid} (${command})`, {
    hint: `Wait until process ${pid} has ended, or restore into another folder with --home.`,
    details: { home, pid },
  });
}

function overtaken(home: string, newest: number, base: number | undefined): TipoffError {
  const from = base === undefined ? 'from no back-up' : `from generation ${base}`;
  return new TipoffError(
    'TIPOFF_CONFLICT',
    `${resolve(home)} comes ${from}, and the store has generation ${newest}: somebody has saved meanwhile`,
    {
      hint: 'Restore the newest one and do the work again; --adopt continues from this home and drops what the other run did.',
      details: { newest, base: base ?? null },
    },
  );
}

function unknown(generation: number, all: readonly number[]): TipoffError {
  return new TipoffError(
    'TIPOFF_NOT_FOUND',
    `expected one of the generations ${all.join(', ')}, saw ${generation}`,
    {
      hint: 'See what there is: `tipoff backup list`.',
      details: { generation },
    },
  );
}

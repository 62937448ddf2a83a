import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { addDays, isDate, mondayBefore, type Slate, seasonOf, slateOf } from '#core/calendar.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { isTransient, messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { type LeftOut, readBackupRecord, writeBackupRecord } from '#guard/backup-record.ts';
import type { Seal } from '#platform/backup/seal.ts';
import { openVault, type Vault } from '#platform/backup/vault.ts';
import type { Clock } from '#platform/clock.ts';
import { type HomeOwner, homeOwner, homePaths, openHome, requireHome } from '#platform/home.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { openSqliteFile } from '#platform/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { exportTables, importTables, type LoadedTable } from '#platform/warehouse/duckdb/snapshot.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { prepareWarehouse } from './stores/embedded.ts';

/** Number of newest generations to keep, besides the newest one of each recent day. */
const KEEP_NEWEST = 4;
/** Number of days for which the newest generation is kept. */
const KEEP_DAYS = 7;

/** What the store of documents notes about each of them. */
const META = /\/\.meta\//;

const FORMAT = 3;
/** Tables repeat themselves at any distance within a season: the compression window is as large as a pack, up to this. */
const WINDOW_LOG = 27;
/** The pack of everything outside closed seasons and weeks, which every back-up writes again. */
const PRESENT = 'present';
/** The pack of the documents of the week that is over. */
const LAST_WEEK = 'documents of last week';
/** Prefix of member names that are paths: documents, models and other files. */
const FILES = 'files/';
/** A document of a slate. */
const DOCUMENT = /^objects\/(?:\.meta\/objects\/)?exports\/(\d{4}-\d{2}-\d{2})\//;

const member = z.strictObject({
  name: z.string(),
  pack: z.string(),
  offset: z.int().min(0),
  length: z.int().min(0),
  sha256: z.string(),
});
const slateShape = z.custom<Slate>((value) => typeof value === 'string' && isDate(value));
const leftOutShape = z.strictObject({ documents: z.int(), from: slateShape, to: slateShape });
const manifestShape = z.strictObject({
  format: z.literal(FORMAT),
  generation: z.int().min(1),
  created_at: z.string(),
  code_version: z.string(),
  tables: z.array(
    z.strictObject({
      table: z.string(),
      rows: z.int().min(0),
      definition: z.string(),
      comment: z.string().nullable(),
      files: z.array(member),
    }),
  ),
  /** Digests of closed seasons: an unchanged one is not written again. */
  seasons: z.record(z.string(), z.string()),
  state: member,
  /** Models, documents of this week and the last, and other files of the home. */
  files: z.array(member),
  /** Documents of earlier weeks, which a backfill can write again from the tables; null when there were none. */
  documents_left_out: leftOutShape.nullable(),
  /** Bytes as they are stored, by pack; a pack is the content of its members, compressed as one. */
  packs: z.record(z.string(), z.int()),
});
type Manifest = z.output<typeof manifestShape>;
type Member = z.output<typeof member>;

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
    const head = { format: FORMAT, generation, created_at: createdAt, code_version: codeVersion } as const;
    const base = await manifestOf(vault, record?.generation);
    const lacks = record?.documents_left_out ?? null;
    const { manifest, written } = await pack(vault, lock.dir, scratch, head, { base, lacks });
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
      const loaded = await unpack(vault, manifest, building, deps.clock);
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

/** Puts the whole home into packs and returns the manifest. */
async function pack(
  vault: Vault,
  home: string,
  scratch: string,
  head: Pick<Manifest, 'format' | 'generation' | 'created_at' | 'code_version'>,
  origin: {
    /** The generation that the home comes from: closed seasons unchanged since then are reused. */
    readonly base: Manifest | undefined;
    /** Documents it was restored without. */
    readonly lacks: LeftOut | null;
  },
): Promise<{ manifest: Manifest; written: Map<string, number> }> {
  const { base, lacks } = origin;
  const paths = homePaths(home);
  const today = slateOf(head.created_at);
  const present = seasonOf(today);
  const contents = new Map<string, { name: string; bytes: Uint8Array }[]>();
  const add = (group: string, name: string, bytes: Uint8Array): void => {
    const list = contents.get(group) ?? [];
    list.push({ name, bytes });
    contents.set(group, list);
  };
  const { tables, seasons } = await exportTables(paths.warehouse, scratch, CONTRACTS, {
    present,
    stored: base?.seasons ?? {},
  });
  for (const { name, season, isWritten } of tables.flatMap((table) => table.files)) {
    if (!isWritten) continue;
    const path = join(scratch, name);
    add(season !== null && season < present ? season : PRESENT, name, await readFile(path));
    await rm(path);
  }
  const copy = join(scratch, 'state.sqlite');
  const state = openSqliteFile(paths.state, '');
  try {
    state.run('VACUUM INTO @copy', { copy });
  } finally {
    state.close();
  }
  add(PRESENT, 'state.sqlite', await readFile(copy));
  const files: string[] = [];
  const leftOut: { slate: Slate; name: string }[] = [];
  const thisWeek = mondayBefore(today);
  for (const name of await filesOf(home)) {
    const slate = DOCUMENT.exec(name)?.[1] as Slate | undefined;
    if (slate !== undefined && slate < addDays(thisWeek, -7)) leftOut.push({ slate, name });
    else {
      files.push(name);
      // Documents of the week that is over hardly change any more.
      const group = slate !== undefined && slate < thisWeek ? LAST_WEEK : PRESENT;
      add(group, FILES + name, await readFile(join(home, name)));
    }
  }

  const members = new Map<string, Member>();
  const packs: Record<string, number> = {};
  const before = new Map(base?.tables.flatMap((table) => table.files).map((file) => [file.name, file]));
  for (const { name } of tables.flatMap(({ files: own }) => own.filter(({ isWritten }) => !isWritten))) {
    const same = before.get(name);
    if (same === undefined) continue;
    members.set(name, same);
    packs[same.pack] = base?.packs[same.pack] ?? 0;
  }
  const written = new Map<string, number>();
  for (const [, list] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kept = await vault.keep(compressed(Buffer.concat(list.map(({ bytes }) => bytes))));
    packs[kept.pack] = kept.bytes;
    if (kept.isNew) written.set(kept.pack, kept.bytes);
    let offset = 0;
    for (const { name, bytes } of list) {
      members.set(name, { name, pack: kept.pack, offset, length: bytes.length, sha256: sha256(bytes) });
      offset += bytes.length;
    }
  }
  const memberOf = (name: string): Member => {
    const found = members.get(name);
    if (found !== undefined) return found;
    throw new TipoffError('TIPOFF_UNEXPECTED', `the back-up lost ${name} on the way`, {
      hint: 'Please report it.',
    });
  };
  return {
    manifest: {
      ...head,
      tables: tables.map(({ files: own, ...table }) => ({
        ...table,
        files: own.map(({ name }) => memberOf(name)),
      })),
      seasons,
      state: memberOf('state.sqlite'),
      files: files.map((name) => memberOf(FILES + name)),
      documents_left_out: withMore(
        lacks,
        leftOut.filter(({ name }) => !META.test(name)).map(({ slate }) => slate),
      ),
      packs,
    },
    written,
  };
}

/** What a home lacks already, and the documents of these slates besides; null when there are none. */
function withMore(lacks: LeftOut | null, slates: readonly Slate[]): LeftOut | null {
  // One of a slate that it lacks was written again, and counted before.
  const more = slates.filter((slate) => lacks === null || slate < lacks.from || slate > lacks.to);
  const ends = [...(lacks === null ? [] : [lacks.from, lacks.to]), ...more].toSorted();
  const [from, to] = [ends.at(0), ends.at(-1)];
  if (from === undefined || to === undefined) return null;
  return { documents: (lacks?.documents ?? 0) + more.length, from, to };
}

function compressed(content: Uint8Array): Uint8Array {
  const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_enableLongDistanceMatching } = zlib;
  return zstdCompressSync(content, {
    params: {
      [ZSTD_c_compressionLevel]: 2,
      [ZSTD_c_windowLog]: WINDOW_LOG,
      [ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
}

function decompressed(content: Uint8Array, pack: string): Uint8Array {
  try {
    return zstdDecompressSync(content);
  } catch (cause) {
    throw new TipoffError(
      'TIPOFF_INTEGRITY',
      `expected pack ${pack} to be compressed by zstd, saw other bytes`,
      {
        hint: 'Use the generation before: `tipoff backup list`.',
        cause,
      },
    );
  }
}

/** Builds a home from a manifest in an empty place. */
async function unpack(vault: Vault, manifest: Manifest, home: string, clock: Clock): Promise<LoadedTable[]> {
  const paths = homePaths(home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const scratch = join(home, '.restore');
  await mkdir(scratch);
  const files = manifest.tables.flatMap((table) => table.files);
  // One pack at a time is in memory.
  for (const name of Object.keys(manifest.packs)) {
    const bytes = decompressed(await vault.pack(name), name);
    const contentOf = (one: Member): Uint8Array => {
      const content = bytes.subarray(one.offset, one.offset + one.length);
      if (sha256(content) === one.sha256) return content;
      throw new TipoffError(
        'TIPOFF_INTEGRITY',
        `${one.name} in pack ${name} differs from its hash in the manifest`,
        {
          hint: 'Use the generation before: `tipoff backup list`.',
        },
      );
    };
    for (const file of files)
      if (file.pack === name) await writeFile(join(scratch, file.name), contentOf(file));
    if (manifest.state.pack === name) await writeFile(paths.state, contentOf(manifest.state));
    for (const file of manifest.files) {
      if (file.pack !== name) continue;
      const path = within(home, file.name.slice(FILES.length));
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, contentOf(file));
    }
  }
  const warehouse = await openDuckDb(paths.warehouse, { clock });
  try {
    await prepareWarehouse(warehouse);
  } finally {
    await warehouse.close();
  }
  const saved = manifest.tables.map(({ files: own, ...table }) => ({
    ...table,
    files: own.map(({ name }) => join(scratch, name)),
  }));
  const loaded = await importTables(paths.warehouse, saved, CONTRACTS);
  await rm(scratch, { recursive: true });
  return loaded;
}

/** The manifest of a generation; undefined when there is none that this version can use. */
async function manifestOf(vault: Vault, generation: number | undefined): Promise<Manifest | undefined> {
  if (generation === undefined || !(await vault.generations()).includes(generation)) return undefined;
  try {
    return await readManifest(vault, generation);
  } catch (error) {
    if (error instanceof TipoffError && error.code === 'TIPOFF_INTEGRITY') return undefined;
    throw error;
  }
}

async function readManifest(vault: Vault, generation: number): Promise<Manifest> {
  const parsed = manifestShape.safeParse(
    JSON.parse(Buffer.from(await vault.manifest(generation)).toString()),
  );
  if (parsed.success) return parsed.data;
  throw new TipoffError(
    'TIPOFF_INTEGRITY',
    `generation ${generation}: expected a manifest of format ${FORMAT}, saw another one: ${z.prettifyError(parsed.error)}`,
    {
      hint: 'It was made by another version of Tipoff (`tipoff backup list`): use that one, or restore another generation.',
    },
  );
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

/** Paths of the files in the home that are neither database, lock, log, site nor unfinished. */
async function filesOf(home: string): Promise<string[]> {
  const skipped =
    /^(?:warehouse\.duckdb|state\.sqlite|home\.lock|logs\/|site\/|\.backup\/|(?:objects\/)?\.meta\/tmp\/)/;
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((name) => !skipped.test(name))
    .sort();
}

/** The place of a file in the home. Throws TIPOFF_INTEGRITY for a name that leads out of the home. */
function within(home: string, name: string): string {
  const path = resolve(home, name);
  if (path.startsWith(resolve(home) + sep)) return path;
  throw new TipoffError('TIPOFF_INTEGRITY', `expected the name of a file in the home, saw ${name}`, {
    hint: 'Somebody has changed this back-up: use the generation before (`tipoff backup list`), and a key.',
  });
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

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { addDays, isDate, mondayBefore, type Slate, seasonOf, slateOf } from '#core/calendar.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { TipoffError } from '#core/errors.ts';
import type { LeftOut } from '#guard/backup-record.ts';
import type { Vault } from '#platform/backup/vault.ts';
import type { Clock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import { openSqliteFile } from '#platform/sqlite.ts';
import { exportTables, importTables, type LoadedTable } from '#platform/warehouse/duckdb/snapshot.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { prepareWarehouse } from './stores/embedded.ts';

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
export type Manifest = z.output<typeof manifestShape>;
type Member = z.output<typeof member>;

interface Content {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Puts the whole home into packs and returns the manifest, and the bytes of the packs that the store did not have. */
export async function packHome(
  vault: Vault,
  home: string,
  scratch: string,
  head: Pick<Manifest, 'generation' | 'created_at' | 'code_version'>,
  origin: {
    /** The generation that the home comes from: closed seasons unchanged since then are reused. */
    readonly base: Manifest | undefined;
    /** Documents it was restored without. */
    readonly lacks: LeftOut | null;
  },
): Promise<{ manifest: Manifest; written: ReadonlyMap<string, number> }> {
  const { base, lacks } = origin;
  const paths = homePaths(home);
  const today = slateOf(head.created_at);
  const present = seasonOf(today);
  const groups = new Map<string, Content[]>();
  const add = (group: string, name: string, bytes: Uint8Array): void => {
    const list = groups.get(group) ?? [];
    list.push({ name, bytes });
    groups.set(group, list);
  };
  const { tables, seasons } = await exportTables(paths.warehouse, scratch, CONTRACTS, {
    present,
    stored: base?.seasons ?? {},
  });
  const exported = tables.flatMap((table) => table.files);
  for (const { name, season, isWritten } of exported) {
    if (!isWritten) continue;
    const path = join(scratch, name);
    add(season !== null && season < present ? season : PRESENT, name, await readFile(path));
    await rm(path);
  }
  add(PRESENT, 'state.sqlite', await copyOfState(paths.state, scratch));
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
  const { members, packs, written } = await storeGroups(vault, groups);
  const before = new Map(base?.tables.flatMap((table) => table.files).map((file) => [file.name, file]));
  for (const { name, isWritten } of exported) {
    const same = isWritten ? undefined : before.get(name);
    if (same === undefined) continue;
    members.set(name, same);
    packs[same.pack] = base?.packs[same.pack] ?? 0;
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
      format: FORMAT,
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

/** The state store as one file, whatever else is connected to it. */
async function copyOfState(path: string, scratch: string): Promise<Uint8Array> {
  const copy = join(scratch, 'state.sqlite');
  const state = openSqliteFile(path, '');
  try {
    state.run('VACUUM INTO @copy', { copy });
  } finally {
    state.close();
  }
  return readFile(copy);
}

/** Stores each group as one pack. */
async function storeGroups(
  vault: Vault,
  groups: ReadonlyMap<string, readonly Content[]>,
): Promise<{ members: Map<string, Member>; packs: Record<string, number>; written: Map<string, number> }> {
  const members = new Map<string, Member>();
  const packs: Record<string, number> = {};
  const written = new Map<string, number>();
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kept = await vault.keep(compressed(Buffer.concat(group.map(({ bytes }) => bytes))));
    packs[kept.pack] = kept.bytes;
    if (kept.isNew) written.set(kept.pack, kept.bytes);
    let offset = 0;
    for (const { name, bytes } of group) {
      members.set(name, { name, pack: kept.pack, offset, length: bytes.length, sha256: sha256(bytes) });
      offset += bytes.length;
    }
  }
  return { members, packs, written };
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
export async function unpackHome(
  vault: Vault,
  manifest: Manifest,
  home: string,
  clock: Clock,
): Promise<LoadedTable[]> {
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
  const saved = manifest.tables.map(({ files: own, ...table }) => ({
    ...table,
    files: own.map(({ name }) => join(scratch, name)),
  }));
  // The tables are made and filled while the file is open: closing it writes all definitions.
  const warehouse = await openDuckDb(paths.warehouse, { clock });
  try {
    await prepareWarehouse(warehouse);
    const loaded = await importTables(paths.warehouse, saved, CONTRACTS);
    await rm(scratch, { recursive: true });
    return loaded;
  } finally {
    await warehouse.close();
  }
}

/** The manifest of a generation; undefined when there is none that this version can use. */
export async function manifestOf(
  vault: Vault,
  generation: number | undefined,
): Promise<Manifest | undefined> {
  if (generation === undefined || !(await vault.generations()).includes(generation)) return undefined;
  try {
    return await readManifest(vault, generation);
  } catch (error) {
    if (error instanceof TipoffError && error.code === 'TIPOFF_INTEGRITY') return undefined;
    throw error;
  }
}

export async function readManifest(vault: Vault, generation: number): Promise<Manifest> {
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

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

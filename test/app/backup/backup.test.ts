import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BackupDeps, createBackup, listBackups, restoreBackup, verifyBackup } from '#app/backup.ts';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { scheduleGames } from '#core/contracts/nba_raw.ts';
import { readBackupRecord } from '#guard/backup-record.ts';
import { PLAIN, sealedWith } from '#platform/backup/seal.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { homePaths, openHome } from '#platform/home.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openGitHubRelease } from '#platform/objects/github-release.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { exportTables, importTables } from '#platform/warehouse/duckdb/snapshot.ts';
import { loadLeague, type SimulatedLeague } from '#simulate/league.ts';
import { itForSpread } from '#test/depth.ts';
import {
  FAKE_GITHUB_TOKEN,
  FAKE_REPOSITORY,
  type FakeGitHub,
  fakeGitHub,
} from '#test/fakes/github-server.ts';
import { tinyLeague } from '#test/fakes/tiny-league.ts';
import { stagedRow } from '#test/guard/staging-cleanup/staged-row.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** Deriving one takes as long as a back-up. */
const SEAL = sealedWith('a key for nothing but tests');
const START = '2024-11-20T17:00:00Z';
const STAGED = { dataset: 'nba_predictions', name: 'stg_left_by_a_batch' } as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let clock: VirtualClock;
let github: FakeGitHub;
let deps: BackupDeps;
beforeEach(async () => {
  folder = await temporaryFolder();
  clock = virtualClock(START);
  github = await fakeGitHub();
  deps = {
    home: join(folder.path, 'home'),
    store: openGitHubRelease({
      repository: FAKE_REPOSITORY,
      tag: 'tipoff-home',
      token: FAKE_GITHUB_TOKEN,
      apiUrl: github.url,
      clock,
    }),
    seal: SEAL,
    clock,
    codeVersion: 'test',
  };
});
afterEach(async () => {
  await github.close();
  await folder.remove();
});

const at = (name: string): BackupDeps => ({ ...deps, home: join(folder.path, name) });

async function within<T>(
  home: string,
  work: (app: Awaited<ReturnType<typeof openApp>>) => Promise<T>,
): Promise<T> {
  const app = await openApp({ ...readConfig({}), home }, { command: 'test', clock, write: () => undefined });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

let made: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  made = await temporaryFolder();
  clock = virtualClock(START);
  const league = tinyLeague({ teams: 4, gamesPerTeam: 6 });
  await fillHome(join(made.path, 'home'), league);
  const rows = league.rows.filter(({ table }) => table.name === scheduleGames.name);
  await fillHome(join(made.path, 'small'), { ...league, rows });
});
afterAll(() => made.remove());
/** A home with every table of the league. */
const makeHome = async (home: string): Promise<void> =>
  cp(join(made.path, 'home'), home, { recursive: true });
/** The same with the schedule alone, for tests that do not ask what is in the tables. */
const makeSmallHome = async (home: string): Promise<void> =>
  cp(join(made.path, 'small'), home, { recursive: true });

/** A home with the rows of two seasons, a staging table, an incident, a document and a model. */
async function fillHome(home: string, league: SimulatedLeague): Promise<void> {
  await within(home, async (app) => {
    await loadLeague(app.warehouse, league, {});
    await app.warehouse.stage(stagedPredictions, STAGED, [stagedRow('b1', 7)]);
    await app.state.create('incidents', 'prediction_gap', { since: START });
    await app.queue.publish('units', [{ player: 1 }]);
    await app.exports.put('exports/today.json', '{"picks":[]}', { contentType: 'application/json' });
    await app.models.put('models/m.json', '{}', { contentType: 'application/json' });
  });
}

/** The documents of a home that nobody has open. */
const documentsOf = (home: string): ObjectStore => directoryObjects(homePaths(home).objects);

/** Uses the state of a home that nobody else has open. */
async function withState<T>(
  home: string,
  work: (state: ReturnType<typeof openSqliteState>) => Promise<T>,
): Promise<T> {
  const state = openSqliteState(homePaths(home).state, { clock });
  try {
    return await work(state);
  } finally {
    await state.close();
  }
}

/** Everything a home says: rows of every table, state, queue, documents. */
async function contentsOf(home: string): Promise<unknown> {
  return within(home, async ({ warehouse, state, queue, exports, models }) => {
    const tables = await warehouse.query<{ id: string; n: number; digest: string | null }>(
      CONTRACTS.map(tableId)
        .map(
          (id) =>
            `SELECT '${id}' AS id, COUNT(*) AS n, CAST(bit_xor(hash(t)) AS STRING) AS digest FROM ${id} AS t`,
        )
        .join(' UNION ALL '),
    );
    expect(tables).toHaveLength(CONTRACTS.length);
    return {
      tables: new Map(tables.map(({ id, ...found }) => [id, found])),
      staged: await warehouse.listTables('nba_predictions', 'stg_'),
      incident: await state.get('incidents', 'prediction_gap'),
      waiting: await queue.depth('units'),
      document: await exports.get('exports/today.json'),
      model: await models.get('models/m.json'),
    };
  });
}

describe('a back-up', () => {
  it('brings back every row, document and state on a fresh machine, and stores again only what has changed', async () => {
    await makeHome(deps.home);
    const before = await contentsOf(deps.home);
    const first = await createBackup(deps);
    expect(first.written).toBe(first.bytes);
    const restored = await restoreBackup(at('fresh'));
    expect(restored).toMatchObject({ generation: 1, rows: first.rows, differences: [], refused: [] });
    expect(await contentsOf(at('fresh').home)).toEqual(before);
    // The season before is closed: its rows are where they were.
    const second = await createBackup(at('fresh'));
    expect(second).toMatchObject({ generation: 2, rows: first.rows });
    expect(second.written).toBeLessThan(first.written);
    expect((await listBackups(deps)).map(({ generation }) => generation)).toEqual([2, 1]);
    expect(await verifyBackup(at('elsewhere'))).toMatchObject({ generation: 2 });
    expect(existsSync(at('elsewhere').home)).toBe(false);
  });

  it('tells nothing to who has no key, and is refused under another one', async () => {
    await makeHome(deps.home);
    await createBackup(deps);
    for (const { bytes, name } of github.releases.assets()) {
      expect(bytes.includes('PAR1') || bytes.includes('prediction_gap') || name.includes('nba')).toBe(false);
    }
    await expect(
      restoreBackup({ ...at('other'), seal: sealedWith('another key, just as long') }),
    ).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
      message: expect.stringContaining('another key, or damage'),
    });
    await expect(restoreBackup({ ...at('other'), seal: PLAIN })).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
    });
    expect(existsSync(at('other').home)).toBe(false);
  });

  it('writes a closed season again only when one of its rows is another one', async () => {
    await makeHome(deps.home);
    const packs = () => github.releases.assets().filter(({ name }) => name.startsWith('packs')).length;
    await createBackup(deps);
    await restoreBackup(at('fresh'));
    const before = await contentsOf(at('fresh').home);
    const first = packs();
    const saves: [string, number][] = [
      ['SELECT 1', 1],
      [
        "UPDATE nba_raw.player_box_scores SET points = points + 1 WHERE slate < CAST('2024-10-01' AS DATE)",
        2,
      ],
      [
        "UPDATE nba_raw.player_box_scores SET points = points - 1 WHERE slate < CAST('2024-10-01' AS DATE)",
        1,
      ],
    ];
    for (const [change, expected] of saves) {
      const known = packs();
      if (change !== 'SELECT 1') {
        await within(at('fresh').home, async ({ warehouse }) => {
          expect(await warehouse.execute(change)).toBeGreaterThan(0);
        });
      }
      await createBackup(at('fresh'), { keep: 9 });
      expect([change, packs() - known]).toEqual([change, expected]);
    }
    expect(packs()).toBeGreaterThan(first);
    await restoreBackup(at('last'));
    expect(await contentsOf(at('last').home)).toEqual(before);
  });

  it('stores the documents of this week and, once, those of the last, and says which it leaves out', async () => {
    await makeSmallHome(deps.home);
    const json = { contentType: 'application/json' };
    const documents = ['2024-04-10', '2024-11-10', '2024-11-11', '2024-11-17', '2024-11-19'].map(
      (slate) => `exports/${slate}/predictions.json`,
    );
    const newest = documents.at(-1) ?? '';
    const there = (home: string): Promise<string[]> => documentsOf(home).list('exports/2024-');
    for (const path of documents) await documentsOf(deps.home).put(path, `{"is":"${path}"}`, json);
    const packs = () => github.releases.assets().filter(({ name }) => name.startsWith('packs'));
    const leftOut = { documents: 2, from: '2024-04-10', to: '2024-11-10' };
    expect(await createBackup(deps)).toMatchObject({ documents_left_out: leftOut });
    expect(await there(deps.home)).toEqual(documents);
    const before = packs().map(({ id }) => id);
    await documentsOf(deps.home).put(newest, '{"is":"another"}', json);
    await createBackup(deps);
    expect(packs().filter(({ id }) => !before.includes(id))).toHaveLength(1);
    expect(await restoreBackup(at('fresh'))).toMatchObject({ documents_left_out: leftOut });
    expect(await there(at('fresh').home)).toEqual(documents.slice(2));
    const restored = documentsOf(at('fresh').home);
    expect(Buffer.from((await restored.get(newest))?.bytes ?? []).toString()).toBe('{"is":"another"}');
    // Somebody graded an old slate again, which writes its documents, and somebody filled a season before.
    await restored.put(documents[1] ?? '', '{"is":"corrected"}', json);
    await restored.put('exports/2023-11-01/predictions.json', '{"is":"of a backfill"}', json);
    clock.advance(7 * 86_400_000);
    const later = { documents: 5, from: '2023-11-01', to: '2024-11-17' };
    expect(await createBackup(at('fresh'))).toMatchObject({ documents_left_out: later });
    // What the home has it goes on having, and lacking.
    expect(await createBackup(at('fresh'))).toMatchObject({ documents_left_out: later });
    expect(await restoreBackup(at('last'))).toMatchObject({ documents_left_out: later });
    expect(await there(at('last').home)).toEqual([newest]);
  });

  it('without a key that somebody has changed writes nothing outside of the home', async () => {
    await makeSmallHome(deps.home);
    const store = directoryObjects(join(folder.path, 'store'));
    const open = { ...deps, store, seal: PLAIN };
    await createBackup(open);
    const path = 'generations/00000001';
    const manifest = await store.get(path);
    const text = PLAIN.open(manifest?.bytes ?? new Uint8Array(), path);
    const changed = Buffer.from(
      Buffer.from(text).toString().replaceAll('"files/models/', '"files/../../models/'),
    );
    expect(changed.equals(text)).toBe(false);
    await store.put(path, PLAIN.close(changed, path), { contentType: 'application/octet-stream' });
    await expect(restoreBackup({ ...open, home: join(folder.path, 'fresh') })).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
      message: expect.stringContaining('expected the name of a file in the home'),
    });
    expect(existsSync(join(folder.path, 'models'))).toBe(false);
  });

  itForSpread<[string, (bytes: Buffer) => Uint8Array]>(
    [
      [
        'has a changed bit',
        (bytes: Buffer) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)),
      ],
      ['is cut in its middle', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
      ['lacks its last byte', (bytes: Buffer) => bytes.subarray(0, -1)],
      ['is empty', () => Buffer.alloc(0)],
    ],
    1,
  )('that %s is refused, said, and the generation before it is used', async ([_what, harm]) => {
    await makeSmallHome(deps.home);
    await createBackup(deps);
    const known = new Set(github.releases.assets().map(({ id }) => id));
    await withState(deps.home, (state) => state.create('incidents', 'second', {}));
    clock.advance(3_600_000);
    await createBackup(deps);
    for (const asset of github.releases.assets()) {
      if (known.has(asset.id) || !asset.name.startsWith('packs')) continue;
      github.releases.damage(asset, Buffer.from(harm(asset.bytes)));
    }
    const restored = await restoreBackup(at('fresh'));
    expect(restored).toMatchObject({ generation: 1, refused: [{ generation: 2 }] });
    await withState(at('fresh').home, async (state) => {
      expect(await readBackupRecord(state)).toMatchObject({ generation: 1, newest: 2, refused: [2] });
      expect(await state.get('incidents', 'second')).toBeUndefined();
    });
    await expect(restoreBackup(at('named'), { generation: 2 })).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
    });
    // Work goes on from what was good, and nothing that was good is lost.
    expect(await createBackup(at('fresh'))).toMatchObject({ generation: 3 });
    expect(await restoreBackup(at('next'))).toMatchObject({ generation: 3, refused: [] });
  });

  it('refuses to go over the work of somebody who saved meanwhile', async () => {
    await makeSmallHome(deps.home);
    await createBackup(deps);
    await restoreBackup(at('a'));
    await restoreBackup(at('b'));
    await createBackup(at('a'));
    await expect(createBackup(at('b'))).rejects.toMatchObject({ code: 'TIPOFF_CONFLICT' });
    await restoreBackup(at('b'), { replace: true });
    expect(await createBackup(at('b'))).toMatchObject({ generation: 3 });
  });

  it('that was killed on the way leaves the one before it, and the next run goes on with what was stored', async () => {
    await makeSmallHome(deps.home);
    await createBackup(deps);
    await withState(deps.home, (state) => state.create('incidents', 'second', {}));
    const stopAt = (what: string): ObjectStore => ({
      ...deps.store,
      put: async (path, ...rest) => {
        if (path.startsWith(what)) throw new Error('killed');
        return deps.store.put(path, ...rest);
      },
    });
    await expect(createBackup({ ...deps, store: stopAt('packs/') })).rejects.toThrow('killed');
    await expect(createBackup({ ...deps, store: stopAt('generations/') })).rejects.toThrow('killed');
    expect(await restoreBackup(at('meanwhile'))).toMatchObject({ generation: 1, refused: [] });
    github.releases.brokenUploads = 1;
    expect(await createBackup(deps)).toMatchObject({ generation: 2 });
    expect(await restoreBackup(at('after'))).toMatchObject({ generation: 2, refused: [] });
  });

  it('keeps the newest generations and one a day for a week, and their packs', async () => {
    await makeSmallHome(deps.home);
    const store = directoryObjects(join(folder.path, 'store'));
    for (const hours of [1, 47, 1, 47, 200, 1]) {
      await createBackup({ ...deps, store }, { keep: 1 });
      clock.advance(hours * 3_600_000);
    }
    const kept = (await listBackups({ ...deps, store })).map(({ generation }) => generation);
    expect(kept).toEqual([6]);
    expect(await verifyBackup({ ...at('any'), store }, 6)).toMatchObject({ generation: 6 });
  });

  it('puts nothing in the place of files, of a home in use, or of a home without being asked', async () => {
    await makeSmallHome(deps.home);
    await createBackup(deps);
    await expect(restoreBackup(deps)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    await mkdir(at('files').home);
    await writeFile(join(at('files').home, 'letter.txt'), 'dear');
    await expect(restoreBackup(at('files'))).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    expect(await readFile(join(at('files').home, 'letter.txt'), 'utf8')).toBe('dear');
    const lock = await openHome(deps.home, { command: 'serve', clock });
    await expect(restoreBackup(deps, { replace: true })).rejects.toMatchObject({
      code: 'TIPOFF_HOME_LOCKED',
    });
    await lock.release();
  });
});

describe('a snapshot of tables', () => {
  it('fits contracts that gained a nullable column or lost one, and refuses a required one that it does not have', async () => {
    const own = join(folder.path, 'tables');
    await mkdir(own);
    const [from, to] = [join(own, 'from.duckdb'), join(own, 'to.duckdb')];
    const { season_type, ...others } = scheduleGames.columns;
    const newer = {
      ...scheduleGames,
      columns: { ...others, arena: { type: 'STRING', required: false, description: 'where' } as const },
    };
    const strict = {
      ...scheduleGames,
      columns: {
        ...scheduleGames.columns,
        arena: { type: 'STRING', required: true, description: 'where' } as const,
      },
    };
    const source = await openWarehouse({ path: from, tables: [scheduleGames] });
    await loadLeague(source, tinyLeague({ teams: 4, gamesPerTeam: 6 }), {});
    const [count] = await source.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${tableId(scheduleGames)}`);
    await source.close();
    expect(season_type).toBeDefined();
    expect(count?.n).toBeGreaterThan(0);
    const nothing = { present: '2024-25', stored: {} };
    const saved = (await exportTables(from, own, [scheduleGames], nothing)).tables
      .filter(({ table }) => table === tableId(scheduleGames))
      .map((table) => ({ ...table, files: table.files.map(({ name }) => join(own, name)) }));
    for (const contract of [newer, strict]) {
      const path = contract === newer ? to : join(own, 'strict.duckdb');
      await (await openWarehouse({ path, tables: [contract] })).close();
      const loading = importTables(path, saved, [contract]);
      if (contract === strict)
        await expect(loading).rejects.toMatchObject({ code: 'TIPOFF_SCHEMA_MISMATCH' });
      else {
        expect(await loading).toEqual([
          { table: tableId(scheduleGames), rows: count?.n, leftOut: ['season_type'], added: ['arena'] },
        ]);
      }
    }
    expect(existsSync(homePaths(own).state)).toBe(false);
  });
});

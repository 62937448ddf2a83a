import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { everyType, fullRow } from '#test/contract/warehouse/tables.ts';

const OPENER = new URL('./open-in-another-process.ts', import.meta.url).pathname;
const CHILD_LIMIT_MS = 20_000;

/** Opens the file in a child process and gives what it printed: row count, or the error's code and details. */
async function openElsewhere(path: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [OPENER, path], { timeout: CHILD_LIMIT_MS });
  return JSON.parse(stdout);
}

describe('a warehouse file', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tipoff-file-'));
    path = join(directory, 'warehouse.duckdb');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('holds rows, labels, views and functions over close and reopen', async () => {
    const staging = { dataset: 'nba_raw', name: 'staging_b1' } as const;
    const first = await openDuckDb(path);
    await first.prepare([everyType]);
    await first.append(everyType, [fullRow]);
    await first.createTable(everyType, staging, {
      labels: { batch: 'b1' },
      expiresAt: '2025-01-03T00:00:00.000Z',
    });
    await first.createView({ dataset: 'nba_raw', name: 'ids' }, 'SELECT id FROM nba_raw.every_type');
    await first.close();

    const second = await openDuckDb(path);
    expect(await second.query('SELECT * FROM nba_raw.every_type')).toEqual([fullRow]);
    expect(await second.query('SELECT fn.safe_div(id, 2) AS half FROM nba_raw.ids')).toEqual([{ half: 0.5 }]);
    expect(await second.listTables('nba_raw', 'staging_')).toMatchObject([
      { labels: { batch: 'b1' }, expiresAt: '2025-01-03T00:00:00.000Z' },
    ]);
    await second.close();
  });

  it('that has everything stays as it is, byte for byte, when it is prepared again', async () => {
    const prepared = async (sql: string): Promise<Buffer> => {
      const warehouse = await openDuckDb(path);
      await warehouse.prepare([everyType]);
      await warehouse.createView({ dataset: 'nba_raw', name: 'ids' }, sql);
      await warehouse.close();
      return readFile(path);
    };
    const made = await prepared('SELECT id FROM nba_raw.every_type');
    expect((await prepared('SELECT id FROM nba_raw.every_type')).equals(made)).toBe(true);
    expect((await prepared('SELECT id, label FROM nba_raw.every_type')).equals(made)).toBe(false);
  });

  it('gets the functions of this code when it has those of another, or none', async () => {
    const library = async (...changes: string[]): Promise<unknown> => {
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      for (const change of changes) await connection.run(change);
      connection.closeSync();
      instance.closeSync();
      const warehouse = await openDuckDb(path);
      await warehouse.prepare([everyType]);
      const functions = await warehouse.listFunctions();
      await warehouse.close();
      return functions;
    };
    const own = await library();
    const others = ['DROP MACRO fn.dow', "CREATE OR REPLACE MACRO tipoff_meta.library() AS 'another'"];
    expect(await library(...others)).toEqual(own);
    expect(await library('DROP SCHEMA fn CASCADE', 'DROP SCHEMA tipoff_meta CASCADE')).toEqual(own);
  });

  it('that cannot grow says so, and not that another writer was there', async () => {
    const script = new URL('./fill-disk.ts', import.meta.url).pathname;
    // A limit on the size of files fails a write as a full disk does; without the trap the signal would end the process.
    const limited = `trap '' XFSZ; ulimit -f 4000; exec "$0" "$@"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, script, path], {
      timeout: CHILD_LIMIT_MS,
    });
    expect(JSON.parse(stdout)).toEqual({
      code: 'TIPOFF_STORAGE',
      message: expect.stringMatching(/^the warehouse file cannot be written: .*File too large/),
      hint: expect.stringContaining('Free space'),
    });
  });

  it.each([
    ['whose header is gone', (bytes: Buffer) => bytes.fill(0, 0, 4096)],
    ['that was cut off', (bytes: Buffer) => bytes.subarray(0, 8192)],
    ['with other bytes in the middle', (bytes: Buffer) => bytes.fill(0x5a, 4096, 12288)],
  ])('%s is named as damaged, and what to do with it', async (_, damage) => {
    const warehouse = await openDuckDb(path);
    await warehouse.prepare([everyType]);
    await warehouse.append(everyType, [fullRow]);
    await warehouse.close();
    await writeFile(path, damage(await readFile(path)));
    await expect(openDuckDb(path)).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
      message: expect.stringMatching(/^the warehouse file is damaged: /),
      hint: expect.stringContaining('Put back a copy'),
    });
  });

  it('lets a second process in only after close, and names the holder before', async () => {
    const warehouse = await openDuckDb(path);
    await warehouse.prepare([everyType]);
    await warehouse.append(everyType, [fullRow]);
    expect(await openElsewhere(path)).toEqual({
      code: 'TIPOFF_HOME_LOCKED',
      transient: true,
      pid: String(process.pid),
    });
    await warehouse.close();
    expect(await openElsewhere(path)).toEqual({ rows: 1 });
  });

  it('lists and describes what stood when it was asked, while tables are dropped', async () => {
    const warehouse = await openDuckDb(path);
    const names = Array.from(
      { length: 20 },
      (_, i) => ({ dataset: 'nba_raw', name: `staging_${i}` }) as const,
    );
    await warehouse.prepare([everyType]);
    for (let round = 0; round < 5; round++) {
      for (const name of names) await warehouse.createTable(everyType, name);
      const drops = Promise.all(names.map((name) => warehouse.dropTable(name)));
      const listed = warehouse.listTables('nba_raw', 'staging_');
      const described = Promise.all(names.map((name) => warehouse.describe(name)));
      expect((await listed).every(({ rows }) => rows === 0)).toBe(true);
      for (const columns of await described)
        expect([undefined, Object.keys(everyType.columns).length]).toContain(columns?.length);
      expect(await drops).toEqual(names.map(() => true));
    }
    expect(await warehouse.listTables('nba_raw', 'staging_')).toEqual([]);
    await warehouse.close();
  });

  it('shows two openings in one process the same rows, and outlives the close of one', async () => {
    const first = await openDuckDb(path);
    const second = await openDuckDb(path);
    await first.prepare([everyType]);
    await second.append(everyType, [fullRow]);
    await second.close();
    expect(await first.query('SELECT id FROM nba_raw.every_type')).toEqual([{ id: 1 }]);
    await first.close();
    expect(await openElsewhere(path)).toEqual({ rows: 1 });
  });

  it('dates new tables by the clock it was given', async () => {
    const warehouse = await openDuckDb(path, { clock: virtualClock('2025-01-02T03:04:05Z') });
    await warehouse.createTable(everyType);
    expect(await warehouse.listTables('nba_raw')).toMatchObject([{ createdAt: '2025-01-02T03:04:05.000Z' }]);
    await warehouse.close();
  });

  it('refuses a path that is no warehouse', async () => {
    await expect(openDuckDb(directory)).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
  });
});

describe('the lint of statements', () => {
  it('is a matter of tests and CI: the engine runs what its own dialect takes', async () => {
    const warehouse = await openDuckDb(':memory:');
    expect(await warehouse.query('SELECT 1::DOUBLE AS x')).toEqual([{ x: 1 }]);
    await warehouse.close();
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '#app/cli/program.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { scheduleMislabelledEastern, schedulePlayed } from '#pipeline/ingest/formats/schedules-csv.ts';
import { ingest } from '#pipeline/ingest/ingest.ts';
import { EVER, LOADED_TABLES, rowsOfFile, type UndoRequest, undoFile } from '#pipeline/ingest/undo.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { textSource } from '#test/pipeline/ingest/input.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const HEAD = 'gameId,gameDateTimeEst,gameLabel,gameSubLabel,seriesText,hometeamId,awayteamId';
const game = (id: number, time: string): string => `${id},2025-01-10 ${time}+00:00,,,,1610612752,1610612738`;
const text = (...rows: string[]): string => `${[HEAD, ...rows].join('\n')}\n`;
const EARLY = game(22400901, '19:00:00');
const LATE = game(22400901, '22:00:00');
const OTHER = game(22400902, '19:30:00');

let warehouse: Warehouse;
let clock: VirtualClock;
beforeEach(async () => {
  warehouse = await openWarehouse();
  clock = virtualClock('2025-01-09T12:00:00Z');
});
afterEach(() => warehouse.close());

async function load(path: string, ...rows: string[]): Promise<number> {
  clock.advance(3_600_000);
  const files = [textSource(path, text(...rows))];
  const formats = [scheduleMislabelledEastern, schedulePlayed];
  return (await ingest({ warehouse, clock, files, formats })).loaded;
}
const undo = (file: string, more: Partial<UndoRequest> = {}) =>
  undoFile({ warehouse, clock }, { file, since: EVER, reason: 'test', isDryRun: false, ...more });
/** Tip-offs by game, as the newest row of each says. */
const known = () =>
  warehouse.query(
    `SELECT game_id, source_file FROM nba_raw.schedule_games
     QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY ingested_at DESC) = 1 ORDER BY game_id`,
  );
const receipts = () =>
  warehouse.query(
    'SELECT source_file, withdrawn_at, withdrawn_reason FROM nba_raw.ingested_files ORDER BY ingested_at',
  );

describe('the rows of a file', () => {
  it('are taken back, so that what was there before counts, and can be loaded again', async () => {
    await load('good.csv', EARLY, OTHER);
    expect(await load('wrong.csv', LATE)).toBe(1);
    expect(await known()).toMatchObject([{ source_file: 'wrong.csv' }, { source_file: 'good.csv' }]);
    const counted = await undo('wrong.csv', { isDryRun: true });
    expect(counted).toEqual({
      file: 'wrong.csv',
      loaded_at: ['2025-01-09T14:00:00.000Z'],
      tables: { schedule_games: 1 },
      overlapping: [],
    });
    expect(await known()).toMatchObject([{ source_file: 'wrong.csv' }, { source_file: 'good.csv' }]);
    expect(await undo('wrong.csv')).toEqual(counted);
    expect(await known()).toMatchObject([{ source_file: 'good.csv' }, { source_file: 'good.csv' }]);
    expect(await receipts()).toMatchObject([
      { source_file: 'good.csv', withdrawn_at: null, withdrawn_reason: null },
      { source_file: 'wrong.csv', withdrawn_at: '2025-01-09T14:00:00.000Z', withdrawn_reason: 'test' },
    ]);
    // A second time there is nothing left, and the receipt keeps when it was done.
    clock.advance(3_600_000);
    expect((await undo('wrong.csv', { reason: 'again' })).tables).toEqual({});
    expect((await receipts())[1]).toMatchObject({ withdrawn_reason: 'test' });
    expect(await load('wrong.csv', LATE)).toBe(1);
  });

  it('since an instant leave what was loaded before it', async () => {
    await load('feed', EARLY);
    await load('feed', LATE);
    expect(await undo('feed', { since: '2025-01-09T13:30:00.000Z' })).toMatchObject({
      loaded_at: ['2025-01-09T14:00:00.000Z'],
      tables: { schedule_games: 1 },
    });
    expect(await known()).toHaveLength(1);
    expect(await receipts()).toMatchObject([{ withdrawn_at: null }, { withdrawn_reason: 'test' }]);
  });

  it('may be those of another file, which is named: its rows were there already when it came', async () => {
    await load('wrong.csv', EARLY, LATE);
    await load('good.csv', EARLY, OTHER);
    await load('another.csv', game(22400903, '20:00:00'));
    expect((await undo('wrong.csv')).overlapping).toEqual(['good.csv']);
    expect(await load('good.csv', EARLY, OTHER)).toBe(1);
  });

  it('of a file that was never loaded is an error with the names of those that were', async () => {
    await load('2025/schedule.csv', EARLY);
    await expect(undo('schedule.csv')).rejects.toMatchObject({
      code: 'TIPOFF_NOT_FOUND',
      message: expect.stringContaining('there are 2025/schedule.csv'),
    });
    await expect(undo('2025/schedule.csv', { since: '2025-01-10T00:00:00.000Z' })).rejects.toMatchObject({
      message: expect.stringContaining('loaded since 2025-01-10T00:00:00.000Z, saw no receipt'),
    });
    expect(await known()).toHaveLength(1);
  });

  it('are found in every raw table whose rows say where they came from', async () => {
    const raw = CONTRACTS.filter(({ dataset }) => dataset === 'nba_raw').map(({ name }) => name);
    const loaded = LOADED_TABLES.map(({ name }) => name);
    expect(raw.filter((name) => !loaded.includes(name))).toEqual(['ingested_files', 'rejected_rows']);
    for (const table of LOADED_TABLES) {
      const { counted, removed } = rowsOfFile(table);
      expect(await warehouse.query(counted.sql, { file: 'x', since: EVER })).toEqual([{ n: 0 }]);
      expect(await warehouse.execute(removed.sql, { file: 'x', since: EVER })).toBe(0);
    }
  });
});

describe('tipoff rows undo', () => {
  it('says what it took back, from which load, and by whom', async () => {
    const folder = await temporaryFolder();
    const home = join(folder.path, 'home');
    await homeWithoutRows(home);
    const path = join(folder.path, 'wrong.csv');
    await writeFile(path, text(EARLY, OTHER));
    const tipoff = async (...args: string[]) => {
      let out = '';
      const code = await main([...args, '--home', home, '--at', '2025-01-10T12:00:00Z'], {
        err: () => undefined,
        out: (line) => {
          out += line;
        },
      });
      return { code, out };
    };
    expect((await tipoff('ingest', path)).code).toBe(0);
    expect((await tipoff('rows', 'undo', 'wrong.csv')).code).toBe(2);
    const counted = await tipoff('rows', 'undo', 'wrong.csv', '--reason', 'of last year', '--dry-run');
    expect(counted).toMatchObject({
      code: 0,
      out: expect.stringMatching(/: 2 rows would be taken back\.\n/),
    });
    const undone = await tipoff('rows', 'undo', 'wrong.csv', '--reason', 'of last year');
    expect(undone.out).toMatch(
      /^wrong\.csv, loaded \S+Z: 2 rows are taken back\.\n.*\n.*\n +2 +nba_raw\.schedule_games\n$/,
    );
    const query = 'SELECT withdrawn_reason FROM nba_raw.ingested_files';
    expect((await tipoff('sql', query)).out).toMatch(/of last year \(tipoff rows undo/);
    await folder.remove();
  });
});

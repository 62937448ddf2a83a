import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACTS } from '#core/contracts/index.ts';
import { folderFiles } from '#pipeline/ingest/folder.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { type IngestReport, ingest } from '#pipeline/ingest/ingest.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

type Loaded = Extract<IngestReport['files'][number], { outcome: 'loaded' }>;

const SHARED = join(import.meta.dirname, '../../../../shared');
const DATA = process.env['TIPOFF_DATA'] ?? join(SHARED, 'data');
const HISTORY = process.env['TIPOFF_HISTORY'] ?? join(SHARED, 'history');
const isThere = existsSync(HISTORY) && existsSync(DATA);

describe.skipIf(!isThere)(
  `history of statuses and lines${isThere ? '' : ` (skipped: nothing at ${HISTORY} or ${DATA})`}`,
  () => {
    let warehouse: Warehouse;
    let first: IngestReport;
    /** One file of each format once more, and what it gave the first time. */
    let second: IngestReport;
    let before: Loaded[];
    beforeAll(async () => {
      warehouse = await openWarehouse({ tables: 'none' });
      await warehouse.prepare(CONTRACTS.filter(({ dataset }) => dataset === 'nba_raw'));
      const files = [
        ...(await folderFiles(join(DATA, 'schedule'))),
        ...(await folderFiles(join(DATA, 'lines_threes_2024-25'))),
        ...(await folderFiles(HISTORY)),
      ];
      const load = (those: typeof files) =>
        ingest({ warehouse, clock: virtualClock('2025-07-01T12:00:00Z'), files: those, formats: FORMATS });
      first = await load(files);
      const loaded = first.files.filter((file) => file.outcome === 'loaded');
      before = [...Map.groupBy(loaded, ({ format }) => format).values()].flatMap((own) => own.slice(-1));
      second = await load(files.filter(({ path }) => before.some((file) => file.path === path)));
      // Real seasons are read.
    }, 240_000);
    afterAll(() => warehouse.close());

    const counts = (report: IngestReport, format: string) => {
      const sum = { files: 0, read: 0, loaded: 0, duplicate: 0, rejected: 0 };
      for (const file of report.files) {
        if (file.outcome !== 'loaded' || file.format !== format) continue;
        sum.files += 1;
        for (const field of ['read', 'loaded', 'duplicate', 'rejected'] as const) sum[field] += file[field];
      }
      return sum;
    };

    it('loads every statement of three seasons but for those about guests of the all-star break', async () => {
      expect(counts(first, 'injury_report_spans_csv')).toEqual({
        files: 3,
        read: 58_187,
        loaded: 58_184,
        duplicate: 0,
        rejected: 3,
      });
      expect(counts(first, 'injury_report_list_csv')).toEqual({
        files: 3,
        read: 12_168,
        loaded: 12_168,
        duplicate: 0,
        rejected: 0,
      });
      const teams = await warehouse.query<{ n: number }>(
        "SELECT COUNT(*) AS n FROM nba_raw.team_statements WHERE statement = 'not_yet_submitted'",
      );
      expect(teams).toEqual([{ n: 7_311 }]);
    });

    it('loads later lines with their time where the files have one, and rejects the book whose prices are mixed up', async () => {
      expect(counts(first, 'lines_threes_csv')).toEqual({
        files: 163,
        read: 64_567,
        loaded: 62_386,
        duplicate: 0,
        rejected: 2_181,
      });
      expect(first.reasons).toEqual({
        unknown_team: 26,
        all_star_game: 1,
        mixed_prices: 2_181,
        in_play_snapshot: 103,
      });
      const books = await warehouse.query<{ bookmaker: string; n: number; timed: number }>(
        `SELECT bookmaker, COUNT(*) AS n, SUM(CASE WHEN snapshot_quality = 'exact' THEN 1 ELSE 0 END) AS timed
       FROM nba_raw.player_lines WHERE slate >= DATE '2024-10-01' AND market = 'threes' GROUP BY bookmaker ORDER BY bookmaker`,
      );
      expect(books.map(({ bookmaker }) => bookmaker)).toEqual([
        'betmgm',
        'betonlineag',
        'betrivers',
        'bovada',
        'draftkings',
        'fanduel',
        'williamhill_us',
      ]);
      // What is left of it: the days from the middle of December on, and seven quotes of a day too thin to judge.
      expect(books.find(({ bookmaker }) => bookmaker === 'betrivers')?.n).toBe(4_528);
      expect(books.reduce((sum, { timed }) => sum + timed, 0)).toBe(5_012);
      expect(counts(first, 'lines_pra_csv')).toMatchObject({ files: 1, read: 24_474, rejected: 103 });
    });

    it('changes nothing when it is loaded again', () => {
      const sum = (field: 'read' | 'rejected'): number =>
        before.reduce((total, file) => total + file[field], 0);
      expect(before.length).toBeGreaterThan(5);
      expect(second).toMatchObject({ read: sum('read'), loaded: 0, rejected: sum('rejected'), failed: 0 });
    });
  },
);

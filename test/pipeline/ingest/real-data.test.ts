import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ingestedFiles,
  playerBoxScores,
  rejectedRows,
  scheduleGames,
  teamBoxScores,
} from '#core/contracts/nba_raw.ts';
import { folderFiles } from '#pipeline/ingest/folder.ts';
import { BOX_AND_SCHEDULE_FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { type IngestReport, ingest } from '#pipeline/ingest/ingest.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { playsAll } from '#test/depth.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

type Loaded = Extract<IngestReport['files'][number], { outcome: 'loaded' }>;

const DATA = process.env['TIPOFF_DATA'] ?? join(import.meta.dirname, '../../../../shared/data');
const isThere = existsSync(join(DATA, 'MANIFEST.csv'));
const OURS = /^(?:player_logs|player_playoffs|games|schedule)\//;

describe.skipIf(!isThere)(
  `seasons 2022-23 to 2024-25${isThere ? '' : ` (skipped: no data set at ${DATA})`}`,
  () => {
    let warehouse: Warehouse;
    let first: IngestReport;
    /** Files once more, all or one of each format, and what they gave the first time. */
    let second: IngestReport;
    let before: Loaded[];
    beforeAll(async () => {
      warehouse = await openWarehouse({
        tables: [scheduleGames, playerBoxScores, teamBoxScores, rejectedRows, ingestedFiles],
      });
      const files = (await folderFiles(DATA)).filter(({ path }) => OURS.test(path));
      const load = (those: typeof files) =>
        ingest({
          warehouse,
          clock: virtualClock('2025-07-01T12:00:00Z'),
          files: those,
          formats: BOX_AND_SCHEDULE_FORMATS,
        });
      first = await load(files);
      const loaded = first.files.filter((file) => file.outcome === 'loaded');
      const byFormat = [...Map.groupBy(loaded, ({ format }) => format).values()];
      before = playsAll ? loaded : byFormat.map((own) => own.reduce((a, b) => (b.read < a.read ? b : a)));
      second = await load(files.filter(({ path }) => before.some((file) => file.path === path)));
      // A real season is read.
    }, 180_000);
    afterAll(() => warehouse.close());

    const fileEnding = (report: IngestReport, end: string) =>
      report.files.find(({ path }) => path.endsWith(end));

    test.each([
      ['player_gamelogs_2022-23.csv', 25_895],
      ['player_gamelogs_2023-24.csv', 26_401],
      ['player_gamelogs_2024-25.csv', 26_306],
      ['P23.csv', 1_728],
      ['P24.csv', 1_685],
      ['P25.csv', 1_804],
      ['games_2022-23.csv', 2_460],
      ['games_2023-24.csv', 2_460],
      ['games_2024-25.csv', 2_460],
      ['nba-2023-UTC.csv', 1_200],
      ['nba-2024-UTC.csv', 1_200],
    ])('%s is loaded completely', (end, rows) => {
      expect(fileEnding(first, end)).toMatchObject({
        outcome: 'loaded',
        read: rows,
        loaded: rows,
        duplicate: 0,
        rejected: 0,
      });
    });

    test.each([
      ['2022-23_regular_season.csv', 1_230],
      ['2023-24_regular_season.csv', 1_230],
      ['2024-25_regular_season.csv', 1_230],
      ['2022-23_playin.csv', 6],
      ['2023-24_playin.csv', 6],
      ['2024-25_playin.csv', 6],
      ['2022-23_playoffs.csv', 84],
      ['2023-24_playoffs.csv', 82],
      ['2024-25_playoffs.csv', 84],
    ])('%s gives one row a game', (end, games) => {
      expect(fileEnding(first, end)).toMatchObject({
        read: 2 * games,
        loaded: games,
        duplicate: games,
        rejected: 0,
      });
    });

    test('published schedules are loaded but for games with a guest team or none yet', () => {
      expect(fileEnding(first, 'live_nba_2023.json')).toMatchObject({
        read: 1_280,
        loaded: 1_264,
        rejected: 16,
        reasons: { unknown_team: 16 },
      });
      expect(fileEnding(first, 'LeagueSchedule24_25.csv')).toMatchObject({
        read: 1_408,
        loaded: 1_400,
        rejected: 8,
        reasons: { unknown_team: 7, all_star_game: 1 },
      });
    });

    test('nothing failed, and no unit of any file is lost', () => {
      expect(first.failed).toBe(0);
      for (const file of first.files) {
        if (file.outcome === 'loaded')
          expect([file.path, file.loaded + file.duplicate + file.rejected]).toEqual([file.path, file.read]);
      }
    });

    test('a second run loads nothing', async () => {
      const sum = (field: 'read' | 'rejected'): number =>
        before.reduce((total, file) => total + file[field], 0);
      expect(before.length).toBeGreaterThan(5);
      expect(sum('rejected')).toBeGreaterThan(0);
      expect(second).toMatchObject({ read: sum('read'), loaded: 0, rejected: sum('rejected'), failed: 0 });
      const [quarantine] = await warehouse.query('SELECT COUNT(*) AS n FROM nba_raw.rejected_rows');
      expect(quarantine).toEqual({ n: first.rejected });
    });

    test('team totals equal the sum of their players in every regular-season game', async () => {
      const differing = await warehouse.query(
        `SELECT t.game_id FROM nba_raw.team_box_scores t
       JOIN (SELECT game_id, team_abbr, SUM(points) AS points FROM nba_raw.player_box_scores
             WHERE season_type = 'regular' AND slate BETWEEN DATE '2022-10-01' AND DATE '2025-06-30' GROUP BY game_id, team_abbr) p
         ON p.game_id = t.game_id AND p.team_abbr = t.team_abbr
       WHERE t.slate BETWEEN DATE '2022-10-01' AND DATE '2025-06-30' AND p.points <> t.points`,
      );
      expect(differing).toEqual([]);
    });

    const moved = async (season: string) => {
      const rows = await warehouse.query<{ game: string }>(
        `SELECT DISTINCT was.away_abbr || '@' || was.home_abbr || ' ' || SUBSTR(CAST(was.slate AS STRING), 6) AS game
       FROM nba_raw.schedule_games was
       JOIN nba_raw.schedule_games happened ON happened.game_id = was.game_id AND happened.statement = 'played'
       WHERE was.statement = 'published' AND was.season = @season AND was.slate <> happened.slate
       ORDER BY game`,
        { season },
      );
      return rows.map(({ game }) => game);
    };

    test('the games that were moved in 2023-24 are those that published and played dates tell apart', async () => {
      expect(await moved('2023-24')).toEqual([
        'ATL@DAL 04-05',
        'DAL@GSW 01-19',
        'GSW@DAL 04-02',
        'GSW@UTA 01-17',
      ]);
      // The four cup games moved by a day had no teams yet when the schedule was published: they wait in quarantine.
      const cup = await warehouse.query<{ n: number }>(
        `SELECT COUNT(*) AS n FROM nba_raw.rejected_rows WHERE reason_code = 'unknown_team'
       AND (raw_row LIKE '%"0022301201"%' OR raw_row LIKE '%"0022301202"%' OR raw_row LIKE '%"0022301203"%' OR raw_row LIKE '%"0022301204"%')`,
      );
      expect(cup).toEqual([{ n: 4 }]);
    });

    test('and so are the eighteen of 2024-25', async () => {
      const games = `SAS@LAL 01-11, CHA@LAL 01-09, CHA@LAC 01-11, HOU@ATL 01-11, CHI@LAC 01-21, MIL@NOP 01-22, WAS@UTA 01-23, UTA@LAL 02-11, CHI@ORL 03-12,
      WAS@LAC 03-16, ORL@SAS 03-17, WAS@POR 03-18, MIL@LAL 03-18, LAC@UTA 03-19, TOR@GSW 03-19, MIL@GSW 03-20, ORL@NOP 04-06, NOP@MIL 04-09`;
      expect(await moved('2024-25')).toEqual(games.split(/,\s+/).sort());
    });

    // The lists were published at different times: a few games had another hour by then. A wrong zone would differ in all.
    test.each([
      ['schedule_league_v2_json', 1_192],
      ['schedule_eastern_csv', 1_196],
    ])('the tip-offs of %s agree with the list in UTC', async (source, same) => {
      const [counts] = await warehouse.query(
        `SELECT COUNT(*) AS pairs, COALESCE(COUNTIF(a.tipoff_at = b.tipoff_at), 0) AS same
       FROM nba_raw.schedule_games a
       JOIN nba_raw.schedule_games b ON b.slate = a.slate AND b.home_abbr = a.home_abbr AND b.away_abbr = a.away_abbr AND b.source = 'schedule_utc_csv'
       WHERE a.source = @source`,
        { source },
      );
      expect(counts).toEqual({ pairs: 1_200, same });
    });
  },
);

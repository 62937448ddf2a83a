import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ingestedFiles, playerLines, rejectedRows, scheduleGames } from '#core/contracts/nba_raw.ts';
import { TipoffError } from '#core/errors.ts';
import { type InputFormat, loadingRank } from '#pipeline/ingest/format.ts';
import { nbaBoxScoreLive } from '#pipeline/ingest/formats/nba-box-score.ts';
import { scheduleMislabelledEastern, schedulePlayed } from '#pipeline/ingest/formats/schedules-csv.ts';
import { type IngestOptions, ingest, type SourceFile } from '#pipeline/ingest/ingest.ts';
import { EVER, LOADED_TABLES, undoFile } from '#pipeline/ingest/undo.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { liveGame } from '#test/pipeline/ingest/formats/fixtures.ts';
import { textSource } from '#test/pipeline/ingest/input.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SCHEDULE_HEAD = 'gameId,gameDateTimeEst,gameLabel,gameSubLabel,seriesText,hometeamId,awayteamId';
const GAME = '22400901,2025-01-10 19:00:00+00:00,,,,1610612752,1610612738';
const OTHER_GAME = '22400902,2025-01-10 19:30:00+00:00,,,,1610612747,1610612746';
const schedule = (...rows: string[]) =>
  textSource('b/schedule.csv', `${[SCHEDULE_HEAD, ...rows].join('\n')}\n`);
const PLAYED = `SEASON_ID,TEAM_ABBREVIATION,GAME_ID,GAME_DATE,MATCHUP,WL
22024,NYK,0022400901,2025-01-10,NYK vs. BOS,W
22024,BOS,0022400901,2025-01-10,BOS @ NYK,L
`;

/** A list of quotes "line,snapshot" on one game, one row each: a stand-in for a sportsbook's format. */
const quotes: InputFormat = {
  id: 'test_lines_csv',
  description: 'quotes for tests',
  recognise: (_path, head) => head.startsWith('QUOTES'),
  parse: ({ bytes }) => {
    const lines = new TextDecoder().decode(bytes).trim().split('\n').slice(1);
    const rows = lines.map((text, i) => {
      const [line = '', snapshot_at = ''] = text.split(',');
      return {
        table: playerLines,
        line: i + 2,
        record: {
          event_id: null,
          market: 'points',
          bookmaker: 'testbook',
          player_name: 'Anton Berg',
          player_lookup: 'antonberg',
          team_hint_abbr: null,
          home_abbr: 'BOS',
          away_abbr: 'NYK',
          commence_at: null,
          slate: '2025-01-10',
          side: 'both',
          line,
          over_price: -110,
          under_price: -110,
          is_alternate: false,
          snapshot_at,
          snapshot_quality: 'exact',
        },
      };
    });
    return { read: lines.length, rows, duplicates: 0, rejected: [] };
  },
};

const FORMATS = [scheduleMislabelledEastern, schedulePlayed, nbaBoxScoreLive, quotes];
let warehouse: Warehouse;
let clock: VirtualClock;

beforeEach(async () => {
  warehouse = await openWarehouse({
    tables: [...LOADED_TABLES, rejectedRows, ingestedFiles],
  });
  clock = virtualClock('2025-01-11T12:00:00Z');
});
afterEach(() => warehouse.close());

const run = (files: readonly SourceFile[], more: Partial<IngestOptions> = {}) =>
  ingest({ warehouse, clock, files, formats: FORMATS, ...more });
const all = (table: string) =>
  warehouse.query<Record<string, unknown>>(
    `SELECT * FROM nba_raw.${table} ORDER BY source_file, source_line`,
  );
const receipts = () =>
  warehouse.query(
    'SELECT source_file, rows_read, rows_loaded, rows_duplicate, rows_rejected FROM nba_raw.ingested_files ORDER BY ingested_at, source_file',
  );

describe('loading', () => {
  test('rows arrive with their provenance and a receipt', async () => {
    const report = await run([schedule(GAME, OTHER_GAME)]);
    expect(report).toMatchObject({
      read: 2,
      loaded: 2,
      duplicate: 0,
      rejected: 0,
      failed: 0,
      tables: { schedule_games: 2 },
    });
    expect(await all('schedule_games')).toMatchObject([
      {
        game_id: '0022400901',
        source: 'schedule_eastern_csv',
        source_file: 'b/schedule.csv',
        source_line: 2,
        ingested_at: '2025-01-11T12:00:00.000Z',
        row_id: expect.stringMatching(/^[0-9a-f]{40}$/),
      },
      { game_id: '0022400902', source_line: 3 },
    ]);
    expect(await receipts()).toEqual([
      { source_file: 'b/schedule.csv', rows_read: 2, rows_loaded: 2, rows_duplicate: 0, rows_rejected: 0 },
    ]);
  });

  test('a second run loads nothing, quarantines nothing again, and says so', async () => {
    const file = schedule(GAME, OTHER_GAME.replace('1610612746', '0'));
    await run([file]);
    const before = [await all('schedule_games'), await all('rejected_rows')];
    clock.advance(60_000);
    const report = await run([file]);
    expect(report).toMatchObject({ read: 2, loaded: 0, duplicate: 1, rejected: 1 });
    expect([await all('schedule_games'), await all('rejected_rows')]).toEqual(before);
    expect(await receipts()).toHaveLength(2);
  });

  test('the same rows under another path are known by their content', async () => {
    await run([schedule(GAME)]);
    const moved = { ...schedule(OTHER_GAME, GAME), path: 'elsewhere.csv' };
    expect(await run([moved])).toMatchObject({ loaded: 1, duplicate: 1 });
  });

  test('a corrected row is loaded as a new version beside the old one', async () => {
    await run([schedule(GAME)]);
    clock.advance(60_000);
    expect(await run([schedule(GAME.replace('19:00', '20:00'))])).toMatchObject({ loaded: 1, duplicate: 0 });
    const versions = await warehouse.query(
      'SELECT source_game_key, tipoff_at, ingested_at FROM nba_raw.schedule_games ORDER BY ingested_at',
    );
    expect(versions).toEqual([
      {
        source_game_key: '0022400901',
        tipoff_at: '2025-01-11T00:00:00.000Z',
        ingested_at: '2025-01-11T12:00:00.000Z',
      },
      {
        source_game_key: '0022400901',
        tipoff_at: '2025-01-11T01:00:00.000Z',
        ingested_at: '2025-01-11T12:01:00.000Z',
      },
    ]);
  });

  describe('what was said before, after something else was said', () => {
    const box = (path: string, points: number) => {
      const game = liveGame();
      const { statistics } = game.game.awayTeam;
      return textSource(
        path,
        JSON.stringify({
          ...game,
          game: {
            ...game.game,
            awayTeam: {
              ...game.game.awayTeam,
              statistics: { ...statistics, points, freeThrowsMade: points - 10 },
            },
          },
        }),
      );
    };
    const newest = async () => {
      const rows = await warehouse.query<{ points: number }>(
        "SELECT points FROM nba_raw.team_box_scores WHERE slate = DATE '2025-01-10' AND team_abbr = 'UTA' ORDER BY ingested_at DESC, row_id",
      );
      return rows.map(({ points }) => points);
    };
    const load = async (file: SourceFile) => {
      clock.advance(60_000);
      const report = await run([file]);
      return report.files[0];
    };

    test('counts again when a live provider says it, and is loaded once', async () => {
      const asked = (points: number) => ({
        ...box('https://x/box', points),
        fetchedAt: '2025-01-11T12:00:00Z',
      });
      await load(asked(17));
      await load(asked(18));
      expect(await load(asked(17))).toMatchObject({ loaded: 2, duplicate: 4, replacedBy: {} });
      expect(await newest()).toEqual([17, 18, 17]);
      expect(await load(asked(17))).toMatchObject({ loaded: 0, duplicate: 6 });
      expect(await load(asked(18))).toMatchObject({ loaded: 2 });
      expect(await newest()).toEqual([18, 17, 18, 17]);
    });

    test('is reported with the file that counts instead when a file says it', async () => {
      await load(box('right.json', 17));
      await load(box('wrong.json', 18));
      expect(await load(box('right.json', 17))).toMatchObject({
        loaded: 0,
        duplicate: 6,
        replacedBy: { 'wrong.json': 2 },
      });
      expect(await newest()).toEqual([18, 17]);
      await undoFile(
        { warehouse, clock },
        { file: 'wrong.json', since: EVER, reason: 'wrong', isDryRun: false },
      );
      expect(await newest()).toEqual([17]);
      expect(await load(box('right.json', 17))).toMatchObject({ loaded: 0, replacedBy: {} });
    });
  });

  test('two lines that make one row are one loaded and one duplicate', async () => {
    const report = await run([textSource('played.csv', PLAYED)]);
    expect(report.files).toMatchObject([
      { outcome: 'loaded', read: 2, loaded: 1, duplicate: 1, rejected: 0 },
    ]);
  });

  test('a rejected row stands in quarantine with file, line, field and reason, cut at 2,000 characters', async () => {
    const report = await run([
      schedule(
        GAME,
        `${OTHER_GAME.replace('2025-01-10', '2025-02-30')}`.replace(',,,,', `,${'x'.repeat(3000)},,,`),
      ),
    ]);
    expect(report).toMatchObject({ loaded: 1, rejected: 1, reasons: { impossible_date: 1 } });
    const [row] = await all('rejected_rows');
    expect(row).toMatchObject({
      source: 'schedule_eastern_csv',
      source_file: 'b/schedule.csv',
      source_line: 3,
      field: 'gameDateTimeEst',
      reason_code: 'impossible_date',
      reason: expect.stringContaining('2025-02-30'),
    });
    expect(row?.['raw_row']).toHaveLength(2000);
  });

  test('files come from a list or from a stream, and progress is told after each', async () => {
    const seen: string[] = [];
    async function* stream() {
      yield schedule(GAME);
      yield textSource('README.md', 'words');
    }
    await run([], {
      files: stream(),
      onProgress: ({ done, total, file }) => seen.push(`${done}/${total} ${file.path} ${file.outcome}`),
    });
    expect(seen).toEqual(['1/2 README.md ignored', '2/2 b/schedule.csv loaded']);
  });

  test('a format whose counts do not add up stops the ingest before it writes', async () => {
    const leaky: InputFormat = {
      ...quotes,
      parse: async (file) => {
        const honest = await quotes.parse(file);
        return { ...honest, rows: honest.rows.slice(1) };
      },
    };
    await expect(
      run([textSource('q.csv', 'QUOTES\n24.5,2025-01-10T23:00:00Z\n25.5,2025-01-10T23:00:00Z\n')], {
        formats: [leaky],
      }),
    ).rejects.toMatchObject({
      code: 'TIPOFF_CONTRACT',
      message: expect.stringContaining('= 2 units read, saw 1 + 0 + 0 = 1'),
    });
    expect(await all('player_lines')).toEqual([]);
  });
});

describe('in-play quotes', () => {
  const QUOTES = textSource(
    'a/quotes.csv',
    'QUOTES\n24.5,2025-01-11T00:10:00Z\n25.5,2025-01-11T00:10:01Z\n26.5,2025-01-10T23:00:00Z\n',
  );

  test('are rejected by the schedule of the same run, though its file comes later', async () => {
    const report = await run([QUOTES, schedule(GAME)]);
    expect(report.files).toMatchObject([
      { path: 'a/quotes.csv', read: 3, loaded: 2, rejected: 1, reasons: { in_play_snapshot: 1 } },
      { path: 'b/schedule.csv' },
    ]);
    expect((await all('player_lines')).map((row) => row['line'])).toEqual(['24.5', '26.5']);
    expect(await all('rejected_rows')).toMatchObject([
      { source_line: 3, field: 'snapshot_at', reason_code: 'in_play_snapshot' },
    ]);
  });

  test('are rejected by a schedule loaded earlier', async () => {
    await run([schedule(GAME)]);
    expect(await run([QUOTES])).toMatchObject({ loaded: 2, rejected: 1 });
  });

  test('cannot be told without a schedule', async () => {
    expect(await run([QUOTES, schedule(OTHER_GAME)])).toMatchObject({
      rejected: 0,
      tables: { player_lines: 3 },
    });
  });

  test.each([
    ['schedule_played_csv', 0],
    ['player_game_logs_csv', 1],
    ['shots_csv_zip', 1],
    ['lines_dfs_csv', 2],
    ['game_lines_parquet', 2],
    ['odds_api_events_json', 2],
  ])('%s is loaded in round %i', (id, rank) => {
    expect(loadingRank({ id })).toBe(rank);
  });
});

describe('files that cannot be read', () => {
  test.each<[string, SourceFile, string]>([
    ['an empty file', textSource('bad.csv', ''), 'TIPOFF_BAD_INPUT'],
    ['a file of no known format', textSource('bad.csv', 'a,b\n1,2\n'), 'TIPOFF_UNKNOWN_FORMAT'],
    [
      'a binary file',
      { path: 'bad.bin', read: async () => Uint8Array.from([81, 0, 1, 2]) },
      'TIPOFF_UNKNOWN_FORMAT',
    ],
    [
      'a file without a column',
      textSource('bad.csv', 'gameId,gameDateTimeEst,hometeamId,awayteamId\n1,2,3,4\n'),
      'TIPOFF_BAD_INPUT',
    ],
    [
      'a missing file',
      {
        path: 'bad.csv',
        read: () =>
          Promise.reject(
            new TipoffError('TIPOFF_NOT_FOUND', 'bad.csv does not exist', { hint: 'Check the path.' }),
          ),
      },
      'TIPOFF_NOT_FOUND',
    ],
  ])('%s is reported and the others go on', async (_what, bad, code) => {
    const report = await run([bad, schedule(GAME)]);
    expect(report).toMatchObject({ failed: 1, filesLoaded: 1, loaded: 1 });
    const [failed] = report.files.filter(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject({
      path: bad.path,
      code,
      message: expect.stringContaining('bad'),
      hint: expect.stringMatching(/\w/),
    });
    expect(await receipts()).toHaveLength(1);
  });

  test('a format that breaks is reported as its defect', async () => {
    const broken: InputFormat = {
      ...quotes,
      parse: () => {
        throw new RangeError('out of range');
      },
    };
    const report = await run([textSource('q.csv', 'QUOTES\n'), schedule(GAME)], {
      formats: [scheduleMislabelledEastern, broken],
    });
    expect(report.files).toMatchObject([
      { outcome: 'loaded' },
      { outcome: 'failed', code: 'TIPOFF_CONTRACT', message: expect.stringContaining('out of range') },
    ]);
  });

  test('a file two formats accept is loaded by neither', async () => {
    const report = await run([schedule(GAME)], {
      formats: [scheduleMislabelledEastern, { ...quotes, recognise: () => true }],
    });
    expect(report.files).toMatchObject([
      {
        outcome: 'failed',
        code: 'TIPOFF_CONTRACT',
        message: expect.stringContaining('schedule_eastern_csv and test_lines_csv'),
      },
    ]);
  });

  test('a refusal of the warehouse stops the ingest: it is no fault of the file', async () => {
    await warehouse.dropTable(scheduleGames);
    await expect(run([schedule(GAME)])).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
  });
});

describe('choosing the format', () => {
  test('a named format is used without recognition', async () => {
    const file = textSource('q.csv', 'NOT RECOGNISED\n24.5,2025-01-10T23:00:00Z\n');
    expect(await run([file], { force: 'test_lines_csv' })).toMatchObject({ tables: { player_lines: 1 } });
  });

  test('an unknown name is refused before anything is read, with the known ones', async () => {
    await expect(run([schedule(GAME)], { force: 'nope' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
      hint: expect.stringContaining('schedule_played_csv'),
    });
    expect(await receipts()).toEqual([]);
  });

  test.each([
    ['x/LICENSE', 'licence'],
    ['README.md', 'description'],
    ['MANIFEST.csv', 'list of the files'],
    ['__MACOSX/._a.csv', 'resource fork'],
    ['x/.DS_Store', 'hidden'],
  ])('%s is listed as ignored with the reason', async (path, reason) => {
    const report = await run([textSource(path, 'anything')]);
    expect(report).toMatchObject({
      ignored: 1,
      failed: 0,
      files: [{ outcome: 'ignored', path, reason: expect.stringContaining(reason) }],
    });
  });

  test('an answer of the league that no table keeps is ignored by its endpoint, wherever it lies', async () => {
    const answer =
      '{"meta":{"version":1,"request":"http://nba.cloud/games/0022500148/boxscorehustle?Format=json"},"boxScoreHustle":{}}';
    expect(await run([textSource('any.json', answer)])).toMatchObject({
      ignored: 1,
      failed: 0,
      files: [{ outcome: 'ignored', reason: 'boxscorehustle answer (hustle counts): no table keeps it' }],
    });
    expect(
      await run([textSource('other.json', answer.replace('boxscorehustle', 'somethingnew'))]),
    ).toMatchObject({
      ignored: 0,
      failed: 1,
    });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { playerLines, type ScheduleGame, scheduleGames } from '#core/contracts/nba_raw.ts';
import type { ParsedRow } from '#pipeline/ingest/format.ts';
import { publishedTipoffs, screenInPlay } from '#pipeline/ingest/in-play.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const TIPOFF = '2025-01-11T00:00:00.000Z';
const PUBLISHED = new Map([['2025-01-10 BOS NYK', Date.parse(TIPOFF)]]);

function quote(change: Partial<Record<string, string | null>>): ParsedRow {
  const record = {
    slate: '2025-01-10',
    home_abbr: 'NYK',
    away_abbr: 'BOS',
    commence_at: null,
    snapshot_at: TIPOFF,
    snapshot_quality: 'exact',
    ...change,
  };
  return { table: playerLines, line: 7, record };
}

const keeps = (change: Partial<Record<string, string | null>>, tipoffs = PUBLISHED) =>
  screenInPlay([quote(change)], tipoffs).kept.length === 1;

describe('in-play screen', () => {
  test('without a stated start, play begins ten minutes after the published tip-off', () => {
    expect(keeps({ snapshot_at: '2025-01-11T00:10:00.000Z' })).toBe(true);
    expect(keeps({ snapshot_at: '2025-01-11T00:10:00.001Z' })).toBe(false);
  });

  test('the pair of teams counts, whichever is at home', () => {
    const late = { snapshot_at: '2025-01-11T01:00:00.000Z' };
    expect(keeps({ ...late, home_abbr: 'BOS', away_abbr: 'NYK' })).toBe(false);
    expect(keeps({ ...late, home_abbr: 'BOS', away_abbr: 'LAL' })).toBe(true);
    expect(keeps({ ...late, slate: '2025-01-11' })).toBe(true);
  });

  test('a start the provider moved is the real start and counts as it stands, earlier or later', () => {
    const moved = { commence_at: '2025-01-11T00:12:00.000Z' };
    expect(keeps({ ...moved, snapshot_at: '2025-01-11T00:12:00.000Z' })).toBe(true);
    expect(keeps({ ...moved, snapshot_at: '2025-01-11T00:12:00.001Z' })).toBe(false);
    const delayed = { commence_at: '2025-01-11T01:30:00.000Z' };
    expect(keeps({ ...delayed, snapshot_at: '2025-01-11T01:00:00.000Z' })).toBe(true);
  });

  test('a start that repeats the published tip-off gets the ten minutes as well', () => {
    expect(keeps({ commence_at: TIPOFF, snapshot_at: '2025-01-11T00:10:00.000Z' })).toBe(true);
    expect(keeps({ commence_at: TIPOFF, snapshot_at: '2025-01-11T00:10:00.001Z' })).toBe(false);
  });

  test('without a schedule the stated start decides, without either the quote stays', () => {
    const late = { snapshot_at: '2025-01-11T00:00:00.001Z' };
    expect(keeps({ ...late, commence_at: TIPOFF }, new Map())).toBe(false);
    expect(keeps({ snapshot_at: TIPOFF, commence_at: TIPOFF }, new Map())).toBe(true);
    expect(keeps(late, new Map())).toBe(true);
  });

  test.each(['file_date', 'unknown'])(
    'a snapshot of quality %s cannot be judged and stays',
    (snapshot_quality) => {
      expect(keeps({ snapshot_quality, snapshot_at: '2025-01-12T00:00:00.000Z' })).toBe(true);
    },
  );

  test('a rejection carries the line, both instants and the row', () => {
    const { rejected } = screenInPlay([quote({ snapshot_at: '2025-01-11T01:00:00.000Z' })], PUBLISHED);
    expect(rejected).toEqual([
      {
        line: 7,
        field: 'snapshot_at',
        reasonCode: 'in_play_snapshot',
        reason:
          'expected a quote from before play started at 2025-01-11T00:10:00.000Z, saw one of 2025-01-11T01:00:00.000Z',
        raw: expect.stringContaining('"home_abbr":"NYK"'),
      },
    ]);
  });
});

describe('published tip-offs', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ tables: [scheduleGames] });
  });
  beforeEach(async () => {
    await warehouse.execute('DELETE FROM nba_raw.schedule_games WHERE TRUE');
  });
  afterAll(() => warehouse.close());

  const say = async (...statements: readonly Partial<ScheduleGame>[]) => {
    const rows = statements.map((statement, i) => ({
      source_game_key: '0022400901',
      game_id: '0022400901',
      season: '2024-25',
      season_type: 'regular',
      slate: '2025-01-10',
      tipoff_at: TIPOFF,
      home_abbr: 'NYK',
      away_abbr: 'BOS',
      status: 'scheduled',
      statement: 'published',
      source: 'test',
      source_file: 'test',
      row_id: String(i),
      ingested_at: '2025-01-01T00:00:00.000Z',
      ...statement,
    }));
    await warehouse.append(scheduleGames, rows);
    return [...(await publishedTipoffs(warehouse))].map(
      ([key, at]) => `${key} ${new Date(at).toISOString()}`,
    );
  };
  const [EARLY, LATE] = ['2025-01-10T23:30:00.000Z', '2025-01-11T02:00:00.000Z'];

  test('are known by slate and unordered pair', async () => {
    expect(await say({})).toEqual([`2025-01-10 BOS NYK ${TIPOFF}`]);
  });

  test('equal statements that disagree give the earliest', async () => {
    expect(await say({ tipoff_at: EARLY }, { tipoff_at: LATE })).toEqual([`2025-01-10 BOS NYK ${EARLY}`]);
  });

  test('a current statement outranks a published one, the newest the older', async () => {
    expect(
      await say(
        { statement: 'current', tipoff_at: LATE, observed_at: '2025-01-09T00:00:00.000Z' },
        { statement: 'current', tipoff_at: EARLY, observed_at: '2025-01-08T00:00:00.000Z' },
        { tipoff_at: TIPOFF },
      ),
    ).toEqual([`2025-01-10 BOS NYK ${LATE}`]);
  });

  test('postponed games, dates without a time and lists of results give none', async () => {
    expect(await say({ status: 'postponed' }, { tipoff_at: null }, { statement: 'played' })).toEqual([]);
  });
});

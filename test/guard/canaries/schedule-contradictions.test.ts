import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { easternInstant, parseSlate } from '#core/calendar.ts';
import { playerLines, type ScheduleGame, scheduleGames } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canaryNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const SLATE = parseSlate('2024-12-09');
const NEXT = parseSlate('2024-12-10');
const GAMES = [
  ['0022400001', 'BOS', 'NYK'],
  ['0022400002', 'LAL', 'DEN'],
] as const;

describe('schedule_contradictions', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    await world.warehouse.append(scheduleGames, GAMES.map(published));
  });
  afterEach(() => world.close());

  const published = ([game_id, home_abbr, away_abbr]: (typeof GAMES)[number]) => ({
    source_game_key: game_id,
    game_id,
    season: '2024-25',
    season_type: 'regular',
    statement: 'published',
    slate: SLATE,
    tipoff_at: easternInstant(SLATE, '19:30').toISOString(),
    home_abbr,
    away_abbr,
    status: 'scheduled',
    source: 'test',
    source_file: 'test',
    row_id: `published-${game_id}`,
    ingested_at: '2024-09-01T12:00:00.000Z',
  });

  /** A live feed says another thing of the first game at eleven, and the schedule follows it. */
  const said = async (change: Partial<ScheduleGame>): Promise<void> => {
    const observed_at = easternInstant(SLATE, '11:00').toISOString();
    const now = {
      ...published(GAMES[0]),
      statement: 'current',
      observed_at,
      ingested_at: observed_at,
      row_id: 'current',
      ...change,
    };
    await world.warehouse.append(scheduleGames, [now]);
    await world.warehouse.append(
      schedule,
      GAMES.map(([game_id, home_abbr, away_abbr], i) => ({
        ...gameRow(SLATE, i, easternInstant(SLATE, '19:30').toISOString()),
        game_id,
        home_abbr,
        away_abbr,
        published_slate: SLATE,
        ...(i === 0 ? { slate: now.slate, tipoff_at: now.tipoff_at ?? '' } : {}),
      })),
    );
  };

  /** Six players of the first game are quoted for tonight at an hour. */
  const quote = async (hour: string): Promise<void> => {
    const snapshot_at = easternInstant(SLATE, hour).toISOString();
    await world.warehouse.append(
      playerLines,
      Array.from({ length: 6 }, (_, i) => ({
        row_id: `${hour}-${i}`,
        market: 'points',
        bookmaker: 'eastbook',
        player_name: `Player ${i}`,
        player_lookup: `player${i}`,
        home_abbr: 'BOS',
        away_abbr: 'NYK',
        slate: SLATE,
        side: 'both',
        line: '12.5',
        is_alternate: false,
        snapshot_quality: 'exact',
        snapshot_at,
        source: 'test',
        source_file: 'test',
        ingested_at: snapshot_at,
      })),
    );
  };

  const failing = async (): Promise<readonly string[]> => {
    const { results } = await runCanaries(world, {
      canaries: [canaryNamed('schedule_contradictions')],
      asOf: easternInstant(SLATE, '17:45'),
    });
    expect(results[0]?.status).toBe(results[0]?.offenders.length === 0 ? 'pass' : 'fail');
    return results[0]?.offenders ?? [];
  };

  const MOVED = { slate: NEXT, tipoff_at: easternInstant(NEXT, '19:30').toISOString() };

  test('a game that is moved on the day itself is silent: its quotes are from before, and soon after, the news', async () => {
    await said(MOVED);
    await quote('10:30');
    await quote('11:45');
    expect(await failing()).toEqual([]);
  });

  test('a game on another date that books go on quoting for tonight is told', async () => {
    await said(MOVED);
    await quote('13:00');
    expect(await failing()).toEqual([
      expect.stringMatching(
        /^0022400001: moved to another date at 2024-12-09 16:00.*, quoted 6 times since$/,
      ),
    ]);
  });

  test('quotes of the same pair are those of another game where one was moved to tonight', async () => {
    await said(MOVED);
    await world.warehouse.append(schedule, [
      {
        ...gameRow(SLATE, 7, easternInstant(SLATE, '19:30').toISOString()),
        home_abbr: 'BOS',
        away_abbr: 'NYK',
      },
    ]);
    await quote('13:00');
    expect(await failing()).toEqual([]);
  });

  test('a game tonight that stands a year later is told', async () => {
    await said({});
    await world.warehouse.execute(
      "UPDATE nba_raw.schedule_games SET slate = DATE '2025-12-09' WHERE game_id = '0022400002'",
    );
    expect(await failing()).toEqual(['0022400002: tip-off and date disagree']);
  });

  test('a game that does not count because one of its teams has another one is told', async () => {
    await said({});
    const again = { ...gameRow(SLATE, 7), home_abbr: 'BOS', away_abbr: 'MIA', is_counted: false };
    await world.warehouse.append(schedule, [again]);
    expect(await failing()).toEqual([
      `MIA@BOS ${again.game_id}: does not count: one of its teams has another game on this date`,
    ]);
  });

  test('a game that one feed calls a game of the preseason is told', async () => {
    await said({ season_type: 'preseason' });
    expect(await failing()).toEqual(['0022400001: feeds name different kinds of game']);
  });

  test.each([
    ['ten minutes later, as books have it', ['19:40', '19:40'], []],
    ['an hour later, of one game of two', ['20:40', '19:40'], []],
    ['an hour later, of both', ['20:40', '20:40'], ['2 of 2']],
    ['five hours earlier, of both', ['14:30', '14:30'], ['2 of 2']],
  ] as const)('books that begin %s', async (_what, hours, told) => {
    await said({});
    await world.warehouse.append(
      playerLines,
      GAMES.map(([game_id, home_abbr, away_abbr], i) => ({
        row_id: game_id,
        market: 'points',
        bookmaker: 'eastbook',
        player_name: 'Player',
        player_lookup: 'player',
        home_abbr,
        away_abbr,
        commence_at: easternInstant(SLATE, hours[i] ?? '').toISOString(),
        slate: SLATE,
        side: 'both',
        line: '12.5',
        is_alternate: false,
        snapshot_quality: 'exact',
        snapshot_at: easternInstant(SLATE, '10:30').toISOString(),
        source: 'test',
        source_file: 'test',
        ingested_at: easternInstant(SLATE, '10:30').toISOString(),
      })),
    );
    expect(await failing()).toEqual(
      told.map((games) => `tip-offs of the books: ${games} games begin at another time for the books`),
    );
  });
});
